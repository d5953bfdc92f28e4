package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/groups"
)

// ConsumerGroupDescribe (key 69), v0-v1.
//
// Behavior:
//   - Describes groups of the consumer protocol with their members, what each has and what it is to have. Those
//     that do not exist, or are of the classic protocol, answer 69 and a text.
//   - A group that reads a topic which the client may not see answers 29 and shows nothing.
//
// Version notes: v1 tells which protocol a member speaks (KIP-1099).
func (h *Handlers) serveConsumerGroupDescribe(c *Conn, _ int16, req *kmsg.ConsumerGroupDescribeRequest) Answer {
	resp := req.ResponseKind().(*kmsg.ConsumerGroupDescribeResponse)
	if !h.finalized("group.version") {
		for _, id := range req.Groups {
			refused := kmsg.NewConsumerGroupDescribeResponseGroup()
			refused.Group, refused.ErrorCode = id, kerr.UnsupportedVersion.Code
			resp.Groups = append(resp.Groups, refused)
		}
		return Now(resp)
	}
	var ids []string
	for _, id := range req.Groups {
		if h.allowed(c, opDescribe, groupResource, id) {
			ids = append(ids, id)
			continue
		}
		refused := kmsg.NewConsumerGroupDescribeResponseGroup()
		refused.Group, refused.ErrorCode = id, kerr.GroupAuthorizationFailed.Code
		resp.Groups = append(resp.Groups, refused)
	}
	described := h.Groups.DescribeConsumer(ids)
	return LaterFuture(described, func(list []groups.ConsumerDescription, _ error) kmsg.Response {
		for i := range list {
			group := h.describedConsumer(c, &list[i])
			if list[i].Err == nil && req.IncludeAuthorizedOperations {
				group.AuthorizedOperations = h.authorisedOperations(c, groupResource, group.Group)
			}
			resp.Groups = append(resp.Groups, group)
		}
		return resp
	})
}

// describedConsumer encodes one group.
func (h *Handlers) describedConsumer(c *Conn, d *groups.ConsumerDescription) kmsg.ConsumerGroupDescribeResponseGroup {
	group := kmsg.NewConsumerGroupDescribeResponseGroup()
	group.Group = d.GroupID
	if d.Err != nil {
		group.ErrorCode, group.ErrorMessage = h.code(d.Err), groupMessage(d.Err)
		return group
	}
	group.State, group.Epoch, group.AssignmentEpoch = string(d.State), d.Epoch, d.TargetEpoch
	group.AssignorName = d.Assignor
	for _, m := range d.Members {
		member := kmsg.NewConsumerGroupDescribeResponseGroupMember()
		member.MemberID, member.InstanceID, member.RackID = m.MemberID, m.InstanceID, m.RackID
		member.MemberEpoch, member.ClientID, member.ClientHost = m.Epoch, m.ClientID, m.ClientHost
		member.SubscribedTopics, member.SubscribedTopicRegex = m.Topics, m.Regex
		member.Assignment, member.TargetAssignment = assignmentOf(m.Assignment), assignmentOf(m.Target)
		member.MemberType = 1
		if m.Classic {
			member.MemberType = 0
		}
		for _, p := range append(m.Assignment, m.Target...) {
			if !h.allowed(c, opDescribe, topicResource, p.Topic) {
				refused := kmsg.NewConsumerGroupDescribeResponseGroup()
				refused.Group, refused.ErrorCode = d.GroupID, kerr.TopicAuthorizationFailed.Code
				return refused
			}
		}
		group.Members = append(group.Members, member)
	}
	return group
}

// assignmentOf encodes a list of partitions, sorted by topic.
func assignmentOf(list []groups.PartitionName) kmsg.Assignment {
	a := kmsg.NewAssignment()
	for _, p := range list {
		last := len(a.TopicPartitions) - 1
		if last < 0 || a.TopicPartitions[last].TopicID != p.PartitionID.Topic {
			topic := kmsg.NewAssignmentTopicPartition()
			topic.TopicID, topic.Topic = p.PartitionID.Topic, p.Topic
			a.TopicPartitions = append(a.TopicPartitions, topic)
			last++
		}
		a.TopicPartitions[last].Partitions = append(a.TopicPartitions[last].Partitions, p.Index)
	}
	return a
}
