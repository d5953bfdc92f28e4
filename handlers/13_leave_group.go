package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/groups"
)

// LeaveGroup (key 13), v0-v5.
//
// Behavior:
//   - Takes members out of a group: by member id, or static ones by instance id (what administrators do).
//   - From v3 on each member has an error of its own, and the request has one only if nobody could be looked
//     at.
//
// Version notes: v3 several members (KIP-345), v4 is flexible, v5 reason (KIP-800).
func (h *Handlers) serveLeaveGroup(c *Conn, version int16, req *kmsg.LeaveGroupRequest) Answer {
	resp := req.ResponseKind().(*kmsg.LeaveGroupResponse)
	if !h.allowed(c, opRead, groupResource, req.Group) {
		resp.ErrorCode = h.code(kerr.GroupAuthorizationFailed)
		return Now(resp)
	}
	leave := groups.LeaveRequest{GroupID: req.Group}
	if version < 3 {
		leave.Members = []groups.LeaveMember{{MemberID: req.MemberID}}
	}
	for _, m := range req.Members {
		leave.Members = append(leave.Members, groups.LeaveMember{
			MemberID: m.MemberID, InstanceID: m.InstanceID, Reason: orEmpty(m.Reason),
		})
	}
	return LaterFuture(h.Groups.Leave(leave), func(left groups.LeaveResponse, err error) kmsg.Response {
		resp.ErrorCode = h.code(err)
		if err != nil {
			return resp
		}
		for _, m := range left.Members {
			resp.Members = append(resp.Members, kmsg.LeaveGroupResponseMember{
				MemberID: m.MemberID, InstanceID: m.InstanceID, ErrorCode: h.code(m.Err),
			})
			if version < 3 {
				resp.ErrorCode = h.code(m.Err)
			}
		}
		return resp
	})
}
