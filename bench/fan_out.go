package bench

import (
	"context"
	"errors"
)

// fanOut has writers and, beside them, readers that each read everything.
func fanOut(ctx context.Context, r *run) (err error) {
	if err := r.prepare(ctx, r.topic); err != nil {
		return err
	}
	r.reads = true
	var groups [][]Consumer
	defer func() {
		for _, cs := range groups {
			err = errors.Join(err, closeAll(cs))
		}
	}()
	for range r.c.Consumers {
		cs, err := r.consumers(ctx, r.topic, 1)
		if err != nil {
			return err
		}
		groups = append(groups, cs)
	}
	ps, err := r.producers(ctx, r.topic, r.c.Producers)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAll(ps)) }()
	if err := r.prime(ctx, ps, groups...); err != nil {
		return err
	}
	_, err = r.pass(ctx, "flow", ps, groups...)
	return err
}
