package main

import (
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
)

// tally counts what became of each order.
type tally struct {
	full chan struct{} // closed when all are settled

	mu    sync.Mutex
	want  int
	done  map[int]kgo.AckStatus
	again int // orders that were settled twice
}

func newTally(want int) *tally {
	return &tally{full: make(chan struct{}), want: want, done: make(map[int]kgo.AckStatus)}
}

// note takes what the broker knows of orders; those that are to be tried again come again.
func (t *tally) note(said map[int]kgo.AckStatus) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, status := range said {
		if status == kgo.AckRelease {
			continue
		}
		if _, before := t.done[id]; before {
			t.again++
			continue
		}
		if t.done[id] = status; len(t.done) == t.want {
			close(t.full)
		}
	}
}

func (t *tally) count(status kgo.AckStatus) (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.done {
		if s == status {
			n++
		}
	}
	return n
}
