package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// dialers open connections at a time.
const dialers = 16

// connections measures writers and readers at a rate, before and while many connections are open that do nothing.
func connections(ctx context.Context, r *run) (err error) {
	idler, ok := r.d.(Idler)
	if !ok {
		return fmt.Errorf("idle connections of %s: %w", r.t.Name, ErrUndriven)
	}
	if err := r.prepare(ctx, r.topic); err != nil {
		return err
	}
	r.reads = true
	ps, cs, closeClients, err := r.clients(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeClients()) }()
	before, err := r.pass(ctx, "before", ps, cs)
	if err != nil {
		return err
	}
	without := r.memory()
	var open []io.Closer
	dial, err := r.work(ctx, stage{name: "connect"}, func(ctx context.Context) (err error) {
		open, err = connectAll(ctx, idler, r.c.Connections, r.received.add)
		return err
	})
	defer func() { err = errors.Join(err, closeAll(open)) }()
	if err != nil {
		return err
	}
	with, err := r.pass(ctx, "with idle connections", ps, cs)
	if err != nil {
		return err
	}
	r.Phases = append(r.Phases, before, dial, with)
	if without > 0 {
		r.figure("broker memory per connection", "KiB", float64(r.memory()-without)/1024/float64(r.c.Connections), "less")
	}
	r.figure("connections opened", "1/s", float64(len(open))/dial.Seconds, "more")
	if before.EndToEnd != nil && with.EndToEnd != nil {
		r.figure("end-to-end p99, with to before", "ratio", float64(with.EndToEnd.P99)/float64(before.EndToEnd.P99), "less")
	}
	return nil
}

// memory is what the broker has resident, 0 where that is not known.
func (r *run) memory() int64 {
	if r.t.PID == 0 {
		return 0
	}
	u, err := readCPU(r.t.PID)
	if err != nil {
		return 0
	}
	return u.rss
}

// connectAll opens n connections and gives those that were opened, also when it fails. opened is told of each.
func connectAll(ctx context.Context, idler Idler, n int, opened func(records, bytes int64)) ([]io.Closer, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ctx, stop := context.WithTimeout(ctx, 5*time.Minute)
	defer stop()
	all := make([]io.Closer, n)
	var next atomic.Int64
	var running sync.WaitGroup
	for range min(dialers, n) {
		running.Go(func() {
			for i := next.Add(1) - 1; i < int64(n) && ctx.Err() == nil; i = next.Add(1) - 1 {
				c, err := idler.Connect(ctx)
				if err != nil {
					cancel(fmt.Errorf("connection %d: %w", i+1, err))
					return
				}
				all[i] = c
				opened(1, 0)
			}
		})
	}
	running.Wait()
	var open []io.Closer
	for _, c := range all {
		if c != nil {
			open = append(open, c)
		}
	}
	return open, context.Cause(ctx)
}
