package handlers

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// InitProducerId (key 22), v0-v5; v6 (two-phase commit, KIP-939) is unstable in Kafka 4.4 and not advertised
// there either.
//
// Behavior:
//   - Without a transactional id a new producer id with epoch 0 is handed out, whatever id the producer had,
//     as Kafka does.
//   - With one, the answer is COORDINATOR_NOT_AVAILABLE: there is no transaction coordinator in this version,
//     and this is what Kafka answers while its own is not there. The checks that precede it are Kafka's: an
//     empty id answers 42.
//   - A producer id without an epoch or the other way round answers 42.
//
// Version notes: v2 is flexible, v3 carries the producer's present id and epoch (KIP-360), v4 knows
// PRODUCER_FENCED.
func (h *Handlers) serveInitProducerID(c *Conn, _ int16, req *kmsg.InitProducerIDRequest) Answer {
	resp := req.ResponseKind().(*kmsg.InitProducerIDResponse)
	id, err := h.initProducerID(c, req)
	resp.ProducerID, resp.ErrorCode = id, h.code(err)
	if err != nil {
		resp.ProducerEpoch = -1
	}
	return Now(resp)
}

// initProducerID returns a new producer id, -1 with an error.
func (h *Handlers) initProducerID(c *Conn, req *kmsg.InitProducerIDRequest) (int64, error) {
	if id := req.TransactionalID; id != nil {
		if !h.allowed(c, opWrite, transactionalIDResource, *id) {
			return -1, kerr.TransactionalIDAuthorizationFailed
		}
	} else if !h.allowed(c, opIdempotentWrite, clusterResource, clusterName) {
		return -1, kerr.ClusterAuthorizationFailed
	}
	if (req.ProducerID == -1) != (req.ProducerEpoch == -1) {
		return -1, fmt.Errorf("producer id %d with epoch %d: %w", req.ProducerID, req.ProducerEpoch,
			kerr.InvalidRequest)
	}
	if id := req.TransactionalID; id != nil {
		if *id == "" {
			return -1, fmt.Errorf("transactional id is empty: %w", kerr.InvalidRequest)
		}
		return -1, kerr.CoordinatorNotAvailable
	}
	id, err := h.Cluster.NextProducerID(h.ctx)
	if err != nil {
		return -1, fmt.Errorf("init producer id: %w", err)
	}
	return id, nil
}
