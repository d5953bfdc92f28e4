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

// pass sends the Config's load through one group of readers in a counted stage.
func (r *run) pass(ctx context.Context, name string, ps []Producer, groups ...[]Consumer) (Phase, error) {
	l := r.load()
	if l.rate > 0 {
		l.stamp = newStamper(false)
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
