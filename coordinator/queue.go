package coordinator

import (
	"fmt"
	"sync"
)

// event is a request on its way to the shard's goroutine.
type event struct {
	key  string
	run  func(tx *Tx)
	fail func(err error) // called instead of run if the event is never decided
}

// queue brings events to a shard's goroutine. It takes none until it is opened.
type queue struct {
	limit int
	wake  chan struct{} // holds a token when there may be events

	mu     sync.Mutex
	events []event // mu guards it, and what follows
	opened bool
	closed error
}

// put adds an event, or says why not.
func (q *queue) put(e event) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed != nil:
		return q.closed
	case !q.opened:
		return ErrLoading
	case len(q.events) >= q.limit:
		return fmt.Errorf("%w: %d requests are queued", ErrNotAvailable, len(q.events))
	}
	q.events = append(q.events, e)
	if len(q.events) == 1 {
		select {
		case q.wake <- struct{}{}:
		default:
		}
	}
	return nil
}

// take takes out all events.
func (q *queue) take() []event {
	q.mu.Lock()
	defer q.mu.Unlock()
	events := q.events
	q.events = nil
	return events
}

func (q *queue) open() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.opened = true
}

// close refuses further events with err, and gives back those that were not taken.
func (q *queue) close(err error) []event {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = err
	events := q.events
	q.events = nil
	return events
}
