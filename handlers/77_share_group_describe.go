package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/groups"
)

// ShareGroupDescribe (key 77), v1.
//
// Behavior:
//   - Describes share groups with their members and what each takes records from. Those that do not exist, or are of
//     another kind, answer 69 and a text.
//   - A group that reads a topic which the client may not see answers 29 and shows nothing.
//   - While share.version is at level 0 every group answers 35.
func (h *Handlers) serveShareGroupDescribe(c *Conn, _ int16, req *kmsg.ShareGroupDescribeRequest) Answer {
	resp := req.ResponseKind().(*kmsg.ShareGroupDescribeResponse)
	if !h.finalized("share.version") {
		for _, id := range req.GroupIDs {
			refused := kmsg.NewShareGroupDescribeResponseGroup()
			refused.GroupID, refused.ErrorCode = id, kerr.UnsupportedVersion.Code
			resp.Groups = append(resp.Groups, refused)
		}
		return Now(resp)
	}
	var ids []string
	for _, id := range req.GroupIDs {
		if h.allowed(c, opDescribe, groupResource, id) {
			ids = append(ids, id)
			continue
		}
		refused := kmsg.NewShareGroupDescribeResponseGroup()
		refused.GroupID, refused.ErrorCode = id, kerr.GroupAuthorizationFailed.Code
		resp.Groups = append(resp.Groups, refused)
	}
	return LaterFuture(h.Groups.DescribeShare(ids), func(list []groups.ShareDescription, _ error) kmsg.Response {
		for i := range list {
			group := h.describedShare(c, &list[i])
			if group.ErrorCode == 0 && req.IncludeAuthorizedOperations {
				group.AuthorizedOperations = h.authorisedOperations(c, groupResource, group.GroupID)
			}
			resp.Groups = append(resp.Groups, group)
		}
		return resp
	})
}

// describedShare encodes one group.
func (h *Handlers) describedShare(c *Conn, d *groups.ShareDescription) kmsg.ShareGroupDescribeResponseGroup {
	group := kmsg.NewShareGroupDescribeResponseGroup()
	group.GroupID = d.GroupID
	if d.Err != nil {
		group.ErrorCode, group.ErrorMessage = h.code(d.Err), groupMessage(d.Err)
		return group
	}
	group.GroupState, group.GroupEpoch, group.AssignmentEpoch = string(d.State), d.Epoch, d.TargetEpoch
	group.Assignor = d.Assignor
	for _, m := range d.Members {
		member := kmsg.NewShareGroupDescribeResponseGroupMember()
		member.MemberID, member.RackID, member.MemberEpoch = m.MemberID, m.RackID, m.Epoch
		member.ClientID, member.ClientHost, member.SubscribedTopicNames = m.ClientID, m.ClientHost, m.Topics
		for _, p := range m.Assignment {
			if !h.allowed(c, opDescribe, topicResource, p.Topic) {
				refused := kmsg.NewShareGroupDescribeResponseGroup()
				refused.GroupID, refused.ErrorCode = d.GroupID, kerr.TopicAuthorizationFailed.Code
				refused.ErrorMessage = setting("The group has described topic(s) that the client is not authorized to describe.")
				return refused
			}
			all := &member.Assignment.TopicPartitions
			last := len(*all) - 1
			if last < 0 || (*all)[last].TopicID != p.PartitionID.Topic {
				topic := kmsg.NewShareGroupDescribeResponseGroupMemberAssignmentTopicPartition()
				topic.TopicID, topic.Topic = p.PartitionID.Topic, p.Topic
				*all = append(*all, topic)
				last++
			}
			(*all)[last].Partitions = append((*all)[last].Partitions, p.Index)
		}
		group.Members = append(group.Members, member)
	}
	return group
}
