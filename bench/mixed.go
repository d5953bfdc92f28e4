package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// mixed has writers with readers at the tail, alone, then beside a reader of old data that is not in the page cache, then
// alone again: how much do cold reads slow writers? A machine whose memory was not touched yet slows whatever comes first, so what
// stands beside cold reads is compared with the time before and the time after.
func mixed(ctx context.Context, r *run) (err error) {
	old := r.topic + "-old"
	if err := errors.Join(r.prepare(ctx, old), r.prepare(ctx, r.topic)); err != nil {
		return err
	}
	l := r.load()
	l.rate = 0
	stored, err := r.fill(ctx, old, stage{name: "fill"}, l)
	if err != nil {
		return err
	}
	ps, cs, closeClients, err := r.clients(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeClients()) }()
	filled := time.Now()
	alone, err := r.pass(ctx, "alone", ps, cs)
	if err != nil {
		return err
	}
	if r.t.DataDir == "" {
		return errors.New("mixed needs the target's data directory: what is read must be out of the page cache")
	}
	cold := &coldReader{r: r, topic: old, stored: stored, since: filled}
	if err := r.dropCache(filled); err != nil {
		return err
	}
	beside, err := cold.during(ctx, func(ctx context.Context) (Phase, error) { return r.pass(ctx, "beside cold reads", ps, cs) })
	if err != nil {
		return err
	}
	again, err := r.pass(ctx, "alone again", ps, cs)
	if err != nil {
		return err
	}
	r.Phases = append(r.Phases, alone, beside, again)
	without := float64(alone.Records+again.Records) / (alone.Seconds + again.Seconds)
	with := float64(beside.Records) / beside.Seconds
	r.figure("writers slowed by cold reads", "%", 100*(1-with/without), "less")
	r.figure("cold reads beside writers", "MiB/s", float64(cold.got.bytes.Load())/(1<<20)/beside.Seconds, "more")
	return nil
}

// coldReader reads a topic again and again, dropping its pages before each time.
type coldReader struct {
	r      *run
	topic  string
	stored Flow
	since  time.Time // files that did not change after it are old
	got    tally
}

// during reads while f runs.
func (c *coldReader) during(ctx context.Context, f func(context.Context) (Phase, error)) (Phase, error) {
	reading, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	var failed error
	running.Go(func() {
		for reading.Err() == nil {
			if err := c.pass(reading); err != nil && reading.Err() == nil {
				failed = err
				return
			}
		}
	})
	p, err := f(ctx)
	cancel(nil)
	running.Wait()
	if failed != nil {
		failed = fmt.Errorf("read old data: %w", failed)
	}
	return p, errors.Join(err, failed)
}

// pass reads everything once and gives the pages up.
func (c *coldReader) pass(ctx context.Context) (err error) {
	cs, err := c.r.consumers(ctx, c.topic, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAll(cs)) }()
	for c.left() && ctx.Err() == nil {
		if b, ok := cs[0].(BatchConsumer); ok {
			n, _, err := b.ReceiveBatches(ctx)
			c.got.add(int64(n), int64(n)*c.r.recordSize())
			if err != nil {
				return err
			}
			continue
		}
		err := cs[0].Receive(ctx, func(rec Record) error {
			c.got.add(1, int64(len(rec.Key)+len(rec.Value)))
			return nil
		})
		if err != nil {
			return err
		}
	}
	_, _, err = dropCache(c.r.t.DataDir, c.since)
	return err
}

// left says whether this pass has more to read.
func (c *coldReader) left() bool {
	n := c.got.records.Load()
	return n == 0 || n%c.stored.Records != 0
}
