package log

import (
	"sync"
	"time"
)

// throttle spreads work over time: at most so many bytes a second, of all who work together.
type throttle struct {
	mu   sync.Mutex // guards the fields below
	rate float64    // bytes a second; 0 = no limit
	free time.Time  // when what was let through is worked off
	owed int        // bytes that were not asked for the time of yet
}

// throttleStep is how many bytes may come before the clock is looked at.
const throttleStep = 64 << 10

func (t *throttle) set(bytesPerSecond float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rate = bytesPerSecond; t.rate > 1<<50 {
		t.rate = 0 // Kafka's "no limit" is the greatest number there is
	}
}

// wait returns when the bytes may be called done, or with ErrClosed when the directory is closed.
func (t *throttle) wait(d *Directory, bytes int) error {
	delay := t.delay(d, bytes)
	if delay <= 0 {
		select {
		case <-d.stop:
			return ErrClosed
		default:
			return nil
		}
	}
	timer := d.clk.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-d.stop:
		return ErrClosed
	case <-timer.C():
		return nil
	}
}

// delay books the bytes and says how long to wait for them.
func (t *throttle) delay(d *Directory, bytes int) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.owed += bytes
	if t.rate <= 0 || t.owed < min(throttleStep, int(t.rate/10)+1) {
		return 0
	}
	now := d.clk.Now()
	if t.free.Before(now) {
		t.free = now
	}
	t.free = t.free.Add(time.Duration(float64(t.owed) / t.rate * float64(time.Second)))
	t.owed = 0
	return t.free.Sub(now)
}
