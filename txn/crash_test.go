package txn

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"weir/internal/clock"
	"weir/log"
	"weir/metadata"
	"weir/partition"
	"weir/record"
	"weir/vfs"
)

var (
	stateTopicID = metadata.TopicID{1}
	dataTopicID  = metadata.TopicID{2}
	both         = []Partition{{"data", 0}, {"data", 1}}
)

// TestEndsSurvivePowerCuts has producers of both generations commit and abort transactions over two real partitions, and
// cuts the power before every operation on the disk, also while what a cut left is being finished. After each cut: an end
// that was answered is not undone, a transaction shows in both partitions or in neither, only what was to be committed
// shows, and nothing stays open.
func TestEndsSurvivePowerCuts(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	mem, told := vfs.NewMem(), make(ledger)
	cuts := 0
	for n := range 4 {
		w := &sweep{mem: mem, told: maps.Clone(told), stride: 4 + n, random: random}
		w.next = 40 + random.IntN(120) // the cut that the next life begins with
		images := w.live(t, n)
		for _, i := range images {
			if err := checkEnds(i.mem, i.told, n); err != nil {
				t.Errorf("life %d, power cut before %s, %d %% of what was unsynced is left: %v", n, i.before, i.percent, err)
			}
		}
		if t.Failed() {
			return
		}
		cuts += len(images)
		mem, told = w.chosen.mem, w.chosen.told
	}
	t.Logf("%d power cuts", cuts)
}

// ledger is what is known of transactions, by their values.
type ledger map[string]outcome

type outcome struct{ commit, answered bool }

// image is what one cut left, and what was known then.
type image struct {
	mem     *vfs.Mem
	told    ledger
	before  string
	percent int
}

// sweep is one life of a broker of which an image is taken at each operation.
type sweep struct {
	mem    *vfs.Mem
	stride int // every so-manieth operation
	next   int // the operation whose image is chosen for the next life
	random *rand.Rand

	mu     sync.Mutex // guards all below
	told   ledger
	images []image
	chosen image
	ops    int
}

// live runs the script on the disk as it is and gives the images taken meanwhile.
func (w *sweep) live(t *testing.T, n int) []image {
	t.Helper()
	b, err := openBroker(vfs.Inject(w.mem, w.shoot), int32(n))
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	var all sync.WaitGroup
	for _, p := range []struct {
		id      string
		version int16
	}{{"bumped", Bumped}, {"announced", Announced}} {
		all.Go(func() {
			for round := range 5 {
				if err := w.transaction(b, p.id, p.version, fmt.Sprintf("%s-%d-%d", p.id, n, round), round%3 != 1); err != nil {
					t.Errorf("%s: %v", p.id, err)
					return
				}
			}
		})
	}
	all.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.chosen.mem == nil {
		t.Fatalf("life %d has %d operations only", n, w.ops)
	}
	return w.images
}

// shoot takes images before an operation that changes the disk.
func (w *sweep) shoot(op vfs.Op) error {
	if !op.Kind.Writes() {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ops++
	before := fmt.Sprintf("operation %d (%s %s)", w.ops, op.Kind, op.Name)
	for _, percent := range []int{0, 20, 50, 80, 100} {
		if w.ops != w.next && w.ops%w.stride != 0 {
			return nil
		}
		i := image{told: maps.Clone(w.told), before: before, percent: percent}
		i.mem = w.mem.CrashClone(vfs.CrashOptions{UnsyncedPercent: percent, Rand: w.random})
		w.images = append(w.images, i)
		if w.ops == w.next {
			w.chosen = image{mem: i.mem.CrashClone(vfs.CrashOptions{UnsyncedPercent: 100}), told: maps.Clone(i.told)}
		}
	}
	return nil
}

// transaction writes a value to both partitions and ends the transaction.
func (w *sweep) transaction(b *testBroker, id string, version int16, value string, commit bool) error {
	p, err := b.own(id)
	if err != nil {
		return fmt.Errorf("init: %w", err)
	}
	if _, err := b.Add(AddRequest{ID: id, Producer: p, Partitions: both}).Result(); err != nil {
		return fmt.Errorf("add: %w", err)
	}
	for _, to := range b.data {
		batch := record.NewBuilder(record.Options{HasProducer: true, Transactional: true, ProducerID: p.ID, ProducerEpoch: p.Epoch})
		batch.Append(0, nil, []byte(value))
		built := batch.Build()
		ticket, err := to.Append(&built, partition.AppendOptions{ExpectedLeaderEpoch: -1})
		if err == nil {
			err = ticket.Wait(nil)
		}
		if err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
	w.tell(value, outcome{commit, false})
	_, err = b.End(EndRequest{ID: id, Producer: p, Commit: commit, Version: version, NewProducerID: noProducerID}).Result()
	if err != nil {
		return fmt.Errorf("end: %w", err)
	}
	w.tell(value, outcome{commit, true})
	return nil
}

func (w *sweep) tell(value string, o outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told[value] = o
}

// testBroker is a service over real partitions: one of its state, and two of data.
type testBroker struct {
	*Service
	dir     *log.Directory
	flusher *partition.SyncCommitter
	data    []*partition.Partition
	nextID  func() int64
}

func openBroker(fs vfs.FS, epoch int32) (*testBroker, error) {
	quiet, clk := slog.New(slog.DiscardHandler), clock.Real()
	dir, err := log.OpenDirectory(fs, "/data", log.DirectoryConfig{BallastBytes: -1}, clk, quiet)
	if err != nil {
		return nil, err
	}
	b := &testBroker{dir: dir, flusher: partition.NewSyncCommitter(partition.SyncConfig{}, clk)}
	set := partition.NewSet()
	open := func(id metadata.PartitionID) *partition.Partition {
		l, openErr := dir.Open(id, log.DefaultConfig(), epoch)
		if openErr != nil {
			err = errors.Join(err, openErr)
			return nil
		}
		p := partition.New(l, b.flusher, epoch, clk)
		set.Put(p)
		return p
	}
	state := open(metadata.PartitionID{Topic: stateTopicID})
	for i := range int32(2) {
		b.data = append(b.data, open(metadata.PartitionID{Topic: dataTopicID, Index: i}))
	}
	if err != nil {
		return nil, err
	}
	draft := metadata.Empty().Edit()
	draft.SetFeatures(map[string]int16{"transaction.version": Bumped}, 1)
	draft.PutTopic(&metadata.Topic{ID: dataTopicID, Name: "data", Partitions: make([]metadata.Partition, 2)})
	b.Service = New(Config{StatePartitions: 1}, set, clk, quiet)
	b.SetImage(draft.Done())
	b.BecomeLeader(0, state)
	<-b.Loaded(0)
	var mu sync.Mutex
	last := int64(epoch+1) * 1000
	b.nextID = func() int64 {
		mu.Lock()
		defer mu.Unlock()
		last++
		return last
	}
	return b, nil
}

func (b *testBroker) close() {
	_ = b.Close(context.Background())
	b.flusher.Close()
}

// own gives a producer its epoch, once what its id had open is ended and all markers are written.
func (b *testBroker) own(id string) (Producer, error) {
	for {
		p, err := b.Init(InitRequest{ID: id, TimeoutMs: 60_000, ProducerID: -1, Epoch: -1, NewProducerID: b.nextID()}).Result()
		if !errors.Is(err, ErrConcurrent) {
			return p, err
		}
	}
}

// checkEnds opens what a cut left and says what is wrong with it.
func checkEnds(mem *vfs.Mem, told ledger, life int) error {
	b, err := openBroker(mem, int32(life)+1)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer b.close()
	for _, id := range []string{"bumped", "announced"} {
		if _, err := b.own(id); err != nil {
			return fmt.Errorf("init %s: %w", id, err)
		}
	}
	var seen [2]string
	for i, p := range b.data {
		if stable, end := p.LastStable(), p.EndOffset(false); stable != end {
			return fmt.Errorf("partition %d ends at %d, but is stable up to %d only", i, end, stable)
		}
		values, err := committedValues(p)
		if err != nil {
			return fmt.Errorf("read partition %d: %w", i, err)
		}
		slices.Sort(values)
		seen[i] = strings.Join(values, " ")
		for _, v := range values {
			if !told[v].commit {
				return fmt.Errorf("%s shows in partition %d; it is known as %+v", v, i, told[v])
			}
		}
		for v, o := range told {
			if o.commit && o.answered && !slices.Contains(values, v) {
				return fmt.Errorf("%s was committed and does not show in partition %d", v, i)
			}
		}
	}
	if seen[0] != seen[1] {
		return fmt.Errorf("a transaction is torn: partition 0 shows %s, partition 1 %s", seen[0], seen[1])
	}
	return nil
}

// committedValues are those that a consumer of committed records sees.
func committedValues(p *partition.Partition) (values []string, err error) {
	got, err := p.Read(partition.ReadRequest{MaxBytes: math.MaxInt32, Committed: true, CurrentLeaderEpoch: -1, LastFetchedEpoch: -1})
	if err != nil {
		return nil, err
	}
	defer got.Release()
	aborted := got.Aborted
	slices.SortFunc(aborted, func(a, b partition.AbortedTxn) int { return int(a.FirstOffset - b.FirstOffset) })
	dropping := map[int64]bool{}
	for _, s := range got.Slices {
		raw, err := s.Bytes()
		if err != nil {
			return nil, err
		}
		for len(raw) > 0 {
			h, err := record.ParseHeader(raw)
			if err != nil {
				return nil, err
			}
			b := record.Batch{Header: h, Raw: raw[:h.Size()]}
			raw = raw[h.Size():]
			for len(aborted) > 0 && aborted[0].FirstOffset <= b.LastOffset() {
				dropping[aborted[0].ProducerID], aborted = true, aborted[1:]
			}
			if b.IsControl() {
				delete(dropping, b.ProducerID)
				continue
			}
			for r, err := range b.Records(1 << 20) {
				if err != nil {
					return nil, err
				}
				if !dropping[b.ProducerID] {
					values = append(values, string(r.Value))
				}
			}
		}
	}
	return values, nil
}
