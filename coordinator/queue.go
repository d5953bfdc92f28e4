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

// queue brings events to a shard's goroutine. What comes before it is opened waits for that, until it has taken too long.
type queue struct {
	limit int
	wake  chan struct{} // holds a token when there may be events

	mu     sync.Mutex
	events []event // mu guards it, and what follows
	opened bool
	late   bool // opening takes too long to be waited for
	closed error
}

// put adds an event, or says why not.
func (q *queue) put(e event) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed != nil:
		return q.closed
	case !q.opened && q.late:
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

// giveUp refuses events until the queue is opened, and gives back those that have waited for that.
func (q *queue) giveUp() []event {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.opened || q.closed != nil {
		return nil
	}
	q.late = true
	events := q.events
	q.events = nil
	return events
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
