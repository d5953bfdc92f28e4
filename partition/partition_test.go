package partition

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	"weir/log"
	"weir/record"
	"weir/segment"
)

var never <-chan struct{}

func TestNothingIsVisibleBeforeTheSync(t *testing.T) {
	r := newRig(t, rigOptions{gated: true})
	tk := r.append(3)
	if tk.Committed() || r.p.HighWatermark() != 0 || r.read(0, false) != 0 {
		t.Fatalf("high watermark %d, %d bytes to read before the sync", r.p.HighWatermark(), r.read(0, false))
	}
	r.gate <- struct{}{}
	must(t, tk.Wait(never))
	if r.p.HighWatermark() != 3 || r.read(0, false) == 0 {
		t.Fatalf("high watermark %d after the sync", r.p.HighWatermark())
	}
}

func TestOneSyncServesAllThatWait(t *testing.T) {
	r := newRig(t, rigOptions{gated: true})
	first := r.append(1)
	r.gate <- struct{}{} // the flusher is past the gate of the first sync or waits for it
	var tickets []Ticket
	for range 100 {
		tickets = append(tickets, r.append(1))
	}
	must(t, first.Wait(never))
	r.allow(2) // the one that may have begun before the last append, and the one after it
	for _, tk := range tickets {
		must(t, tk.Wait(never))
	}
	if n := r.syncs.Load(); n > 3 {
		t.Fatalf("101 appends took %d syncs", n)
	}
}

func TestFailedSyncIsFinal(t *testing.T) {
	r := newRig(t, rigOptions{})
	must(t, func() error { tk := r.append(1); return tk.Wait(never) }())
	w := NewWaiter(1)
	defer w.Close()
	r.p.Watch(w, 1)
	r.failSync.Store(true)
	tk := r.append(1)
	if err := tk.Wait(never); !errors.Is(err, ErrOffline) || !errors.Is(err, errDisk) {
		t.Fatalf("got %v; want offline with its cause", err)
	}
	r.within("waiter", w.Done())
	r.failSync.Store(false)
	if _, err := r.p.Append(batch(1), AppendOptions{ExpectedLeaderEpoch: -1}); !errors.Is(err, ErrOffline) {
		t.Fatalf("append after a failed sync: %v", err)
	}
	n := r.syncs.Load()
	if _, err := r.p.Log().Sync(); !errors.Is(err, ErrOffline) || r.syncs.Load() != n {
		t.Fatalf("synced again after a failure: %v", err)
	}
	if r.p.HighWatermark() != 1 {
		t.Fatalf("high watermark %d; want 1", r.p.HighWatermark())
	}
}

func TestPageCacheCommitsInline(t *testing.T) {
	r := newRig(t, rigOptions{page: true, config: func(c *log.Config) { c.FlushMessages = math.MaxInt64 }})
	for range 10 {
		if tk := r.append(1); !tk.Committed() {
			t.Fatal("not committed when Append returned")
		}
	}
	if n := r.syncs.Load(); n != 0 {
		t.Fatalf("%d syncs", n)
	}
}

func TestFlushMessages(t *testing.T) {
	r := newRig(t, rigOptions{page: true, gated: true, config: func(c *log.Config) { c.FlushMessages = 3 }})
	for range 2 {
		if tk := r.append(1); !tk.Committed() {
			t.Fatal("two records may be unsynced")
		}
	}
	tk := r.append(1)
	if tk.Committed() {
		t.Fatal("the third record was committed without a sync")
	}
	if tk := r.append(1); tk.Committed() {
		t.Fatal("the fourth record overtook the third")
	}
	r.allow(2)
	must(t, tk.Wait(never))
}

func TestFlushMs(t *testing.T) {
	r := newRig(t, rigOptions{page: true, config: func(c *log.Config) {
		c.FlushMessages, c.FlushMs = math.MaxInt64, 500
	}})
	r.append(1)
	r.append(1)
	r.clk.Advance(499 * time.Millisecond)
	if n := r.p.Log().DurableEnd(); n != 0 {
		t.Fatalf("synced too early: %d", n)
	}
	r.clk.Advance(time.Millisecond)
	r.flusher.Close()
	if n := r.p.Log().DurableEnd(); n != 2 {
		t.Fatalf("durable end %d after flush.ms; want 2", n)
	}
}

func TestResignAndLeadAgain(t *testing.T) {
	r := newRig(t, rigOptions{gated: true})
	tk := r.append(1)
	w := NewWaiter(1)
	defer w.Close()
	r.p.Watch(w, 0)
	r.p.Resign()
	if err := tk.Wait(never); !errors.Is(err, ErrNotLeader) {
		t.Fatalf("ticket: %v", err)
	}
	r.within("waiter", w.Done())
	if _, err := r.p.Append(batch(1), AppendOptions{ExpectedLeaderEpoch: -1}); !errors.Is(err, ErrNotLeader) {
		t.Fatalf("append: %v", err)
	}
	if _, err := r.p.Read(ReadRequest{CurrentLeaderEpoch: -1}); !errors.Is(err, ErrNotLeader) {
		t.Fatalf("read: %v", err)
	}
	r.p.BecomeLeader(2)
	if _, err := r.p.Append(batch(1), AppendOptions{ExpectedLeaderEpoch: 1}); !errors.Is(err, ErrNotLeader) {
		t.Fatalf("append of the old leadership: %v", err)
	}
	if _, err := r.p.Log().Append(batch(1), 1); !errors.Is(err, log.ErrStaleEpoch) {
		t.Fatalf("append of the old leadership that was under way: %v", err)
	}
	r.allow(2)
	tk = r.append(1)
	must(t, tk.Wait(never))
	end, err := r.p.EpochEnd(2, 1)
	must(t, err)
	if end != (EpochEnd{Epoch: 1, End: 1}) {
		t.Fatalf("epoch 1 ends at %+v", end)
	}
}

func TestEpochChecks(t *testing.T) {
	r := newRig(t, rigOptions{})
	if _, err := r.p.StartAt(0); !errors.Is(err, ErrFencedEpoch) {
		t.Fatalf("older: %v", err)
	}
	if _, err := r.p.EndAt(false, 2); !errors.Is(err, ErrUnknownEpoch) {
		t.Fatalf("newer: %v", err)
	}
	at, err := r.p.EndAt(false, 1)
	must(t, err)
	if at.Offset != 0 || at.LeaderEpoch != 1 {
		t.Fatalf("end: %+v", at)
	}
}

func TestDivergingEpoch(t *testing.T) {
	r := newRig(t, rigOptions{})
	tk := r.append(2)
	must(t, tk.Wait(never))
	r.p.BecomeLeader(4)
	read := func(offset int64, epoch int32) (ReadResult, error) {
		return r.p.Read(ReadRequest{Offset: offset, MaxBytes: 1000, CurrentLeaderEpoch: -1,
			LastFetchedEpoch: epoch})
	}
	res, err := read(5, 1)
	must(t, err)
	if res.Diverging == nil || *res.Diverging != (EpochEnd{1, 2}) || res.Len() != 0 {
		t.Fatalf("offset past the epoch's end: %+v", res)
	}
	if res, err = read(2, 3); err != nil || res.Diverging == nil || *res.Diverging != (EpochEnd{1, 2}) {
		t.Fatalf("an epoch that never was: %+v %v", res, err)
	}
	if res, err = read(1, 1); err != nil || res.Diverging != nil {
		t.Fatalf("in step: %+v %v", res, err)
	}
	res.Release()
	if _, err = read(1, 9); !errors.Is(err, log.ErrOffsetOutOfRange) {
		t.Fatalf("an epoch to come: %v", err)
	}
}

func TestWaiterCountsBytesOverPartitions(t *testing.T) {
	a := newRig(t, rigOptions{page: true, config: pageCache})
	b := newRig(t, rigOptions{page: true, config: pageCache})
	a.append(1)
	size := a.read(0, false)
	w := NewWaiter(3 * size)
	defer w.Close()
	a.p.Watch(w, 0)
	b.p.Watch(w, 0)
	b.append(1)
	if isDone(w.Done()) {
		t.Fatal("done with two thirds of the bytes")
	}
	a.append(1)
	a.within("waiter", w.Done())
	late := NewWaiter(1)
	defer late.Close()
	a.p.Watch(late, 1)
	if !isDone(late.Done()) {
		t.Fatal("what is there when the watch begins counts at once")
	}
}

func pageCache(c *log.Config) { c.FlushMessages = math.MaxInt64 }

func TestWatchCommittedWaitsForTheTransaction(t *testing.T) {
	r := newRig(t, rigOptions{page: true, config: pageCache})
	b := record.NewBuilder(record.Options{HasProducer: true, Transactional: true, ProducerID: 5})
	b.Append(0, nil, []byte("in a transaction"))
	txn := b.Build()
	w, plain := NewWaiter(1), NewWaiter(1)
	defer w.Close()
	defer plain.Close()
	r.p.WatchCommitted(w, 0)
	r.p.Watch(plain, 0)
	_, err := r.p.Append(&txn, AppendOptions{ExpectedLeaderEpoch: -1})
	must(t, err)
	if isDone(w.Done()) || !isDone(plain.Done()) {
		t.Fatal("read_committed saw an open transaction, or read_uncommitted did not")
	}
	if r.read(0, true) != 0 || r.read(0, false) == 0 {
		t.Fatal("read_committed saw an open transaction, or read_uncommitted did not")
	}
	marker := record.ControlBatch(record.ControlAbort, 5, 0, 1, 0)
	_, err = r.p.Append(&marker, AppendOptions{ExpectedLeaderEpoch: -1})
	must(t, err)
	r.within("waiter", w.Done())
	res, err := r.p.Read(ReadRequest{MaxBytes: 1000, Committed: true, CurrentLeaderEpoch: -1,
		LastFetchedEpoch: -1})
	must(t, err)
	defer res.Release()
	if len(res.Aborted) != 1 || res.Aborted[0] != (AbortedTxn{ProducerID: 5}) {
		t.Fatalf("aborted: %+v", res.Aborted)
	}
}

func TestDeleteRecordsToTheHighWatermark(t *testing.T) {
	r := newRig(t, rigOptions{page: true, config: pageCache})
	r.append(4)
	low, err := r.p.DeleteRecords(-1)
	must(t, err)
	if low != 4 {
		t.Fatalf("low watermark %d; want 4", low)
	}
	if _, err := r.p.DeleteRecords(5); !errors.Is(err, log.ErrOffsetOutOfRange) {
		t.Fatalf("past the high watermark: %v", err)
	}
}

func TestDamageTakesOnePartitionOffline(t *testing.T) {
	r := newRig(t, rigOptions{})
	tk := r.append(50)
	must(t, tk.Wait(never))
	other, err := r.d.Open(otherID(), log.DefaultConfig(), 1)
	must(t, err)
	cfg := log.DefaultConfig()
	id := r.p.ID()
	r.flusher.Close()
	must(t, r.d.Close(context.Background()))

	name := "/data/" + id.String() + "/00000000000000000000.log"
	f, err := r.mem.OpenReadWrite(name)
	must(t, err)
	var b [1]byte
	_, err = f.ReadAt(b[:], 100)
	must(t, err)
	b[0] ^= 4
	_, err = f.WriteAt(b[:], 100)
	must(t, errors.Join(err, f.Close()))

	d, err := log.OpenDirectory(r.mem, "/data", log.DirectoryConfig{BallastBytes: -1}, r.clk, quiet)
	must(t, err)
	flusher := NewSyncCommitter(SyncConfig{}, r.clk)
	defer func() { flusher.Close(); _ = d.Close(context.Background()) }()
	l, err := d.Open(id, cfg, 2)
	must(t, err)
	p := New(l, flusher, 2, r.clk)
	_, err = p.Read(ReadRequest{MaxBytes: 1 << 20, CurrentLeaderEpoch: -1, LastFetchedEpoch: -1})
	var damage *segment.DamageError
	if !errors.Is(err, ErrOffline) || !errors.As(err, &damage) {
		t.Fatalf("read of damage: %v", err)
	}
	if _, err := p.Append(batch(1), AppendOptions{ExpectedLeaderEpoch: -1}); !errors.Is(err, ErrOffline) {
		t.Fatalf("append: %v", err)
	}
	ol, err := d.Open(other.ID(), cfg, 2)
	must(t, err)
	tk, err = New(ol, flusher, 2, r.clk).Append(batch(1), AppendOptions{ExpectedLeaderEpoch: -1})
	must(t, err)
	must(t, tk.Wait(never))
	if info, err := r.mem.Stat(name); err != nil || info.Size == 0 {
		t.Fatalf("the damaged file was touched: %+v %v", info, err)
	}
}

func TestConcurrentAppendsAreCommittedInOrder(t *testing.T) {
	r := newRig(t, rigOptions{config: func(c *log.Config) { c.SegmentBytes = 4096 }})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				tk, err := r.p.Append(batch(1), AppendOptions{ExpectedLeaderEpoch: -1})
				if err == nil {
					err = tk.Wait(never)
				}
				if err != nil {
					t.Error(err)
					return
				}
				if hw := r.p.HighWatermark(); hw <= tk.LastOffset || hw > r.p.Log().DurableEnd() {
					t.Errorf("high watermark %d, batch %d, durable %d", hw, tk.LastOffset, r.p.Log().DurableEnd())
				}
			}
		})
	}
	wg.Wait()
	if r.p.HighWatermark() != 800 {
		t.Fatalf("high watermark %d", r.p.HighWatermark())
	}
}

func TestSet(t *testing.T) {
	r := newRig(t, rigOptions{})
	s := NewSet()
	if _, err := s.Get(r.p.ID()); !errors.Is(err, ErrUnknown) {
		t.Fatalf("got %v", err)
	}
	s.Put(r.p)
	if p, err := s.Get(r.p.ID()); err != nil || p != r.p || len(s.All()) != 1 {
		t.Fatalf("got %v %v", p, err)
	}
	if s.Remove(r.p.ID()) != r.p || s.Remove(r.p.ID()) != nil {
		t.Fatal("remove")
	}
}
