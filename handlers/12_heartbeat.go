package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/groups"
)

// Heartbeat (key 12), v0-v4.
//
// Behavior:
//   - Prolongs the member's session. Error 27 tells the member to join again, for a rebalance has begun.
//   - While the group's coordinator reads its partition it succeeds: nothing is known against the member.
//
// Version notes: v3 static members (KIP-345), v4 is flexible.
func (h *Handlers) serveHeartbeat(c *Conn, _ int16, req *kmsg.HeartbeatRequest) Answer {
	resp := req.ResponseKind().(*kmsg.HeartbeatResponse)
	if !h.allowed(c, opRead, groupResource, req.Group) {
		resp.ErrorCode = h.code(kerr.GroupAuthorizationFailed)
		return Now(resp)
	}
	beat := h.Groups.Heartbeat(groups.HeartbeatRequest{
		GroupID: req.Group, Generation: req.Generation, MemberID: req.MemberID, InstanceID: req.InstanceID,
	})
	return LaterFuture(beat, func(_ groups.HeartbeatResponse, err error) kmsg.Response {
		resp.ErrorCode = h.code(err)
		return resp
	})
}
