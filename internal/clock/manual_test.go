package clock

import (
	"slices"
	"testing"
	"time"
)

var start = time.Date(2013, 1, 1, 5, 15, 0, 0, time.UTC)

func TestAdvanceFiresInOrder(t *testing.T) {
	m := NewManual(start)
	var got []string
	m.AfterFunc(3*time.Second, func() { got = append(got, "c") })
	m.AfterFunc(time.Second, func() {
		got = append(got, "a")
		if m.Now() != start.Add(time.Second) {
			t.Errorf("while firing: now %v", m.Now())
		}
		m.AfterFunc(time.Second, func() { got = append(got, "b") })
	})
	m.AfterFunc(3*time.Second, func() { got = append(got, "d") })
	stopped := m.AfterFunc(2*time.Second, func() { got = append(got, "never") })
	if !stopped.Stop() || stopped.Stop() {
		t.Error("Stop: want true, then false")
	}
	m.Advance(10 * time.Second)
	if want := []string{"a", "b", "c", "d"}; !slices.Equal(got, want) {
		t.Fatalf("got %v; want %v", got, want)
	}
	if m.Since(start) != 10*time.Second {
		t.Fatalf("since start: %v", m.Since(start))
	}
}

func TestTimerChannelAndReset(t *testing.T) {
	m := NewManual(start)
	tm := m.NewTimer(time.Second)
	m.Advance(time.Second)
	if tm.Reset(time.Minute) {
		t.Error("Reset after firing: want false")
	}
	select {
	case v := <-tm.C():
		t.Fatalf("stale value %v after Reset", v)
	default:
	}
	m.Advance(time.Minute)
	if v := <-tm.C(); v != start.Add(time.Minute+time.Second) {
		t.Fatalf("fired at %v", v)
	}
}

func TestJumpKeepsTheTimeLeft(t *testing.T) {
	m := NewManual(start)
	tm := m.NewTimer(time.Minute)
	m.Jump(time.Hour)
	m.Advance(59 * time.Second)
	select {
	case <-tm.C():
		t.Fatal("fired early after a jump of the wall clock")
	default:
	}
	m.Advance(time.Second)
	<-tm.C()
}

func TestWaitForTimers(t *testing.T) {
	m := NewManual(start)
	done := make(chan time.Time)
	go func() { done <- <-m.NewTimer(time.Second).C() }()
	m.WaitForTimers(1)
	m.Advance(time.Second)
	if v := <-done; v != start.Add(time.Second) {
		t.Fatalf("fired at %v", v)
	}
}

func TestRealClock(t *testing.T) {
	c := Real()
	before := c.Now()
	<-c.NewTimer(time.Millisecond).C()
	fired := make(chan struct{})
	c.AfterFunc(time.Microsecond, func() { close(fired) })
	<-fired
	if c.Since(before) < time.Millisecond {
		t.Fatalf("since: %v", c.Since(before))
	}
	if !c.NewTimer(time.Hour).Stop() {
		t.Fatal("Stop of a pending timer: want true")
	}
}
