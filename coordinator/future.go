package coordinator

import (
	"sync"
	"sync/atomic"
)

// Future is an answer that comes later. It is completed exactly once; later completions are ignored.
type Future[T any] struct {
	done  chan struct{}
	value T     // written before done is closed, read only after
	err   error // likewise

	mu    sync.Mutex
	ended bool     // mu guards it
	after []func() // mu guards it; called once, after done is closed
}

// NewFuture gives a future without an answer.
func NewFuture[T any]() *Future[T] {
	return &Future[T]{done: make(chan struct{})}
}

// Completed gives a future that has its answer.
func Completed[T any](value T, err error) *Future[T] {
	f := NewFuture[T]()
	f.Complete(value, err)
	return f
}

// Complete sets the answer and wakes those who wait. Only the first call counts.
func (f *Future[T]) Complete(value T, err error) {
	f.mu.Lock()
	if f.ended {
		f.mu.Unlock()
		return
	}
	f.ended = true
	f.value, f.err = value, err
	after := f.after
	f.after = nil
	close(f.done)
	f.mu.Unlock()
	for _, fn := range after {
		fn()
	}
}

// then calls fn once the answer is there: at once, or on the goroutine that completes the future.
func (f *Future[T]) then(fn func()) {
	f.mu.Lock()
	if !f.ended {
		f.after = append(f.after, fn)
		f.mu.Unlock()
		return
	}
	f.mu.Unlock()
	fn()
}

// Done is closed when the answer is there.
func (f *Future[T]) Done() <-chan struct{} { return f.done }

// Result waits for the answer and gives it. The value may be meaningful together with an error.
func (f *Future[T]) Result() (T, error) {
	<-f.done
	return f.value, f.err
}

// Peek gives the answer if it is there.
func (f *Future[T]) Peek() (value T, err error, ok bool) {
	select {
	case <-f.done:
		return f.value, f.err, true
	default:
		return value, nil, false
	}
}

// Gather gives one future for the results of all, merged by merge when the last of them is there. merge runs
// on the goroutine that completes the last one, so it must be short and must not wait.
func Gather[T, R any](parts []*Future[T], merge func(parts []*Future[T]) (R, error)) *Future[R] {
	all := NewFuture[R]()
	if len(parts) == 0 {
		all.Complete(merge(nil))
		return all
	}
	var left atomic.Int64
	left.Store(int64(len(parts)))
	for _, p := range parts {
		p.then(func() {
			if left.Add(-1) == 0 {
				all.Complete(merge(parts))
			}
		})
	}
	return all
}
