package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// consumeProcessProduce fills a topic, then has processors copy it to another in transactions that hold the copies and the offsets
// of what they were made from. Records count as received when their transaction is committed; the ack's latency is that of a
// transaction's end: what is on its way, the offsets, and the commit.
func consumeProcessProduce(ctx context.Context, r *run) (err error) {
	d, ok := r.d.(Transactor)
	if !ok {
		return fmt.Errorf("transactions at %s: %w", r.t.Name, ErrUndriven)
	}
	out := r.topic + "-out"
	if err := errors.Join(r.prepare(ctx, r.topic), r.prepare(ctx, out)); err != nil {
		return err
	}
	filled, err := r.fill(ctx, r.topic, stage{name: "fill"}, r.load())
	if err != nil {
		return err
	}
	r.reads = true
	processors := make([]Processor, 0, r.c.Consumers)
	defer func() { err = errors.Join(err, closeAll(processors)) }()
	for i := range r.c.Consumers {
		p, err := d.NewProcessor(ctx, r.topic, out, r.topic+"-group", r.c, i)
		if err != nil {
			return fmt.Errorf("open processor %d: %w", i, err)
		}
		processors = append(processors, p)
	}
	before := r.received.flow()
	p, err := r.work(ctx, stage{name: "process", counted: true}, func(ctx context.Context) error {
		return r.process(ctx, processors, before.Records+filled.Records)
	})
	if err != nil {
		return err
	}
	if got := r.received.flow().minus(before); got != filled {
		return fmt.Errorf("committed %d records of %d bytes; there were %d of %d", got.Records, got.Bytes, filled.Records, filled.Bytes)
	}
	if p.CPUSeconds != nil && p.Ack != nil {
		r.figure("broker CPU per transaction", "us", *p.CPUSeconds*1e6/float64(p.Ack.Count), "less")
	}
	return nil
}

// process has all processors copy until so many records are committed.
func (r *run) process(ctx context.Context, processors []Processor, until int64) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	for _, p := range processors {
		running.Go(func() {
			for ctx.Err() == nil && r.received.flow().Records < until {
				t, err := p.Process(ctx, r.c.TransactionEvery)
				if err != nil {
					if ctx.Err() == nil {
						r.failed.Add(1)
						cancel(fmt.Errorf("process: %w", err))
					}
					return
				}
				if t.Records > 0 {
					r.received.add(int64(t.Records), int64(t.Bytes))
					r.ack.record(t.Commit)
				}
			}
		})
	}
	running.Wait()
	return context.Cause(ctx)
}
