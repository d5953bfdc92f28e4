package partition

import "sync"

// Waiter is done once: when the partitions that it watches have minBytes to read between them, or one of them
// is no longer led here. The caller adds its own deadline, then reads exactly once more.
type Waiter struct {
	minBytes int64
	done     chan struct{}

	mu       sync.Mutex // guards the fields below; taken after a partition's mu
	finished bool
	closed   bool
	bytes    int64 // sum over watches
	watches  []*watch
}

// watch is one partition that a waiter watches.
type watch struct {
	p         *Partition
	waiter    *Waiter
	from      int64 // the offset that is to be read next
	committed bool  // read_committed: only what lies below the last stable offset counts
	bytes     int64 // counted so far; guarded by the waiter's mu
}

// NewWaiter makes a waiter for minBytes bytes.
func NewWaiter(minBytes int) *Waiter {
	return &Waiter{minBytes: int64(minBytes), done: make(chan struct{})}
}

// Done is closed when the wait is over.
func (w *Waiter) Done() <-chan struct{} { return w.done }

// finish ends the wait; once.
func (w *Waiter) finish() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.finished {
		w.finished = true
		close(w.done)
	}
}

// Close takes the waiter off all partitions. Done is not closed by it.
func (w *Waiter) Close() {
	w.mu.Lock()
	watches := w.watches
	w.watches, w.closed = nil, true
	w.mu.Unlock()
	for _, x := range watches {
		x.p.unwatch(x)
	}
}

// Watch has the waiter count what can be read from fromOffset on. If there is something already it counts at
// once.
func (p *Partition) Watch(w *Waiter, fromOffset int64) { p.watch(w, fromOffset, false) }

// WatchCommitted is Watch for a read_committed fetch.
func (p *Partition) WatchCommitted(w *Waiter, fromOffset int64) { p.watch(w, fromOffset, true) }

func (p *Partition) watch(w *Waiter, from int64, committed bool) {
	x := &watch{p: p, waiter: w, from: from, committed: committed}
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return
	}
	w.watches = append(w.watches, x)
	w.mu.Unlock()
	p.mu.Lock()
	if p.watches == nil {
		p.watches = make(map[*watch]struct{})
	}
	p.watches[x] = struct{}{}
	p.mu.Unlock()
	// After it is in the map: a commit or a resignation before that is seen here, one after it sees the
	// watch.
	if !p.lead.Load().leader || p.log.Err() != nil {
		w.finish()
		return
	}
	if x.due(p) {
		x.count(p)
	}
}

func (p *Partition) unwatch(x *watch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.watches, x)
}

// due reports whether there is something to read, or an offset out of range to report.
func (x *watch) due(p *Partition) bool {
	return p.EndOffset(x.committed) > x.from || x.from < p.StartOffset()
}

// count brings the bytes that can be read up to date, and ends the wait when there are enough.
func (x *watch) count(p *Partition) {
	w := x.waiter
	if w.minBytes <= 1 || x.from < p.StartOffset() {
		w.finish()
		return
	}
	bytes, err := p.log.BytesBetween(x.from, p.EndOffset(x.committed))
	if err != nil {
		w.finish() // the read will tell
		return
	}
	w.mu.Lock()
	if bytes > x.bytes {
		w.bytes += bytes - x.bytes
		x.bytes = bytes
	}
	enough := w.bytes >= w.minBytes
	w.mu.Unlock()
	if enough {
		w.finish()
	}
}
