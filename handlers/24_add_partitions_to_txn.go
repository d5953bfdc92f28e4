package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/txn"
)

// AddPartitionsToTxn (key 24), v0-v5.
//
// Behavior:
//   - Makes partitions part of a producer's transaction and opens one if none is open; the answer leaves when
//     that is durable. While the transaction before is being ended it waits a little for that, then answers 51.
//   - What one transaction holds is bounded as in Kafka: its partitions must fit one record of the coordinator's topic
//     (message.max.bytes). More answer -1.
//   - If one partition does not exist it answers 3, the others 55, and nothing is added.
//   - One that comes on a connection that its client has given up (KAFKA-17754) is not answered: the connection is
//     closed.
//   - v4 and later are for brokers, and need ClusterAction: without it they answer 31.
//
// Version notes: v2 knows PRODUCER_FENCED (before: 47), v4 several transactions and checks that add nothing
// (KIP-890), v5 knows TRANSACTION_ABORTABLE.
func (h *Handlers) serveAddPartitionsToTxn(c *Conn, version int16, req *kmsg.AddPartitionsToTxnRequest) Answer {
	resp := req.ResponseKind().(*kmsg.AddPartitionsToTxnResponse)
	if version >= 4 {
		if !h.allowed(c, opClusterAction, clusterResource, clusterName) {
			resp.ErrorCode = kerr.ClusterAuthorizationFailed.Code
		}
		return Now(resp)
	}
	if !h.allowed(c, opWrite, transactionalIDResource, req.TransactionalID) {
		return Now(addedAll(req, resp, kerr.TransactionalIDAuthorizationFailed.Code))
	}
	add := txn.AddRequest{ID: req.TransactionalID, Producer: txn.Producer{ID: req.ProducerID, Epoch: req.ProducerEpoch},
		From: c.sender(txn.Coordination), Client: c.client()}
	if h.refusedPartitions(c, req, resp, &add) {
		return Now(resp)
	}
	return LaterFuture(h.Txns.Add(add), func(_ struct{}, err error) kmsg.Response {
		return addedAll(req, resp, h.fencedCode(err, version >= 2))
	})
}

// refusedPartitions collects the partitions of a request. If one of them cannot be added it answers the request
// and reports so.
func (h *Handlers) refusedPartitions(c *Conn, req *kmsg.AddPartitionsToTxnRequest,
	resp *kmsg.AddPartitionsToTxnResponse, add *txn.AddRequest,
) bool {
	image := h.Cluster.Image()
	refused := false
	addedAll(req, resp, kerr.OperationNotAttempted.Code)
	for i, t := range req.Topics {
		topic := image.Topic(t.Topic)
		for j, index := range t.Partitions {
			var err error
			switch {
			case !h.allowed(c, opWrite, topicResource, t.Topic):
				err = kerr.TopicAuthorizationFailed
			case topic == nil || index < 0 || int(index) >= len(topic.Partitions):
				err = kerr.UnknownTopicOrPartition
			}
			if err != nil {
				resp.Topics[i].Partitions[j].ErrorCode = h.code(err)
				refused = true
				continue
			}
			add.Partitions = append(add.Partitions, txn.Partition{Topic: t.Topic, Index: index})
		}
	}
	return refused
}

// addedAll answers every partition with one code.
func addedAll(req *kmsg.AddPartitionsToTxnRequest, resp *kmsg.AddPartitionsToTxnResponse, code int16,
) *kmsg.AddPartitionsToTxnResponse {
	resp.Topics = nil
	for _, t := range req.Topics {
		topic := kmsg.NewAddPartitionsToTxnResponseTopic()
		topic.Topic = t.Topic
		for _, index := range t.Partitions {
			p := kmsg.NewAddPartitionsToTxnResponseTopicPartition()
			p.Partition, p.ErrorCode = index, code
			topic.Partitions = append(topic.Partitions, p)
		}
		resp.Topics = append(resp.Topics, topic)
	}
	return resp
}
