package server

import (
	"testing"
	"time"

	"weir/internal/clock"
)

func later() time.Time { return time.Now().Add(patience) }

// TestBudgetWaits shows that a full budget makes the next wait until something comes back, in order of
// arrival.
func TestBudgetWaits(t *testing.T) {
	b := newBudget(100, 0, clock.Real())
	var first, second charge
	if !b.acquire(&first, 100, later(), nil) {
		t.Fatal("an empty budget refuses")
	}
	got := make(chan bool)
	go func() { got <- b.acquire(&second, 60, later(), nil) }()
	waitFor(t, "the second to wait", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.mu.waiters.Len() == 1
	})
	b.release(&first)
	if !<-got {
		t.Error("not granted after a release")
	}
	if used := b.used(); used != 60 {
		t.Errorf("%d in use, want 60", used)
	}
	b.release(&second)
	if used := b.used(); used != 0 {
		t.Errorf("%d in use, want 0", used)
	}
}

// TestBudgetGivesUp shows that waiting ends at the deadline and at a stop, and charges nothing then.
func TestBudgetGivesUp(t *testing.T) {
	b := newBudget(10, 0, clock.Real())
	var first, second charge
	b.acquire(&first, 10, later(), nil)
	if b.acquire(&second, 1, time.Now(), nil) {
		t.Error("granted at a deadline that has passed")
	}
	if b.acquire(&second, 1, later(), closed()) {
		t.Error("granted after a stop")
	}
	b.release(&first)
	if used := b.used(); used != 0 {
		t.Errorf("%d in use, want 0", used)
	}
}

// TestBudgetOverdraft shows that one half-read frame at a time may draw on the reserve, so that frames which
// wait for each other do not wait forever, and that the sum never passes the limit.
func TestBudgetOverdraft(t *testing.T) {
	b := newBudget(300, 100, clock.Real())
	var one, two charge
	if !b.acquire(&one, 100, later(), nil) || !b.acquire(&two, 100, later(), nil) {
		t.Fatal("an empty budget refuses")
	}
	if !b.acquire(&one, 60, later(), nil) {
		t.Fatal("the reserve is refused")
	}
	if b.acquire(&two, 10, time.Now(), nil) {
		t.Error("two draw on the reserve")
	}
	if !b.acquire(&one, 40, later(), nil) {
		t.Error("who has drawn on the reserve may not go on")
	}
	if b.acquire(&one, 1, time.Now(), nil) {
		t.Error("the limit was passed")
	}
	b.release(&one)
	if !b.acquire(&two, 100, later(), nil) {
		t.Error("refused after a release")
	}
	b.release(&two)
	if used := b.used(); used != 0 {
		t.Errorf("%d in use, want 0", used)
	}
}

func TestBufferClasses(t *testing.T) {
	var p buffers
	for _, n := range []int{0, 1, 511, 512, 513, 4096, 65536, 65537, 1 << 22, 1<<22 + 1} {
		b := p.get(n)
		if len(b) != n || cap(b) < n || cap(b) > 2*max(n, 256) {
			t.Errorf("get(%d) has length %d, capacity %d", n, len(b), cap(b))
		}
		p.put(b)
	}
}
