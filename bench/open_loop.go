package bench

import (
	"context"
	"errors"
)

// endToEnd writes at a rate and measures from the moment a record was due until a reader has it. The loop is open: a broker that
// stalls does not delay the moments at which the next records are due, so all that fell into the stall show it.
func endToEnd(ctx context.Context, r *run) (err error) {
	if err := r.prepare(ctx, r.topic); err != nil {
		return err
	}
	r.reads = true
	ps, cs, closeClients, err := r.clients(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeClients()) }()
	_, err = r.pass(ctx, "flow", ps, cs)
	return err
}

// stamped says that records carry their numbers, and at a rate the time at which they were due. The search for a peak does to a record
// all that the workload does.
func (r *run) stamped() bool { return r.c.Rate > 0 || r.c.PeakShare > 0 }

// pass sends the Config's load through one group of readers in a counted stage.
func (r *run) pass(ctx context.Context, name string, ps []Producer, groups ...[]Consumer) (Phase, error) {
	l := r.load()
	if r.stamped() {
		l.stamp = newStamper(l.rate == 0)
	}
	var sinks []*sink
	for _, cs := range groups {
		sinks = append(sinks, r.sink(cs, l.stamp))
	}
	tally, times := &r.acked, 1
	if r.reads {
		tally, times = &r.received, len(groups)
	}
	s := stage{name: name, counted: true, done: r.done(l, tally, times)}
	return r.work(ctx, s, func(ctx context.Context) error { return r.flow(ctx, ps, sinks, l) })
}
