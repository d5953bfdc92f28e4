package txn

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"weir/coordinator"
)

// TestModel asks the coordinator anything in any order, under crashes and moves, and compares every answer and every
// state with those of a model that is written for reading: an id has an owner, an open transaction or the end of one.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &modelWorld{rig: looseRig(Config{}), nextID: 100}
		defer func() { w.Resign(0) }()
		for i, version := range []int16{Bumped, Announced, Bumped} {
			w.ids = append(w.ids, &modelID{id: fmt.Sprintf("t%d", i), version: version})
		}
		w.wornOut(w.ids[2])
		actions := []func(*rapid.T){w.init, w.init, w.initAgain, w.add, w.add, w.add, w.add, w.end, w.end, w.end, w.end, w.endAgain, w.stale,
			w.verify, w.written, w.written, w.written, w.pass, w.pass, w.crashes, w.moves, w.agrees, w.idle}
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			actions[rapid.IntRange(0, len(actions)-1).Draw(t, "action")](t)
			w.settle()
			w.check(t)
		}
	})
}

// modelID is what should be known of one transactional id.
type modelID struct {
	id      string
	version int16 // of its clients' protocol
	known   bool
	owner   Producer // who may write
	old     []Producer
	state   State
	marker  Producer // what the markers of an end that is being carried out say
	last    *modelEnd
	parts   []Partition
	startMs int64
	timeout int32
	waiting *modelWait
}

// modelEnd is the last end, which its client may ask for again.
type modelEnd struct {
	by     Producer
	commit bool
	next   Producer
}

// modelWait is an add that waits for the end of the transaction before.
type modelWait struct {
	by     Producer
	parts  []Partition
	until  int64
	answer *coordinator.Future[struct{}]
}

type modelWorld struct {
	*rig
	ids    []*modelID
	nextID int64
}

func (w *modelWorld) nowMs() int64 { return w.clock.Now().UnixMilli() }

func (w *modelWorld) pick(t *rapid.T) *modelID { return rapid.SampledFrom(w.ids).Draw(t, "id") }

// wornOut makes an id whose epochs are nearly used up.
func (w *modelWorld) wornOut(x *modelID) {
	x.known, x.owner, x.state, x.startMs, x.timeout = true, Producer{ID: 7, Epoch: lastEpoch - 3}, Empty, -1, 10_000
	w.apply(&transaction{id: x.id, producerID: 7, prevProducerID: noProducerID, nextProducerID: noProducerID, epoch: x.owner.Epoch,
		prevEpoch: noEpoch, timeoutMs: x.timeout, state: Empty, startMs: -1, updatedMs: w.nowMs()})
}

// apply stores what an id is said to be.
func (w *modelWorld) apply(s *transaction) {
	f := coordinator.Decide(w.runtime, 0, s.id, func(m *machine, tx *coordinator.Tx) (struct{}, error) {
		m.store(tx, s)
		return struct{}{}, nil
	})
	<-f.Done()
}

func (w *modelWorld) fresh() int64 {
	w.nextID++
	return w.nextID
}

// own gives the id a new owner; whoever had it is fenced.
func (x *modelID) own(p Producer) {
	if x.owner != p {
		x.old = append(x.old, x.owner)
	}
	x.owner = p
}

func (x *modelID) worn() bool { return x.owner.Epoch >= lastEpoch }

// unowned tells whether the epoch is the one for fencing, which nobody has.
func (x *modelID) unowned() bool { return x.owner.Epoch > lastEpoch }

// fence aborts an open transaction whose producer did not ask for it.
func (w *modelWorld) fence(x *modelID) {
	by := x.owner
	x.marker, x.state = Producer{ID: by.ID, Epoch: by.Epoch + 1}, PrepareAbort
	x.last = nil
	if w.version >= Bumped {
		x.last = &modelEnd{by, false, x.marker}
	}
	x.own(x.marker)
}

// init is a new process that takes the id.
func (w *modelWorld) init(t *rapid.T) { w.initAs(t, w.pick(t), noProducer) }

// initAgain is the owner that wants a new epoch.
func (w *modelWorld) initAgain(t *rapid.T) {
	if x := w.pick(t); x.known && !x.unowned() {
		w.initAs(t, x, x.owner)
	}
}

func (w *modelWorld) initAs(t *rapid.T, x *modelID, has Producer) {
	id := w.fresh()
	timeout := int32(rapid.SampledFrom([]int{3_000, 10_000}).Draw(t, "timeout"))
	got, err := w.Init(InitRequest{ID: x.id, TimeoutMs: timeout, ProducerID: has.ID, Epoch: has.Epoch, NewProducerID: id}).Result()
	switch {
	case x.known && x.state == Ongoing:
		w.fence(x)
		fallthrough
	case x.known && x.state.ending():
		if !errors.Is(err, ErrConcurrent) {
			t.Fatalf("init of %s: %v, %v", x.id, got, err)
		}
		return
	case !x.known, x.worn():
		x.own(Producer{ID: id, Epoch: 0})
	default:
		x.own(Producer{ID: x.owner.ID, Epoch: x.owner.Epoch + 1})
	}
	x.known, x.state, x.startMs, x.timeout, x.last, x.parts = true, Empty, -1, timeout, nil, nil
	if err != nil || got != x.owner {
		t.Fatalf("init of %s: %v, %v; want %v", x.id, got, err, x.owner)
	}
}

func drawParts(t *rapid.T) []Partition {
	some := rapid.SliceOfNDistinct(rapid.Int32Range(0, 4), 1, 3, rapid.ID[int32]).Draw(t, "partitions")
	parts := make([]Partition, len(some))
	for i, index := range some {
		parts[i] = Partition{Topic: "a", Index: index}
	}
	return parts
}

func (w *modelWorld) add(t *rapid.T) {
	x := w.pick(t)
	if x.waiting != nil || x.unowned() {
		return
	}
	parts := drawParts(t)
	f := w.Add(AddRequest{ID: x.id, Producer: x.owner, Partitions: parts})
	w.settle()
	_, err, ok := f.Peek()
	switch {
	case !x.known:
		if !errors.Is(err, ErrUnknownMapping) {
			t.Fatalf("add to %s, which is not known: %v", x.id, err)
		}
	case x.state.ending():
		if ok {
			t.Fatalf("add to %s while it is being ended: %v", x.id, err)
		}
		x.waiting = &modelWait{x.owner, parts, w.nowMs() + parkMax.Milliseconds(), f}
	case !ok || err != nil:
		t.Fatalf("add to %s: %v", x.id, err)
	default:
		w.joined(x, parts)
	}
}

// joined makes partitions part of the transaction.
func (w *modelWorld) joined(x *modelID, parts []Partition) {
	if x.state != Ongoing {
		x.state, x.startMs, x.parts, x.last = Ongoing, w.nowMs(), nil, nil
	}
	for _, p := range parts {
		if !slices.Contains(x.parts, p) {
			x.parts = append(x.parts, p)
		}
	}
	slices.SortFunc(x.parts, comparePartitions)
}

func (w *modelWorld) ask(x *modelID, by Producer, commit bool) (Producer, int64, error) {
	r := EndRequest{ID: x.id, Producer: by, Commit: commit, Version: x.version, NewProducerID: noProducerID}
	got, err := w.End(r).Result()
	if errors.Is(err, ErrNeedsProducerID) {
		r.NewProducerID = w.fresh()
		got, err = w.End(r).Result()
	}
	return got, r.NewProducerID, err
}

func (w *modelWorld) end(t *rapid.T) {
	x, commit := w.pick(t), rapid.Bool().Draw(t, "commit")
	if x.unowned() {
		return
	}
	by := x.owner
	got, newID, err := w.ask(x, by, commit)
	var want error
	next := by
	empty := x.state != Ongoing && !x.state.ending() && x.version >= Bumped && !commit // an end of nothing
	switch {
	case !x.known:
		want = ErrUnknownMapping
	case x.state == Ongoing || empty:
		w.decided(x, commit, newID)
		next = x.owner
	case x.version >= Bumped && x.state.ending():
		want = ErrConcurrent
	case x.version >= Bumped, x.state == Empty, commit != (x.state == PrepareCommit || x.state == CompleteCommit):
		want = ErrInvalidState
	case x.state.ending():
		want = ErrConcurrent
	}
	if !errors.Is(err, want) || err == nil && got != next {
		t.Fatalf("end of %s by %v, commit %v: %v, %v; want %v, %v", x.id, by, commit, got, err, next, want)
	}
}

// decided is an end that the owner asked for.
func (w *modelWorld) decided(x *modelID, commit bool, newID int64) {
	if x.state != Ongoing {
		x.startMs, x.parts = w.nowMs(), nil
	}
	x.state = PrepareAbort
	if commit {
		x.state = PrepareCommit
	}
	x.marker = x.owner
	if x.version >= Bumped {
		by := x.owner
		x.marker.Epoch++
		next := x.marker
		if by.Epoch >= lastEpoch {
			next = Producer{ID: newID, Epoch: 0}
		}
		x.own(next)
		x.last = &modelEnd{by, commit, next}
	}
}

// endAgain is an end whose answer was lost.
func (w *modelWorld) endAgain(t *rapid.T) {
	x := w.pick(t)
	if x.last == nil || x.version < Bumped {
		return
	}
	commit := rapid.Bool().Draw(t, "commit")
	got, newID, err := w.ask(x, x.last.by, commit)
	if x.unowned() && err == nil {
		x.own(Producer{ID: newID, Epoch: 0})
		x.last.next = x.owner
	}
	var want error
	switch {
	case commit != x.last.commit:
		want = ErrInvalidState
	case x.state.ending():
		want = ErrConcurrent
	}
	if !errors.Is(err, want) || err == nil && got != x.last.next {
		t.Fatalf("end of %s again: %v, %v; want %v, %v", x.id, got, err, x.last.next, want)
	}
}

// stale is a producer that was fenced: whatever it asks for is refused, and touches nothing.
func (w *modelWorld) stale(t *rapid.T) {
	x := w.pick(t)
	if len(x.old) == 0 {
		return
	}
	by := rapid.SampledFrom(x.old).Draw(t, "stale producer")
	if by == x.owner || x.last != nil && by == x.last.by {
		return
	}
	_, _, err := w.ask(x, by, rapid.Bool().Draw(t, "commit"))
	_, added := w.Add(AddRequest{ID: x.id, Producer: by, Partitions: drawParts(t)}).Result()
	for _, err := range []error{err, added} {
		if !errors.Is(err, ErrFenced) && !errors.Is(err, ErrUnknownMapping) {
			t.Fatalf("%v, which was fenced, asks for %s: %v", by, x.id, err)
		}
	}
}

func (w *modelWorld) verify(t *rapid.T) {
	x, parts := w.pick(t), drawParts(t)
	_, err := w.Verify(AddRequest{ID: x.id, Producer: x.owner, Partitions: parts}).Result()
	in := x.known && x.state == Ongoing && !slices.ContainsFunc(parts, func(p Partition) bool { return !slices.Contains(x.parts, p) })
	if (err == nil) != in {
		t.Fatalf("verify %v of %s: %v", parts, x.id, err)
	}
}

// written tells the shard that the markers of an end are durable.
func (w *modelWorld) written(t *rapid.T) {
	if len(w.endings) == 0 {
		return
	}
	i := rapid.IntRange(0, len(w.endings)-1).Draw(t, "ending")
	e := w.endings[i]
	w.endings = slices.Delete(w.endings, i, i+1)
	<-w.completed(e).Done()
	w.settle()
	for _, x := range w.ids {
		if x.id == e.ID {
			x.state, x.parts = x.state+2, nil // from Prepare to Complete
			w.arrived(t, x)
		}
	}
}

// arrived looks after an add that waited.
func (w *modelWorld) arrived(t *rapid.T, x *modelID) {
	f := x.waiting
	if f == nil {
		return
	}
	x.waiting = nil
	_, err, ok := f.answer.Peek()
	switch {
	case !ok:
		t.Fatalf("an add to %s waits on", x.id)
	case f.by == x.owner && err == nil:
		w.joined(x, f.parts)
	case f.by == x.owner || err == nil:
		t.Fatalf("an add to %s by %v, its owner is %v: %v", x.id, f.by, x.owner, err)
	}
}
