package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// level is a value that others wait on: read without a lock, and with a channel that closes when it
// changes.
type level[T any] struct {
	value atomic.Pointer[T]
	mu    sync.Mutex // guards next, and orders it with changes of value
	next  chan struct{}
}

func (l *level[T]) init(v T) {
	l.value.Store(&v)
	l.next = make(chan struct{})
}

func (l *level[T]) get() T { return *l.value.Load() }

func (l *level[T]) changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.next
}

// raise sets the value if it is higher than the one before.
func (l *level[T]) raise(v T, higher func(old T) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !higher(*l.value.Load()) {
		return
	}
	l.value.Store(&v)
	close(l.next)
	l.next = make(chan struct{})
}

// await returns when the value is reached, the context ends or the cluster stops.
func await[T any](ctx context.Context, c *Cluster, l *level[T], reached func(T) bool) error {
	for {
		changed := l.changed()
		if reached(l.get()) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return late(ctx.Err())
		case <-c.done:
			if c.err != nil {
				return fmt.Errorf("%w: %w", ErrClosed, c.err)
			}
			return ErrClosed
		}
	}
}

// late words the end of a context as Kafka words a request that took too long.
func late(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return refuse(ErrTimeout, "The request timed out.")
	}
	return err
}
