package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/txn"
)

// AddOffsetsToTxn (key 25), v0-v4.
//
// Behavior:
//   - Makes the partition of __consumer_offsets that holds a group's offsets part of a producer's transaction:
//     the offsets are then committed with TxnOffsetCommit.
//   - One that comes late is not answered, as AddPartitionsToTxn.
//
// Version notes: v2 knows PRODUCER_FENCED (before: 47), v4 TRANSACTION_ABORTABLE (KIP-890).
func (h *Handlers) serveAddOffsetsToTxn(c *Conn, version int16, req *kmsg.AddOffsetsToTxnRequest) Answer {
	resp := req.ResponseKind().(*kmsg.AddOffsetsToTxnResponse)
	switch {
	case !h.allowed(c, opWrite, transactionalIDResource, req.TransactionalID):
		resp.ErrorCode = kerr.TransactionalIDAuthorizationFailed.Code
		return Now(resp)
	case !h.allowed(c, opRead, groupResource, req.Group):
		resp.ErrorCode = kerr.GroupAuthorizationFailed.Code
		return Now(resp)
	}
	if _, err := h.groupLeader(req.Group); err != nil { // makes the topic if it is not there yet
		resp.ErrorCode = h.code(err)
		return Now(resp)
	}
	add := txn.AddRequest{ID: req.TransactionalID, Producer: txn.Producer{ID: req.ProducerID, Epoch: req.ProducerEpoch},
		Partitions: []txn.Partition{h.offsetsPartition(req.Group)}, From: c.sender(txn.Coordination), Client: c.client()}
	return LaterFuture(h.Txns.Add(add), func(_ struct{}, err error) kmsg.Response {
		resp.ErrorCode = h.fencedCode(err, version >= 2)
		return resp
	})
}

// offsetsPartition is where a group's offsets are.
func (h *Handlers) offsetsPartition(group string) txn.Partition {
	return txn.Partition{Topic: offsetsTopic, Index: h.Groups.ShardOf(group)}
}
