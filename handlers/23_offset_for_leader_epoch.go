package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// OffsetForLeaderEpoch (key 23), v2-v4: a consumer asks where an epoch ended, to see whether what it read was
// truncated (KIP-320).
//
// Behavior:
//   - Answers the largest epoch that is not above the one asked for and its end offset, or -1 and -1 when
//     there is none.
//   - The client's current leader epoch is fenced: 74 when older than the partition's, 75 when newer.
//
// Version notes: v3 replica id (-2 debugging), v4 is flexible.
func (h *Handlers) serveOffsetForLeaderEpoch(c *Conn, _ int16, req *kmsg.OffsetForLeaderEpochRequest) Answer {
	resp := req.ResponseKind().(*kmsg.OffsetForLeaderEpochResponse)
	for _, t := range req.Topics {
		answer := kmsg.NewOffsetForLeaderEpochResponseTopic()
		answer.Topic = t.Topic
		for _, asked := range t.Partitions {
			p := kmsg.NewOffsetForLeaderEpochResponseTopicPartition()
			p.Partition, p.LeaderEpoch, p.EndOffset = asked.Partition, -1, -1
			p.ErrorCode = h.code(h.epochEnd(c, t.Topic, asked, &p))
			answer.Partitions = append(answer.Partitions, p)
		}
		resp.Topics = append(resp.Topics, answer)
	}
	return Now(resp)
}

func (h *Handlers) epochEnd(c *Conn, topic string, asked kmsg.OffsetForLeaderEpochRequestTopicPartition,
	out *kmsg.OffsetForLeaderEpochResponseTopicPartition,
) error {
	if !h.allowed(c, opDescribe, topicResource, topic) {
		return kerr.TopicAuthorizationFailed
	}
	p, err := h.findByName(topic, asked.Partition)
	if err != nil {
		return err
	}
	end, err := p.EpochEnd(asked.CurrentLeaderEpoch, asked.LeaderEpoch)
	if err != nil {
		return err
	}
	out.LeaderEpoch, out.EndOffset = end.Epoch, end.End
	return nil
}
