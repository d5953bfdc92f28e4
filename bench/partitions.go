package bench

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// partitions makes a topic of many partitions, writes one record to each, then to all as fast as it goes; each is timed. The run's
// throughput is that of the last part.
func partitions(ctx context.Context, r *run) (err error) {
	p, err := r.work(ctx, stage{name: "create"}, func(ctx context.Context) error { return r.prepare(ctx, r.topic) })
	if err != nil {
		return err
	}
	r.Phases = append(r.Phases, p)
	ps, err := r.producers(ctx, r.topic, r.c.Producers)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAll(ps)) }()
	p, err = r.work(ctx, stage{name: "first write"}, func(ctx context.Context) error { return r.touch(ctx, ps[0]) })
	if err != nil {
		return err
	}
	r.Phases = append(r.Phases, p)
	l := r.load()
	var sent Flow
	_, err = r.work(ctx, stage{name: "write", counted: true, done: r.done(l, &r.acked, 1)}, func(ctx context.Context) error {
		sent, err = r.send(ctx, ps, l)
		return err
	})
	if err != nil {
		return err
	}
	return r.verifyCount(ctx, r.topic, sent.Records+int64(r.c.Partitions))
}

// touch writes one record to each partition, all at once.
func (r *run) touch(ctx context.Context, p Producer) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var missing atomic.Int64
	missing.Store(int64(r.c.Partitions))
	for i := range r.c.Partitions {
		value, began := r.values[int(i)%len(r.values)], time.Now()
		p.Send(ctx, Record{Value: value, Partition: i}, func(err error) {
			if err != nil {
				r.failed.Add(1)
				cancel(fmt.Errorf("write to partition %d: %w", i, err))
				return
			}
			r.acked.add(1, int64(len(value)))
			r.ack.record(time.Since(began))
			missing.Add(-1)
		})
	}
	if err := p.Flush(ctx); err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if n := missing.Load(); n != 0 {
		return fmt.Errorf("%d records were not acknowledged", n)
	}
	return nil
}
