package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/groups"
)

// JoinGroup (key 11), v0-v9.
//
// Behavior:
//   - The answer comes when the generation begins: at once for most changes to a stable group, after
//     group.initial.rebalance.delay.ms for a new one, at the latest after the members' rebalance timeout.
//   - The leader gets every member's metadata, the others none. An error leaves generation -1 and echoes the
//     member id.
//
// Version notes: v1 rebalance timeout (the session timeout before), v4 a new dynamic member gets error 79 and
// the id to join with (KIP-394), v5 static members (KIP-345), v7 protocol type in the answer and null
// protocols, v8 reason (KIP-800), v9 SkipAssignment (KIP-814).
func (h *Handlers) serveJoinGroup(c *Conn, r *Request, version int16, req *kmsg.JoinGroupRequest) Answer {
	resp := req.ResponseKind().(*kmsg.JoinGroupResponse)
	if !h.allowed(c, opRead, groupResource, req.Group) {
		h.joinFailed(resp, version, req.MemberID, kerr.GroupAuthorizationFailed)
		return Now(resp)
	}
	join := groups.JoinRequest{
		GroupID: req.Group, MemberID: req.MemberID, InstanceID: req.InstanceID,
		ClientID: r.ClientID(), ClientHost: clientHost(c),
		SessionTimeoutMs: req.SessionTimeoutMillis, RebalanceTimeoutMs: req.RebalanceTimeoutMillis,
		ProtocolType: req.ProtocolType, Reason: orEmpty(req.Reason),
		RequireKnownMemberID: version >= 4, SupportsSkippingAssignment: version >= 9,
	}
	if version == 0 {
		join.RebalanceTimeoutMs = req.SessionTimeoutMillis
	}
	for _, p := range req.Protocols {
		join.Protocols = append(join.Protocols, groups.Protocol{Name: p.Name, Metadata: p.Metadata})
	}
	return LaterFuture(h.Groups.Join(join), func(joined groups.JoinResponse, err error) kmsg.Response {
		if err != nil {
			h.joinFailed(resp, version, joined.MemberID, err)
			return resp
		}
		resp.Generation, resp.LeaderID, resp.MemberID = joined.Generation, joined.Leader, joined.MemberID
		resp.ProtocolType, resp.Protocol = joined.ProtocolType, joined.Protocol
		resp.SkipAssignment = joined.SkipAssignment
		for _, m := range joined.Members {
			resp.Members = append(resp.Members, kmsg.JoinGroupResponseMember{
				MemberID: m.MemberID, InstanceID: m.InstanceID, ProtocolMetadata: m.Metadata,
			})
		}
		return resp
	})
}

// joinFailed fills in what goes with an error.
func (h *Handlers) joinFailed(resp *kmsg.JoinGroupResponse, version int16, member string, err error) {
	resp.ErrorCode, resp.Generation, resp.MemberID = h.code(err), -1, member
	if version < 7 { // null is not allowed there
		none := ""
		resp.Protocol = &none
	}
}
