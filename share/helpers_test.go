package share

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"weir/coordinator"
	"weir/internal/clock"
	"weir/log"
	"weir/metadata"
	"weir/partition"
	"weir/record"
	"weir/vfs"
)

var quiet = slog.New(slog.DiscardHandler)

// group is the group of tests that need one.
const group = "g"

// rig is a service over partitions in a memory file system: one of the state, one of a topic, one for dead letters.
type rig struct {
	testing.TB
	mem     *vfs.Mem
	clk     *clock.Manual
	image   *metadata.Image
	topic   *metadata.Topic
	letters *metadata.Topic
	state   *metadata.Topic

	dir      *log.Directory
	flusher  *partition.SyncCommitter
	set      *partition.Set
	s        *Service
	settings Settings
	config   Config
	epoch    int32
	rng      *rand.Rand
}

func testSettings() Settings {
	return Settings{LockDuration: 30 * time.Second, DeliveryLimit: 5, MaxLocks: 2000, Renew: true, Reset: Reset{Kind: ResetEarliest}}
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := makeRig(t)
	t.Cleanup(func() { r.close() })
	return r
}

// makeRig makes a rig that the caller closes.
func makeRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{TB: t, mem: vfs.NewMem(), clk: clock.NewManual(time.UnixMilli(1_000_000)), settings: testSettings(),
		rng: rand.New(rand.NewPCG(1, 2))}
	draft := metadata.Empty().Edit()
	topic := func(name string) *metadata.Topic {
		x := &metadata.Topic{ID: metadata.NewTopicID(), Name: name, Partitions: make([]metadata.Partition, 1)}
		draft.PutTopic(x)
		return x
	}
	r.topic, r.letters, r.state = topic("t"), topic("dlq.t"), topic("__share_group_state")
	r.letters.Configs = map[string]string{takesLetters: "true"}
	r.image = draft.Done()
	r.open()
	return r
}

// open begins a life of the process.
func (r *rig) open() {
	r.Helper()
	var err error
	r.epoch++
	r.dir, err = log.OpenDirectory(r.mem, "/data", log.DirectoryConfig{BallastBytes: -1}, r.clk, quiet)
	must(r, err)
	r.flusher = partition.NewSyncCommitter(partition.SyncConfig{}, clock.Real())
	r.set = partition.NewSet()
	for _, x := range []*metadata.Topic{r.topic, r.letters, r.state} {
		l, err := r.dir.Open(metadata.PartitionID{Topic: x.ID}, log.DefaultConfig(), r.epoch)
		must(r, err)
		r.set.Put(partition.New(l, r.flusher, r.epoch, r.clk))
	}
	c := r.config
	c.StatePartitions = 1
	r.s = New(c, r.set, r.clk, quiet)
	r.s.SetImage(r.image)
	r.s.BecomeLeader(0, r.part(r.state))
	<-r.s.Loaded(0)
}

func (r *rig) close() {
	_ = r.s.Close(context.Background())
	r.flusher.Close()
	_ = r.dir.Close(context.Background())
}

// crash ends a life by a power cut and begins the next.
func (r *rig) crash(percent int) {
	r.Helper()
	after := r.mem.CrashClone(vfs.CrashOptions{UnsyncedPercent: percent, Rand: r.rng})
	r.close()
	r.mem = after
	r.open()
}

func (r *rig) part(x *metadata.Topic) *partition.Partition {
	p, err := r.set.Get(metadata.PartitionID{Topic: x.ID})
	must(r, err)
	return p
}

func (r *rig) key() Key { return Key{group, metadata.PartitionID{Topic: r.topic.ID}} }

// produce appends one batch of records with these values; of "key=value" the key too, and of "header:value;key=value" a header.
func (r *rig) produce(records ...string) {
	r.Helper()
	b := record.NewBuilder(record.Options{})
	for _, text := range records {
		var headers []record.RecordHeader
		for head, rest, ok := strings.Cut(text, ";"); ok; head, rest, ok = strings.Cut(text, ";") {
			name, value, _ := strings.Cut(head, ":")
			headers = append(headers, record.RecordHeader{Key: name, Value: []byte(value)})
			text = rest
		}
		k, v, keyed := strings.Cut(text, "=")
		if !keyed {
			b.Append(r.clk.Now().UnixMilli(), nil, []byte(text), headers...)
			continue
		}
		b.Append(r.clk.Now().UnixMilli(), []byte(k), []byte(v), headers...)
	}
	batch, err := record.Validate(b.Build().Raw, record.Rules{BeforeMaxMs: math.MaxInt64, AfterMaxMs: math.MaxInt64, FromClient: true})
	must(r, err)
	ticket, err := r.part(r.topic).Append(&batch, partition.AppendOptions{ExpectedLeaderEpoch: -1})
	must(r, err)
	must(r, ticket.Wait(nil))
}

// fetch has a member acquire, and shows what it got: "first-last*deliveries".
func (r *rig) fetch(member string, most int) string {
	r.Helper()
	got := r.s.Fetch(nil, FetchRequest{Group: group, Member: member, Settings: r.settings, MaxRecords: most, BatchSize: most,
		MaxBytes: 1 << 20, Strict: true, Partitions: []metadata.PartitionID{{Topic: r.topic.ID}}})
	must(r, got[0].Err)
	defer got[0].Records.Release()
	var read [][2]int64 // offsets of the answer's batches
	for b, err := range got[0].Records.Batches() {
		must(r, err)
		read = append(read, [2]int64{b.BaseOffset, b.LastOffset()})
	}
	var out []string
	for _, a := range got[0].Acquired {
		out = append(out, fmt.Sprintf("%d-%d*%d", a.First, a.Last, a.DeliveryCount))
		covered := a.First
		for _, b := range read {
			if b[0] <= covered && b[1] >= covered {
				covered = b[1] + 1
			}
		}
		if covered <= a.Last {
			r.Fatalf("records %d-%d were acquired, the answer has none from %d", a.First, a.Last, covered)
		}
	}
	return strings.Join(out, " ")
}

func (r *rig) ack(member string, first, last int64, types ...AckType) error {
	return r.ackWith(member, AckBatch{First: first, Last: last, Types: types, DelayMs: -1})
}

func (r *rig) ackWith(member string, batches ...AckBatch) error {
	_, err := r.s.Acknowledge(AcknowledgeRequest{Key: r.key(), Member: member, Settings: r.settings, Batches: batches}).Result()
	return err
}

// settle waits until the shard has done what the clock made due.
func (r *rig) settle() {
	r.Helper()
	for range 3 {
		_, err := coordinator.Decide(r.s.runtime, 0, "", func(*machine, *coordinator.Tx) (int, error) { return 0, nil }).Result()
		must(r, err)
	}
}

func (r *rig) offsets() Offsets {
	o, err := r.s.Offsets(r.key()).Result()
	must(r, err)
	return o
}

// dead are the dead letters: "offset message value".
func (r *rig) dead() []string {
	r.Helper()
	p := r.part(r.letters)
	var out []string
	for at := int64(0); at < p.HighWatermark(); {
		raw, err := read(p, at, make([]byte, scanBytes))
		must(r, err)
		for b := range batches(raw) {
			for rec, err := range b.Records(0) {
				must(r, err)
				offset, _ := letterOf(&rec, r.key(), "t")
				out = append(out, fmt.Sprint(offset, " ", string(rec.Value)))
			}
			at = b.LastOffset() + 1
		}
	}
	return out
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t testing.TB, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("%s: %v; want %v", what, got, want)
	}
}

// advance lets time pass.
func (r *rig) advance(d time.Duration) {
	r.clk.Advance(d)
	r.settle()
}

// awaitStart waits until the group's start is at an offset: dead letters are written beside the shard, and tried again if it is not
// loaded yet.
func (r *rig) awaitStart(offset int64) {
	r.Helper()
	for deadline := time.Now().Add(10 * time.Second); r.offsets().Start != offset; time.Sleep(time.Millisecond) {
		r.clk.Advance(retryLetters)
		if time.Now().After(deadline) {
			r.Fatalf("the start is %d; want %d", r.offsets().Start, offset)
		}
	}
}

// awaitWaiter waits until somebody waits for records.
func (r *rig) awaitWaiter() {
	r.Helper()
	for waiting := 0; waiting == 0; {
		waiting, _ = coordinator.Decide(r.s.runtime, 0, "", func(m *machine, _ *coordinator.Tx) (int, error) {
			return len(m.part(r.key()).waiters), nil
		}).Result()
	}
}

func (r *rig) waiting(member string) FetchRequest {
	return FetchRequest{Group: group, Member: member, Settings: r.settings, MaxRecords: 1, BatchSize: 1, MaxBytes: 1 << 20,
		MaxWait: time.Hour, Partitions: []metadata.PartitionID{{Topic: r.topic.ID}}}
}
