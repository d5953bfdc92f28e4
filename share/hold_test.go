package share

import (
	"errors"
	"testing"
	"time"

	"weir/internal/clock"
)

// heldGroup is a group in which one may be the member that redrives.
type heldGroup struct {
	clk   *clock.Manual
	has   string
	epoch int32
	deaf  bool // it answers nothing
	beats chan int32
}

func (g *heldGroup) member(name string) Heartbeat {
	return func(epoch int32) (int32, time.Duration, error) {
		defer func() { g.beats <- epoch }()
		switch {
		case g.deaf:
			return 0, 0, errors.New("no answer")
		case epoch == 0 && g.has != "":
			return 0, 0, ErrHeld
		case epoch == 0:
			g.has, g.epoch = name, g.epoch+1
		case g.has != name || epoch > 0 && epoch != g.epoch:
			return 0, 0, ErrHoldLost
		case epoch < 0:
			g.has = ""
		default:
			g.epoch++
		}
		return g.epoch, 5 * time.Second, nil
	}
}

// TestHold: one has it at a time; who is not heard of may not go on, though nobody else has it yet.
func TestHold(t *testing.T) {
	g := &heldGroup{clk: clock.NewManual(time.Unix(1000, 0)), beats: make(chan int32, 100)}
	over := make(chan time.Time, 1)
	one, err := TakeHold(over, nil, g.clk, g.member("one"))
	must(t, err)
	must(t, one.Held())
	over <- time.Time{}
	if _, err := TakeHold(over, nil, g.clk, g.member("two")); !errors.Is(err, ErrHeld) {
		t.Fatalf("a second: %v", err)
	}
	<-g.beats
	<-g.beats
	g.clk.WaitForTimers(1)
	g.clk.Advance(5 * time.Second)
	if epoch := <-g.beats; epoch != 1 {
		t.Errorf("heard of in epoch %d, want 1", epoch)
	}
	must(t, one.Commit(func(epoch int32) error {
		if epoch != 2 {
			t.Errorf("a commit in epoch %d, want 2", epoch)
		}
		g.deaf = true
		return nil
	}))
	for range 16 {
		must(t, one.Held())
		g.clk.WaitForTimers(1)
		g.clk.Advance(time.Second)
	}
	if err := one.Held(); !errors.Is(err, ErrHoldLost) {
		t.Errorf("after 16 s of silence: %v", err)
	}
	g.clk.WaitForTimers(1)
	must(t, one.Commit(func(int32) error { // it may be the member still
		g.deaf, g.has = false, "two"
		return nil
	}))
	g.clk.Advance(time.Second)
	for one.Commit(func(int32) error { return nil }) == nil {
		<-g.beats
	}
	if err := one.Held(); !errors.Is(err, ErrHoldLost) {
		t.Errorf("when another has it: %v", err)
	}
	must(t, one.Leave())
	if g.has != "two" {
		t.Error("who lost it has taken it from the other")
	}
}
