package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/txn"
)

// EndTxn (key 26), v0-v5.
//
// Behavior:
//   - Commits or aborts a producer's transaction. The answer leaves when the decision is durable; the markers
//     follow. Sent again, it is answered as the first time, or 51 while the markers are being written.
//   - From v5 on the epoch rises with every end, and the answer tells what to write with from then on (KIP-890):
//     an end that arrives late belongs to an epoch that is over, and touches nothing.
//   - Before that, one that comes on a connection that its client has given up (KAFKA-17754) is not answered: the
//     connection is closed.
//
// Version notes: v2 knows PRODUCER_FENCED (before: 47), v4 TRANSACTION_ABORTABLE, v5 the producer's next id and
// epoch.
func (h *Handlers) serveEndTxn(c *Conn, version int16, req *kmsg.EndTxnRequest) Answer {
	resp := req.ResponseKind().(*kmsg.EndTxnResponse)
	resp.ProducerID, resp.ProducerEpoch = -1, -1
	if !h.allowed(c, opWrite, transactionalIDResource, req.TransactionalID) {
		resp.ErrorCode = kerr.TransactionalIDAuthorizationFailed.Code
		return Now(resp)
	}
	end := txn.EndRequest{ID: req.TransactionalID, Commit: req.Commit, Version: txn.Announced, NewProducerID: -1,
		Producer: txn.Producer{ID: req.ProducerID, Epoch: req.ProducerEpoch}}
	if version < 5 {
		end.From = c.sender(txn.Coordination)
		return LaterFuture(h.Txns.End(end), func(_ txn.Producer, err error) kmsg.Response {
			resp.ErrorCode = h.fencedCode(err, version >= 2)
			return resp
		})
	}
	end.Version = txn.Bumped
	return LaterFuture(h.Txns.End(end), func(next txn.Producer, err error) kmsg.Response {
		next, err = h.endAgain(end, next, err)
		resp.ProducerID, resp.ProducerEpoch = next.ID, next.Epoch
		resp.ErrorCode = h.code(err)
		return resp
	})
}

// endAgain asks once more with a new producer id if the coordinator said that it needs one.
func (h *Handlers) endAgain(end txn.EndRequest, next txn.Producer, err error) (txn.Producer, error) {
	first := true
	return h.withProducerID(func(newID int64) (txn.Producer, error) {
		if first {
			first = false
			return next, err
		}
		end.NewProducerID = newID
		return h.Txns.End(end).Result()
	})
}
