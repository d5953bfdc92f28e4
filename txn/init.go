package txn

import "weir/coordinator"

// InitRequest asks for the right to write under a transactional id (InitProducerId).
type InitRequest struct {
	ID        string
	TimeoutMs int32
	// ProducerID and Epoch are what the producer has already, -1 where it has none (KIP-360).
	ProducerID int64
	Epoch      int16
	Client     *Client
	// NewProducerID is handed out if one is needed; -1: the answer is then ErrNeedsProducerID.
	NewProducerID int64
}

// Producer is what a producer writes with.
type Producer = coordinator.Producer

var noProducer = Producer{ID: noProducerID, Epoch: noEpoch}

func (r *InitRequest) expects() bool { return r.ProducerID != noProducerID }

// init gives a producer its epoch and thereby fences whoever had the id before. An open transaction is aborted
// first; the producer is told to come again.
func (m *machine) init(tx *coordinator.Tx, r *InitRequest) (Producer, error) {
	t := m.ids[r.ID]
	if t == nil {
		return m.initNew(tx, r)
	}
	if r.expects() && !t.mayContinue(r) {
		return noProducer, ErrFenced
	}
	switch {
	case t.state.ending():
		return noProducer, ErrConcurrent
	case t.state == Ongoing:
		m.abortAndFence(tx, t)
		return noProducer, ErrConcurrent
	case t.exhausted() && (!r.expects() || r.Epoch == t.epoch || t.spent() && r.Epoch == t.prevEpoch):
		if r.NewProducerID == noProducerID {
			return noProducer, ErrNeedsProducerID
		}
		next := t.renewed(r)
		next.producerID, next.epoch, next.prevEpoch = r.NewProducerID, 0, noEpoch
		if r.expects() {
			next.prevEpoch = t.epoch
		}
		return m.give(tx, next), nil
	}
	return m.bump(tx, t, r)
}

// initNew makes a transactional id known.
func (m *machine) initNew(tx *coordinator.Tx, r *InitRequest) (Producer, error) {
	if r.NewProducerID == noProducerID {
		return noProducer, ErrNeedsProducerID
	}
	return m.give(tx, &transaction{
		id: r.ID, producerID: r.NewProducerID, prevProducerID: noProducerID, nextProducerID: noProducerID,
		epoch: 0, prevEpoch: noEpoch, timeoutMs: r.TimeoutMs, state: Empty, startMs: -1,
	}), nil
}

// mayContinue tells whether what the producer has is what it was given: the present producer id, or the one
// before whose epochs were used up, if the answer that told the new one was lost, or the next one, which its end
// was answered with.
func (t *transaction) mayContinue(r *InitRequest) bool {
	return r.ProducerID == t.producerID || r.ProducerID == t.prevProducerID && r.Epoch >= lastEpoch ||
		t.state.ending() && t.nextProducerID != noProducerID && r.ProducerID == t.nextProducerID
}

// bump gives the next epoch. A producer that asks again for what it was given gets the same.
func (m *machine) bump(tx *coordinator.Tx, t *transaction, r *InitRequest) (Producer, error) {
	next := t.renewed(r)
	switch {
	case !r.expects():
		next.epoch, next.prevEpoch = t.epoch+1, noEpoch
	case r.Epoch == t.epoch:
		next.epoch, next.prevEpoch = t.epoch+1, t.epoch
	case r.Epoch == t.prevEpoch:
	default:
		return noProducer, ErrFenced
	}
	return m.give(tx, next), nil
}

// renewed is the id without a transaction, with what a producer brings.
func (t *transaction) renewed(r *InitRequest) *transaction {
	next := *t
	next.state, next.partitions, next.startMs = Empty, nil, -1
	next.prevProducerID, next.nextProducerID = t.producerID, noProducerID
	next.timeoutMs, next.version = r.TimeoutMs, 0
	return &next
}

func (m *machine) give(tx *coordinator.Tx, t *transaction) Producer {
	m.store(tx, t)
	return Producer{ID: t.producerID, Epoch: t.epoch}
}
