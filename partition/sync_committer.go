package partition

import (
	"log/slog"
	"sync"

	"weir/internal/clock"
)

// SyncConfig sets the flusher.
type SyncConfig struct {
	Workers int // fsyncs in flight at once; 0 = 4
}

// SyncCommitter commits after an fsync that began after the write: group commit. It is the one flusher of a
// data directory. A partition with something to sync stands in a queue once, however many appends it has had;
// one fsync serves all of them. What arrives while a partition is being synced has to wait for its next turn,
// because that fsync may have begun before the write. No timer holds a commit back: while the disk is busy,
// the next group gathers by itself.
type SyncCommitter struct {
	lg *slog.Logger
	wg sync.WaitGroup

	mu     sync.Mutex // guards the fields below and every partition's sync state; never held across a sync
	work   *sync.Cond // queue has grown, or closed is set
	queue  []*Partition
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
func NewSyncCommitter(c SyncConfig, _ clock.Clock, lg *slog.Logger) *SyncCommitter {
	if c.Workers <= 0 {
		c.Workers = 4
	}
	s := &SyncCommitter{lg: lg}
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
	switch p.sync {
	case syncIdle:
		p.sync = syncQueued
		c.queue = append(c.queue, p)
		c.work.Signal()
	case syncRunning:
		p.sync = syncAgain
	}
	c.mu.Unlock()
}

// flush is a worker: it syncs one partition after the other until the committer is closed and the queue is
// empty.
func (c *SyncCommitter) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		for len(c.queue) == 0 {
			if c.closed {
				return
			}
			c.work.Wait()
		}
		p := c.queue[0]
		c.queue[0] = nil
		if c.queue = c.queue[1:]; len(c.queue) == 0 {
			c.queue = nil // or the array behind it would grow for ever
		}
		p.sync = syncRunning
		c.mu.Unlock()
		c.flushOne(p)
		c.mu.Lock()
		if p.sync == syncAgain {
			p.sync = syncQueued
			c.queue = append(c.queue, p)
		} else {
			p.sync = syncIdle
		}
	}
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
	c.work.Broadcast()
	c.mu.Unlock()
	c.wg.Wait()
}
