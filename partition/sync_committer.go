package partition

import (
	"log/slog"
	"sync"
	"time"

	"weir/internal/clock"
	"weir/log"
)

// SyncConfig sets the flusher.
type SyncConfig struct {
	Workers int // fsyncs in flight at once; 0 = 4
	Round   int // partitions with little to sync at which they are synced together, through the log's journal; 0 = 1
	// Gather is the longest that an append may wait for others to share its sync, when others are on their way;
	// 0 = not at all.
	Gather time.Duration
}

// SyncCommitter commits after an fsync that began after the write: group commit. It is the one flusher of a
// data directory. A partition with something to sync stands in a queue once, however many appends it has had;
// one fsync serves all of them. What arrives while a partition is being synced has to wait for its next turn,
// because that fsync may have begun before the write. While the disk is busy the next group gathers by itself;
// when many small appends come it is given a moment to do so (see gather).
//
// One worker makes a round of all who stand in the queue with little to sync, with one fsync of the log's journal;
// others of that kind wait for it meanwhile, because the next round gathers. That is cheaper for one partition too:
// the journal overwrites what the disk has allocated, while a log's own file grows. Those with much to sync are
// synced one by one, beside a round.
type SyncCommitter struct {
	lg    *slog.Logger
	wg    sync.WaitGroup
	least int // partitions of a round

	mu     sync.Mutex // guards the fields below and every partition's sync state; never held across a sync
	work   *sync.Cond // a queue has grown, a round has ended, or closed is set
	queue  []*Partition
	alone  []*Partition // with much to sync, or left over by a round: each is to be synced by itself
	round  bool         // a worker makes a round
	gate   gather
	closed bool
}

// syncState is where a partition stands with the flusher.
type syncState uint8

const (
	syncIdle    syncState = iota
	syncQueued            // a worker will take it
	syncRunning           // a worker syncs it
	syncAgain             // a worker syncs it, and there is something newer
)

// NewSyncCommitter starts the flusher of one data directory.
func NewSyncCommitter(c SyncConfig, clk clock.Clock, lg *slog.Logger) *SyncCommitter {
	if c.Workers <= 0 {
		c.Workers = 4
	}
	if c.Round <= 0 {
		c.Round = 1
	}
	s := &SyncCommitter{lg: lg, least: c.Round, gate: gather{clk: clk, limit: c.Gather}}
	s.work = sync.NewCond(&s.mu)
	for range c.Workers {
		s.wg.Go(s.flush)
	}
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
	case syncQueued:
		c.openLocked(p.hasMuch())
	case syncRunning:
		p.sync = syncAgain
	}
	c.mu.Unlock()
}

// flush is a worker: it syncs what waits until the committer is closed and nothing does.
func (c *SyncCommitter) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		if all := c.takeRoundLocked(); all != nil {
			c.mu.Unlock()
			left := c.flushRound(all)
			c.mu.Lock()
			c.endRoundLocked(all, left)
			continue
		}
		if p := c.takeOneLocked(); p != nil {
			c.mu.Unlock()
			c.flushOne(p)
			c.mu.Lock()
			c.endLocked(p)
			continue
		}
		if c.closed && len(c.queue)+len(c.alone) == 0 {
			return
		}
		c.work.Wait()
	}
}

// takeRoundLocked takes everyone from the queue if they are enough for a round.
func (c *SyncCommitter) takeRoundLocked() []*Partition {
	if c.round || len(c.queue) < c.least || len(c.queue) == 0 {
		return nil
	}
	all := c.queue
	c.queue, c.round = nil, true
	for _, p := range all {
		c.gate.beginLocked(p)
	}
	return all
}

// takeOneLocked takes the one partition that has waited longest.
func (c *SyncCommitter) takeOneLocked() *Partition {
	queue := &c.queue
	if len(c.alone) > 0 {
		queue = &c.alone
	} else if c.round || len(c.queue) == 0 {
		return nil
	}
	p := (*queue)[0]
	(*queue)[0] = nil
	if *queue = (*queue)[1:]; len(*queue) == 0 {
		*queue = nil // or the array behind it would grow for ever
	}
	c.gate.beginLocked(p)
	return p
}

// endLocked lets a partition that was synced stand in the queue again if there is something newer.
func (c *SyncCommitter) endLocked(p *Partition) {
	c.gate.endLocked(p)
	if p.sync == syncAgain {
		c.enqueueLocked(p)
	} else {
		p.sync = syncIdle
	}
}

func (c *SyncCommitter) endRoundLocked(all, left []*Partition) {
	c.round = false
	for _, p := range all {
		if len(left) > 0 && left[0] == p {
			left = left[1:]
			p.sync = syncQueued
			c.gate.backLocked(p)
			c.alone = append(c.alone, p)
			continue
		}
		c.endLocked(p)
	}
	c.work.Broadcast()
}

// flushRound syncs partitions together and returns those that are to be synced by themselves, in order.
func (c *SyncCommitter) flushRound(all []*Partition) (left []*Partition) {
	logs := make([]*log.Log, len(all))
	for i, p := range all {
		logs[i] = p.log
	}
	for i, s := range log.SyncSmall(logs) {
		if s.OK {
			all[i].commit(s.End)
		} else {
			left = append(left, all[i])
		}
	}
	return left
}

func (c *SyncCommitter) flushOne(p *Partition) {
	end, err := p.log.Sync()
	if err != nil {
		p.wake() // the log is out of service for good; its tickets get its error
		return
	}
	p.commit(end)
}

// Close syncs what was submitted and stops. Later submissions are never committed.
func (c *SyncCommitter) Close() {
	c.mu.Lock()
	c.closed = true
	c.openLocked(true)
	c.work.Broadcast()
	c.mu.Unlock()
	c.wg.Wait()
}
