package share

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"weir/coordinator"
)

// TestAcknowledge: what is accepted never comes again, what is released does, what is rejected is gone, and nobody settles what
// another member holds.
func TestAcknowledge(t *testing.T) {
	r := newRig(t)
	r.produce("a", "b", "c", "d", "e")
	want(t, "first", r.fetch("one", 3), "0-2*1")
	want(t, "the rest", r.fetch("two", 10), "3-4*1")
	if err := r.ack("two", 0, 0, Accept); !errors.Is(err, ErrInvalidRecordState) {
		t.Fatalf("another member's record: %v", err)
	}
	must(t, r.ack("one", 0, 2, Accept, Release, Reject))
	want(t, "start", r.offsets().Start, 1)
	want(t, "released", r.fetch("two", 10), "1-1*2")
	if err := r.ack("one", 1, 1, Accept); !errors.Is(err, ErrInvalidRecordState) {
		t.Fatalf("a record that was released: %v", err)
	}
	must(t, r.ack("two", 1, 1, Accept))
	must(t, r.ack("two", 3, 4, Accept))
	want(t, "start", r.offsets(), Offsets{Start: 5, Complete: 0, LeaderEpoch: 1, Known: 5})
	want(t, "all are settled", r.fetch("one", 10), "")
	if err := r.ack("one", 5, 5, Accept); !errors.Is(err, ErrInvalidRecordState) {
		t.Fatalf("a record that is not there: %v", err)
	}
}

// TestLocksEnd: what a member holds for too long goes to others, renewing holds it for longer, and a record that was delivered often
// enough is given up.
func TestLocksEnd(t *testing.T) {
	r := newRig(t)
	r.produce("a", "b")
	for n := range 5 {
		want(t, "delivery", len(r.fetch("one", 10)) > 0, true)
		if n == 0 {
			r.advance(20 * time.Second)
			must(t, r.ack("one", 0, 1, Renew))
			r.advance(20 * time.Second)
			want(t, "it is still held", r.fetch("two", 10), "")
		}
		for r.fetch("rest", 10) != "" {
		}
		r.advance(31 * time.Second)
	}
	want(t, "given up", r.fetch("two", 10), "")
	want(t, "start", r.offsets().Start, 2)
}

// TestStateSurvives: after a power cut what was settled is settled, and what was held is available again.
func TestStateSurvives(t *testing.T) {
	r := newRig(t)
	r.produce("a", "b", "c", "d", "e", "f")
	want(t, "first", r.fetch("one", 6), "0-5*1")
	must(t, r.ack("one", 1, 1, Accept))
	must(t, r.ack("one", 3, 3, Release))
	must(t, r.ack("one", 4, 4, Reject))
	r.crash(0)
	want(t, "start", r.offsets(), Offsets{Start: 0, Complete: 2, LeaderEpoch: 2})
	want(t, "again", r.fetch("two", 10), "0-0*1 2-2*1 3-3*2 5-5*1")
	must(t, r.ack("two", 0, 0, Accept))
	want(t, "start", r.offsets().Start, 2)
	must(t, r.ack("two", 2, 3, Accept))
	r.crash(0)
	want(t, "again", r.fetch("two", 10), "5-5*1")
}

// TestWaitedBeforeAStart: a record that was released twice, to wait only the first time, is looked at after a restart before it is
// delivered, and its member can settle it.
func TestWaitedBeforeAStart(t *testing.T) {
	r := newRig(t)
	r.produce("a", "b", "c")
	r.settings.Backoff = Backoff{Min: time.Second, Max: time.Second, Multiplier: 2}
	want(t, "first", r.fetch("one", 3), "0-2*1")
	must(t, r.ack("one", 1, 1, Release))
	r.advance(2 * time.Second)
	r.settings.Backoff = Backoff{}
	want(t, "second", r.fetch("one", 3), "1-1*2")
	must(t, r.ack("one", 1, 1, Release))
	r.crash(0)
	want(t, "third", r.fetch("two", 1), "0-0*1")
	want(t, "the rest", r.fetch("two", 3), "1-1*3 2-2*1")
	must(t, r.ack("two", 0, 2, Accept, Accept, Accept))
	want(t, "start", r.offsets().Start, 3)
}

// TestDeadLetters: rejected and exhausted records are written to the topic for dead letters, each once, whatever the moment of a
// power cut.
func TestDeadLetters(t *testing.T) {
	r := newRig(t)
	r.settings.DeadLetters, r.settings.CopyRecord = "dlq.t", true
	r.settings.DeliveryLimit = 2
	r.produce("a", "b", "c")
	want(t, "first", r.fetch("one", 3), "0-2*1")
	must(t, r.ack("one", 0, 2, Reject, Release, Accept))
	r.awaitStart(1)
	r.crash(50)
	want(t, "again", r.fetch("one", 3), "1-1*2")
	must(t, r.ack("one", 1, 1, Release))
	r.awaitStart(3)
	want(t, "letters", r.dead(), []string{"0 a", "1 b"})
	r.crash(0)
	want(t, "letters", r.dead(), []string{"0 a", "1 b"})
	want(t, "start", r.offsets().Start, 3)
}

// TestDelays: records come when they are due and not before, and hold nobody back.
func TestDelays(t *testing.T) {
	r := newRig(t)
	r.settings.Backoff = Backoff{Min: time.Second, Max: 3 * time.Second, Multiplier: 2}
	r.produce("weir.deliver.after:5000;late", "now", "weir.deliver.at:1008000;later")
	want(t, "what is due", r.fetch("one", 10), "1-1*1")
	must(t, r.ack("one", 1, 1, Release))
	want(t, "backoff", r.fetch("one", 10), "")
	r.advance(time.Second)
	want(t, "after the backoff", r.fetch("one", 10), "1-1*2")
	must(t, r.ack("one", 1, 1, Release))
	r.crash(0)
	want(t, "the backoff survives", r.fetch("one", 10), "")
	r.advance(2 * time.Second)
	want(t, "after the longer backoff", r.fetch("one", 10), "1-1*3")
	must(t, r.ackWith("one", AckBatch{First: 1, Last: 1, Types: []AckType{Release}, DelayMs: 10_000}))
	r.advance(2 * time.Second)
	want(t, "deliver-after", r.fetch("one", 10), "0-0*1")
	r.advance(3 * time.Second)
	want(t, "deliver-at", r.fetch("one", 10), "2-2*1")
	r.advance(5 * time.Second)
	want(t, "delay that the consumer named", r.fetch("one", 10), "1-1*4")
}

// TestTTL: what has outlived its time is never delivered.
func TestTTL(t *testing.T) {
	r := newRig(t)
	r.settings.DeadLetters, r.settings.CopyRecord = "dlq.t", true
	r.produce("weir.ttl:1000;a", "b")
	r.advance(2 * time.Second)
	want(t, "what lives", r.fetch("one", 10), "1-1*1")
	r.awaitStart(1)
	want(t, "letters", r.dead(), []string{"0 a"})
}

// TestPriority: the highest goes first, and the lowest is not left for ever.
func TestPriority(t *testing.T) {
	r := newRig(t)
	r.settings.Order = ByPriority
	r.produce("weir.priority:0;low", "plain", "weir.priority:9;high")
	r.produce("weir.priority:7;higher")
	want(t, "first", r.fetch("one", 1), "2-2*1")
	want(t, "second", r.fetch("one", 1), "3-3*1")
	want(t, "third", r.fetch("one", 1), "1-1*1")
	for n := range fairTurn {
		r.produce("weir.priority:9;high")
		if r.fetch("one", 1) == "0-0*1" {
			return
		}
		if n == fairTurn-1 {
			t.Fatal("the lowest priority never had its turn")
		}
	}
}

// TestKeyOrder: of each key one record at a time, in order.
func TestKeyOrder(t *testing.T) {
	r := newRig(t)
	r.settings.Order = ByKey
	r.produce("a=1", "b=1", "a=2", "c=1", "b=2", "none")
	want(t, "heads", r.fetch("one", 10), "0-1*1 3-3*1 5-5*1")
	want(t, "nothing behind them", r.fetch("two", 10), "")
	must(t, r.ack("one", 0, 0, Release))
	want(t, "the head again", r.fetch("two", 10), "0-0*2")
	must(t, r.ack("two", 0, 0, Accept))
	must(t, r.ack("one", 1, 1, Accept))
	want(t, "the next of each", r.fetch("two", 10), "2-2*1 4-4*1")
}

// TestFetchWaits: a fetch that finds nothing returns when there is something.
func TestFetchWaits(t *testing.T) {
	r := newRig(t)
	r.produce("a")
	want(t, "first", r.fetch("one", 1), "0-0*1")
	got := make(chan string)
	go func() {
		f := r.s.Fetch(nil, r.waiting("two"))
		if len(f[0].Acquired) == 0 {
			got <- "nothing"
			return
		}
		got <- "something"
	}()
	r.awaitWaiter()
	must(t, r.ack("one", 0, 0, Release))
	want(t, "after the release", <-got, "something")
}

// TestMinBytes: a fetch that wants more than there is waits for it, or until its time is over; what is held or settled does not count.
func TestMinBytes(t *testing.T) {
	r := newRig(t)
	r.produce("a")
	request := r.waiting("two")
	request.MinBytes, request.MaxRecords, request.BatchSize = 1000, 100, 100
	got := make(chan string)
	fetch := func() {
		f := r.s.Fetch(nil, request)
		defer ReleaseRecords(f)
		all := f[0].Acquired
		got <- fmt.Sprint(all[0].First, " to ", all[len(all)-1].Last)
	}
	go fetch()
	r.awaitWaiter()
	r.produce(strings.Repeat("b", 1000))
	want(t, "when there is enough", <-got, "0 to 1")

	r.produce("c")
	go fetch()
	r.awaitWaiter()
	must(t, r.ack("two", 0, 1, Release))
	want(t, "when enough is let go", <-got, "0 to 2")
	must(t, r.ack("two", 0, 2, Accept))

	r.produce("d")
	go fetch()
	r.awaitWaiter()
	r.clk.Advance(time.Hour)
	want(t, "when the time is over", <-got, "3 to 3")
}

// TestFetchGoesOn: a fetch that finds a few released records goes on to those behind them that nobody has looked at yet.
func TestFetchGoesOn(t *testing.T) {
	r := newRig(t)
	r.produce("a", "b")
	want(t, "first", r.fetch("one", 9), "0-1*1")
	must(t, r.ack("one", 0, 0, Release))
	r.produce("c", "d")
	want(t, "released, and new", r.fetch("one", 9), "0-0*2 2-3*1")
}

// TestReleasedNotYet: what a member releases goes to others when that is durable, and until then a fetch goes on to what is behind.
func TestReleasedNotYet(t *testing.T) {
	r := newRig(t)
	r.produce("a", "b", "c")
	want(t, "first", r.fetch("one", 2), "0-1*1")
	ack := AcknowledgeRequest{Key: r.key(), Member: "one", Settings: r.settings,
		Batches: []AckBatch{{First: 0, Last: 0, Types: []AckType{Release}, DelayMs: -1}}}
	got, err := decide(r.s, r.key(), func(m *machine, tx *coordinator.Tx) (given, error) {
		if err := m.acknowledge(tx, &ack); err != nil {
			return given{}, err
		}
		return m.take(tx, &asked{key: r.key(), member: "one", settings: &r.settings, records: 1, bytes: 1 << 20, strict: true})
	}).Result()
	must(t, err)
	want(t, "a moment after the release", got.acquired, []Acquired{{2, 2, 1}})
	want(t, "then", r.fetch("one", 9), "0-0*2")
}
