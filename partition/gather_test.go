package partition

import (
	"testing"
	"time"
)

// gathering is a rig whose first sync has ended with one append that came meanwhile: two are on their way.
func gathering(t *testing.T) (*rig, Ticket) {
	t.Helper()
	r := newRig(t, rigOptions{gated: true, gather: time.Millisecond})
	first := r.append(1)
	if isHeld(r) {
		t.Fatal("an append alone was held back")
	}
	r.reached() // its sync has begun
	second := r.append(1)
	r.gate <- struct{}{}
	must(t, first.Wait(never))
	r.gateClk.WaitForTimers(1) // the second is at the gate
	if !isHeld(r) || second.Committed() {
		t.Fatal("the second did not wait for the first to come back")
	}
	return r, second
}

func isHeld(r *rig) bool {
	r.flusher.mu.Lock()
	defer r.flusher.mu.Unlock()
	return len(r.flusher.gate.held) > 0
}

func TestGatherWaitsForThoseOnTheirWay(t *testing.T) {
	r, second := gathering(t)
	third := r.append(1) // the first client is back: nobody else can be expected
	if isHeld(r) {
		t.Fatal("all are there and the gate is shut")
	}
	r.allow(1)
	must(t, second.Wait(never))
	must(t, third.Wait(never))
	if n := r.syncs.Load(); n != 2 {
		t.Fatalf("%d syncs; want 2", n)
	}
}

func TestGatherEnds(t *testing.T) {
	r, second := gathering(t)
	r.gateClk.Advance(time.Millisecond)
	if isHeld(r) {
		t.Fatal("the time is up and the gate is shut")
	}
	r.allow(1)
	must(t, second.Wait(never))
}

func TestGatherLetsMuchThrough(t *testing.T) {
	r, second := gathering(t)
	r.p.fresh.Store(gatherBytes)
	r.flusher.Submit(r.p, 1, r.p.Log().EndOffset())
	if isHeld(r) {
		t.Fatal("there is much to sync and the gate is shut")
	}
	r.allow(1)
	must(t, second.Wait(never))
}

func TestGatherEndsWithTheFlusher(t *testing.T) {
	r, second := gathering(t)
	r.allow(1)
	r.flusher.Close()
	must(t, second.Wait(never))
}
