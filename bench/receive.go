package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// consumers makes the readers that share a topic; the caller closes them.
func (r *run) consumers(ctx context.Context, topic string, n int) ([]Consumer, error) {
	c := r.c
	c.Consumers = n
	var cs []Consumer
	for i := range n {
		one, err := r.d.NewConsumer(ctx, topic, c, i)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("make consumer: %w", err), closeAll(cs))
		}
		cs = append(cs, one)
	}
	return cs, nil
}

// sink takes what readers that share a topic receive, until it is all there.
type sink struct {
	r         *run
	stamp     *stamper // nil: the records carry neither time nor number
	consumers []Consumer
	got       tally
	print     atomic.Uint64
	want      atomic.Int64 // records; not known until all were sent
	full      chan struct{}
	once      sync.Once
}

func (r *run) sink(cs []Consumer, stamp *stamper) *sink {
	s := &sink{r: r, stamp: stamp, consumers: cs, full: make(chan struct{})}
	s.want.Store(math.MaxInt64)
	return s
}

// expect says how many records there are in all.
func (s *sink) expect(records int64) {
	s.want.Store(records)
	s.check()
}

func (s *sink) check() {
	if s.got.records.Load() >= s.want.Load() {
		s.once.Do(func() { close(s.full) })
	}
}

// receive reads until everything is there, the context ends or a reader fails.
func (s *sink) receive(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	for _, c := range s.consumers {
		running.Go(func() {
			if err := s.readAll(ctx, c); err != nil && ctx.Err() == nil {
				cancel(fmt.Errorf("receive: %w", err))
			}
		})
	}
	select {
	case <-s.full:
		cancel(nil)
		running.Wait()
		return nil
	case <-ctx.Done():
		running.Wait()
		return fmt.Errorf("received %d records, not all: %w", s.got.records.Load(), context.Cause(ctx))
	}
}

func (s *sink) readAll(ctx context.Context, c Consumer) error {
	if b, ok := c.(BatchConsumer); ok && s.stamp == nil {
		return s.readBatches(ctx, b)
	}
	burst := burst{s: s}
	for ctx.Err() == nil {
		burst.Flow, burst.print, burst.now = Flow{}, 0, 0
		err := c.Receive(ctx, burst.each)
		s.print.Add(burst.print)
		s.add(burst.Records, burst.Bytes)
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// readBatches counts without taking batches apart: every record has the same size.
func (s *sink) readBatches(ctx context.Context, b BatchConsumer) error {
	size := s.r.recordSize()
	for ctx.Err() == nil {
		records, _, err := b.ReceiveBatches(ctx)
		s.add(int64(records), int64(records)*size)
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// recordSize is the bytes of a record's key and value.
func (r *run) recordSize() int64 {
	if r.c.Keys != "none" {
		return int64(r.c.RecordBytes + keyBytes)
	}
	return int64(r.c.RecordBytes)
}

func (s *sink) add(records, bytes int64) {
	s.got.add(records, bytes)
	s.r.received.add(records, bytes)
	s.check()
}

// burst is what one Receive gives.
type burst struct {
	s *sink
	Flow
	print uint64
	now   time.Duration // since the stamper was made; read again every 16 records
}

func (b *burst) each(rec Record) error {
	if b.s.stamp != nil {
		due, n, ok := readStamp(rec.Value)
		if !ok {
			return fmt.Errorf("a record of %d bytes came that nobody sent", len(rec.Value))
		}
		if b.Records%16 == 0 {
			b.now = time.Since(b.s.stamp.began)
		}
		if due >= 0 {
			b.s.r.endToEnd.record(b.now - due)
		}
		b.print += fingerprint(n)
	}
	b.Records++
	b.Bytes += int64(len(rec.Key) + len(rec.Value))
	return nil
}

// verify compares what came with what was sent.
func (s *sink) verify(sent Flow) error {
	if got := s.got.flow(); got != sent {
		return fmt.Errorf("received %d records of %d bytes; sent were %d of %d", got.Records, got.Bytes, sent.Records, sent.Bytes)
	}
	if s.stamp != nil && s.print.Load() != s.stamp.print.Load() {
		return errors.New("as many records were received as were sent, but not the same ones")
	}
	return nil
}

// flow sends a load while sinks, each of which gets all of it, receive; then it compares.
func (r *run) flow(ctx context.Context, ps []Producer, sinks []*sink, l load) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	for _, s := range sinks {
		running.Go(func() {
			if err := s.receive(ctx); err != nil {
				cancel(err)
			}
		})
	}
	sent, err := r.send(ctx, ps, l)
	if err != nil {
		cancel(err)
	}
	for _, s := range sinks {
		s.expect(sent.Records)
	}
	running.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	for _, s := range sinks {
		if err := s.verify(sent); err != nil {
			return err
		}
	}
	return nil
}

// prime sends a record to each partition and waits until every reader group has them all: a reader's first steps (finding the
// topic, asking for its beginning) are not what a workload measures.
func (r *run) prime(ctx context.Context, ps []Producer, groups ...[]Consumer) error {
	_, err := r.work(ctx, stage{name: "prime"}, func(ctx context.Context) error {
		l := load{records: int(r.c.Partitions)}
		if r.stamped() {
			l.stamp = newStamper(true)
		}
		var sinks []*sink
		for _, cs := range groups {
			sinks = append(sinks, r.sink(cs, l.stamp))
		}
		return r.flow(ctx, ps, sinks, l)
	})
	return err
}
