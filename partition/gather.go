package partition

import (
	"time"

	"weir/internal/clock"
)

// gatherBytes is how much a partition must have to sync for nobody to wait for more: a sync of that much is worth it.
const gatherBytes = 64 << 10

// hasMuch reports whether the partition has so much to sync that nobody need wait for more.
func (p *Partition) hasMuch() bool { return p.fresh.Load() >= gatherBytes }

// gather is the gate before the flusher's queue. A sync costs the same for one small batch as for a hundred, so
// those that wait are let through together: when as many appends wait as were on their way when the last sync
// ended (nobody else can be expected: clients that wait for their answers have all come back), or when the gate
// was last opened limit ago, whichever is first. A client alone never waits. The SyncCommitter's mutex guards it.
type gather struct {
	clk   clock.Clock
	limit time.Duration // 0: the gate stands open

	held    []*Partition
	waiting int       // appends that no sync has begun for
	running int       // appends that are being synced
	crowd   int       // both, when the last sync ended
	opened  time.Time // the gate, last
	armed   bool      // a timer will look at the gate
}

// enqueueLocked has a partition wait to be synced.
func (c *SyncCommitter) enqueueLocked(p *Partition) {
	p.sync = syncQueued
	c.gate.held = append(c.gate.held, p)
	c.openLocked(p.hasMuch())
}

// openLocked lets through who waits at the gate, if it is time or there is no reason to wait for it.
func (c *SyncCommitter) openLocked(now bool) {
	g := &c.gate
	if len(g.held) == 0 {
		return
	}
	if g.limit > 0 {
		at := g.clk.Now()
		left := g.limit - at.Sub(g.opened)
		if left > 0 && !now && !c.closed && g.waiting < g.crowd {
			g.armLocked(c, left)
			return
		}
		g.opened = at
	}
	for _, p := range g.held {
		if p.hasMuch() {
			c.alone = append(c.alone, p)
		} else {
			c.queue = append(c.queue, p)
		}
	}
	if len(g.held) == 1 {
		c.work.Signal()
	} else {
		c.work.Broadcast()
	}
	clear(g.held)
	g.held = g.held[:0]
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
		c.openLocked(false)
	})
}

// joinLocked counts an append in.
func (g *gather) joinLocked(p *Partition) {
	p.waits++
	g.waiting++
}

// beginLocked counts those that a sync which begins now serves.
func (g *gather) beginLocked(p *Partition) {
	p.sync = syncRunning
	p.fresh.Store(0) // an append meanwhile may be missed: it is no more than a hint
	p.runs, p.waits = p.waits, 0
	g.waiting -= p.runs
	g.running += p.runs
}

// backLocked takes beginLocked back.
func (g *gather) backLocked(p *Partition) {
	g.waiting += p.runs
	g.running -= p.runs
	p.waits, p.runs = p.waits+p.runs, 0
}

// endLocked counts out those whose sync has ended.
func (g *gather) endLocked(p *Partition) {
	g.crowd = g.waiting + g.running
	g.running -= p.runs
	p.runs = 0
}
