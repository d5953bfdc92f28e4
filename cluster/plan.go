package cluster

import (
	"context"
	"fmt"

	"weir/metadata"
)

// change is what one topic's part of a request does to the store.
type change struct {
	topic *metadata.Topic
	conds []Cond
	parts []Op // may go first, in transactions of their own: partitions without a topic are not seen
	ops   []Op // make the change visible
	rest  []Op // may go last: they only tidy up
}

// plan carries out the topics of one request. Each is judged against the newest image, and judged again
// when another broker was faster.
type plan struct {
	cluster *Cluster
	results []TopicResult
	steps   []step
}

type step struct {
	result int
	judge  func(img *metadata.Image) (change, error)
	change change
}

// planTries bounds how often a plan starts anew because of other brokers.
const planTries = 16

func (p *plan) add(result int, judge func(img *metadata.Image) (change, error)) {
	p.steps = append(p.steps, step{result: result, judge: judge})
}

// run judges and stores, then waits until what runs matches.
func (p *plan) run(ctx context.Context, validateOnly bool) {
	rev := p.store(ctx, validateOnly)
	if validateOnly || rev < 0 {
		return
	}
	if err := p.cluster.awaitApplied(ctx, rev); err != nil {
		p.fail(err)
	}
}

// fail gives the error to every topic that has none.
func (p *plan) fail(err error) {
	for _, s := range p.steps {
		if r := &p.results[s.result]; r.Err == nil {
			r.Topic, r.Err = nil, err
		}
	}
}

// store returns the revision that shows all changes, -1 when there is none.
func (p *plan) store(ctx context.Context, validateOnly bool) int64 {
	c := p.cluster
	c.admin.Lock()
	defer c.admin.Unlock()
	if err := ctx.Err(); err != nil {
		p.fail(late(err))
		return -1
	}
	last := int64(-1)
	todo := p.steps
	for try := 0; len(todo) > 0; try++ {
		img := c.Image()
		todo = p.judge(img, todo)
		if validateOnly {
			return -1
		}
		n, ok, rev, err := p.commit(ctx, todo)
		if err == nil && !ok && try > planTries {
			err = fmt.Errorf("other brokers changed the metadata %d times meanwhile", try)
		}
		if err != nil {
			p.fail(late(err))
			return last
		}
		if ok && len(todo) > 0 {
			last = max(last, rev)
		}
		todo = todo[n:]
		if err := c.awaitImage(ctx, rev); err != nil {
			p.fail(err)
			return last
		}
	}
	return last
}

// judge keeps the steps that may go on.
func (p *plan) judge(img *metadata.Image, todo []step) []step {
	var kept []step
	for _, s := range todo {
		var err error
		s.change, err = s.judge(img)
		p.results[s.result].Topic, p.results[s.result].Err = s.change.topic, err
		if err == nil {
			kept = append(kept, s)
		} else {
			p.results[s.result].Topic = nil
		}
	}
	return kept
}

// commit stores as many steps as fit into one transaction, at least one; n is how many are stored.
func (p *plan) commit(ctx context.Context, todo []step) (n int, ok bool, rev int64, err error) {
	if len(todo) == 0 {
		return 0, true, 0, nil
	}
	store := p.cluster.store
	room := store.MaxOps()
	var conds []Cond
	var ops []Op
	for _, s := range todo {
		size := len(s.change.parts) + len(s.change.ops) + len(s.change.rest)
		if len(ops)+size > room {
			break
		}
		conds = append(conds, s.change.conds...)
		ops = append(append(append(ops, s.change.parts...), s.change.ops...), s.change.rest...)
		n++
	}
	if n > 0 {
		ok, rev, err = store.Txn(ctx, conds, ops)
		if !ok {
			n = 0
		}
		return n, ok, rev, err
	}
	ok, rev, err = p.commitLarge(ctx, todo[0].change)
	if ok {
		n = 1
	}
	return n, ok, rev, err
}

// commitLarge stores a change that does not fit into one transaction, in an order that shows it at once.
func (p *plan) commitLarge(ctx context.Context, ch change) (ok bool, rev int64, err error) {
	if ok, rev, err = p.pieces(ctx, ch.parts); err != nil || !ok {
		return ok, rev, err
	}
	if ok, rev, err = p.cluster.store.Txn(ctx, ch.conds, ch.ops); err != nil || !ok {
		return ok, rev, err
	}
	if _, last, err := p.pieces(ctx, ch.rest); err == nil && last > 0 {
		rev = last
	}
	return true, rev, nil // what is left of rest is found at the next start
}

func (p *plan) pieces(ctx context.Context, ops []Op) (ok bool, rev int64, err error) {
	ok = true
	for room := p.cluster.store.MaxOps(); len(ops) > 0 && ok && err == nil; {
		n := min(len(ops), room)
		ok, rev, err = p.cluster.store.Txn(ctx, nil, ops[:n])
		ops = ops[n:]
	}
	return ok, rev, err
}
