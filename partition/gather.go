package partition

import (
	"slices"
	"time"

	"weir/internal/clock"
	"weir/log/journal"
)

const (
	// gatherBytes is how much a partition must have to sync for nobody to wait for more: a sync of that much is worth it.
	gatherBytes = 64 << 10
	// gatherCrowd is how many must be on their way for the wait for them to be as long as it may: a few gain less by a shared sync than
	// they lose by waiting.
	gatherCrowd = 64
	// slowSync is how long the sync of a round must take for others to begin meanwhile, and the least time between the
	// beginnings of two rounds of which one does not wait for the other.
	slowSync = time.Millisecond
)

// hasMuch reports whether the partition has so much to sync that nobody need wait for more.
func (p *Partition) hasMuch() bool { return p.fresh.Load() >= gatherBytes }

// gather decides when a round begins. A sync costs the same for one small batch as for a hundred, so those that wait are let
// through together: when as many appends wait as were on their way when the last sync
// ended (nobody else can be expected: clients that wait for their answers have all come back), or when the last round
// began limit ago (less for a small crowd), whichever is first. A client alone never waits.
//
// On a fast disk there is one round at a time: what comes meanwhile shares the next sync. Where a sync takes long, a request would so
// wait for the one that runs and for its own; then several rounds are under way, begun at even distances.
//
// The SyncCommitter's mutex guards it.
type gather struct {
	clk   clock.Clock
	limit time.Duration // 0: nobody waits

	held    []*Partition
	waiting int           // appends that no sync has begun for
	running int           // appends that are being synced
	crowd   int           // both, when the last sync ended
	rounds  int           // under way
	began   time.Time     // the last round
	took    time.Duration // the disk, for the last round that ended
	armed   bool          // a timer will look
	called  bool          // a worker was called to begin a round
}

// dueLocked reports whether a round is to begin now; if it is not, it sees to it that somebody looks again when it may be.
func (c *SyncCommitter) dueLocked() bool {
	g := &c.gate
	if len(g.held) == 0 || g.rounds == journal.MaxRounds {
		return false
	}
	var wait time.Duration
	switch {
	case c.closed:
		return true
	case g.rounds > 0:
		if g.took <= slowSync {
			return false
		}
		wait = max(slowSync, g.took/journal.MaxRounds)
	case g.waiting < g.crowd:
		wait = min(g.limit, g.limit*time.Duration(g.crowd)/gatherCrowd)
	}
	if wait == 0 {
		return true
	}
	left := wait - g.clk.Now().Sub(g.began)
	if left > 0 {
		g.armLocked(c, left)
	}
	return left <= 0
}

func (g *gather) armLocked(c *SyncCommitter, left time.Duration) {
	if g.armed {
		return
	}
	g.armed = true
	g.clk.AfterFunc(left, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		g.armed = false
		c.wakeForRoundLocked()
	})
}

// joinLocked counts an append in.
func (g *gather) joinLocked(p *Partition) {
	p.waits++
	g.waiting++
}

// takeLocked counts those that a sync of a partition which begins now serves, and returns how many that are.
func (g *gather) takeLocked(p *Partition) int {
	p.fresh.Store(0) // an append meanwhile may be missed: it is no more than a hint
	n := p.waits
	p.waits = 0
	g.waiting -= n
	g.running += n
	return n
}

// giveLocked counts out those whose sync has ended.
func (g *gather) giveLocked(n int) {
	g.crowd = g.waiting + g.running
	g.running -= n
}

// beginLocked takes all who wait into a round.
func (g *gather) beginLocked() *round {
	r := &round{all: g.held, counts: make([]int, len(g.held))}
	g.held = nil
	for i, p := range r.all {
		p.sync = syncIdle
		r.counts[i] = g.takeLocked(p)
	}
	g.rounds++
	g.began = g.clk.Now()
	return r
}

// endLocked counts out those whose round has ended.
func (g *gather) endLocked(r *round, took time.Duration) {
	n := 0
	for _, of := range r.counts {
		n += of
	}
	g.giveLocked(n)
	g.rounds--
	if took > 0 {
		g.took = took
	}
}

// backLocked takes takeLocked back, for a partition that leaves its round.
func (g *gather) backLocked(r *round, i int) {
	g.waiting += r.counts[i]
	g.running -= r.counts[i]
	r.all[i].waits += r.counts[i]
	r.counts[i] = 0
}

// dropLocked takes a partition from those that wait for a round.
func (g *gather) dropLocked(p *Partition) {
	i := slices.Index(g.held, p)
	g.held = slices.Delete(g.held, i, i+1)
}
