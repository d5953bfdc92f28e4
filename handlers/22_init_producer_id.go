package handlers

import (
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/txn"
)

// InitProducerId (key 22), v0-v5; v6 (two-phase commit, KIP-939) is unstable in Kafka 4.4 and not advertised
// there either.
//
// Behavior:
//   - Without a transactional id a new producer id with epoch 0 is handed out, whatever id the producer had,
//     as Kafka does.
//   - With one, its coordinator gives the next epoch and thereby fences whoever had the id. While a transaction
//     is open or being ended it answers 51 and aborts the open one; an empty id answers 42, a timeout that is
//     not within transaction.max.timeout.ms 50.
//   - A producer id without an epoch or the other way round answers 42.
//
// Version notes: v2 is flexible, v3 carries the producer's present id and epoch (KIP-360), v4 knows
// PRODUCER_FENCED (before: 47).
func (h *Handlers) serveInitProducerID(c *Conn, version int16, req *kmsg.InitProducerIDRequest) Answer {
	resp := req.ResponseKind().(*kmsg.InitProducerIDResponse)
	producer, err := h.initProducerID(c, req)
	resp.ProducerID, resp.ProducerEpoch = producer.ID, producer.Epoch
	resp.ErrorCode = h.fencedCode(err, version >= 4)
	return Now(resp)
}

// fencedCode is code for requests whose old versions do not know PRODUCER_FENCED.
func (h *Handlers) fencedCode(err error, known bool) int16 {
	if !known && errors.Is(err, txn.ErrFenced) {
		return kerr.InvalidProducerEpoch.Code
	}
	return h.code(err)
}

// initProducerID returns what a producer is to write with; -1 and -1 with an error.
func (h *Handlers) initProducerID(c *Conn, req *kmsg.InitProducerIDRequest) (txn.Producer, error) {
	if id := req.TransactionalID; id != nil {
		if !h.allowed(c, opWrite, transactionalIDResource, *id) {
			return noProducer, kerr.TransactionalIDAuthorizationFailed
		}
	} else if !h.allowed(c, opIdempotentWrite, clusterResource, clusterName) {
		return noProducer, kerr.ClusterAuthorizationFailed
	}
	if (req.ProducerID == -1) != (req.ProducerEpoch == -1) {
		return noProducer, fmt.Errorf("producer id %d with epoch %d: %w", req.ProducerID, req.ProducerEpoch,
			kerr.InvalidRequest)
	}
	if req.TransactionalID != nil {
		return h.withProducerID(func(newID int64) (txn.Producer, error) {
			return h.Txns.Init(txn.InitRequest{
				ID: *req.TransactionalID, TimeoutMs: req.TransactionTimeoutMillis, ProducerID: req.ProducerID,
				Epoch: req.ProducerEpoch, NewProducerID: newID, Client: c.client(),
			}).Result()
		})
	}
	id, err := h.Cluster.NextProducerID(h.ctx)
	if err != nil {
		return noProducer, fmt.Errorf("init producer id: %w", err)
	}
	return txn.Producer{ID: id}, nil
}

// noProducer is what a producer is told with an error.
var noProducer = txn.Producer{ID: -1, Epoch: -1}

// withProducerID asks the coordinator, and again with a new producer id if it says that it needs one.
func (h *Handlers) withProducerID(ask func(newID int64) (txn.Producer, error)) (txn.Producer, error) {
	producer, err := ask(-1)
	if errors.Is(err, txn.ErrNeedsProducerID) {
		id, failed := h.Cluster.NextProducerID(h.ctx)
		if failed != nil {
			return noProducer, fmt.Errorf("new producer id: %w", failed)
		}
		producer, err = ask(id)
	}
	if err != nil {
		return noProducer, err
	}
	return producer, nil
}
