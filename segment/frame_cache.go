package segment

import (
	"container/list"
	"fmt"
	"io"
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// FrameCache holds the frames of compressed segments that were read last, decompressed: readers that go on where
// they stopped, and the several steps of one fetch, find them there. The logs of a data directory share one. Beyond
// its budget it holds only frames that are being read at that moment, and of those that must be decompressed
// first at most one a core. All methods are safe for concurrent use.
type FrameCache struct {
	budget int64
	turns  chan struct{} // as many frames as there are slots are decompressed at a time

	mu     sync.Mutex // guards the fields below
	held   int64      // plain bytes of the frames in it
	frames map[frameKey]*cachedFrame
	order  list.List // of *cachedFrame, the last used in front
	epoch  int64     // counts the calls of Trim
}

// NewFrameCache returns an empty cache that keeps at most budgetBytes between reads.
func NewFrameCache(budgetBytes int64) *FrameCache {
	return &FrameCache{budget: budgetBytes, turns: make(chan struct{}, runtime.GOMAXPROCS(0)),
		frames: map[frameKey]*cachedFrame{}}
}

type frameKey struct {
	file *frameFile
	i    int
}

// cachedFrame is a frame that is, or will be, in memory. Whoever put it there fills it and closes ready; the others
// wait for that.
type cachedFrame struct {
	key   frameKey
	n     int64
	ready chan struct{}
	plain []byte // set before ready is closed, as is err
	err   error

	// Guarded by the cache's mu.
	users int
	epoch int64
	elem  *list.Element // nil when the cache does not hold it any more
}

// get returns a frame that its caller gives back with put.
func (c *FrameCache) get(file *frameFile, i int) (*cachedFrame, error) {
	key := frameKey{file, i}
	c.mu.Lock()
	f, ok := c.frames[key]
	if ok {
		f.users++
		f.epoch = c.epoch
		c.order.MoveToFront(f.elem)
		c.mu.Unlock()
		<-f.ready
	} else {
		from, to := file.table.plain(i)
		f = &cachedFrame{key: key, n: to - from, ready: make(chan struct{}), users: 1, epoch: c.epoch}
		c.frames[key] = f
		f.elem = c.order.PushFront(f)
		c.held += f.n
		c.evictLocked()
		c.mu.Unlock()
		c.fill(f)
	}
	if f.err != nil {
		c.put(f)
		return nil, f.err
	}
	return f, nil
}

// fill decompresses a new frame. One that cannot be is not kept: it is tried again by who asks next.
func (c *FrameCache) fill(f *cachedFrame) {
	defer close(f.ready)
	c.turns <- struct{}{}
	defer func() { <-c.turns }()
	buf := plainBuffer(int(f.n))
	if f.err = f.key.file.load(f.key.i, buf); f.err == nil {
		f.plain = buf
		return
	}
	plainBuffers.Put(&buf)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropLocked(f)
}

// put gives a frame back.
func (c *FrameCache) put(f *cachedFrame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f.users--
	c.recycleLocked(f)
	c.evictLocked()
}

// evictLocked lets frames go that nobody reads, the longest unused first, until the rest is within the budget.
func (c *FrameCache) evictLocked() {
	for e := c.order.Back(); e != nil && c.held > c.budget; {
		f := e.Value.(*cachedFrame)
		e = e.Prev()
		if f.users == 0 {
			c.dropLocked(f)
		}
	}
}

// dropLocked takes a frame out of the cache; who reads it goes on.
func (c *FrameCache) dropLocked(f *cachedFrame) {
	if f.elem == nil {
		return
	}
	delete(c.frames, f.key)
	c.order.Remove(f.elem)
	f.elem = nil
	c.held -= f.n
	c.recycleLocked(f)
}

// recycleLocked makes the memory of a frame free that is neither in the cache nor read.
func (c *FrameCache) recycleLocked(f *cachedFrame) {
	if f.elem == nil && f.users == 0 && f.plain != nil {
		plain := f.plain
		f.plain = nil
		plainBuffers.Put(&plain)
	}
}

// forget drops the frames of a file that is closed.
func (c *FrameCache) forget(file *frameFile) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, f := range c.frames {
		if key.file == file {
			c.dropLocked(f)
		}
	}
}

// Trim drops the frames that were not read since the call before, so that an idle process gives the memory back.
func (c *FrameCache) Trim() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.frames {
		if f.epoch < c.epoch && f.users == 0 {
			c.dropLocked(f)
		}
	}
	c.epoch++
}

// decodeSlack is room behind what is decompressed, in which the decoder may write: without it it is slower.
const decodeSlack = 128<<10 + 16

// plainBuffers and storedBuffers hold memory for frames that is in no use.
var plainBuffers, storedBuffers sync.Pool

func plainBuffer(n int) []byte { return pooled(&plainBuffers, n) }

// pooled returns n bytes, from the pool where it has as many.
func pooled(p *sync.Pool, n int) []byte {
	if b, ok := p.Get().(*[]byte); ok && cap(*b) >= n {
		return (*b)[:n]
	}
	return make([]byte, n, max(n, DefaultFrameBytes)+decodeSlack)
}

// decoder decompresses frames: never more than the room that it is given, whatever they say. Their own checksum is
// passed over, since that of the seek table is the same.
var decoder = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(maxFrameBytes), zstd.WithDecodeAllCapLimit(true), zstd.IgnoreChecksum(true))
	if err != nil {
		panic("BUG: zstd decoder options: " + err.Error())
	}
	return d
})

// readFrame reads the compressed bytes of a frame into a buffer that goes back to storedBuffers.
func (f *frameFile) readFrame(i int) ([]byte, error) {
	from, to := f.table.place(i)
	b := pooled(&storedBuffers, int(to-from))
	if n, err := f.f.ReadAt(b, from); n < len(b) {
		storedBuffers.Put(&b)
		if err == nil || err == io.EOF {
			return nil, f.damage(i, fmt.Errorf("the file is shorter than it was: %w", errFrame))
		}
		return nil, err
	}
	return b, nil
}

// load decompresses the i-th frame into plain, which is as long as the table says, and verifies it.
func (f *frameFile) load(i int, plain []byte) error {
	stored, err := f.readFrame(i)
	if err != nil {
		return err
	}
	defer storedBuffers.Put(&stored)
	err = decodeFrame(stored, plain, f.table.frames[i].sum)
	if err != nil {
		f.checked[i].Store(false) // what was good is no more: the next read finds out before it promises anything
		return f.damage(i, err)
	}
	return nil
}

// decodeFrame decompresses a frame of which the plain length and checksum are known.
func decodeFrame(stored, plain []byte, sum uint32) error {
	got, err := decoder().DecodeAll(stored, plain[:0])
	if err != nil {
		return fmt.Errorf("%w: %w", errFrame, err)
	}
	if len(got) != len(plain) {
		return fmt.Errorf("%d of %d bytes: %w", len(got), len(plain), errFrame)
	}
	if &got[0] != &plain[0] {
		copy(plain, got)
	}
	if !mutantSkipFrameSum && frameSum(plain) != sum {
		return fmt.Errorf("%w: %w", errFrame, errChecksum)
	}
	return nil
}
