package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/metadata"
)

// DeleteShareGroupOffsets (key 92), v0.
//
// Behavior:
//   - Has a share group without members forget what it has settled of topics: it begins them anew. A group with members
//     answers 68, one that does not exist or is of another kind 69.
//   - Topics that do not exist, and those that the group has not begun, answer 3, each for itself.
func (h *Handlers) serveDeleteShareGroupOffsets(c *Conn, _ int16, req *kmsg.DeleteShareGroupOffsetsRequest) Answer {
	resp := req.ResponseKind().(*kmsg.DeleteShareGroupOffsetsResponse)
	refused := func(err error) Answer {
		resp.Topics, resp.ErrorCode = nil, h.code(err)
		resp.ErrorMessage = h.groupText(err)
		return Now(resp)
	}
	switch {
	case !h.finalized("share.version"):
		return refused(kerr.UnsupportedVersion)
	case !h.allowed(c, opDelete, groupResource, req.GroupID):
		return refused(kerr.GroupAuthorizationFailed)
	case req.GroupID == "":
		return refused(kerr.InvalidGroupID)
	}
	image := h.Cluster.Image()
	var topics []metadata.TopicID
	for _, t := range req.Topics {
		answer := kmsg.NewDeleteShareGroupOffsetsResponseTopic()
		answer.Topic = t.Topic
		switch topic := image.Topic(t.Topic); {
		case !h.allowed(c, opRead, topicResource, t.Topic):
			answer.ErrorCode = kerr.TopicAuthorizationFailed.Code
		case topic == nil:
			answer.ErrorCode = kerr.UnknownTopicOrPartition.Code
		default:
			answer.TopicID = topic.ID
			topics = append(topics, topic.ID)
		}
		answer.ErrorMessage = errorText(answer.ErrorCode)
		resp.Topics = append(resp.Topics, answer)
	}
	return inBackground(func() kmsg.Response {
		if err := h.forgetShareTopics(req.GroupID, topics, resp); err != nil {
			refused(err)
		}
		return resp
	})
}

// forgetShareTopics drops what a group has settled of topics, and answers for each.
func (h *Handlers) forgetShareTopics(group string, topics []metadata.TopicID, resp *kmsg.DeleteShareGroupOffsetsResponse,
) error {
	dropped, err := h.Groups.DropShareTopics(group, topics).Result()
	if err != nil {
		return err
	}
	h.shares.removeGroup(group)
	h.readers.forget(group)
	begun := make(map[metadata.TopicID][]metadata.PartitionID)
	for _, p := range dropped {
		begun[p.Topic] = append(begun[p.Topic], p)
	}
	var done []metadata.TopicID
	for i := range resp.Topics {
		t := &resp.Topics[i]
		switch list := begun[t.TopicID]; {
		case t.ErrorCode != 0:
		case len(list) == 0:
			t.TopicID, t.ErrorCode = [16]byte{}, kerr.UnknownTopicOrPartition.Code
			t.ErrorMessage = setting("There is no offset information to delete.")
		default:
			if err := h.dropStates(group, list); err != nil {
				t.ErrorCode = h.code(err)
				t.ErrorMessage = errorText(t.ErrorCode)
				continue
			}
			done = append(done, t.TopicID)
		}
	}
	if len(done) > 0 {
		_, err = h.Groups.ShareTopicsDropped(group, done).Result()
	}
	return err
}
