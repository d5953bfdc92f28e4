package server

import (
	"math/bits"
	"sync"
	"sync/atomic"

	"weir/internal/invariant"
)

// Frame buffers come in powers of two from minClass to maxClass; larger ones are made for one request and
// left to the garbage collector.
const (
	minClassBits = 9  // 512 B
	maxClassBits = 23 // 8 MiB
)

// buffers recycles the memory of frames and of encoded answers.
type buffers struct {
	classes [maxClassBits - minClassBits + 1]sync.Pool // of *[]byte with exactly the class's capacity
}

// get returns a buffer of length n; its capacity may be larger.
func (p *buffers) get(n int) []byte {
	class := classOf(n)
	if class < 0 {
		return make([]byte, n)
	}
	if b, ok := p.classes[class].Get().(*[]byte); ok {
		return (*b)[:n]
	}
	return make([]byte, n, 1<<(class+minClassBits))
}

// put takes a buffer back; nobody may use it afterwards. Buffers that get did not make are dropped.
func (p *buffers) put(b []byte) {
	class := classOf(cap(b))
	if class < 0 || cap(b) != 1<<(class+minClassBits) {
		return
	}
	b = b[:cap(b)]
	if invariant.Enabled {
		poison(b)
	}
	p.classes[class].Put(&b)
}

func classOf(n int) int {
	if n > 1<<maxClassBits {
		return -1
	}
	return max(bits.Len(uint(max(n, 1)-1))-minClassBits, 0)
}

// poison makes a use after release visible in tests.
func poison(b []byte) {
	for i := range b {
		b[i] = 0xDB
	}
}

// frame is one request's memory: pooled, charged to the budget, and released once. It is handlers.Frame.
type frame struct {
	buffers  *buffers
	budget   *budget
	bytes    []byte
	charge   charge
	detached bool // only the reader goroutine sets it, before anybody else sees the frame
	released atomic.Bool
}

// Release implements handlers.Frame.
func (f *frame) Release() {
	if f.released.Swap(true) {
		return
	}
	if !f.detached {
		f.buffers.put(f.bytes)
	}
	f.bytes = nil
	f.budget.release(&f.charge)
}

// Detach implements handlers.Frame.
func (f *frame) Detach() { f.detached = true }
