package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// sampleEvery is which record's acknowledgement is timed where there is no rate: timing each would cost the client more than sending.
const sampleEvery = 32

// load is what producers are to send.
type load struct {
	records  int           // 0: as many as fit into duration
	duration time.Duration // of sending
	rate     float64       // records a second, 0: as fast as possible
	stamp    *stamper      // nil: the records carry neither time nor number
}

// load is what the Config asks for.
func (r *run) load() load {
	return load{records: r.c.Records, duration: r.c.Duration, rate: r.c.Rate}
}

// done says how much of a load is done, by the records that are acknowledged or the time that went by.
func (r *run) done(l load, tally *tally, times int) func() float64 {
	from, began := tally.records.Load(), time.Now()
	if l.records == 0 {
		return func() float64 { return time.Since(began).Seconds() / l.duration.Seconds() }
	}
	return func() float64 { return float64(tally.records.Load()-from) / float64(l.records*times) }
}

// producers makes n producers; the caller closes them.
func (r *run) producers(ctx context.Context, topic string, n int) ([]Producer, error) {
	var ps []Producer
	for i := range n {
		p, err := r.d.NewProducer(ctx, topic, r.c, i)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("make producer: %w", err), closeAll(ps))
		}
		ps = append(ps, p)
	}
	return ps, nil
}

func closeAll[T interface{ Close() error }](all []T) error {
	var err error
	for _, c := range all {
		err = errors.Join(err, c.Close())
	}
	return err
}

// send has the producers send a load and waits until all of it is acknowledged; it gives what was.
func (r *run) send(ctx context.Context, ps []Producer, l load) (Flow, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	before := r.acked.flow()
	var sent atomic.Int64
	var running sync.WaitGroup
	began := time.Now()
	for i, p := range ps {
		w := &writer{r: r, p: p, load: l, i: i, of: len(ps), began: began, keys: newKeyer(r.c, i), cancel: cancel}
		if l.records > 0 {
			w.share = l.records / len(ps)
			if i < l.records%len(ps) {
				w.share++
			}
		}
		running.Go(func() {
			if err := w.run(ctx); err != nil {
				cancel(err)
			}
			sent.Add(int64(w.sent))
		})
	}
	running.Wait()
	if err := context.Cause(ctx); err != nil {
		return Flow{}, err
	}
	acked := r.acked.flow().minus(before)
	if acked.Records != sent.Load() {
		return acked, fmt.Errorf("%d records were sent and %d acknowledged", sent.Load(), acked.Records)
	}
	return acked, nil
}

// writer drives one producer.
type writer struct {
	r *run
	p Producer
	load
	i, of  int // which of how many producers
	share  int // of load.records
	sent   int
	began  time.Time
	keys   keyer
	cancel context.CancelCauseFunc
}

func (w *writer) run(ctx context.Context) error {
	if b, ok := w.p.(BatchProducer); ok && w.stamp == nil {
		w.sendBatches(ctx, b)
	} else {
		w.sendRecords(ctx)
	}
	if err := w.p.Flush(ctx); err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	return nil
}

// due is when the producer's n-th record is to be sent at the rate: the producers take turns.
func (w *writer) due(n int) time.Time {
	return w.began.Add(time.Duration(float64(n*w.of+w.i) / w.rate * float64(time.Second)))
}

// over says whether the n-th record, due at the given time, is no more part of the load.
func (w *writer) over(n int, due time.Time) bool {
	if w.load.records > 0 {
		return n >= w.share
	}
	return due.Sub(w.began) >= w.duration
}

func (w *writer) sendRecords(ctx context.Context) {
	plain := w.onDone(time.Time{}, 1, int64(w.r.c.RecordBytes), nil)
	keyed := w.onDone(time.Time{}, 1, int64(w.r.c.RecordBytes+keyBytes), nil)
	due := w.began
	for n := 0; ctx.Err() == nil; n++ {
		timed := w.rate > 0
		switch {
		case timed:
			due = w.due(n)
		case n%sampleEvery == 0:
			due, timed = time.Now(), true
		}
		if w.over(n, due) {
			return
		}
		if w.rate > 0 {
			w.r.sleep(time.Until(due))
		}
		rec := Record{Key: w.keys.key(), Value: w.r.values[(n*w.of+w.i)%len(w.r.values)], Partition: -1}
		done := plain
		if rec.Key != nil {
			done = keyed
		}
		var buffer *[]byte
		if w.stamp != nil {
			buffer = w.stamp.mark(rec.Value, due)
			rec.Value = *buffer
		}
		if timed || buffer != nil {
			at := time.Time{}
			if timed {
				at = due
			}
			done = w.onDone(at, 1, int64(len(rec.Key)+len(rec.Value)), buffer)
		}
		w.sent++
		w.p.Send(ctx, rec, done)
	}
}

// sendBatches sends what the producer made before. A rate is kept batch by batch.
func (w *writer) sendBatches(ctx context.Context, b BatchProducer) {
	for ctx.Err() == nil {
		due := time.Now()
		if w.rate > 0 {
			due = w.due(w.sent)
		}
		if w.over(w.sent, due) {
			return
		}
		if w.rate > 0 {
			w.r.sleep(time.Until(due))
		}
		// The batch's size is known only after it was sent, its answer may come before: whoever is second adds it up.
		var size [2]int64
		var met atomic.Bool
		finish := func() { w.onDone(due, size[0], size[1], nil)(nil) }
		records, bytes := b.SendBatch(ctx, func(err error) {
			if err != nil {
				w.onDone(due, 1, 0, nil)(err)
			} else if met.Swap(true) {
				finish()
			}
		})
		size = [2]int64{int64(records), int64(bytes)}
		w.sent += records
		if met.Swap(true) {
			finish()
		}
	}
}

// onDone is what happens when records are acknowledged that were due at a time, zero where that is not measured.
func (w *writer) onDone(due time.Time, records, bytes int64, buffer *[]byte) func(error) {
	return func(err error) {
		if buffer != nil {
			w.stamp.buffers.Put(buffer)
		}
		if err != nil {
			w.r.failed.Add(records)
			w.cancel(fmt.Errorf("not acknowledged: %w", err))
			return
		}
		w.r.acked.add(records, bytes)
		if !due.IsZero() {
			w.r.ack.record(time.Since(due))
		}
	}
}
