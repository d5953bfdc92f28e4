// Package clock is the only place where time is read.
//
// Every room takes a [Clock]; the program passes [Real], tests pass a [Manual] one and move it by hand.
package clock

import "time"

// Clock tells the time and makes timers.
type Clock interface {
	// Now returns the wall-clock time; with Real it carries a monotonic reading.
	Now() time.Time
	// Since returns the time passed since t, by the monotonic reading when both have one.
	Since(t time.Time) time.Duration
	// NewTimer makes a timer that sends the time on its channel once, d from now.
	NewTimer(d time.Duration) Timer
	// AfterFunc calls f once, d from now: in its own goroutine with Real, inside Advance with Manual.
	// Its Timer has a nil channel.
	AfterFunc(d time.Duration, f func()) Timer
}

// Timer is one pending event. The methods behave as time.Timer's: after Stop or Reset no stale value is
// received.
type Timer interface {
	C() <-chan time.Time
	Stop() bool
	Reset(d time.Duration) bool
}

// Real returns the machine's clock.
func Real() Clock { return realClock{} }

type realClock struct{}

func (realClock) Now() time.Time                  { return time.Now() }
func (realClock) Since(t time.Time) time.Duration { return time.Since(t) }

func (realClock) NewTimer(d time.Duration) Timer { return realTimer{time.NewTimer(d)} }

func (realClock) AfterFunc(d time.Duration, f func()) Timer { return realTimer{time.AfterFunc(d, f)} }

type realTimer struct{ t *time.Timer }

func (t realTimer) C() <-chan time.Time        { return t.t.C }
func (t realTimer) Stop() bool                 { return t.t.Stop() }
func (t realTimer) Reset(d time.Duration) bool { return t.t.Reset(d) }
