package partition

import (
	"fmt"
)

// Ticket is the promise that an appended batch will be committed. It is a value; Wait may be called by one
// goroutine at a time.
type Ticket struct {
	BaseOffset, LastOffset int64
	AppendTimeMs           int64 // -1 unless the topic has LogAppendTime; a duplicate's original timestamp
	LogStartOffset         int64
	Duplicate              bool // the batch was in the log already, at these offsets

	p     *Partition
	epoch int32
}

// Committed reports whether Wait would return nil at once.
func (t *Ticket) Committed() bool { return t.p.hw.Load() > t.LastOffset }

// Wait returns nil once the batch is committed. It returns the log's error when it goes out of service,
// ErrNotLeader when the leadership ends first (the batch may then come to be committed or not), ErrStopped
// when stop is closed.
func (t *Ticket) Wait(stop <-chan struct{}) error {
	for !t.Committed() {
		moved := t.p.movedChan() // before the checks: what changes after them closes it
		if err := t.check(); err != nil || t.Committed() {
			if t.Committed() {
				return nil
			}
			return err
		}
		select {
		case <-moved:
		case <-stop:
			return ErrStopped
		}
	}
	return nil
}

// check says why the batch will not be committed.
func (t *Ticket) check() error {
	if err := t.p.log.Err(); err != nil {
		return err
	}
	if lead := t.p.lead.Load(); !lead.leader || lead.epoch != t.epoch {
		return fmt.Errorf("%s: %w", t.p.ID(), ErrNotLeader)
	}
	if t.p.halted.Load() {
		return ErrStopped
	}
	return nil
}

// movedChan returns the channel that is closed at the next change.
func (p *Partition) movedChan() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.moved == nil {
		p.moved = make(chan struct{})
	}
	return p.moved
}
