package clock

import (
	"slices"
	"sync"
	"time"
)

// Manual is a clock that stands still until Advance moves it. Safe for concurrent use.
type Manual struct {
	mu      sync.Mutex // guards everything below
	now     time.Time
	seq     uint64 // orders timers that are due at the same instant by when they were set
	pending []*manualTimer
	changed chan struct{} // closed and replaced whenever pending grows
}

// NewManual returns a clock that shows start.
func NewManual(start time.Time) *Manual {
	return &Manual{now: start, changed: make(chan struct{})}
}

// Now returns the time that the clock shows.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// Since returns the shown time minus t.
func (m *Manual) Since(t time.Time) time.Duration { return m.Now().Sub(t) }

// NewTimer makes a timer that fires when the clock has been advanced by d.
func (m *Manual) NewTimer(d time.Duration) Timer {
	t := &manualTimer{clock: m, ch: make(chan time.Time, 1)}
	t.Reset(d)
	return t
}

// AfterFunc calls f on the goroutine that advances the clock by d, without the clock's lock held.
func (m *Manual) AfterFunc(d time.Duration, f func()) Timer {
	t := &manualTimer{clock: m, f: f}
	t.Reset(d)
	return t
}

// Advance moves the clock forward by d and fires what falls due, in order of due time. The clock shows each
// timer's own due time while it fires, and timers set by a fired function fire too when they fall due
// within d.
func (m *Manual) Advance(d time.Duration) {
	m.mu.Lock()
	end := m.now.Add(d)
	for {
		t := m.popDueLocked(end)
		if t == nil {
			break
		}
		if t.due.After(m.now) {
			m.now = t.due
		}
		if t.f == nil {
			t.ch <- m.now // never blocks: one slot, drained by Stop and Reset
			continue
		}
		m.mu.Unlock()
		t.f()
		m.mu.Lock()
	}
	if end.After(m.now) {
		m.now = end
	}
	m.mu.Unlock()
}

// Jump sets the shown time without firing anything that would not be due anyway: a stepped wall clock.
// Pending timers keep the time they have left, as monotonic timers do.
func (m *Manual) Jump(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
	for _, t := range m.pending {
		t.due = t.due.Add(d)
	}
}

// WaitForTimers blocks until at least n timers are pending: the goroutine under test has reached its wait.
func (m *Manual) WaitForTimers(n int) {
	for {
		m.mu.Lock()
		ok, changed := len(m.pending) >= n, m.changed
		m.mu.Unlock()
		if ok {
			return
		}
		<-changed
	}
}

// Pending returns how many timers wait to fire.
func (m *Manual) Pending() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.pending)
}

func (m *Manual) popDueLocked(end time.Time) *manualTimer {
	best := -1
	for i, t := range m.pending {
		if t.due.After(end) {
			continue
		}
		if best < 0 || t.due.Before(m.pending[best].due) ||
			(t.due.Equal(m.pending[best].due) && t.seq < m.pending[best].seq) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	t := m.pending[best]
	m.pending = slices.Delete(m.pending, best, best+1)
	return t
}

type manualTimer struct {
	clock *Manual
	ch    chan time.Time // nil for AfterFunc
	f     func()
	due   time.Time // guarded by clock.mu
	seq   uint64    // guarded by clock.mu
}

func (t *manualTimer) C() <-chan time.Time { return t.ch }

func (t *manualTimer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	return t.stopLocked()
}

func (t *manualTimer) stopLocked() bool {
	select {
	case <-t.ch: // a fired value that nobody took must not be seen after Stop
	default:
	}
	i := slices.Index(t.clock.pending, t)
	if i < 0 {
		return false
	}
	t.clock.pending = slices.Delete(t.clock.pending, i, i+1)
	return true
}

func (t *manualTimer) Reset(d time.Duration) bool {
	m := t.clock
	m.mu.Lock()
	defer m.mu.Unlock()
	was := t.stopLocked()
	m.seq++
	t.seq, t.due = m.seq, m.now.Add(d)
	m.pending = append(m.pending, t)
	close(m.changed)
	m.changed = make(chan struct{})
	return was
}
