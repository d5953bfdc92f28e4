package txn

import "weir/coordinator"

// EndRequest commits or aborts a transaction (EndTxn).
type EndRequest struct {
	ID       string
	Producer Producer
	Commit   bool
	// Version is the protocol that the client follows: Announced or Bumped.
	Version int16
	// NewProducerID is handed out if the epochs of the present one are used up; -1: the answer is then
	// ErrNeedsProducerID.
	NewProducerID int64
	From          Sender
}

// end decides how a transaction ends. The answer leaves when that is durable; the markers follow. It tells the
// producer what to write with from now on.
func (m *machine) end(tx *coordinator.Tx, r *EndRequest) (Producer, error) {
	t := m.ids[r.ID]
	if t == nil {
		return noProducer, ErrUnknownMapping
	}
	if mutantEndAnyEpoch && t.state == Ongoing {
		return m.prepare(tx, t, r.Commit, r.Version, noProducerID), nil
	}
	if r.Version >= Bumped {
		return m.endBumped(tx, t, r)
	}
	switch {
	case t.producerID != r.Producer.ID:
		return noProducer, ErrUnknownMapping
	case t.epoch != r.Producer.Epoch:
		return noProducer, ErrFenced
	case m.late(t, r.Producer, r.From):
		return noProducer, ErrLate
	case t.state == Ongoing:
		m.prepare(tx, t, r.Commit, r.Version, noProducerID)
		return Producer{ID: t.producerID, Epoch: t.epoch}, nil
	case t.state == Empty || t.commits() != r.Commit:
		return noProducer, ErrInvalidState
	case t.state.ending():
		return noProducer, ErrConcurrent
	}
	return Producer{ID: t.producerID, Epoch: t.epoch}, nil // it was sent again
}

// commits tells how the transaction is ending or has ended.
func (t *transaction) commits() bool { return t.state == PrepareCommit || t.state == CompleteCommit }

// endBumped is end for a client whose epoch rises with it: what was sent again names the epoch before.
func (m *machine) endBumped(tx *coordinator.Tx, t *transaction, r *EndRequest) (Producer, error) {
	bumped := t.version >= Bumped
	again := bumped && (t.producerID == r.Producer.ID && t.epoch == r.Producer.Epoch+1 ||
		t.prevProducerID == r.Producer.ID && r.Producer.Epoch == lastEpoch && t.epoch == 0)
	switch {
	case t.state.ending() && !again && t.check(r.Producer) == nil:
		return noProducer, ErrConcurrent // the next transaction, of which nothing has come yet
	case t.producerID != r.Producer.ID && !again:
		return noProducer, ErrUnknownMapping
	case t.state.ending() && !again,
		!t.state.ending() && !again && t.epoch != r.Producer.Epoch,
		again && (t.state == Ongoing || t.state == Empty):
		return noProducer, ErrFenced
	case again && t.commits() != r.Commit:
		return noProducer, ErrInvalidState
	case again && t.state.ending():
		return noProducer, ErrConcurrent
	case again && t.spent() && r.NewProducerID == noProducerID:
		return noProducer, ErrNeedsProducerID
	case again && t.spent():
		return m.renew(tx, t, r.NewProducerID), nil
	case again:
		return Producer{ID: t.producerID, Epoch: t.epoch}, nil
	case t.state != Ongoing && r.Commit:
		return noProducer, ErrInvalidState // nothing was written, and only an abort may follow nothing
	case t.exhausted() && r.NewProducerID == noProducerID:
		return noProducer, ErrNeedsProducerID
	}
	next := noProducerID
	if t.exhausted() {
		next = r.NewProducerID
	}
	return m.prepare(tx, t, r.Commit, r.Version, next), nil
}

// renew gives a producer whose transaction was aborted unasked in its last epoch another id, as its own end would have.
func (m *machine) renew(tx *coordinator.Tx, t *transaction, id int64) Producer {
	next := *t
	next.producerID, next.epoch, next.prevProducerID, next.prevEpoch = id, 0, t.producerID, t.prevEpoch
	return m.give(tx, &next)
}

// prepare writes how a transaction ends, and has its markers written when that is durable. From version Bumped
// on the epoch rises, so that the markers fence whatever of the transaction is still on its way.
func (m *machine) prepare(tx *coordinator.Tx, t *transaction, commit bool, version int16, nextID int64) Producer {
	next := *t
	next.state, next.version = PrepareAbort, version
	if commit {
		next.state = PrepareCommit
	}
	if t.state != Ongoing {
		next.partitions, next.startMs = nil, tx.Now.UnixMilli()
	}
	next.prevProducerID, next.nextProducerID = t.producerID, nextID
	if version >= Bumped {
		next.epoch, next.prevEpoch = t.epoch+1, t.epoch
	}
	m.store(tx, &next)
	ending := m.endingOf(&next)
	if mutantMarkersEarly {
		m.markers.write(ending)
	}
	tx.Then(func(_ *coordinator.Tx, err error) {
		if err == nil {
			m.markers.write(ending)
		}
	})
	if nextID != noProducerID {
		return Producer{ID: nextID, Epoch: 0}
	}
	return Producer{ID: next.producerID, Epoch: next.epoch}
}

// abortAndFence aborts an open transaction whose producer did not ask for it.
func (m *machine) abortAndFence(tx *coordinator.Tx, t *transaction) {
	version := m.agreed()
	if version >= Bumped {
		m.prepare(tx, t, false, version, noProducerID)
		return
	}
	fenced := *t
	fenced.epoch, fenced.prevEpoch = t.epoch+1, noEpoch
	m.prepare(tx, &fenced, false, version, noProducerID)
}

// completed notes that all markers of an ending are durable. One that is not the present one is passed over: it
// was carried out twice.
func (m *machine) completed(tx *coordinator.Tx, e Ending) {
	t := m.ids[e.ID]
	if t == nil || !t.state.ending() || t.producerID != e.ProducerID || t.epoch != e.Epoch {
		return
	}
	next := *t
	next.state = CompleteAbort
	if t.state == PrepareCommit {
		next.state = CompleteCommit
	}
	next.partitions = nil
	next.prevProducerID, next.nextProducerID = t.producerID, noProducerID
	if t.nextProducerID != noProducerID {
		next.producerID, next.epoch, next.prevEpoch = t.nextProducerID, 0, t.epoch
	}
	m.store(tx, &next)
	m.unpark(tx, e.ID)
}
