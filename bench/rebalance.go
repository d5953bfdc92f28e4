package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// rebalance has a large group share many partitions, and times how long it takes until every partition has an owner again and
// every member its share: when all members join at once, when one leaves, and when one comes. Members do as clients do: they send
// a heartbeat when the broker wants it, or every BeatEvery, and one at once when they have taken or given up what they were told to.
func rebalance(ctx context.Context, r *run) (err error) {
	for i := range r.c.Topics {
		if err := r.prepare(ctx, fmt.Sprintf("%s-%d", r.topic, i)); err != nil {
			return err
		}
	}
	crowds, members, err := r.crowd(ctx, min(r.c.Connections, r.c.Members), r.c.Members, func(int) string { return r.topic + "-group" })
	defer func() { err = errors.Join(err, closeAll(crowds)) }()
	if err != nil {
		return err
	}
	a := &assembly{r: r, quits: map[Attendee]func(){}}
	ctx, a.fail = context.WithCancelCause(ctx)
	defer a.fail(nil)
	defer a.adjourn()
	last := members[len(members)-1]
	for _, turn := range []struct {
		name  string
		start func() error
	}{
		{"all join", func() error {
			for _, m := range members {
				a.join(ctx, m)
			}
			return nil
		}},
		{"one leaves", func() error { return a.leave(ctx, last) }},
		{"one joins", func() error {
			a.join(ctx, crowds[0].Add(r.topic+"-group"))
			return nil
		}},
	} {
		given := a.givenUp()
		p, err := r.work(ctx, stage{name: turn.name, counted: true}, func(ctx context.Context) error {
			if err := turn.start(); err != nil {
				return err
			}
			return a.settle(ctx)
		})
		if err != nil {
			return err
		}
		r.Phases = append(r.Phases, p)
		r.figure(turn.name+": partitions taken from members", "partitions", float64(a.givenUp()-given), "less")
	}
	a.adjourn()
	return r.dismiss(ctx, a.members)
}

// assembly is the members of the large group, each with a goroutine that sends its heartbeats.
type assembly struct {
	r       *run
	members []Attendee
	quits   map[Attendee]func() // each ends a member's goroutine and waits for that
	fail    context.CancelCauseFunc
}

// join has a member join, and send heartbeats until it quits.
func (a *assembly) join(ctx context.Context, m Attendee) {
	beating, quit := context.WithCancel(ctx)
	var running sync.WaitGroup
	a.members = append(a.members, m)
	a.quits[m] = func() { quit(); running.Wait() }
	running.Go(func() {
		for {
			if err := answered(beating, m.Beat); beating.Err() != nil {
				return
			} else if err != nil {
				a.fail(fmt.Errorf("heartbeat: %w", err))
				return
			}
			a.r.acked.add(1, 0)
			h, pause := m.Holding(), a.r.c.BeatEvery
			if h.News {
				continue
			}
			if pause == 0 {
				pause = h.BeatAfter
			}
			select {
			case <-time.After(pause):
			case <-beating.Done():
				return
			}
		}
	})
}

// leave takes a member out of the group.
func (a *assembly) leave(ctx context.Context, m Attendee) error {
	a.quits[m]()
	for i := range a.members {
		if a.members[i] == m {
			a.members = append(a.members[:i:i], a.members[i+1:]...)
			break
		}
	}
	if err := answered(ctx, m.Leave); err != nil {
		return fmt.Errorf("leave: %w", err)
	}
	return nil
}

// adjourn ends all goroutines; the members stay in the group.
func (a *assembly) adjourn() {
	for _, quit := range a.quits {
		quit()
	}
}

func (a *assembly) givenUp() (n int) {
	for _, m := range a.members {
		n += m.Holding().GivenUp
	}
	return n
}

// settle waits until all partitions have an owner, and no member has two more than another.
func (a *assembly) settle(ctx context.Context) error {
	all := a.r.c.Topics * int(a.r.c.Partitions)
	for ctx.Err() == nil {
		sum, least, most, news := 0, all, 0, false
		for _, m := range a.members {
			h := m.Holding()
			sum, least, most, news = sum+h.Partitions, min(least, h.Partitions), max(most, h.Partitions), news || h.News
		}
		if sum == all && most-least <= 1 && !news {
			return nil
		}
		a.r.sleep(2 * time.Millisecond)
	}
	return context.Cause(ctx)
}
