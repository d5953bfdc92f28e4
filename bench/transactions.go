package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// transactions has producers write small transactions one after the other, each to one partition, and commit each. The ack's latency
// is that of the commit alone; records count when their commit is acknowledged.
func transactions(ctx context.Context, r *run) (err error) {
	d, ok := r.d.(Transactor)
	if !ok {
		return fmt.Errorf("transactions at %s: %w", r.t.Name, ErrUndriven)
	}
	if err := r.prepare(ctx, r.topic); err != nil {
		return err
	}
	writers := make([]TransactionWriter, 0, r.c.Producers)
	defer func() { err = errors.Join(err, closeAll(writers)) }()
	for i := range r.c.Producers {
		w, err := d.NewTransactionWriter(ctx, r.topic, r.c, i)
		if err != nil {
			return fmt.Errorf("open producer %d: %w", i, err)
		}
		writers = append(writers, w)
	}
	whole := newRecorder()
	var committed, again atomic.Int64
	p, err := r.work(ctx, stage{name: "transactions", counted: true, done: r.done(r.load(), &r.acked, 1)}, func(ctx context.Context) error {
		return r.commitAll(ctx, writers, func(t Transaction, took time.Duration) {
			r.acked.add(int64(t.Records), int64(t.Bytes))
			r.ack.record(t.Commit)
			whole.record(took)
			committed.Add(1)
			again.Add(int64(t.Again))
		})
	})
	if err != nil {
		return err
	}
	n := float64(committed.Load())
	h := whole.endStage()
	r.figure("transactions", "1/s", n/p.Seconds, "more")
	r.figure("transaction p50", "us", float64(h.ValueAtQuantile(50)), "less")
	r.figure("transaction p99", "us", float64(h.ValueAtQuantile(99)), "less")
	if p.CPUSeconds != nil && n > 0 {
		r.figure("broker CPU per transaction", "us", *p.CPUSeconds*1e6/n, "less")
	}
	r.figure("requests sent again", "requests", float64(again.Load()), "less")
	return r.verifyCount(ctx, r.topic, r.acked.flow().Records+committed.Load()) // each transaction has its marker
}

// commitAll has every writer commit one transaction after the other, until the Config's records or its time are used up.
// With a rate a transaction is due at a time that does not depend on those before, and takes from then.
func (r *run) commitAll(ctx context.Context, writers []TransactionWriter, each func(t Transaction, took time.Duration)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var begun atomic.Int64
	var running sync.WaitGroup
	start := time.Now()
	for _, w := range writers {
		running.Go(func() {
			for ctx.Err() == nil {
				from := time.Now()
				n := begun.Add(1) - 1
				if r.c.Rate > 0 {
					from = start.Add(time.Duration(float64(n*int64(r.c.TransactionRecords)) / r.c.Rate * float64(time.Second)))
				}
				if r.c.Records > 0 && (n+1)*int64(r.c.TransactionRecords) > int64(r.c.Records) || r.c.Records == 0 && from.Sub(start) > r.c.Duration {
					return
				}
				r.sleep(time.Until(from))
				t, err := w.Transact(ctx)
				if err != nil {
					r.failed.Add(1)
					cancel(fmt.Errorf("transaction: %w", err))
					return
				}
				each(t, time.Since(from))
			}
		})
	}
	running.Wait()
	return context.Cause(ctx)
}
