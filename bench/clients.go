package bench

import (
	"context"
	"errors"
)

// clients opens the writers and the readers of the run's topic, the readers reading already; end closes all of them.
func (r *run) clients(ctx context.Context) (ps []Producer, cs []Consumer, end func() error, err error) {
	end = func() error { return errors.Join(closeAll(ps), closeAll(cs)) }
	if cs, err = r.consumers(ctx, r.topic, r.c.Consumers); err == nil {
		ps, err = r.producers(ctx, r.topic, r.c.Producers)
	}
	if err == nil {
		err = r.prime(ctx, ps, cs)
	}
	if err != nil {
		return nil, nil, nil, errors.Join(err, end())
	}
	return ps, cs, end, nil
}
