package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/coordinator"
	"weir/metadata"
	"weir/share"
)

// AlterShareGroupOffsets (key 91), v0.
//
// Behavior:
//   - Has a share group without members begin partitions anew at offsets; what it has settled of them is forgotten. The
//     group is made if there is none. One with members answers 68, one of another kind 69.
//   - Topics and partitions that do not exist answer 3, each for itself.
func (h *Handlers) serveAlterShareGroupOffsets(c *Conn, _ int16, req *kmsg.AlterShareGroupOffsetsRequest) Answer {
	resp := req.ResponseKind().(*kmsg.AlterShareGroupOffsetsResponse)
	refused := func(err error) Answer {
		resp.Topics, resp.ErrorCode = nil, h.code(err)
		resp.ErrorMessage = h.groupText(err)
		return Now(resp)
	}
	switch {
	case !h.finalized("share.version"):
		return refused(kerr.UnsupportedVersion)
	case !h.allowed(c, opRead, groupResource, req.GroupID):
		return refused(kerr.GroupAuthorizationFailed)
	case req.GroupID == "":
		return refused(kerr.InvalidGroupID)
	}
	starts := make(map[metadata.PartitionID]int64)
	var wanted []metadata.PartitionID
	image := h.Cluster.Image()
	for _, t := range req.Topics {
		topic := image.Topic(t.Topic)
		answer := kmsg.NewAlterShareGroupOffsetsResponseTopic()
		answer.Topic = t.Topic
		if topic != nil {
			answer.TopicID = topic.ID
		}
		for _, asked := range t.Partitions {
			p := kmsg.NewAlterShareGroupOffsetsResponseTopicPartition()
			p.Partition = asked.Partition
			switch {
			case !h.allowed(c, opRead, topicResource, t.Topic):
				p.ErrorCode = kerr.TopicAuthorizationFailed.Code
			case topic == nil || p.Partition < 0 || int(p.Partition) >= len(topic.Partitions):
				p.ErrorCode = kerr.UnknownTopicOrPartition.Code
			default:
				id := metadata.PartitionID{Topic: topic.ID, Index: p.Partition}
				if _, again := starts[id]; !again {
					wanted = append(wanted, id)
				}
				starts[id] = max(asked.StartOffset, -1)
			}
			p.ErrorMessage = errorText(p.ErrorCode)
			answer.Partitions = append(answer.Partitions, p)
		}
		resp.Topics = append(resp.Topics, answer)
	}
	return inBackground(func() kmsg.Response {
		if err := h.alterShare(req.GroupID, wanted, starts, resp); err != nil {
			refused(err)
		}
		return resp
	})
}

// alterShare moves the starts of partitions, and answers for those that could not be moved.
func (h *Handlers) alterShare(group string, wanted []metadata.PartitionID, starts map[metadata.PartitionID]int64,
	resp *kmsg.AlterShareGroupOffsetsResponse,
) error {
	if _, err := h.Groups.AlterShareStates(group, wanted).Result(); err != nil {
		return err
	}
	if len(wanted) == 0 {
		return nil
	}
	made, failed := h.makeStates(group, wanted, func(k share.Key) *coordinator.Future[struct{}] {
		return h.Shares.Alter(k, starts[k.PartitionID])
	})
	if _, err := h.Groups.ShareInitialized(group, made, partitionsOf(failed)).Result(); err != nil {
		return err
	}
	for i := range resp.Topics {
		t := &resp.Topics[i]
		for j := range t.Partitions {
			p := &t.Partitions[j]
			if err := failed[metadata.PartitionID{Topic: t.TopicID, Index: p.Partition}]; err != nil && p.ErrorCode == 0 {
				p.ErrorCode = h.code(err)
				p.ErrorMessage = errorText(p.ErrorCode)
			}
		}
	}
	return nil
}

// errorText is what Kafka says with a code, nil for none.
func errorText(code int16) *string {
	if e := kerr.TypedErrorForCode(code); e != nil {
		return &e.Description
	}
	return nil
}

// groupText is the text of an error of a group, or what Kafka says with its code.
func (h *Handlers) groupText(err error) *string {
	if text := groupMessage(err); text != nil {
		return text
	}
	return errorText(h.code(err))
}
