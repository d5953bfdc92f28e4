package handlers

import (
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"

	"weir/coordinator"
	"weir/log"
	"weir/metadata"
	"weir/partition"
	"weir/protocol"
	"weir/record"
	"weir/txn"
)

// Versions of Produce from which on clients follow KIP-890: they know error TRANSACTION_ABORTABLE, and leave it to
// the broker to make a partition part of the transaction.
const (
	produceKnowsAbortable = 11
	produceAddsPartitions = 12
)

// transaction is what one Produce request has of its producer's transaction.
type transaction struct {
	producer txn.Producer
	guards   map[*partition.Partition]log.Guard
	asked    []txn.Partition
	failed   error // of what was asked
}

// joinTransaction finds the partitions in which the request's batches would open a transaction, and has the
// coordinator say that they are part of the producer's, or make them so. It waits for the answer: nothing that
// follows on the connection may pass these batches.
func (p *produce) joinTransaction(image *metadata.Image) {
	id := p.request.TransactionalID
	if id == nil || p.version < produceAddsPartitions && !p.h.verifies(image) {
		return
	}
	for range joinTries {
		p.transaction = p.takeGuards(image)
		t := p.transaction
		if len(t.asked) == 0 || t.failed != nil {
			return
		}
		ask, from := p.h.Txns.Verify, p.c.sender(txn.Batches)
		if p.version >= produceAddsPartitions {
			ask, from = p.h.Txns.Add, txn.Sender{}
		}
		_, err := ask(txn.AddRequest{ID: *id, Producer: t.producer, Partitions: t.asked, From: from,
			Client: p.c.client()}).Result()
		if t.failed = p.notInTransaction(err); err != nil || t.stands() {
			return
		}
	}
}

// joinTries is how often guards are taken: the marker of the producer's transaction before may come meanwhile, once.
const joinTries = 3

// takeGuards takes the guards of the request's transactional batches.
func (p *produce) takeGuards(image *metadata.Image) *transaction {
	t := &transaction{producer: txn.Producer{ID: -1, Epoch: -1}, guards: make(map[*partition.Partition]log.Guard)}
	for i := range p.request.Topics {
		topic, err := p.resolve(image, &p.request.Topics[i])
		if err != nil {
			continue
		}
		for _, part := range p.request.Topics[i].Partitions {
			t.guard(p.h, topic, part)
		}
	}
	return t
}

// stands tells whether no marker has made a guard void.
func (t *transaction) stands() bool {
	for to, g := range t.guards {
		if !to.Guards(t.producer.ID, g) {
			return false
		}
	}
	return true
}

// guard takes the guard for one partition's batch.
func (t *transaction) guard(h *Handlers, topic *metadata.Topic, part protocol.ProducePartition) {
	header, err := record.ParseHeader(part.Records)
	if err != nil || !header.IsTransactional() {
		return
	}
	to, err := h.findPartition(topic, part.Index)
	if err != nil {
		return
	}
	producer := txn.Producer{ID: header.ProducerID, Epoch: header.ProducerEpoch}
	if t.producer.ID == -1 {
		t.producer = producer
	}
	if t.producer != producer {
		t.failed = fmt.Errorf("batches of two producers in one transaction: %w", kerr.InvalidProducerIDMapping)
		return
	}
	g := to.Guard(producer.ID, producer.Epoch)
	t.guards[to] = g
	if g.Asks() {
		t.asked = append(t.asked, txn.Partition{Topic: topic.Name, Index: part.Index})
	}
}

// guardFor gives the guard for a batch, or why it must not be written. A batch without a transaction needs none.
func (p *produce) guardFor(to *partition.Partition) (log.Guard, error) {
	if p.transaction == nil {
		return log.Guard{}, nil
	}
	g := p.transaction.guards[to]
	if p.transaction.failed != nil && g.Asks() {
		to.Unguard(p.transaction.producer.ID, g)
		return g, p.transaction.failed
	}
	return g, nil
}

// late gives why the request is not to be answered: its client has given the connection up, and what it would open is a
// later transaction than its own.
func (p *produce) late() error {
	if p.transaction == nil || !errors.Is(p.transaction.failed, txn.ErrLate) {
		return nil
	}
	for to, g := range p.transaction.guards {
		to.Unguard(p.transaction.producer.ID, g)
	}
	return p.transaction.failed
}

// notInTransaction words the coordinator's refusal as the client's version knows it
// (AddPartitionsToTxnManager.scala).
func (p *produce) notInTransaction(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, txn.ErrNotInTransaction) && p.version < produceKnowsAbortable:
		return fmt.Errorf("%w: %w", kerr.InvalidTxnState, err)
	case errors.Is(err, txn.ErrFenced):
		return fmt.Errorf("%w: %w", kerr.InvalidProducerEpoch, err)
	case errors.Is(err, txn.ErrConcurrent) && p.version < produceAddsPartitions,
		errors.Is(err, coordinator.ErrNotCoordinator), errors.Is(err, coordinator.ErrLoading),
		errors.Is(err, coordinator.ErrNotAvailable):
		return fmt.Errorf("%w: %w", kerr.NotEnoughReplicas, err)
	}
	return err
}
