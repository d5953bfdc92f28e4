package client

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// endTracker knows which partitions still lie before the end that they had when the command began.
type endTracker struct {
	mu      sync.Mutex                 // guards what follows: group callbacks run beside the poll loop
	left    map[partitionName]stretch  // every partition that is not read to its end
	mine    map[partitionName]struct{} // what the group assigned; nil outside a group
	settled bool                       // the group has assigned at least once
}

type partitionName struct {
	topic string
	index int32
}

// stretch is what lies between the next offset to read and the end.
type stretch struct{ next, end int64 }

func newEndTracker() *endTracker { return &endTracker{left: map[partitionName]stretch{}} }

// set notes where partitions begin and end; only those named in only, if any are named. Alone (outside a group) every
// partition is ours.
func (e *endTracker) set(first, last kadm.ListedOffsets, only []int32, alone bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	wanted := func(p int32) bool {
		for _, o := range only {
			if o == p {
				return true
			}
		}
		return len(only) == 0
	}
	last.Each(func(l kadm.ListedOffset) {
		next := int64(0)
		if f, ok := first.Lookup(l.Topic, l.Partition); ok {
			next = f.Offset
		}
		if next < l.Offset && wanted(l.Partition) {
			e.left[partitionName{l.Topic, l.Partition}] = stretch{next, l.Offset}
		}
	})
	if !alone {
		e.mine = map[partitionName]struct{}{}
	}
}

func (e *endTracker) assign(_ context.Context, _ *kgo.Client, parts map[string][]int32) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.settled = true
	for t, ps := range parts {
		for _, p := range ps {
			if e.mine != nil {
				e.mine[partitionName{t, p}] = struct{}{}
			}
		}
	}
}

func (e *endTracker) revoke(_ context.Context, _ *kgo.Client, parts map[string][]int32) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for t, ps := range parts {
		for _, p := range ps {
			delete(e.mine, partitionName{t, p})
		}
	}
}

// wants says whether a record lies before the end.
func (e *endTracker) wants(r *kgo.Record) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, ok := e.left[partitionName{r.Topic, r.Partition}]
	return ok && r.Offset < s.end
}

// advance notes that a record, or a control record, was met.
func (e *endTracker) advance(r *kgo.Record) {
	e.mu.Lock()
	defer e.mu.Unlock()
	name := partitionName{r.Topic, r.Partition}
	if s, ok := e.left[name]; ok {
		e.moveLocked(name, s, r.Offset+1)
	}
}

// moveLocked has a partition be read up to an offset.
func (e *endTracker) moveLocked(name partitionName, s stretch, next int64) {
	if s.next = next; s.next >= s.end {
		delete(e.left, name)
		return
	}
	e.left[name] = s
}

// waitedFor are the partitions of ours that are not read to their end.
func (e *endTracker) waitedFor() map[partitionName]stretch {
	e.mu.Lock()
	defer e.mu.Unlock()
	left := maps.Clone(e.left)
	if e.mine != nil {
		maps.DeleteFunc(left, func(name partitionName, _ stretch) bool {
			_, ours := e.mine[name]
			return !ours
		})
	}
	return left
}

// pass notes that a partition has nothing between two offsets, unless it was read beyond the first meanwhile.
func (e *endTracker) pass(name partitionName, from, to int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s, ok := e.left[name]; ok && s.next == from {
		e.moveLocked(name, s, to)
	}
}

// reached says whether every partition that is ours was read to its end.
func (e *endTracker) reached() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.mine == nil {
		return len(e.left) == 0
	}
	for name := range e.mine {
		if _, ok := e.left[name]; ok {
			return false
		}
	}
	return e.settled
}

// listPlace gives the offset of a place in every partition of topics.
func listPlace(ctx context.Context, adm *kadm.Client, p place, topics []string) (kadm.ListedOffsets, error) {
	var at kadm.ListedOffsets
	var err error
	switch p.kind {
	case atEnd:
		at, err = adm.ListEndOffsets(ctx, topics...)
	case atTime:
		at, err = adm.ListOffsetsAfterMilli(ctx, p.value, topics...)
	default:
		at, err = adm.ListStartOffsets(ctx, topics...)
	}
	if err != nil {
		return nil, fmt.Errorf("list offsets: %w", err)
	}
	if err := at.Error(); err != nil {
		return nil, fmt.Errorf("list offsets: %w", err)
	}
	at.Each(func(l kadm.ListedOffset) {
		switch p.kind {
		case atStart:
			l.Offset += p.value
		case atEnd:
			l.Offset = max(0, l.Offset-p.value)
		case atOffset:
			l.Offset = max(l.Offset, p.value)
		}
		at[l.Topic][l.Partition] = l
	})
	return at, nil
}
