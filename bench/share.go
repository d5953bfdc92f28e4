package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// share fills a topic, then has the members of a share group take it and accept every record. Records count as received when the
// broker has answered what accepts them; the ack's latency is the time until then. Where the protocol has no answer they count when
// that is sent, and the topic must be empty in the end. The clock begins when every member holds its
// first records, which are accepted under the clock: how soon members are told of partitions is not what is measured.
func share(ctx context.Context, r *run) (err error) {
	d, ok := r.d.(Sharer)
	if !ok {
		return fmt.Errorf("share groups at %s: %w", r.t.Name, ErrUndriven)
	}
	if err := r.prepare(ctx, r.topic); err != nil {
		return err
	}
	l := r.load()
	l.rate, l.stamp = 0, newStamper(true)
	filled, err := r.fill(ctx, r.topic, stage{name: "fill"}, l)
	if err != nil {
		return err
	}
	r.reads = true
	s := &sharing{r: r, until: filled.Records}
	defer func() { err = errors.Join(err, s.close()) }()
	for i := range r.c.Consumers {
		t, err := d.NewTaker(ctx, r.topic, r.topic+"-group", r.c, i)
		if err != nil {
			return fmt.Errorf("open member %d: %w", i, err)
		}
		s.members = append(s.members, &sharer{Taker: t})
	}
	if _, err := r.work(ctx, stage{name: "join"}, s.join); err != nil {
		return err
	}
	done := r.done(load{records: int(filled.Records)}, &r.received, 1)
	if _, err := r.work(ctx, stage{name: "share", counted: true, done: done}, s.acceptAll); err != nil {
		return err
	}
	if got := s.accepted.flow(); got != filled {
		return fmt.Errorf("accepted %d records of %d bytes; there were %d of %d", got.Records, got.Bytes, filled.Records, filled.Bytes)
	}
	if s.print.Load() != l.stamp.print.Load() {
		return errors.New("as many records were accepted as were sent, but not the same ones")
	}
	e, ok := r.d.(Emptier)
	if !ok {
		return nil
	}
	if err := s.close(); err != nil {
		return err
	}
	left, err := e.Left(ctx, r.topic)
	if err == nil && left > 0 {
		err = fmt.Errorf("%d records were accepted, and are there still", left)
	}
	return err
}

// close ends the members.
func (s *sharing) close() (err error) {
	for _, m := range s.members {
		err = errors.Join(err, m.Close())
	}
	s.members = nil
	return err
}

// sharing is a share group at work.
type sharing struct {
	r        *run
	members  []*sharer
	until    int64 // so many records are to be accepted
	accepted tally
	print    atomic.Uint64 // of the records accepted
}

// sharer is one member, and what it has taken and not accepted yet. One goroutine uses it.
type sharer struct {
	Taker
	held  Flow
	print uint64
}

// take waits for records.
func (m *sharer) take(ctx context.Context) error {
	return m.Take(ctx, func(rec Record) error {
		_, n, ok := readStamp(rec.Value)
		if !ok {
			return fmt.Errorf("a record of %d bytes came that nobody sent", len(rec.Value))
		}
		m.print += fingerprint(n)
		m.held = m.held.plus(Flow{1, int64(len(rec.Key) + len(rec.Value))})
		return nil
	})
}

// seen waits until the broker has seen what the member accepted.
func (m *sharer) seen(ctx context.Context) error {
	if u, silent := m.Taker.(Unanswered); silent && ctx.Err() == nil {
		return u.Seen(ctx)
	}
	return ctx.Err()
}

// accept accepts what the member holds, and counts it.
func (s *sharing) accept(ctx context.Context, m *sharer) error {
	if m.held.Records == 0 {
		return nil
	}
	began := time.Now()
	if err := m.Accept(ctx); err != nil {
		return err
	}
	if _, silent := m.Taker.(Unanswered); !silent {
		s.r.ack.record(time.Since(began))
	}
	s.print.Add(m.print)
	s.accepted.add(m.held.Records, m.held.Bytes)
	s.r.received.add(m.held.Records, m.held.Bytes)
	m.held, m.print = Flow{}, 0
	return nil
}

// join waits until every member holds records.
func (s *sharing) join(ctx context.Context) error {
	return s.each(ctx, func(ctx context.Context, m *sharer) error { return m.take(ctx) })
}

// acceptAll has every member accept and take until all records are accepted. Then no member takes any more, but what one has taken
// it still accepts: a record that came twice counts twice.
func (s *sharing) acceptAll(ctx context.Context) error {
	taking, stop := context.WithCancel(ctx)
	defer stop()
	return s.each(ctx, func(ctx context.Context, m *sharer) error {
		defer context.AfterFunc(ctx, stop)() // another member failed
		for {
			if err := s.accept(ctx, m); err != nil {
				return fmt.Errorf("accept: %w", err)
			}
			if s.accepted.records.Load() >= s.until {
				stop()
				return m.seen(ctx)
			}
			if err := m.take(taking); err != nil && taking.Err() == nil {
				return err
			}
			if taking.Err() != nil && m.held.Records == 0 {
				return m.seen(ctx)
			}
		}
	})
}

// each has all members do something at once; the first error ends them all.
func (s *sharing) each(ctx context.Context, f func(context.Context, *sharer) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	for _, m := range s.members {
		running.Go(func() {
			if err := f(ctx, m); err != nil && ctx.Err() == nil {
				s.r.failed.Add(max(m.held.Records, 1))
				cancel(fmt.Errorf("share: %w", err))
			}
		})
	}
	running.Wait()
	return context.Cause(ctx)
}
