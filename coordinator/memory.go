package coordinator

import (
	"errors"
	"sync"

	"weir/log"
	"weir/record"
)

// MemoryLog is a Log in memory that waits and fails on command, for tests of machines.
type MemoryLog struct {
	mu      sync.Mutex
	batches []record.Batch // mu guards it, and all below
	end     int64          // of what is written
	durable int64          // end of what is durable
	held    bool           // nothing becomes durable
	refuse  error          // what Append answers
	broken  error          // what tickets answer that are not durable
	changed chan struct{}  // closed and replaced when tickets must look again
}

// NewMemoryLog makes an empty log whose appends are durable at once.
func NewMemoryLog() *MemoryLog { return &MemoryLog{changed: make(chan struct{})} }

// Append stamps the batch and adds a copy of it, unless Refuse was called.
func (l *MemoryLog) Append(b *record.Batch, _ log.Guard) (Ticket, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuse != nil {
		return nil, l.refuse
	}
	b.Stamp(l.end, 0)
	own, err := copyBatch(b)
	if err != nil {
		return nil, err
	}
	l.batches = append(l.batches, own)
	l.end = own.LastOffset() + 1
	if !l.held {
		l.durable = l.end
		l.wakeLocked()
	}
	return &memoryTicket{l, l.end}, nil
}

func copyBatch(b *record.Batch) (record.Batch, error) {
	raw := append([]byte{}, b.Raw...)
	h, err := record.ParseHeader(raw)
	return record.Batch{Header: h, Raw: raw}, err
}

// Read gives whole batches, at least one if there is one.
func (l *MemoryLog) Read(offset int64, maxBytes int) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var piece []byte
	for _, b := range l.batches {
		if b.LastOffset() < offset || b.LastOffset() >= l.durable {
			continue
		}
		if len(piece) > 0 && len(piece)+len(b.Raw) > maxBytes {
			break
		}
		piece = append(piece, b.Raw...)
	}
	return piece, nil
}

// Bounds gives 0 and the end, once all is durable.
func (l *MemoryLog) Bounds(stop <-chan struct{}) (start, end int64, err error) {
	l.mu.Lock()
	t := &memoryTicket{l, l.end}
	l.mu.Unlock()
	return 0, t.end, t.Wait(stop)
}

// Hold keeps what is written from now on from becoming durable, until Release.
func (l *MemoryLog) Hold() { l.change(func() { l.held = true }) }

// Release makes everything durable.
func (l *MemoryLog) Release() { l.change(func() { l.held, l.durable = false, l.end }) }

// ReleaseTo makes durable what lies before an offset, which is where a batch begins; what comes after stays held.
func (l *MemoryLog) ReleaseTo(end int64) { l.change(func() { l.durable = end }) }

// Refuse makes Append fail with err; nil lets it succeed again.
func (l *MemoryLog) Refuse(err error) { l.change(func() { l.refuse = err }) }

// Break makes everything that is not durable fail for good.
func (l *MemoryLog) Break(err error) {
	l.change(func() { l.broken, l.refuse = err, errors.Join(ErrNotCoordinator, err) })
}

// Crash gives the log as a restart finds it: with what is durable, and nothing else.
func (l *MemoryLog) Crash() *MemoryLog {
	l.mu.Lock()
	defer l.mu.Unlock()
	after := NewMemoryLog()
	for _, b := range l.batches {
		if b.LastOffset() < l.durable {
			after.batches = append(after.batches, b)
			after.end = b.LastOffset() + 1
		}
	}
	after.durable = after.end
	return after
}

// Batches gives the batches from offset on, durable or not.
func (l *MemoryLog) Batches(offset int64) []record.Batch {
	l.mu.Lock()
	defer l.mu.Unlock()
	var some []record.Batch
	for _, b := range l.batches {
		if b.BaseOffset >= offset {
			some = append(some, b)
		}
	}
	return some
}

func (l *MemoryLog) change(fn func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fn()
	l.wakeLocked()
}

func (l *MemoryLog) wakeLocked() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// DurableEnd is the end of what is durable.
func (l *MemoryLog) DurableEnd() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.durable
}

// Watch watches the end of what is durable; its channel may be closed for other changes too.
func (l *MemoryLog) Watch(offset int64) (passed <-chan struct{}, stop func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.durable > offset {
		done := make(chan struct{})
		close(done)
		return done, func() {}
	}
	return l.changed, func() {}
}

type memoryTicket struct {
	log *MemoryLog
	end int64
}

// Wait waits until the batch is durable.
func (t *memoryTicket) Wait(stop <-chan struct{}) error {
	for {
		t.log.mu.Lock()
		durable, broken, changed := t.log.durable >= t.end, t.log.broken, t.log.changed
		t.log.mu.Unlock()
		switch {
		case durable:
			return nil
		case broken != nil:
			return broken
		}
		select {
		case <-changed:
		case <-stop:
			return errStopped
		}
	}
}
