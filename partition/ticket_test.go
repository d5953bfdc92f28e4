package partition

import (
	"errors"
	"testing"
	"time"
)

func TestWaitUntilTheTimeIsUp(t *testing.T) {
	r := newRig(t, rigOptions{gated: true})
	tk := r.append(1)
	timer := make(chan time.Time, 1)
	timer <- testStart
	if err := tk.WaitUntil(timer); !errors.Is(err, ErrExpired) || !errors.Is(err, ErrStopped) {
		t.Fatalf("got %v", err)
	}
	r.allow(1)
	must(t, tk.WaitUntil(timer))
}

// A commit wakes whom it answers and leaves the others asleep, and those who have waited leave nothing behind.
func TestCommitWakesWhomItAnswers(t *testing.T) {
	r := newRig(t, rigOptions{gated: true})
	early, late := r.p.sleep(3), r.p.sleep(4)
	r.p.commit(4)
	if len(early.wake) != 1 || len(late.wake) != 0 {
		t.Fatalf("woken: %d and %d; want 1 and 0", len(early.wake), len(late.wake))
	}
	r.p.unsleep(early)
	r.p.unsleep(late)
	if len(r.p.sleepers) != 0 || len(r.p.spare) != 2 || len(early.wake) != 0 {
		t.Fatalf("%d asleep, %d spare", len(r.p.sleepers), len(r.p.spare))
	}
}

func TestWaitingAgainAllocatesNothing(t *testing.T) {
	r := newRig(t, rigOptions{gated: true})
	tk := r.append(1)
	timer := make(chan time.Time, 1)
	if n := testing.AllocsPerRun(100, func() {
		timer <- testStart
		_ = tk.WaitUntil(timer)
	}); n > 0 {
		t.Fatalf("%v allocations", n)
	}
}
