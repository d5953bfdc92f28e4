package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// churn has a member join a consumer group, then leave it, again and again while records flow at a rate. It measures how long it
// takes until every partition has an owner again, and the times from due to received, whose worst is the gap that readers see.
func churn(ctx context.Context, r *run) (err error) {
	groups, ok := r.d.(Grouper)
	if !ok {
		return fmt.Errorf("consumer groups of %s: %w", r.t.Name, ErrUndriven)
	}
	if err := r.prepare(ctx, r.topic); err != nil {
		return err
	}
	r.reads = true
	ps, err := r.producers(ctx, r.topic, r.c.Producers)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAll(ps)) }()
	crew := &crew{r: r, groups: groups, seen: map[uint64]bool{}, rebalances: newRecorder()}
	defer func() { err = errors.Join(err, crew.disband()) }()
	if _, err := r.work(ctx, stage{name: "join"}, crew.muster); err != nil {
		return err
	}
	l := r.load()
	l.stamp = newStamper(false)
	crew.stamp.Store(l.stamp)
	_, err = r.work(ctx, stage{name: "churn", counted: true, done: r.done(l, &r.received, 1)}, func(ctx context.Context) error {
		return crew.flow(ctx, ps, l)
	})
	if err != nil {
		return err
	}
	times, err := latencyOf(crew.rebalances.endStage())
	if err != nil {
		return err
	}
	if times == nil {
		return errors.New("the run was over before any member joined or left: churn_every is too long for it")
	}
	r.figure("rebalances", "", float64(times.Count), "")
	r.figure("rebalance p50", "ms", float64(times.P50)/1000, "less")
	r.figure("rebalance max", "ms", float64(times.Max)/1000, "less")
	r.figure("records received again", "records", float64(crew.again), "less")
	return nil
}

// crew is the members of a group.
type crew struct {
	r          *run
	groups     Grouper
	stamp      atomic.Pointer[stamper] // of the counted stage
	rebalances *recorder

	members []*hand
	joined  int

	mu    sync.Mutex // guards seen, again, failed
	seen  map[uint64]bool
	again int64
	err   error
}

// hand is a member with its goroutine.
type hand struct {
	Member
	quit  context.CancelFunc
	ended chan struct{}
}

// muster has the members join that stay and waits until every partition has an owner.
func (c *crew) muster(ctx context.Context) error {
	for range c.r.c.Members {
		if err := c.join(ctx); err != nil {
			return err
		}
	}
	return c.settle(ctx)
}

// join adds a member, which receives until it leaves.
func (c *crew) join(ctx context.Context) error {
	m, err := c.groups.NewMember(ctx, c.r.topic, c.r.topic+"-group", c.r.c, c.joined)
	if err != nil {
		return fmt.Errorf("join group: %w", err)
	}
	c.joined++
	reading, quit := context.WithCancel(context.WithoutCancel(ctx))
	h := &hand{Member: m, quit: quit, ended: make(chan struct{})}
	c.members = append(c.members, h)
	go func() {
		defer close(h.ended)
		for reading.Err() == nil {
			if err := m.Receive(reading, c.each); err != nil && reading.Err() == nil {
				c.mu.Lock()
				c.err = errors.Join(c.err, fmt.Errorf("receive: %w", err))
				c.mu.Unlock()
				return
			}
		}
	}()
	return nil
}

// leave has the member that joined last go.
func (c *crew) leave() error {
	last := c.members[len(c.members)-1]
	c.members = c.members[:len(c.members)-1]
	last.quit()
	<-last.ended
	return last.Close()
}

// disband has all members leave.
func (c *crew) disband() error {
	var err error
	for len(c.members) > 0 {
		err = errors.Join(err, c.leave())
	}
	return err
}

// settle waits until every partition has an owner and every member a partition, as far as there are enough.
func (c *crew) settle(ctx context.Context) error {
	for ctx.Err() == nil {
		owned, idle := 0, 0
		for _, m := range c.members {
			n := m.Owned()
			owned += n
			if n == 0 {
				idle++
			}
		}
		if owned == int(c.r.c.Partitions) && idle <= max(0, len(c.members)-owned) {
			return nil
		}
		c.r.sleep(time.Millisecond)
	}
	return fmt.Errorf("the group did not settle: %w", context.Cause(ctx))
}

// each notes a record, which may come again after a rebalance.
func (c *crew) each(rec Record) error {
	due, n, ok := readStamp(rec.Value)
	stamp := c.stamp.Load()
	if !ok || stamp == nil {
		return fmt.Errorf("a record of %d bytes came that nobody sent", len(rec.Value))
	}
	c.mu.Lock()
	again := c.seen[n]
	c.seen[n] = true
	if again {
		c.again++
	}
	c.mu.Unlock()
	if !again {
		c.r.endToEnd.record(time.Since(stamp.began) - due)
		c.r.received.add(1, int64(len(rec.Key)+len(rec.Value)))
	}
	return nil
}

// flow sends a load while members come and go, until every record was received at least once.
func (c *crew) flow(ctx context.Context, ps []Producer, l load) error {
	before := c.r.received.flow()
	turning, stop := context.WithCancel(ctx)
	var turned error
	var running sync.WaitGroup
	running.Go(func() { turned = c.turn(turning, ctx) })
	sent, err := c.r.send(ctx, ps, l)
	stop()
	running.Wait()
	if err = errors.Join(err, turned); err != nil {
		return err
	}
	for ctx.Err() == nil {
		got := c.r.received.flow().minus(before)
		if err := c.failure(); err != nil {
			return err
		}
		if got.Records >= sent.Records {
			if got != sent {
				return fmt.Errorf("received %d records of %d bytes; sent were %d of %d", got.Records, got.Bytes, sent.Records, sent.Bytes)
			}
			return nil
		}
		c.r.sleep(time.Millisecond)
	}
	return context.Cause(ctx)
}

func (c *crew) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// turn has a member join, or the one that did leave, every ChurnEvery until the load is sent; a turn that began is ended.
func (c *crew) turn(sending, ctx context.Context) error {
	every := time.NewTicker(c.r.c.ChurnEvery)
	defer every.Stop()
	for joins := true; ; joins = !joins {
		select {
		case <-sending.Done():
			return nil
		case <-every.C:
		}
		began := time.Now()
		var err error
		if joins {
			err = c.join(ctx)
		} else {
			err = c.leave()
		}
		if err = errors.Join(err, c.settle(ctx)); err != nil {
			return err
		}
		c.rebalances.record(time.Since(began))
	}
}
