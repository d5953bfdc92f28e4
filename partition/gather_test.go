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
	return len(r.flusher.gate.held) > 0 && !r.flusher.gate.called
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

func roundsUnderWay(r *rig) int {
	r.flusher.mu.Lock()
	defer r.flusher.mu.Unlock()
	return r.flusher.gate.rounds
}

// twoRounds is a rig with a round in the journal whose sync does not end, and an append that came meanwhile, 1 ms after a round before it
// took as long as given.
func twoRounds(t *testing.T, took time.Duration) (r *rig, tickets [2]Ticket) {
	t.Helper()
	r = newRig(t, rigOptions{gated: true, gather: time.Millisecond, rounds: true})
	named := r.append(1) // the file's name must be durable before the journal takes it
	must(t, named.Wait(never))
	before := r.append(1)
	r.reached()
	r.gateClk.Advance(took)
	r.gate <- struct{}{}
	must(t, before.Wait(never))
	tickets[0] = r.append(1)
	r.reached()
	tickets[1] = r.append(1)
	return r, tickets
}

// TestRoundsOverlapOnASlowDisk has a round begin while one is synced: neither is acknowledged before the first is durable.
func TestRoundsOverlapOnASlowDisk(t *testing.T) {
	r, tickets := twoRounds(t, 5*time.Millisecond)
	if n := roundsUnderWay(r); n != 1 {
		t.Fatalf("%d rounds at once; want 1 before a millisecond is over", n)
	}
	r.gateClk.WaitForTimers(1)
	r.gateClk.Advance(slowSync)
	r.reached()
	if n := roundsUnderWay(r); n != 2 || tickets[0].Committed() || tickets[1].Committed() {
		t.Fatalf("%d rounds, committed %v and %v", n, tickets[0].Committed(), tickets[1].Committed())
	}
	r.allow(2)
	must(t, tickets[1].Wait(never))
	if !tickets[0].Committed() {
		t.Fatal("the second round is acknowledged and the first is not")
	}
}

func TestRoundsShareOnAFastDisk(t *testing.T) {
	r, tickets := twoRounds(t, slowSync/2)
	r.gateClk.Advance(10 * slowSync)
	third := r.append(1)
	if n := roundsUnderWay(r); n != 1 {
		t.Fatalf("%d rounds at once on a fast disk", n)
	}
	r.allow(2)
	must(t, tickets[0].Wait(never))
	must(t, tickets[1].Wait(never))
	must(t, third.Wait(never))
	if n := r.syncs.Load(); n != 3 {
		t.Fatalf("%d syncs; want 3: the two that came meanwhile share one", n)
	}
}
