package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// manyGroups has many groups of one member each send heartbeats and commit, each at its rate. The loop is open: each request is due
// at a time that does not depend on the answers before, and its latency counts from there. Acknowledged records are commits.
func manyGroups(ctx context.Context, r *run) (err error) {
	if err := r.prepare(ctx, r.topic); err != nil {
		return err
	}
	empty := r.memory()
	crowds, members, err := r.crowd(ctx, min(r.c.Connections, r.c.Groups), r.c.Groups, func(i int) string {
		return fmt.Sprintf("%s-group-%d", r.topic, i)
	})
	defer func() { err = errors.Join(err, closeAll(crowds)) }()
	if err != nil {
		return err
	}
	join, err := r.work(ctx, stage{name: "join"}, func(ctx context.Context) error { return r.seat(ctx, members, len(crowds)) })
	if err != nil {
		return err
	}
	beats := newRecorder()
	_, err = r.work(ctx, stage{name: "flow", counted: true, done: r.done(r.load(), &r.acked, 1)}, func(ctx context.Context) error {
		return r.attend(ctx, members, beats)
	})
	if err != nil {
		return err
	}
	r.Phases = append(r.Phases, join)
	h := beats.endStage()
	r.figure("heartbeat p50", "ms", float64(h.ValueAtQuantile(50))/1000, "less")
	r.figure("heartbeat p99", "ms", float64(h.ValueAtQuantile(99))/1000, "less")
	r.figure("groups joined", "1/s", float64(len(members))/join.Seconds, "more")
	if empty > 0 {
		r.figure("broker memory per group", "KiB", float64(r.memory()-empty)/1024/float64(len(members)), "less")
	}
	return r.dismiss(ctx, members)
}

// crowd makes members that share connections evenly; those that were opened are given also when it fails.
func (r *run) crowd(ctx context.Context, connections, n int, group func(i int) string) ([]Crowd, []Attendee, error) {
	crowder, ok := r.d.(Crowder)
	if !ok {
		return nil, nil, fmt.Errorf("members of groups at %s: %w", r.t.Name, ErrUndriven)
	}
	var crowds []Crowd
	for range connections {
		c, err := crowder.NewCrowd(ctx, r.topics)
		if err != nil {
			return crowds, nil, fmt.Errorf("open connection for members: %w", err)
		}
		crowds = append(crowds, c)
	}
	members := make([]Attendee, n)
	for i := range members {
		members[i] = crowds[i%connections].Add(group(i))
	}
	return crowds, members, nil
}

// seat has members of groups of their own join, so many at a time, until each has its partitions.
func (r *run) seat(ctx context.Context, members []Attendee, atOnce int) error {
	var next atomic.Int64
	var running sync.WaitGroup
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for range atOnce {
		running.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(members)) && ctx.Err() == nil; i = next.Add(1) - 1 {
				for ctx.Err() == nil {
					if err := answered(ctx, members[i].Beat); err != nil {
						cancel(fmt.Errorf("join group %d: %w", i, err))
					}
					if h := members[i].Holding(); h.Partitions == int(r.c.Partitions) && !h.News {
						break
					}
				}
				r.received.add(1, 0)
			}
		})
	}
	running.Wait()
	return context.Cause(ctx)
}

// answered sends a request and waits for its answer.
func answered(ctx context.Context, send func(done func(error))) error {
	done := make(chan error, 1)
	send(func(err error) { done <- err })
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// attend sends the members' heartbeats and commits when they are due, until Duration is over and all are answered.
func (r *run) attend(ctx context.Context, members []Attendee, beats *recorder) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var open, running sync.WaitGroup
	began := time.Now()
	pace := func(first int, every time.Duration, send func(m Attendee, due time.Time, done func(error))) {
		gap := every.Seconds() / float64(len(members))
		for n := 0; ctx.Err() == nil; n++ {
			after := time.Duration(float64(n) * gap * float64(time.Second))
			if after >= r.c.Duration {
				return
			}
			due := began.Add(after)
			r.sleep(time.Until(due))
			open.Add(1)
			i := (first + n) % len(members)
			send(members[i], due, func(err error) {
				if err != nil {
					r.failed.Add(1)
					cancel(fmt.Errorf("request of group %d: %w", i, err))
				}
				open.Done()
			})
		}
	}
	running.Go(func() {
		pace(0, r.c.CommitEvery, func(m Attendee, due time.Time, done func(error)) {
			m.Commit(func(err error) {
				if err == nil {
					r.acked.add(1, 0)
					r.ack.record(time.Since(due))
				}
				done(err)
			})
		})
	})
	running.Go(func() {
		pace(len(members)/2, r.c.BeatEvery, func(m Attendee, due time.Time, done func(error)) {
			m.Beat(func(err error) {
				beats.record(time.Since(due))
				done(err)
			})
		})
	})
	running.Wait()
	answered := make(chan struct{})
	go func() {
		open.Wait()
		close(answered)
	}()
	select {
	case <-answered:
	case <-ctx.Done():
	}
	return context.Cause(ctx)
}

// dismiss has all members leave.
func (r *run) dismiss(ctx context.Context, members []Attendee) error {
	_, err := r.work(ctx, stage{name: "leave"}, func(ctx context.Context) error {
		left := make(chan error, len(members))
		for _, m := range members {
			m.Leave(func(err error) { left <- err })
		}
		for range members {
			select {
			case err := <-left:
				if err != nil {
					return fmt.Errorf("leave: %w", err)
				}
				r.received.add(1, 0)
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		return nil
	})
	return err
}
