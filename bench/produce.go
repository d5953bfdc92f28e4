package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// produce writes and waits for every acknowledgement; then it asks the broker whether it holds everything.
func produce(ctx context.Context, r *run) (err error) {
	if err := r.prepare(ctx, r.topic); err != nil {
		return err
	}
	_, err = r.fill(ctx, r.topic, stage{name: "write", counted: true}, r.load())
	return err
}

// fill writes a load to a topic in one stage.
func (r *run) fill(ctx context.Context, topic string, s stage, l load) (sent Flow, err error) {
	ps, err := r.producers(ctx, topic, r.c.Producers)
	if err != nil {
		return sent, err
	}
	defer func() { err = errors.Join(err, closeAll(ps)) }()
	s.done = r.done(l, &r.acked, 1)
	_, err = r.work(ctx, s, func(ctx context.Context) error {
		sent, err = r.send(ctx, ps, l)
		return err
	})
	if err != nil {
		return sent, err
	}
	return sent, r.verifyCount(ctx, topic, sent.Records)
}

// verifyCount compares what a topic holds with what was acknowledged, where the driver can tell. Where acks is not
// all, records may not be committed yet, and a transaction's marker may be on its way: they have as long as a run may stand still.
func (r *run) verifyCount(ctx context.Context, topic string, want int64) error {
	counter, ok := r.d.(Counter)
	if !ok {
		return nil
	}
	for end := time.Now().Add(r.c.Patience); ; {
		got, err := counter.Count(ctx, topic)
		if err != nil {
			return fmt.Errorf("count records: %w", err)
		}
		if got == want {
			return nil
		}
		late := r.c.Acks != "all" || r.c.Workload == Transactions
		if !late || time.Now().After(end) {
			return fmt.Errorf("%d records were acknowledged and the broker holds %d", want, got)
		}
		r.sleep(10 * time.Millisecond)
	}
}
