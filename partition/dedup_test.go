package partition

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"weir/internal/clock"
	"weir/log"
	"weir/metadata"
	"weir/record"
	"weir/vfs"
)

const testWindow = time.Minute

// idRig is a partition that leaves out what was appended before, through several lives of the process.
type idRig struct {
	testing.TB
	mem     *vfs.Mem
	clk     *clock.Manual
	id      metadata.PartitionID
	dir     *log.Directory
	flusher *SyncCommitter
	p       *Partition
	epoch   int32
	config  DedupConfig
	rng     *rand.Rand
}

func newIDRig(t testing.TB) *idRig {
	r := &idRig{TB: t, mem: vfs.NewMem(), clk: clock.NewManual(testStart), id: metadata.PartitionID{Topic: metadata.NewTopicID()},
		config: DedupConfig{WindowMs: testWindow.Milliseconds(), MaxIDs: 1000}, rng: rand.New(rand.NewPCG(3, 4))}
	r.open()
	t.Cleanup(r.close)
	return r
}

func (r *idRig) open() {
	r.Helper()
	r.epoch++
	var err error
	r.dir, err = log.OpenDirectory(r.mem, "/data", log.DirectoryConfig{BallastBytes: -1}, r.clk, quiet)
	must(r, err)
	l, err := r.dir.Open(r.id, log.DefaultConfig(), r.epoch)
	must(r, err)
	r.flusher = NewSyncCommitter(SyncConfig{}, clock.Real())
	r.p = New(l, r.flusher, r.epoch, r.clk)
	r.p.SetDedup(r.config)
}

func (r *idRig) close() {
	r.flusher.Close()
	_ = r.dir.Close(context.Background())
}

// crash ends a life by a power cut, after which some of what was not synced is there.
func (r *idRig) crash(percent int) {
	r.Helper()
	after := r.mem.CrashClone(vfs.CrashOptions{UnsyncedPercent: percent, Rand: r.rng})
	r.close()
	r.mem = after
	r.open()
}

// batch makes one of records "id" or "id=value"; "-" has no id.
func (r *idRig) batch(o record.Options, records ...string) *record.Batch {
	b := record.NewBuilder(o)
	for _, text := range records {
		id, value, ok := strings.Cut(text, "=")
		if !ok {
			value = id
		}
		var headers []record.RecordHeader
		if id != "-" {
			headers = []record.RecordHeader{{Key: HeaderMessageID, Value: []byte(id)}}
		}
		b.Append(r.clk.Now().UnixMilli(), nil, []byte(value), headers...)
	}
	out := b.Build()
	return &out
}

// send appends a batch and shows where it is said to be: "base-last".
func (r *idRig) send(o record.Options, records ...string) string {
	r.Helper()
	ticket, err := r.p.Append(r.batch(o, records...), AppendOptions{ExpectedLeaderEpoch: -1})
	must(r, err)
	must(r, ticket.Wait(nil))
	return fmt.Sprintf("%d-%d", ticket.BaseOffset, ticket.LastOffset)
}

// values are what the partition holds: "offset:value".
func (r *idRig) values() string {
	r.Helper()
	var out []string
	for at := r.p.StartOffset(); at < r.p.HighWatermark(); {
		res, err := r.p.Read(ReadRequest{Offset: at, MaxBytes: math.MaxInt32, MinOne: true, CurrentLeaderEpoch: -1, LastFetchedEpoch: -1})
		must(r, err)
		for _, s := range res.Slices {
			raw, err := s.Bytes()
			must(r, err)
			for len(raw) > 0 {
				h, err := record.ParseHeader(raw)
				must(r, err)
				if !record.CheckCRC(raw[:h.Size()]) {
					r.Fatalf("batch at %d is damaged", h.BaseOffset)
				}
				for rec, err := range (record.Batch{Header: h, Raw: raw[:h.Size()]}).Records(0) {
					must(r, err)
					out = append(out, fmt.Sprintf("%d:%s", rec.Offset, rec.Value))
				}
				raw, at = raw[h.Size():], h.LastOffset()+1
			}
		}
		res.Release()
	}
	return strings.Join(out, " ")
}

func (r *idRig) want(what, got, want string) {
	r.Helper()
	if got != want {
		r.Fatalf("%s: %s; want %s", what, got, want)
	}
}

// TestDedup: what was appended within the window is not appended again, and its producer is told where it is; whatever a batch has
// besides is appended.
func TestDedup(t *testing.T) {
	for _, codec := range []record.Codec{record.None, record.Zstd} {
		r := newIDRig(t)
		o := record.Options{Codec: codec}
		r.want("new", r.send(o, "a", "b"), "0-1")
		r.want("again", r.send(o, "a=other"), "0-0")
		r.want("both again", r.send(o, "b", "a"), "1-1")
		r.want("with new ones", r.send(o, "a", "c", "-", "b", "d", "d"), "2-7")
		r.want("without an id", r.send(o, "-", "-"), "8-9")
		r.want("what is there", r.values(), "0:a 1:b 3:c 4:- 6:d 8:- 9:-")
		r.clk.Advance(testWindow / 2)
		r.want("later", r.send(o, "e"), "10-10")
		r.clk.Advance(testWindow / 2)
		r.want("out of the window", r.send(o, "a", "e"), "11-12")
		r.want("what is there", r.values(), "0:a 1:b 3:c 4:- 6:d 8:- 9:- 10:e 11:a")
		r.p.SetDedup(DedupConfig{})
		r.want("switched off", r.send(o, "a"), "13-13")
		r.p.SetDedup(r.config)
		r.want("switched on: the log knows", r.send(o, "a"), "11-11")
	}
}

// TestDedupOfProducers: what an idempotent producer counts goes on, though nothing of a batch is left; a batch that is sent again
// is told what it was told before.
func TestDedupOfProducers(t *testing.T) {
	r := newIDRig(t)
	from := func(sequence int32) record.Options {
		return record.Options{HasProducer: true, ProducerID: 7, BaseSequence: sequence}
	}
	r.want("new", r.send(from(0), "a", "b"), "0-1")
	r.want("sent again", r.send(from(0), "a", "b"), "0-1")
	r.want("the same messages", r.send(from(2), "a", "b"), "0-3") // committed with the batch that counts them
	r.want("sent again", r.send(from(2), "a", "b"), "0-3")
	r.want("with a new one", r.send(from(4), "b", "c"), "4-5")
	r.want("sent again", r.send(from(4), "b", "c"), "4-5")
	r.crash(0)
	r.want("sent again", r.send(from(4), "b", "c"), "4-5")
	r.want("goes on", r.send(from(6), "d", "a"), "6-7")
	r.want("what is there", r.values(), "0:a 1:b 5:c 6:d")
	_, err := r.p.Append(r.batch(from(99), "a"), AppendOptions{ExpectedLeaderEpoch: -1})
	if err == nil || !strings.Contains(err.Error(), "sequence") {
		t.Fatalf("a gap in the sequence: %v", err)
	}
}

// TestDedupLeavesTransactions: a transaction may be aborted and its messages sent again.
func TestDedupLeavesTransactions(t *testing.T) {
	r := newIDRig(t)
	o := record.Options{HasProducer: true, ProducerID: 7, Transactional: true}
	for n := range int32(2) {
		o.BaseSequence = n
		ticket, err := r.p.Append(r.batch(o, "a"), AppendOptions{ExpectedLeaderEpoch: -1})
		must(t, err)
		must(t, ticket.Wait(nil))
	}
	r.want("not remembered", r.send(record.Options{}, "a"), "2-2")
}

// TestDedupIsBounded: the oldest are forgotten first.
func TestDedupIsBounded(t *testing.T) {
	r := newIDRig(t)
	for i := range 3000 {
		r.send(record.Options{}, fmt.Sprint(i))
	}
	r.want("one that is remembered", r.send(record.Options{}, "2000"), "2000-2000")
	r.want("one that is forgotten", r.send(record.Options{}, "1999"), "3000-3000")
	known := &r.p.dedup.Load().known
	if n := len(known.offsets); n != 1000 {
		t.Errorf("%d ids are remembered", n)
	}
	if n := cap(known.order); n > 6000 {
		t.Errorf("the order has room for %d ids", n)
	}
	r.crash(0)
	r.want("after a restart", r.send(record.Options{}, "2500"), "2500-2500")
	r.want("and of the oldest", r.send(record.Options{}, "1"), "3001-3001")
}

// TestDedupSurvivesPowerCuts: producers that send again what was not answered leave each message in the log once, whatever the
// moment of a power cut.
func TestDedupSurvivesPowerCuts(t *testing.T) {
	r := newIDRig(t)
	next, pending, answered := 0, []string{}, make(map[string]bool)
	for range 60 {
		for range r.rng.IntN(8) {
			var ids []string
			for range 1 + r.rng.IntN(3) {
				if len(pending) > 0 && r.rng.IntN(2) == 0 {
					ids = append(ids, pending[r.rng.IntN(len(pending))])
				} else {
					ids = append(ids, fmt.Sprint(next))
					pending = append(pending, ids[len(ids)-1])
					next++
				}
			}
			ticket, err := r.p.Append(r.batch(record.Options{}, ids...), AppendOptions{ExpectedLeaderEpoch: -1})
			must(t, err)
			if r.rng.IntN(3) > 0 {
				must(t, ticket.Wait(nil))
				for _, id := range ids {
					answered[id] = true
				}
			}
			r.clk.Advance(time.Millisecond)
		}
		r.crash(r.rng.IntN(101))
	}
	before := r.count()
	for id := range answered {
		if before[id] == 0 {
			t.Errorf("message %s was answered and is lost", id)
		}
	}
	for _, id := range pending {
		r.send(record.Options{}, id)
	}
	after := r.count()
	for _, id := range pending {
		if after[id] != 1 {
			t.Errorf("message %s is there %d times", id, after[id])
		}
	}
}

// count tells how often each value is there.
func (r *idRig) count() map[string]int {
	there := make(map[string]int)
	for _, v := range strings.Fields(r.values()) {
		_, id, _ := strings.Cut(v, ":")
		there[id]++
	}
	return there
}

func BenchmarkDedup(b *testing.B) {
	for _, on := range []bool{false, true} {
		b.Run(fmt.Sprint("on=", on), func(b *testing.B) {
			r := newIDRig(b)
			if !on {
				r.p.SetDedup(DedupConfig{})
			}
			r.config.MaxIDs = 1_000_000
			value := strings.Repeat("v", 1024)
			b.ReportAllocs()
			for i := range b.N {
				batch := r.batch(record.Options{}, fmt.Sprint(i, "=", value))
				if _, err := r.p.Append(batch, AppendOptions{ExpectedLeaderEpoch: -1}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestDedupOfMany: whoever else sends a message at the same time, it is there once, and all are told where.
func TestDedupOfMany(t *testing.T) {
	r := newIDRig(t)
	const senders, messages = 6, 200
	offsets := make([]map[string]int64, senders)
	var running sync.WaitGroup
	for n := range senders {
		offsets[n] = make(map[string]int64)
		rng := rand.New(rand.NewPCG(uint64(n), 1))
		running.Go(func() {
			for _, i := range rng.Perm(messages) {
				id := fmt.Sprint(i)
				ticket, err := r.p.Append(r.batch(record.Options{}, id), AppendOptions{ExpectedLeaderEpoch: -1})
				if err == nil {
					err = ticket.Wait(nil)
				}
				if err != nil {
					t.Error(err)
					return
				}
				offsets[n][id] = ticket.BaseOffset
				r.p.SetDedup(r.config)
			}
		})
	}
	running.Wait()
	for id, n := range r.count() {
		if n != 1 {
			t.Errorf("message %s is there %d times", id, n)
		}
		for sender := range senders {
			if offsets[sender][id] != offsets[0][id] {
				t.Errorf("message %s is at %d for one sender and at %d for another", id, offsets[sender][id], offsets[0][id])
			}
		}
	}
	if len(offsets[0]) != messages {
		t.Errorf("%d messages were sent", len(offsets[0]))
	}
}
