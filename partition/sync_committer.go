package partition

import (
	"sync"
	"time"

	"weir/internal/clock"
	"weir/log/journal"
)

// SyncConfig sets the flusher.
type SyncConfig struct {
	Workers int  // partitions that are synced by themselves at once; 0 = 4
	Alone   bool // every partition is synced by itself, without the log's journal
	// Gather is the longest that an append may wait for others to share its sync, when others are on their way;
	// 0 = not at all.
	Gather time.Duration
}

// SyncCommitter commits after an fsync that began after the write: group commit. It is the one flusher of a
// data directory. A partition with something to sync stands in a queue once, however many appends it has had;
// one fsync serves all of them.
//
// Those with little to sync are synced together, in rounds, with one fsync of the log's journal. That is cheaper for one
// partition too: the journal overwrites what the disk has allocated, while a log's own file grows. While a round is
// synced the next one gathers; when the disk is slow it does not wait for the end (see gather). Those with much
// to sync are synced one by one, beside rounds; what arrives meanwhile has to wait for the partition's next turn.
type SyncCommitter struct {
	wg      sync.WaitGroup
	workers int // partitions that are synced by themselves at once
	apart   bool

	mu     sync.Mutex // guards the fields below and every partition's sync state; never held across a sync
	work   *sync.Cond // there is something to do, or closed is set
	made   int        // workers; each is started when all others are at work
	idle   int        // workers that wait and were not called
	gate   gather
	alone  []*Partition // to be synced by themselves: with much to sync, or left over by a round
	busy   int          // workers that sync a partition by itself
	closed bool
}

// syncState is where a partition stands with the flusher, whatever rounds it is in.
type syncState uint8

const (
	syncIdle    syncState = iota
	syncHeld              // the next round takes it
	syncAlone             // it is to be synced by itself
	syncRunning           // it is being synced by itself
	syncAgain             // the same, and there is something newer
)

// NewSyncCommitter starts the flusher of one data directory.
func NewSyncCommitter(c SyncConfig, clk clock.Clock) *SyncCommitter {
	if c.Workers <= 0 {
		c.Workers = 4
	}
	s := &SyncCommitter{workers: c.Workers, apart: c.Alone, gate: gather{clk: clk, limit: c.Gather}}
	s.work = sync.NewCond(&s.mu)
	return s
}

// Submit implements Committer.
func (c *SyncCommitter) Submit(p *Partition, _ int32, end int64) {
	if mutantAckBeforeSync {
		p.commit(end)
	}
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		p.halt()
		return
	}
	c.gate.joinLocked(p)
	switch p.sync {
	case syncIdle:
		c.enqueueLocked(p)
	case syncHeld:
		if p.hasMuch() {
			c.gate.dropLocked(p)
			c.enqueueLocked(p)
		}
		c.wakeForRoundLocked()
	case syncRunning:
		p.sync = syncAgain
	}
	c.mu.Unlock()
}

// enqueueLocked has a partition wait to be synced.
func (c *SyncCommitter) enqueueLocked(p *Partition) {
	if p.hasMuch() {
		c.enqueueAloneLocked(p)
		return
	}
	p.sync = syncHeld
	c.gate.held = append(c.gate.held, p)
	c.wakeForRoundLocked()
}

func (c *SyncCommitter) enqueueAloneLocked(p *Partition) {
	p.sync = syncAlone
	c.alone = append(c.alone, p)
	c.wakeForOneLocked()
}

// wakeForRoundLocked has a worker begin a round if it is time.
func (c *SyncCommitter) wakeForRoundLocked() {
	if !c.gate.called && c.dueLocked() {
		c.gate.called = true
		c.callLocked()
	}
}

func (c *SyncCommitter) wakeForOneLocked() {
	if len(c.alone) > 0 && c.busy < c.workers {
		c.callLocked()
	}
}

// callLocked calls a worker: there is one for each round that may be under way and each partition that may be synced by itself.
func (c *SyncCommitter) callLocked() {
	switch {
	case c.idle > 0:
		c.idle--
		c.work.Signal()
	case c.made < c.workers+journal.MaxRounds:
		c.made++
		c.wg.Go(c.flush)
	}
}

// flush is a worker: it syncs what waits until the committer is closed and nothing does.
func (c *SyncCommitter) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		c.gate.called = false
		switch {
		case c.dueLocked():
			c.flushRoundLocked()
		case len(c.alone) > 0 && c.busy < c.workers:
			c.flushOneLocked()
		case c.closed && len(c.gate.held)+len(c.alone) == 0:
			c.idle = 0
			c.work.Broadcast() // whoever waits ends too
			return
		default:
			c.idle++
			c.work.Wait()
		}
	}
}

// flushRoundLocked syncs together those that wait for it, and lets mu go meanwhile.
func (c *SyncCommitter) flushRoundLocked() {
	r := c.gate.beginLocked()
	c.wakeForOneLocked() // this worker may have been called for that
	c.mu.Unlock()
	left := r.write(c.apart)
	c.mu.Lock()
	for _, i := range left {
		c.leaveLocked(r, i)
	}
	var took time.Duration
	if r.log != nil {
		c.mu.Unlock()
		took, left = r.sync(c.gate.clk)
		c.mu.Lock()
		for _, i := range left {
			c.leaveLocked(r, i)
		}
	}
	c.gate.endLocked(r, took)
}

// leaveLocked takes a partition out of a round: it is to be synced by itself.
func (c *SyncCommitter) leaveLocked(r *round, i int) {
	p := r.all[i]
	c.gate.backLocked(r, i)
	switch p.sync {
	case syncHeld:
		c.gate.dropLocked(p)
		fallthrough
	case syncIdle:
		c.enqueueAloneLocked(p)
	case syncRunning:
		p.sync = syncAgain
	}
}

// flushOneLocked syncs the partition that has waited longest to be synced by itself, and lets mu go meanwhile.
func (c *SyncCommitter) flushOneLocked() {
	p := c.alone[0]
	c.alone[0] = nil
	if c.alone = c.alone[1:]; len(c.alone) == 0 {
		c.alone = nil // or the array behind it would grow for ever
	}
	p.sync = syncRunning
	c.busy++
	n := c.gate.takeLocked(p)
	c.wakeForRoundLocked() // this worker may have been called for that
	c.wakeForOneLocked()
	c.mu.Unlock()
	end, err := p.log.Sync()
	if err != nil {
		p.wake() // the log is out of service for good; its tickets get its error
	} else {
		p.commit(end)
	}
	c.mu.Lock()
	c.busy--
	c.gate.giveLocked(n)
	again := p.sync == syncAgain
	p.sync = syncIdle
	if again {
		c.enqueueLocked(p)
	}
}

// Close syncs what was submitted and stops. Later submissions are never committed.
func (c *SyncCommitter) Close() {
	c.mu.Lock()
	c.closed = true
	c.wakeForRoundLocked() // it waits no more for others
	c.idle = 0
	c.work.Broadcast()
	c.mu.Unlock()
	c.wg.Wait()
}
