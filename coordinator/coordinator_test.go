package coordinator

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"weir/internal/clock"
	"weir/log"
	"weir/record"
)

func TestAnswersLeaveWhenDurable(t *testing.T) {
	r := start(t, Config{}, NewMemoryLog())
	r.want(r.set("a", "1"), "")
	r.log.Hold()
	write := r.set("a", "2")
	read, other, whole := r.get("a"), r.get("b"), r.all()
	r.want(other, "") // depends on nothing that is not durable
	r.settled()
	r.wantOpen(write)
	r.wantOpen(read)
	r.wantOpen(whole)
	r.log.Release()
	r.want(write, "1")
	r.want(read, "2")
	r.want(whole, "map[a:2]")
	r.want(r.get("a"), "2")
}

func TestQueuedEventsShareABatch(t *testing.T) {
	r := start(t, Config{}, NewMemoryLog())
	gate := make(chan struct{})
	Decide(r.Runtime, 0, "x", func(*counters, *Tx) (string, error) { <-gate; return "", nil })
	var last *Future[string]
	for i := range 100 {
		last = r.set("a", fmt.Sprint(i))
	}
	close(gate)
	r.want(last, "98") // each decision sees the one before, though nothing is written yet
	if n := len(r.log.Batches(0)); n > 2 {
		t.Errorf("100 queued events made %d batches; want at most 2", n)
	}
}

func TestBatchesAreBounded(t *testing.T) {
	r := start(t, Config{BatchMaxBytes: 1000}, NewMemoryLog())
	gate := make(chan struct{})
	Decide(r.Runtime, 0, "x", func(*counters, *Tx) (string, error) { <-gate; return "", nil })
	var last *Future[string]
	for i := range 200 { // far more batches than may be in flight
		last = r.set("a", strings.Repeat("z", 500)+fmt.Sprint(i))
	}
	close(gate)
	if _, err := last.Result(); err != nil {
		t.Fatal(err)
	}
	for _, b := range r.log.Batches(0) {
		if b.Size() > 1000+record.HeaderSize {
			t.Errorf("batch of %d bytes", b.Size())
		}
	}
	r.wantErr(r.set("a", strings.Repeat("z", 1000)), ErrTooLarge)
	r.want(r.get("a"), strings.Repeat("z", 500)+"199")
}

func TestRefusedBatchIsUndone(t *testing.T) {
	r := start(t, Config{}, NewMemoryLog())
	r.want(r.set("a", "1"), "")
	r.log.Refuse(ErrNotAvailable)
	gate := make(chan struct{})
	Decide(r.Runtime, 0, "x", func(*counters, *Tx) (string, error) { <-gate; return "", nil })
	one, two, read, apart := r.set("a", "2"), r.set("a", "3"), r.get("a"), r.get("b")
	close(gate)
	r.wantErr(one, ErrNotAvailable)
	r.wantErr(two, ErrNotAvailable)
	r.wantErr(read, ErrNotAvailable) // it saw what was taken back
	r.want(apart, "")
	r.want(r.get("a"), "1")
	r.log.Refuse(nil)
	r.want(r.set("a", "4"), "1")
}

// A batch that is taken back does not make visible what an earlier one has on its way.
func TestRefusedBatchBehindOneInFlight(t *testing.T) {
	r := start(t, Config{}, NewMemoryLog())
	r.log.Hold()
	first := r.set("a", "1")
	r.settled()
	r.log.Refuse(ErrNotAvailable)
	r.wantErr(r.set("a", "2"), ErrNotAvailable)
	read := r.get("a")
	r.settled()
	r.wantOpen(first)
	r.wantOpen(read)
	r.log.Release()
	r.want(first, "")
	r.want(read, "1")
}

func TestSplitEventsKeepWhatWasWritten(t *testing.T) {
	r := start(t, Config{BatchMaxBytes: 1000}, NewMemoryLog())
	many := func(refuseAt int) *Future[string] {
		return Decide(r.Runtime, 0, "", func(m *counters, tx *Tx) (string, error) {
			tx.Split()
			for i := range 50 {
				if i == refuseAt {
					r.log.Refuse(ErrNotAvailable)
				}
				tx.Append("k", Record{fmt.Appendf(nil, "k%d", i), []byte(strings.Repeat("v", 50))})
			}
			return fmt.Sprint(len(m.numbers)), nil
		})
	}
	r.want(many(-1), "50")
	if n := len(r.log.Batches(0)); n < 5 {
		t.Errorf("split into %d batches", n)
	}
	r = start(t, Config{BatchMaxBytes: 1000}, NewMemoryLog())
	r.wantErr(many(25), ErrNotAvailable)
	written := 0
	for _, b := range r.log.Batches(0) {
		written += int(b.Count)
	}
	r.want(Decide(r.Runtime, 0, "", func(m *counters, _ *Tx) (string, error) {
		return fmt.Sprint(len(m.numbers)), nil
	}), fmt.Sprint(written))
}

func TestThenRunsBeforeTheAnswer(t *testing.T) {
	r := start(t, Config{}, NewMemoryLog())
	var steps []string
	write := func() *Future[string] {
		return Decide(r.Runtime, 0, "a", func(_ *counters, tx *Tx) (string, error) {
			tx.Append("a", Record{[]byte("a"), []byte("1")})
			tx.Then(func(_ *Tx, err error) { steps = append(steps, fmt.Sprint(err)) })
			return "", nil
		})
	}
	r.want(write(), "")
	r.log.Refuse(ErrNotAvailable)
	r.wantErr(write(), ErrNotAvailable)
	if len(steps) != 2 || steps[0] != "<nil>" || !strings.Contains(steps[1], ErrNotAvailable.Error()) {
		t.Errorf("steps %q", steps)
	}
}

func TestTimersAreEvents(t *testing.T) {
	r := start(t, Config{}, NewMemoryLog())
	arm := func(d time.Duration) {
		r.want(Decide(r.Runtime, 0, "", func(m *counters, tx *Tx) (string, error) {
			if m.timer == nil {
				m.timer = NewTimer("", func(*Tx) { m.fired++ })
			}
			tx.Schedule(m.timer, tx.Now.Add(d))
			return "", nil
		}), "")
	}
	fired := func() string {
		v, _ := Decide(r.Runtime, 0, "", func(m *counters, _ *Tx) (string, error) {
			return fmt.Sprint(m.fired), nil
		}).Result()
		return v
	}
	arm(time.Second)
	r.clock.Advance(999 * time.Millisecond)
	arm(time.Second) // moves it
	r.clock.Advance(999 * time.Millisecond)
	if got := fired(); got != "0" {
		t.Fatalf("fired %s times too early", got)
	}
	r.clock.Advance(time.Millisecond)
	if got := fired(); got != "1" {
		t.Fatalf("fired %s times; want once", got)
	}
	arm(time.Second)
	r.want(Decide(r.Runtime, 0, "", func(m *counters, tx *Tx) (string, error) {
		tx.Cancel(m.timer)
		return "", nil
	}), "")
	r.clock.Advance(time.Minute)
	if got := fired(); got != "1" {
		t.Fatalf("fired %s times; want once", got)
	}
}

func TestLoadingReplaysTheLog(t *testing.T) {
	r := start(t, Config{}, NewMemoryLog())
	for i := range 50 {
		r.want(r.set(fmt.Sprint("k", i%5), fmt.Sprint(i)), map[bool]string{true: fmt.Sprint(i - 5)}[i >= 5])
	}
	before, _ := r.all().Result()
	r.log.Hold()
	lost := r.set("k0", "lost")
	r.settled()
	after := start(t, Config{LoadBufferBytes: 100}, r.log.Crash())
	after.want(after.all(), before)
	r.Resign(0)
	r.wantErr(lost, ErrNotCoordinator)
	r.wantErr(r.get("k0"), ErrNotCoordinator)
}

func TestRequestsWhileLoading(t *testing.T) {
	l := &slowLog{MemoryLog: NewMemoryLog(), gate: make(chan struct{})}
	l.MemoryLog.Append(batchOf(Record{[]byte("a"), []byte("1")}), log.Guard{})
	clk := clock.NewManual(time.UnixMilli(0))
	r := &rig{t, l.MemoryLog, clk, New(Config{}, newCounters, clk, slog.New(slog.DiscardHandler))}
	r.wantErr(r.get("a"), ErrNotCoordinator)
	r.BecomeLeader(0, l)
	first := r.get("a")
	clk.WaitForTimers(1)
	clk.Advance(loadPatience - 1)
	r.wantOpen(first)
	clk.Advance(1)
	r.wantErr(first, ErrLoading)
	r.wantErr(r.get("a"), ErrLoading) // it has taken too long to be waited for
	close(l.gate)
	<-r.Loaded(0)
	r.want(r.get("a"), "1")
	r.Resign(0)
	r.wantErr(r.get("a"), ErrNotCoordinator)

	l.gate = make(chan struct{})
	r.BecomeLeader(0, l)
	soon := r.get("a")
	r.wantOpen(soon)
	close(l.gate)
	r.want(soon, "1")

	l.gate = make(chan struct{})
	r.BecomeLeader(0, l)
	never := r.get("a")
	go close(l.gate)
	r.Resign(0)
	if _, err := never.Result(); err != nil && !errors.Is(err, ErrNotCoordinator) {
		t.Errorf("the shard was unloaded: %v", err)
	}
}

func TestDamagedLogIsNotLed(t *testing.T) {
	l := NewMemoryLog()
	l.Append(batchOf(Record{[]byte("bad"), []byte("1")}), log.Guard{})
	r := start(t, Config{}, l)
	r.wantErr(r.get("a"), ErrNotCoordinator)

	l = NewMemoryLog()
	l.Append(batchOf(Record{[]byte("a"), []byte("1")}), log.Guard{})
	raw := l.batches[0].Raw
	raw[len(raw)-1] ^= 1
	r = start(t, Config{}, l)
	r.wantErr(r.get("a"), ErrNotCoordinator)
}

func TestLostDiskEndsTheShard(t *testing.T) {
	r := start(t, Config{}, NewMemoryLog())
	r.log.Hold()
	write := r.set("a", "1")
	parked := r.park()
	r.settled()
	r.log.Break(errors.New("fsync failed"))
	r.wantErr(write, ErrNotCoordinator)
	r.wantErr(parked, ErrNotCoordinator)
	r.wantErr(r.set("a", "2"), ErrNotCoordinator)
}

func TestQueueIsBounded(t *testing.T) {
	r := start(t, Config{QueueMax: 10}, NewMemoryLog())
	gate, entered := make(chan struct{}), make(chan struct{})
	Decide(r.Runtime, 0, "", func(*counters, *Tx) (string, error) { close(entered); <-gate; return "", nil })
	<-entered
	var last *Future[string]
	for range 10 {
		last = r.get("a")
	}
	r.wantErr(r.get("a"), ErrNotAvailable)
	close(gate)
	r.want(last, "")
	r.want(r.get("a"), "")
}

func TestLeadingAnewEndsTheOldLeadership(t *testing.T) {
	r := start(t, Config{}, NewMemoryLog())
	parked := r.park()
	r.want(r.set("a", "1"), "")
	r.BecomeLeader(0, r.log)
	r.wantErr(parked, ErrNotCoordinator)
	<-r.Loaded(0)
	r.want(r.get("a"), "1")
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.wantErr(r.get("a"), ErrNotCoordinator)
	r.BecomeLeader(0, r.log)
	r.wantErr(r.get("a"), ErrNotCoordinator)
}

func TestGather(t *testing.T) {
	a, b := NewFuture[int](), Completed(2, nil)
	sum := Gather([]*Future[int]{a, b}, func(parts []*Future[int]) (int, error) {
		x, _ := parts[0].Result()
		y, _ := parts[1].Result()
		return x + y, nil
	})
	if _, _, ok := sum.Peek(); ok {
		t.Fatal("answered before all parts")
	}
	a.Complete(40, nil)
	if got, _ := sum.Result(); got != 42 {
		t.Fatalf("got %d", got)
	}
}
