package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/cluster"
	"weir/partition"
)

// DescribeProducers (key 61), v0.
//
// Behavior:
//   - Lists the idempotent producers that each partition remembers (KIP-664).
func (h *Handlers) serveDescribeProducers(c *Conn, _ int16, req *kmsg.DescribeProducersRequest) Answer {
	resp := req.ResponseKind().(*kmsg.DescribeProducersResponse)
	for _, t := range req.Topics {
		answer := kmsg.NewDescribeProducersResponseTopic()
		answer.Topic = t.Topic
		for _, index := range t.Partitions {
			p := kmsg.NewDescribeProducersResponseTopicPartition()
			p.Partition = index
			producers, err := h.describeProducers(c, t.Topic, index)
			p.ErrorCode, p.ErrorMessage = h.code(err), h.message(err)
			p.ActiveProducers = activeProducers(producers)
			answer.Partitions = append(answer.Partitions, p)
		}
		resp.Topics = append(resp.Topics, answer)
	}
	return Now(resp)
}

func (h *Handlers) describeProducers(c *Conn, topic string, index int32) ([]partition.ProducerState, error) {
	if !h.allowed(c, opRead, topicResource, topic) {
		return nil, kerr.TopicAuthorizationFailed
	}
	if err := cluster.CheckName(topic); err != nil {
		return nil, err
	}
	p, err := h.findByName(topic, index)
	if err != nil {
		return nil, err
	}
	return p.Producers()
}

// activeProducer is what the answer says of one producer.
type activeProducer = kmsg.DescribeProducersResponseTopicPartitionActiveProducer

func activeProducers(states []partition.ProducerState) []activeProducer {
	active := make([]activeProducer, 0, len(states))
	for _, s := range states {
		a := kmsg.NewDescribeProducersResponseTopicPartitionActiveProducer()
		a.ProducerID, a.ProducerEpoch, a.LastSequence = s.ProducerID, int32(s.Epoch), s.LastSequence
		a.LastTimestamp, a.CoordinatorEpoch = s.LastTimestamp, s.CoordinatorEpoch
		a.CurrentTxnStartOffset = s.TxnStartOffset
		active = append(active, a)
	}
	return active
}
