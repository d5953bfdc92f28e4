package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/coordinator"
	"weir/txn"
)

// Tagged fields of our own in what is described.
const (
	clientIDTag   = 10_000
	clientHostTag = 10_001
)

// DescribeTransactions (key 65), v0.
//
// Behavior:
//   - Tells of each transactional id its producer, state, timeout, start and partitions (KIP-664). Topics that
//     the client may not describe are left out. An id that is not known answers 105.
//   - Who spoke for the producer last stands in two tagged fields of our own, 10000 the client id and 10001 the host, as
//     far as it is known: Kafka does not tell, and its clients pass over them.
func (h *Handlers) serveDescribeTransactions(c *Conn, _ int16, req *kmsg.DescribeTransactionsRequest) Answer {
	resp := req.ResponseKind().(*kmsg.DescribeTransactionsResponse)
	parts := make([]*coordinator.Future[txn.Description], len(req.TransactionalIDs))
	for i, id := range req.TransactionalIDs {
		if !h.allowed(c, opDescribe, transactionalIDResource, id) {
			parts[i] = coordinator.Completed(txn.Description{}, error(kerr.TransactionalIDAuthorizationFailed))
			continue
		}
		parts[i] = h.Txns.Describe(id)
	}
	all := coordinator.Gather(parts, func([]*coordinator.Future[txn.Description]) (struct{}, error) {
		return struct{}{}, nil
	})
	return LaterFuture(all, func(struct{}, error) kmsg.Response {
		for i, part := range parts {
			d, err := part.Result()
			state := kmsg.NewDescribeTransactionsResponseTransactionState()
			state.TransactionalID, state.ErrorCode = req.TransactionalIDs[i], h.code(err)
			if err == nil {
				h.describeTransaction(c, &d, &state)
			}
			resp.TransactionStates = append(resp.TransactionStates, state)
		}
		return resp
	})
}

// describeTransaction encodes one description; its partitions are sorted by topic.
func (h *Handlers) describeTransaction(c *Conn, d *txn.Description,
	state *kmsg.DescribeTransactionsResponseTransactionState,
) {
	state.State, state.TimeoutMillis, state.StartTimestamp = d.State.String(), d.TimeoutMs, d.StartMs
	state.ProducerID, state.ProducerEpoch = d.Producer.ID, d.Producer.Epoch
	if d.Client != nil {
		state.UnknownTags.Set(clientIDTag, []byte(d.Client.ID))
		state.UnknownTags.Set(clientHostTag, []byte(d.Client.Host))
	}
	for _, p := range d.Partitions {
		if !h.allowed(c, opDescribe, topicResource, p.Topic) {
			continue
		}
		if n := len(state.Topics); n == 0 || state.Topics[n-1].Topic != p.Topic {
			topic := kmsg.NewDescribeTransactionsResponseTransactionStateTopic()
			topic.Topic = p.Topic
			state.Topics = append(state.Topics, topic)
		}
		topic := &state.Topics[len(state.Topics)-1]
		topic.Partitions = append(topic.Partitions, p.Index)
	}
}
