package partition

import "math"

// Committer decides when the high watermark may move; nothing else lets it. Submit is called after each
// append with the log's end after it, never blocks on the disk, and sooner or later has the partition
// committed to end or beyond, or failed.
type Committer interface {
	Submit(p *Partition, leaderEpoch int32, end int64)
}

// commit moves the high watermark up to end and lets go whoever waited for it.
func (p *Partition) commit(end int64) {
	for {
		hw := p.hw.Load()
		if end <= hw {
			return
		}
		if p.hw.CompareAndSwap(hw, end) {
			break
		}
	}
	p.mu.Lock()
	p.wakeLocked(end)
	var counted []*watch
	for w := range p.watches {
		if !w.due(p) {
			continue
		}
		if w.waiter.minBytes <= 1 {
			w.waiter.finish()
		} else {
			counted = append(counted, w)
		}
	}
	p.mu.Unlock()
	for _, w := range counted { // reads batch headers: not under the lock
		w.count(p)
	}
}

// wake makes everyone who waits look again: the leadership or the log's health has changed.
func (p *Partition) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wakeLocked(math.MaxInt64)
	for w := range p.watches {
		w.waiter.finish()
	}
}

// halt says that nothing more will be committed, because the committer has stopped.
func (p *Partition) halt() {
	p.halted.Store(true)
	p.wake()
}
