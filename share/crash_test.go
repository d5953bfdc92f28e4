package share

import (
	"fmt"
	"sync"
	"testing"

	"weir/vfs"
)

// TestSettledSurvivesPowerCuts has members accept and reject records while the power is cut again and again: what was settled is
// never delivered again, what was not is, and each rejected record has one dead letter.
func TestSettledSurvivesPowerCuts(t *testing.T) {
	const cuts, records = 60, 3000
	r := newRig(t)
	r.settings.DeadLetters, r.settings.CopyRecord, r.settings.DeliveryLimit = "dlq.t", true, 25
	r.config.SnapshotUpdates = 7
	for n := 0; n < records; n += 100 {
		batch := make([]string, 100)
		for i := range batch {
			batch[i] = fmt.Sprint("v", n+i)
		}
		r.produce(batch...)
	}
	c := &cutting{rig: r, settled: make([]AckType, records)}
	for range cuts {
		c.live(5 + r.rng.IntN(40))
	}
	c.live(records * 2)
	r.awaitStart(records)
	letters := map[string]int{}
	for _, l := range r.dead() {
		letters[l]++
	}
	for o, settled := range c.settled {
		n := letters[fmt.Sprintf("%d v%d", o, o)]
		if n > 1 || settled == Accept && n > 0 || settled == Reject && n == 0 {
			t.Errorf("record %d was settled by %d and has %d dead letters", o, settled, n)
		}
	}
}

// cutting is members at work, life after life.
type cutting struct {
	*rig
	mu      sync.Mutex // guards what follows
	settled []AckType  // by offset, what was answered; 0 for nothing yet
	left    int        // settlements until the power is cut
	after   *vfs.Mem   // what the disk has then
}

// live has members settle so many times, or all there is, then cuts the power.
func (c *cutting) live(settlements int) {
	c.Helper()
	c.left, c.after = settlements, nil
	var all sync.WaitGroup
	for _, member := range members {
		all.Go(func() {
			for c.work(member) {
			}
		})
	}
	all.Wait()
	if c.after == nil {
		return // nothing is left
	}
	c.close()
	c.mem = c.after
	c.open()
}

// work is one fetch and what becomes of it; false when it is over.
func (c *cutting) work(member string) bool {
	req := c.waiting(member)
	req.MaxWait, req.MaxRecords, req.Strict = 0, 7, true
	got := c.s.Fetch(nil, req)[0]
	c.mu.Lock()
	if c.after != nil {
		c.mu.Unlock()
		return false
	}
	var acks []AckBatch
	for _, a := range got.Acquired {
		b := AckBatch{First: a.First, Last: a.Last, DelayMs: -1}
		for o := a.First; o <= a.Last; o++ {
			if c.settled[o] != 0 {
				c.Errorf("%s got %d, which was settled by %d", member, o, c.settled[o])
			}
			b.Types = append(b.Types, []AckType{Accept, Accept, Reject, Release}[c.rng.IntN(4)])
		}
		acks = append(acks, b)
	}
	c.mu.Unlock()
	if got.Err != nil {
		c.Errorf("fetch: %v", got.Err)
	}
	if got.Err != nil || len(acks) == 0 {
		return false
	}
	err := c.ackWith(member, acks...)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.after != nil {
		return false
	}
	if err != nil {
		c.Errorf("%s settles %v: %v", member, acks, err)
		return false
	}
	for _, b := range acks {
		for i, typ := range b.Types {
			if typ != Release {
				c.settled[b.First+int64(i)] = typ
			}
		}
	}
	if c.left--; c.left == 0 {
		c.after = c.mem.CrashClone(vfs.CrashOptions{UnsyncedPercent: 10 * c.rng.IntN(11), Rand: c.rng})
	}
	return c.left > 0
}
