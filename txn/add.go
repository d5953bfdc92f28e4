package txn

import "weir/coordinator"

// AddRequest makes partitions part of a transaction, and opens one if none is open (AddPartitionsToTxn,
// AddOffsetsToTxn, and the first batch or commit of a client that does not announce them).
type AddRequest struct {
	ID         string
	Producer   Producer
	Partitions []Partition
	From       Sender
	Client     *Client // nil leaves who is known
}

// add makes partitions part of the open transaction. While the transaction before is being ended it waits:
// Kafka sends such a client away to come again.
func (m *machine) add(tx *coordinator.Tx, r *AddRequest, f *coordinator.Future[struct{}]) {
	t := m.ids[r.ID]
	switch err := t.check(r.Producer); {
	case err != nil:
		coordinator.Answer(tx, f, struct{}{}, err)
		return
	case m.late(t, r.Producer, r.From):
		coordinator.Answer(tx, f, struct{}{}, ErrLate)
		return
	case t.state.ending():
		m.park(tx, t.id, f, func(tx *coordinator.Tx) { m.add(tx, r, f) })
		return
	}
	m.seen(t.id, r.Client)
	if t.state == Ongoing && t.has(r.Partitions) {
		coordinator.Answer(tx, f, struct{}{}, nil)
		return
	}
	next := *t
	next.state, next.partitions = Ongoing, t.with(r.Partitions)
	next.prevProducerID, next.nextProducerID, next.version = t.producerID, noProducerID, 0
	if t.state != Ongoing {
		next.startMs = tx.Now.UnixMilli()
	}
	if !m.fits(&next) {
		coordinator.Answer(tx, f, struct{}{}, ErrTooManyPartitions)
		return
	}
	m.store(tx, &next)
	m.watch(tx, &next)
	coordinator.Answer(tx, f, struct{}{}, nil)
}

// check tells whether a producer is the one that has the id.
func (t *transaction) check(p Producer) error {
	switch {
	case t == nil:
		return ErrUnknownMapping
	case t.state.ending() && t.nextProducerID != noProducerID && p == (Producer{ID: t.nextProducerID, Epoch: 0}):
		return nil // it was told so already
	case p.ID != t.producerID:
		return ErrUnknownMapping
	case p.Epoch != t.epoch:
		return ErrFenced
	}
	return nil
}

// fits tells whether the record of a transaction fits a batch, with room for the headers of both.
func (m *machine) fits(t *transaction) bool {
	r := transactionRecord(t, m.agreed())
	return len(r.Key)+len(r.Value)+200 <= m.config.BatchMaxBytes
}

// verify tells whether partitions are part of a producer's open transaction (KIP-890): a batch that opens a
// transaction in its partition is written only then.
func (m *machine) verify(_ *coordinator.Tx, r *AddRequest) error {
	t := m.ids[r.ID]
	switch err := t.check(r.Producer); {
	case err != nil:
		return err
	case m.late(t, r.Producer, r.From):
		return ErrLate
	case t.state.ending():
		return ErrConcurrent
	case !t.has(r.Partitions):
		return ErrNotInTransaction
	}
	return nil
}
