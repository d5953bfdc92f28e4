package segment

import (
	"bytes"
	"math/rand/v2"
	"sync"
	"testing"
)

// TestFrameCacheIsBounded: many readers of many frames at once leave no more than the budget, and an idle cache gives
// all of it back.
func TestFrameCacheIsBounded(t *testing.T) {
	const budget = 20 << 10
	c := testConfig
	c.Frames = NewFrameCache(budget)
	w := create(t, newMem(t), 100, c)
	w.text(150, 1)
	must(t, w.Seal())
	w.toFrames(smallFrames)
	all := w.bytesFrom(0)
	var wg sync.WaitGroup
	for seed := range uint64(16) {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, 2))
			buf := make([]byte, 5000)
			for range 200 {
				pos := rng.Int64N(w.Size() - int64(len(buf)))
				if err := w.CopyTo(buf, pos); err != nil || !bytes.Equal(buf, all[pos:pos+int64(len(buf))]) {
					t.Errorf("bytes at %d: %v", pos, err)
					return
				}
				if held := c.Frames.bytes(); held > budget+16*smallFrames.FrameBytes {
					t.Errorf("%d bytes are held; the budget is %d", held, budget)
					return
				}
			}
		})
	}
	wg.Wait()
	if held := c.Frames.bytes(); held > budget || held == 0 {
		t.Errorf("%d bytes are held between reads; the budget is %d", held, budget)
	}
	c.Frames.Trim()
	c.Frames.Trim()
	if held := c.Frames.bytes(); held != 0 {
		t.Errorf("%d bytes are held by a cache that nobody reads", held)
	}
	w.checkAll(w.Segment)
	must(t, w.CloseIdle())
	if held := c.Frames.bytes(); held != 0 {
		t.Errorf("%d bytes are held of a closed file", held)
	}
}

// bytes is what the cache holds.
func (c *FrameCache) bytes() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return int(c.held)
}
