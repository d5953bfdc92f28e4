package partition

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"weir/internal/clock"
	"weir/log"
	"weir/log/journal"
	"weir/metadata"
	"weir/record"
	"weir/vfs"
)

var (
	testStart = time.Date(2013, 1, 1, 5, 0, 0, 0, time.UTC)
	quiet     = slog.New(slog.DiscardHandler)
	errDisk   = errors.New("input/output error")
)

// rig is one partition over a memory file system whose fsyncs can be held up or made to fail.
type rig struct {
	testing.TB
	mem     *vfs.Mem
	clk     *clock.Manual
	gateClk *clock.Manual // of the flusher alone, so that a test can await its timer
	d       *log.Directory
	flusher *SyncCommitter
	p       *Partition

	gate     chan struct{} // when not nil, a sync of records takes one token before it begins
	began    chan struct{} // told, if it can be, that a sync is at the gate
	opened   chan struct{} // closed at the end: the gate stands open
	failSync atomic.Bool
	syncs    atomic.Int64
}

type rigOptions struct {
	config func(*log.Config)
	gated  bool
	page   bool // PageCacheCommitter
	gather time.Duration
	rounds bool // syncs of the journal are held up and counted, not of .log files
}

func newRig(t testing.TB, o rigOptions) *rig {
	t.Helper()
	r := &rig{TB: t, mem: vfs.NewMem(), clk: clock.NewManual(testStart), gateClk: clock.NewManual(testStart), began: make(chan struct{}, 1), opened: make(chan struct{})}
	if o.gated {
		r.gate = make(chan struct{})
	}
	held := ".log"
	if o.rounds {
		held = journal.Files[0]
	}
	fsys := vfs.Inject(r.mem, func(op vfs.Op) error { return r.inject(op, held) })
	var err error
	r.d, err = log.OpenDirectory(fsys, "/data", log.DirectoryConfig{BallastBytes: -1}, r.clk, quiet)
	must(t, err)
	cfg := log.DefaultConfig()
	if o.config != nil {
		o.config(&cfg)
	}
	l, err := r.d.Open(metadata.PartitionID{Topic: metadata.NewTopicID()}, cfg, 1)
	must(t, err)
	r.flusher = NewSyncCommitter(SyncConfig{Gather: o.gather, Alone: !o.rounds}, r.gateClk)
	var c Committer = r.flusher
	if o.page {
		c = NewPageCacheCommitter(r.flusher, r.clk)
	}
	r.p = New(l, c, 1, r.clk)
	t.Cleanup(func() {
		close(r.opened)
		r.flusher.Close()
		_ = r.d.Close(context.Background())
	})
	return r
}

func (r *rig) inject(op vfs.Op, held string) error {
	if op.Kind != vfs.OpSync || !strings.HasSuffix(op.Name, held) {
		return nil
	}
	if r.gate != nil {
		select {
		case r.began <- struct{}{}:
		default:
		}
		select {
		case <-r.gate:
		case <-r.opened:
		}
	}
	r.syncs.Add(1)
	if r.failSync.Load() {
		return errDisk
	}
	return nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func batch(n int) *record.Batch {
	b := record.NewBuilder(record.Options{})
	for i := range n {
		b.Append(testStart.UnixMilli(), nil, fmt.Appendf(nil, "value %d", i))
	}
	out := b.Build()
	return &out
}

func (r *rig) append(n int) Ticket {
	r.Helper()
	t, err := r.p.Append(batch(n), AppendOptions{ExpectedLeaderEpoch: -1})
	must(r, err)
	return t
}

// read returns how many bytes are visible from offset on.
func (r *rig) read(offset int64, committed bool) (bytes int) {
	r.Helper()
	res, err := r.p.Read(ReadRequest{Offset: offset, MaxBytes: math.MaxInt32, MinOne: true, Committed: committed,
		CurrentLeaderEpoch: -1, LastFetchedEpoch: -1})
	must(r, err)
	defer res.Release()
	return res.Len()
}

func isDone(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

// within fails the test when the channel is not closed soon.
func (r *rig) within(what string, ch <-chan struct{}) {
	r.Helper()
	select {
	case <-ch:
	case <-time.After(10 * time.Second):
		r.Fatalf("%s: still waiting after 10 s", what)
	}
}

func otherID() metadata.PartitionID {
	return metadata.PartitionID{Topic: metadata.NewTopicID(), Index: 7}
}

// allow lets n syncs through the gate, as they come.
func (r *rig) allow(n int) {
	go func() {
		for range n {
			select {
			case r.gate <- struct{}{}:
			case <-r.opened:
			}
		}
	}()
}

// reached returns when a sync is at the gate.
func (r *rig) reached() { <-r.began }
