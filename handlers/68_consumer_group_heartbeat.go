package handlers

import (
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/groups"
	"weir/metadata"
)

// ConsumerGroupHeartbeat (key 68), v0-v1.
//
// Behavior:
//   - All that members of a group of the consumer protocol say (KIP-848): epoch 0 joins, -1 leaves, -2 leaves a
//     static member's place open. The broker assigns; the answer holds what the member is to have when that has
//     changed, and what it lacks of it is to be given up first.
//   - A member in another epoch answers 110, one that is not known 25, an instance id that is taken 111, an
//     assignor that does not exist 112, an expression that is none 128; each with a text.
//   - While members of a classic group that are consumers are there, one of this protocol may join them, if
//     group.consumer.migration.policy lets the group change.
//
// Version notes: v1 regular expressions, and the client names the member (KIP-1082).
func (h *Handlers) serveConsumerGroupHeartbeat(c *Conn, r *Request, version int16,
	req *kmsg.ConsumerGroupHeartbeatRequest,
) Answer {
	resp := req.ResponseKind().(*kmsg.ConsumerGroupHeartbeatResponse)
	if !h.finalized("group.version") {
		resp.ErrorCode = kerr.UnsupportedVersion.Code
		return Now(resp)
	}
	if !h.allowed(c, opRead, groupResource, req.Group) {
		resp.ErrorCode = kerr.GroupAuthorizationFailed.Code
		return Now(resp)
	}
	for _, name := range req.SubscribedTopicNames {
		if !h.allowed(c, opDescribe, topicResource, name) {
			resp.ErrorCode = kerr.TopicAuthorizationFailed.Code
			return Now(resp)
		}
	}
	beat := groups.ConsumerHeartbeatRequest{
		GroupID: req.Group, MemberID: req.MemberID, Epoch: req.MemberEpoch, InstanceID: req.InstanceID,
		RackID: req.RackID, ClientID: r.ClientID(), ClientHost: clientHost(c),
		RebalanceTimeoutMs: req.RebalanceTimeoutMillis, Topics: req.SubscribedTopicNames,
		Regex: req.SubscribedTopicRegex, Assignor: req.ServerAssignor, RequireMemberID: version >= 1,
	}
	if req.Topics != nil {
		beat.Owned = []metadata.PartitionID{}
	}
	for _, t := range req.Topics {
		for _, index := range t.Partitions {
			beat.Owned = append(beat.Owned, metadata.PartitionID{Topic: t.TopicID, Index: index})
		}
	}
	answered := h.Groups.ConsumerHeartbeat(beat)
	return LaterFuture(answered, func(a groups.ConsumerHeartbeatResponse, err error) kmsg.Response {
		if err != nil {
			resp.ErrorCode, resp.ErrorMessage = h.code(err), groupMessage(err)
			return resp
		}
		resp.MemberID, resp.MemberEpoch = &a.MemberID, a.Epoch
		resp.HeartbeatIntervalMillis = a.HeartbeatIntervalMs
		if a.Assigned {
			assignment := kmsg.NewConsumerGroupHeartbeatResponseAssignment()
			for _, p := range a.Assignment {
				last := len(assignment.Topics) - 1
				if last < 0 || assignment.Topics[last].TopicID != p.Topic {
					topic := kmsg.NewConsumerGroupHeartbeatResponseAssignmentTopic()
					topic.TopicID = p.Topic
					assignment.Topics = append(assignment.Topics, topic)
					last++
				}
				assignment.Topics[last].Partitions = append(assignment.Topics[last].Partitions, p.Index)
			}
			resp.Assignment = &assignment
		}
		return resp
	})
}

// groupMessage is the text of an error of a group, nil if it has none.
func groupMessage(err error) *string {
	var refused *groups.Refusal
	if errors.As(err, &refused) {
		return &refused.Text
	}
	return nil
}
