package client

import (
	"context"
	"fmt"
)

// Window bounds how many records a producer has unacknowledged, and waits for all of them. One goroutine calls Enter and
// Drain, any goroutine Leave.
type Window chan struct{}

// NewWindow gives a window of so many records.
func NewWindow(size int) Window { return make(Window, max(size, 1)) }

// Enter waits until one more may be unacknowledged.
func (w Window) Enter(ctx context.Context) error {
	select {
	case w <- struct{}{}:
		return nil
	default:
	}
	select {
	case w <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Leave says that one is acknowledged or has failed.
func (w Window) Leave() { <-w }

// Drain waits until none is unacknowledged.
func (w Window) Drain(ctx context.Context) error {
	taken := 0
	defer func() {
		for range taken {
			<-w
		}
	}()
	for range cap(w) {
		if err := w.Enter(ctx); err != nil {
			return fmt.Errorf("%d records are not acknowledged: %w", len(w)-taken, err)
		}
		taken++
	}
	return nil
}
