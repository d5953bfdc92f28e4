package server

import (
	"container/list"
	"sync"
	"time"

	"weir/internal/clock"
)

// budget bounds the bytes of all requests in flight (queued.max.request.bytes). Connections charge it as
// bytes arrive and wait, first come first served, when it is used up.
//
// A frame that is half read holds what it has and asks for more, so a full budget could be held entirely by
// frames that wait for each other. One of them at a time may therefore draw on a reserve as large as the
// largest request: it gets finished, served and returned. Charged bytes never exceed size+reserve, which is
// the configured limit.
type budget struct {
	clock clock.Clock
	limit int64

	mu struct {
		sync.Mutex
		free      int64      // of size; never negative
		reserve   int64      // free part of the reserve
		overdrawn *charge    // who has drawn on the reserve, nil for nobody
		waiters   *list.List // of *budgetWaiter, the oldest first
	}
}

// charge is what one frame has taken from a budget.
type charge struct {
	normal, reserved int64
}

type budgetWaiter struct {
	charge *charge
	bytes  int64
	ready  chan struct{} // closed, under mu, when the bytes are charged
}

// newBudget makes a budget of limit bytes of which reserve, the size of the largest request, is set aside.
func newBudget(limit, reserve int64, clk clock.Clock) *budget {
	b := &budget{clock: clk, limit: max(limit, reserve)}
	b.mu.free = max(limit-reserve, 0)
	b.mu.reserve = reserve
	b.mu.waiters = list.New()
	return b
}

// acquire charges n more bytes to c. It waits until they are there, stop is closed or the deadline has
// passed; false means that nothing was charged.
func (b *budget) acquire(c *charge, n int64, deadline time.Time, stop <-chan struct{}) bool {
	b.mu.Lock()
	if b.mu.waiters.Len() == 0 && b.takeLocked(c, n) {
		b.mu.Unlock()
		return true
	}
	w := &budgetWaiter{charge: c, bytes: n, ready: make(chan struct{})}
	element := b.mu.waiters.PushBack(w)
	b.mu.Unlock()

	timer := b.clock.NewTimer(deadline.Sub(b.clock.Now()))
	defer timer.Stop()
	select {
	case <-w.ready:
		return true
	case <-timer.C():
	case <-stop:
	}

	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-w.ready:
		return true
	default:
	}
	b.mu.waiters.Remove(element)
	b.grantLocked() // those behind us may fit
	return false
}

// release gives back all that c has.
func (b *budget) release(c *charge) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mu.free += c.normal
	b.mu.reserve += c.reserved
	if b.mu.overdrawn == c {
		b.mu.overdrawn = nil
	}
	*c = charge{}
	b.grantLocked()
}

func (b *budget) grantLocked() {
	for e := b.mu.waiters.Front(); e != nil; e = b.mu.waiters.Front() {
		w := e.Value.(*budgetWaiter)
		if !b.takeLocked(w.charge, w.bytes) {
			return
		}
		b.mu.waiters.Remove(e)
		close(w.ready)
	}
}

func (b *budget) takeLocked(c *charge, n int64) bool {
	if b.mu.free >= n {
		b.mu.free -= n
		c.normal += n
		return true
	}
	if (b.mu.overdrawn == nil || b.mu.overdrawn == c) && b.mu.reserve >= n {
		b.mu.overdrawn = c
		b.mu.reserve -= n
		c.reserved += n
		return true
	}
	return false
}
