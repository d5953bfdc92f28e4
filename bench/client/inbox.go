package client

import (
	"context"
	"sync"

	"weir/bench"
)

// Inbox is where a driver whose library calls back, a goroutine a stream, gathers what its consumer receives, in the order in which
// it came. It has room for a bounded number of items: a library that finds it full waits, and so asks its broker for no more. Any
// goroutine may put; one takes.
type Inbox[T any] struct {
	room int

	mu     sync.Mutex // guards what follows
	moved  sync.Cond  // items came or went, or err
	items  []T
	spare  []T
	err    error
	closed bool
}

// NewInbox gives an inbox with room for so many items.
func NewInbox[T any](room int) *Inbox[T] {
	in := &Inbox[T]{room: max(room, 1)}
	in.moved.L = &in.mu
	return in
}

// Put waits for room and adds an item; after Close it drops it.
func (in *Inbox[T]) Put(item T) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for len(in.items) >= in.room && !in.closed {
		in.moved.Wait()
	}
	if !in.closed {
		in.items = append(in.items, item)
		in.moved.Broadcast()
	}
}

// Fail has Take return err once everything that came before was taken.
func (in *Inbox[T]) Fail(err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.err == nil {
		in.err = err
	}
	in.moved.Broadcast()
}

// Close lets nobody wait for room any more.
func (in *Inbox[T]) Close() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.closed = true
	in.moved.Broadcast()
}

// Take waits for at least one item and gives all that are there. They are the caller's until the next Take.
func (in *Inbox[T]) Take(ctx context.Context) ([]T, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.items) == 0 {
		defer context.AfterFunc(ctx, func() {
			in.mu.Lock()
			defer in.mu.Unlock()
			in.moved.Broadcast()
		})()
	}
	for len(in.items) == 0 {
		if in.err != nil {
			return nil, in.err
		}
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		in.moved.Wait()
	}
	taken := in.items
	clear(in.spare)
	in.items, in.spare = in.spare[:0], taken
	in.moved.Broadcast()
	return taken, nil
}

// Receive is bench.Consumer's Receive of a driver whose records come as values, from anywhere.
func Receive(ctx context.Context, in *Inbox[[]byte], each func(bench.Record) error) error {
	values, err := in.Take(ctx)
	if err != nil {
		return err
	}
	for _, v := range values {
		if err := each(bench.Record{Value: v, Partition: -1}); err != nil {
			return err
		}
	}
	return nil
}
