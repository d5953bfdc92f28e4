package coordinator

import (
	"container/heap"
	"time"
)

// Timer is an event that comes by itself. It belongs to one shard, and is used only in that shard's events.
type Timer struct {
	key   string
	fire  func(tx *Tx)
	at    time.Time
	seq   uint64 // timers that are due at the same time fire in the order in which they were armed
	index int    // place in the heap plus one; 0 when not armed
}

// NewTimer makes a timer, not armed yet, that will run fire as an event with the given key.
func NewTimer(key string, fire func(tx *Tx)) *Timer { return &Timer{key: key, fire: fire} }

// Armed tells whether the timer will fire, and when.
func (t *Timer) Armed() (time.Time, bool) { return t.at, t.index > 0 }

// timers is a shard's heap of armed timers.
type timers struct {
	heap timerHeap
	seq  uint64
}

func (ts *timers) schedule(t *Timer, at time.Time) {
	ts.seq++
	t.at, t.seq = at, ts.seq
	if t.index > 0 {
		heap.Fix(&ts.heap, t.index-1)
		return
	}
	heap.Push(&ts.heap, t)
}

func (ts *timers) cancel(t *Timer) {
	if t.index > 0 {
		heap.Remove(&ts.heap, t.index-1)
	}
}

// next gives the time at which the first timer is due.
func (ts *timers) next() (time.Time, bool) {
	if len(ts.heap) == 0 {
		return time.Time{}, false
	}
	return ts.heap[0].at, true
}

// due takes out the first timer if it is due.
func (ts *timers) due(now time.Time) *Timer {
	if len(ts.heap) == 0 || ts.heap[0].at.After(now) {
		return nil
	}
	return heap.Pop(&ts.heap).(*Timer)
}

type timerHeap []*Timer

func (h timerHeap) Len() int { return len(h) }

func (h timerHeap) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].seq < h[j].seq
	}
	return h[i].at.Before(h[j].at)
}

func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i+1, j+1
}

func (h *timerHeap) Push(x any) {
	t := x.(*Timer)
	*h = append(*h, t)
	t.index = len(*h)
}

func (h *timerHeap) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	t.index = 0
	return t
}
