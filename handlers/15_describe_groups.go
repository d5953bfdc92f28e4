package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/groups"
)

// DescribeGroups (key 15), v0-v6.
//
// Behavior:
//   - Describes classic groups with their members. Metadata and assignments are empty while a group is not
//     stable.
//   - A group that does not exist is described as Dead without an error, from v6 on with error 69.
//
// Version notes: v3 authorised operations (KIP-430), v4 static members (KIP-345), v6 error 69 and its text
// (KIP-1043).
func (h *Handlers) serveDescribeGroups(c *Conn, version int16, req *kmsg.DescribeGroupsRequest) Answer {
	resp := req.ResponseKind().(*kmsg.DescribeGroupsResponse)
	var ids []string
	for _, id := range req.Groups {
		if h.allowed(c, opDescribe, groupResource, id) {
			ids = append(ids, id)
			continue
		}
		refused := kmsg.NewDescribeGroupsResponseGroup()
		refused.Group, refused.ErrorCode = id, kerr.GroupAuthorizationFailed.Code
		resp.Groups = append(resp.Groups, refused)
	}
	return LaterFuture(h.Groups.Describe(ids), func(list []groups.Description, err error) kmsg.Response {
		for i := range list {
			resp.Groups = append(resp.Groups, h.describedGroup(c, version, req, &list[i]))
		}
		if err == nil {
			return resp
		}
		for _, id := range ids[len(list):] {
			failed := kmsg.NewDescribeGroupsResponseGroup()
			failed.Group, failed.ErrorCode = id, h.code(err)
			resp.Groups = append(resp.Groups, failed)
		}
		return resp
	})
}

// describedGroup encodes one group.
func (h *Handlers) describedGroup(c *Conn, version int16, req *kmsg.DescribeGroupsRequest,
	d *groups.Description,
) kmsg.DescribeGroupsResponseGroup {
	group := kmsg.NewDescribeGroupsResponseGroup()
	group.Group, group.State = d.GroupID, string(d.State)
	group.ProtocolType, group.Protocol = d.ProtocolType, d.Protocol
	group.ErrorCode = h.code(d.Err)
	switch {
	case group.ErrorCode == kerr.GroupIDNotFound.Code && version < 6:
		group.ErrorCode = 0
	case group.ErrorCode == kerr.GroupIDNotFound.Code:
		group.ErrorMessage = groupMessage(d.Err)
	case d.Err != nil:
		group.State = ""
	}
	if group.ErrorCode == 0 && req.IncludeAuthorizedOperations {
		group.AuthorizedOperations = h.authorisedOperations(c, groupResource, d.GroupID)
	}
	for _, m := range d.Members {
		group.Members = append(group.Members, kmsg.DescribeGroupsResponseGroupMember{
			MemberID: m.MemberID, InstanceID: m.InstanceID, ClientID: m.ClientID, ClientHost: m.ClientHost,
			ProtocolMetadata: m.Metadata, MemberAssignment: m.Assignment,
		})
	}
	return group
}
