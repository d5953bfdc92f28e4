package coordinator

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"weir/internal/clock"
)

// Config sets a Runtime.
type Config struct {
	// BatchMaxBytes bounds one record batch; the records of one event must fit into one, unless it is split.
	// 0: 1 MiB.
	BatchMaxBytes int
	// LoadBufferBytes is how much is read at once while loading. 0: 5 MiB.
	LoadBufferBytes int
	// QueueMax bounds the requests that wait for one shard's goroutine. 0: 65536.
	QueueMax int
}

func (c Config) withDefaults() Config {
	if c.BatchMaxBytes == 0 {
		c.BatchMaxBytes = 1 << 20
	}
	if c.LoadBufferBytes == 0 {
		c.LoadBufferBytes = 5 << 20
	}
	if c.QueueMax == 0 {
		c.QueueMax = 1 << 16
	}
	return c
}

// Runtime runs the shards that this process leads, each with a machine of its own.
type Runtime[M Machine] struct {
	config Config
	build  func(shard int32) M
	clock  clock.Clock
	logger *slog.Logger

	mu     sync.RWMutex
	shards map[int32]shard[M] // mu guards it
	closed bool               // likewise
}

type shard[M Machine] struct {
	machine M
	runner  *runner
}

// New makes a runtime that leads no shard yet. build makes the empty state of a shard.
func New[M Machine](c Config, build func(shard int32) M, clk clock.Clock, lg *slog.Logger) *Runtime[M] {
	return &Runtime[M]{
		config: c.withDefaults(), build: build, clock: clk, logger: lg, shards: make(map[int32]shard[M]),
	}
}

// BecomeLeader starts loading a shard from its log; an earlier leadership of the same shard is ended first.
func (r *Runtime[M]) BecomeLeader(n int32, l Log) {
	r.Resign(n)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	m := r.build(n)
	s := shard[M]{m, newRunner(r.config, m, l, r.clock, r.logger.With("shard", n))}
	r.shards[n] = s
	go s.runner.run()
}

// Resign unloads a shard: what waits there ends with ErrNotCoordinator. It returns when the shard's goroutine
// has ended, and does nothing for a shard that is not led.
func (r *Runtime[M]) Resign(n int32) {
	r.mu.Lock()
	s, ok := r.shards[n]
	delete(r.shards, n)
	r.mu.Unlock()
	if ok {
		s.runner.halt()
		<-s.runner.done
	}
}

// Loaded gives a channel that is closed when loading has ended, well or not; nil for a shard that is not led.
func (r *Runtime[M]) Loaded(n int32) <-chan struct{} {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if s, ok := r.shards[n]; ok {
		return s.runner.loaded
	}
	return nil
}

// Shards gives the shards that are led, in order.
func (r *Runtime[M]) Shards() []int32 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Sorted(maps.Keys(r.shards))
}

// Close resigns from all shards, and from any that would come. It gives up waiting when ctx ends.
func (r *Runtime[M]) Close(ctx context.Context) error {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var all sync.WaitGroup
		for _, n := range r.Shards() {
			all.Go(func() { r.Resign(n) })
		}
		all.Wait()
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("close coordinator: %w", ctx.Err())
	}
}

// Decide runs decide as an event on a shard, and gives its answer once everything that it saw or wrote is
// durable. Key names the part of the state that it looks at, such as a group's id; "" stands for all of it.
func Decide[M Machine, T any](r *Runtime[M], n int32, key string,
	decide func(m M, tx *Tx) (T, error)) *Future[T] {
	return Park(r, n, key, func(m M, tx *Tx, f *Future[T]) {
		value, err := decide(m, tx)
		Answer(tx, f, value, err)
	})
}

// Park is as Decide, but decide takes the future: it calls Answer, or keeps the future to answer in a later
// event.
func Park[M Machine, T any](r *Runtime[M], n int32, key string,
	decide func(m M, tx *Tx, f *Future[T])) *Future[T] {
	f := NewFuture[T]()
	fail := func(err error) {
		var zero T
		f.Complete(zero, err)
	}
	r.mu.RLock()
	s, ok := r.shards[n]
	r.mu.RUnlock()
	if !ok {
		fail(ErrNotCoordinator)
		return f
	}
	err := s.runner.queue.put(event{
		key:  key,
		run:  func(tx *Tx) { decide(s.machine, tx, f) },
		fail: fail,
	})
	if err != nil {
		fail(err)
	}
	return f
}
