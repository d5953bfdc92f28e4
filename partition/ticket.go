package partition

import (
	"fmt"
	"slices"
	"time"
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
func (t *Ticket) Wait(stop <-chan struct{}) error { return await(t, stop, ErrStopped) }

// WaitUntil is Wait with a timer's channel: ErrExpired when it sends.
func (t *Ticket) WaitUntil(expired <-chan time.Time) error { return await(t, expired, ErrExpired) }

// sleeper is one goroutine that waits for a ticket. Only its partition's mu, and the goroutine itself, touch it.
type sleeper struct {
	last int64         // the ticket's last offset
	wake chan struct{} // one slot, filled when the sleeper is taken off the list
}

func await[T any](t *Ticket, stop <-chan T, stopped error) error {
	for !t.Committed() {
		s := t.p.sleep(t.LastOffset) // before the checks: what changes after them wakes it
		err := t.check()
		if err == nil && !t.Committed() {
			select {
			case <-s.wake:
				t.p.keep(s)
				continue
			case <-stop:
				err = stopped
			}
		}
		t.p.unsleep(s)
		if t.Committed() {
			return nil
		}
		return err
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

// maxSpare is how many sleepers a partition keeps for those to come.
const maxSpare = 16

// sleep puts a sleeper on the list of those that a commit past last wakes.
func (p *Partition) sleep(last int64) *sleeper {
	p.mu.Lock()
	defer p.mu.Unlock()
	var s *sleeper
	if n := len(p.spare); n > 0 {
		s, p.spare = p.spare[n-1], p.spare[:n-1]
	} else {
		s = &sleeper{wake: make(chan struct{}, 1)}
	}
	s.last = last
	p.sleepers = append(p.sleepers, s)
	return s
}

// unsleep takes a sleeper off the list again.
func (p *Partition) unsleep(s *sleeper) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.sleepers, s); i >= 0 {
		p.takeLocked(i)
	} else {
		<-s.wake // it was filled when s was taken off
	}
	p.keepLocked(s)
}

// keep gives back a sleeper that was woken.
func (p *Partition) keep(s *sleeper) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keepLocked(s)
}

func (p *Partition) keepLocked(s *sleeper) {
	if len(p.spare) < maxSpare {
		p.spare = append(p.spare, s)
	}
}

// wakeLocked wakes whom an end of the committed records, or with the largest of all offsets everyone.
func (p *Partition) wakeLocked(end int64) {
	for i := 0; i < len(p.sleepers); {
		if s := p.sleepers[i]; s.last < end {
			p.takeLocked(i)
			s.wake <- struct{}{}
			continue
		}
		i++
	}
}

// takeLocked takes the sleeper at i off the list; those that wait are in no order.
func (p *Partition) takeLocked(i int) {
	n := len(p.sleepers) - 1
	p.sleepers[i], p.sleepers[n] = p.sleepers[n], nil
	p.sleepers = p.sleepers[:n]
}
