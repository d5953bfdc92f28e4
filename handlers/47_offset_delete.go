package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/groups"
)

// OffsetDelete (key 47), v0.
//
// Behavior:
//   - Drops committed offsets of partitions that the group does not consume; one that a member is subscribed
//     to answers 86.
//   - Topics and partitions that do not exist answer 3. An error of the group leaves the list of topics
//     empty.
func (h *Handlers) serveOffsetDelete(c *Conn, _ int16, req *kmsg.OffsetDeleteRequest) Answer {
	resp := req.ResponseKind().(*kmsg.OffsetDeleteResponse)
	if !h.allowed(c, opDelete, groupResource, req.Group) {
		resp.ErrorCode = kerr.GroupAuthorizationFailed.Code
		return Now(resp)
	}
	drop := groups.DeleteOffsetsRequest{GroupID: req.Group}
	image := h.Cluster.Image()
	codes := make(map[partitionName]int16)
	for _, t := range req.Topics {
		topic := image.Topic(t.Topic)
		wanted := groups.DeleteOffsetsTopic{Name: t.Topic}
		for _, p := range t.Partitions {
			switch {
			case !h.allowed(c, opRead, topicResource, t.Topic):
				codes[partitionName{t.Topic, p.Partition}] = kerr.TopicAuthorizationFailed.Code
			case topic == nil || p.Partition < 0 || int(p.Partition) >= len(topic.Partitions):
				codes[partitionName{t.Topic, p.Partition}] = kerr.UnknownTopicOrPartition.Code
			default:
				wanted.Partitions = append(wanted.Partitions, p.Partition)
			}
		}
		drop.Topics = append(drop.Topics, wanted)
	}
	dropped := h.Groups.DeleteOffsets(drop)
	return LaterFuture(dropped, func(r groups.DeleteOffsetsResponse, err error) kmsg.Response {
		resp.ErrorCode = h.code(err)
		if err != nil {
			return resp
		}
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				codes[partitionName{t.Name, p.Index}] = h.code(p.Err)
			}
		}
		for _, t := range req.Topics {
			answer := kmsg.OffsetDeleteResponseTopic{Topic: t.Topic}
			for _, p := range t.Partitions {
				answer.Partitions = append(answer.Partitions, kmsg.OffsetDeleteResponseTopicPartition{
					Partition: p.Partition, ErrorCode: codes[partitionName{t.Topic, p.Partition}],
				})
			}
			resp.Topics = append(resp.Topics, answer)
		}
		return resp
	})
}
