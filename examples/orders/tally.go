package main

import (
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
)

// tally counts what became of each order.
type tally struct {
	full chan struct{} // closed when all are settled

	mu   sync.Mutex
	want int
	done map[int]kgo.AckStatus
}

func newTally(want int) *tally {
	return &tally{full: make(chan struct{}), want: want, done: make(map[int]kgo.AckStatus)}
}

func (t *tally) note(id int, status kgo.AckStatus) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, again := t.done[id]; again || status == kgo.AckRelease {
		return
	}
	if t.done[id] = status; len(t.done) == t.want {
		close(t.full)
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
