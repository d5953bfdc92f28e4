package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// transactionalIDs has a broker learn many transactional ids, each by the request with which its producer begins, and tells what
// memory that takes. Records are ids; the latency is that of the request.
func transactionalIDs(ctx context.Context, r *run) (err error) {
	d, ok := r.d.(Transactor)
	if !ok {
		return fmt.Errorf("transactions at %s: %w", r.t.Name, ErrUndriven)
	}
	open := make([]Introducer, 0, r.c.Connections)
	defer func() { err = errors.Join(err, closeAll(open)) }()
	for range min(r.c.Connections, r.c.TransactionalIDs) {
		c, err := d.NewIntroducer(ctx)
		if err != nil {
			return fmt.Errorf("open connection: %w", err)
		}
		open = append(open, c)
	}
	empty := r.memory()
	p, err := r.work(ctx, stage{name: "introduce", counted: true}, func(ctx context.Context) error {
		return r.introduce(ctx, open)
	})
	if err != nil {
		return err
	}
	if p.Seconds > 0 {
		r.figure("ids made known", "1/s", float64(r.c.TransactionalIDs)/p.Seconds, "more")
	}
	if empty > 0 {
		r.figure("broker memory per id", "KiB", float64(r.memory()-empty)/1024/float64(r.c.TransactionalIDs), "less")
	}
	return nil
}

// introduce makes all ids known, one at a time on each connection.
func (r *run) introduce(ctx context.Context, open []Introducer) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var running sync.WaitGroup
	for _, c := range open {
		running.Go(func() {
			for i := next.Add(1) - 1; i < int64(r.c.TransactionalIDs) && ctx.Err() == nil; i = next.Add(1) - 1 {
				began := time.Now()
				if err := c.Introduce(ctx, fmt.Sprintf("%s-id-%d", r.topic, i)); err != nil {
					r.failed.Add(1)
					cancel(fmt.Errorf("make id %d known: %w", i, err))
					return
				}
				r.ack.record(time.Since(began))
				r.acked.add(1, 0)
			}
		})
	}
	running.Wait()
	return context.Cause(ctx)
}
