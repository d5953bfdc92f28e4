package partition

import (
	"math"
	"time"

	"weir/internal/clock"
)

// PageCacheCommitter commits as the topic's flush.messages and flush.ms say. With flush.messages=1 every
// commit waits for the flusher. With N, up to N-1 records may be committed and not yet synced: then a commit
// is one inline call, without a goroutine and without a copy. With flush.ms, what was committed so is synced
// at most that much later.
type PageCacheCommitter struct {
	flusher *SyncCommitter
	clk     clock.Clock
}

// NewPageCacheCommitter makes a committer that hands to s what has to be synced.
func NewPageCacheCommitter(s *SyncCommitter, clk clock.Clock) *PageCacheCommitter {
	return &PageCacheCommitter{flusher: s, clk: clk}
}

// Submit implements Committer.
func (c *PageCacheCommitter) Submit(p *Partition, leaderEpoch int32, end int64) {
	messages, ms := p.log.FlushPolicy()
	if end-p.log.DurableEnd() >= messages {
		c.flusher.Submit(p, leaderEpoch, end)
		return
	}
	p.commit(end)
	if ms < math.MaxInt64/int64(time.Millisecond) && p.flushArmed.CompareAndSwap(false, true) {
		c.clk.AfterFunc(time.Duration(ms)*time.Millisecond, func() {
			p.flushArmed.Store(false)
			c.flusher.Submit(p, leaderEpoch, p.log.EndOffset())
		})
	}
}
