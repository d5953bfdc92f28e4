package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/groups"
)

// SyncGroup (key 14), v0-v5.
//
// Behavior:
//   - The leader brings everyone's assignment, every member gets its own. The answer comes when the leader's
//     assignment is durable.
//   - From v5 on a null protocol or protocol type answers 23, as does one that is not the group's.
//
// Version notes: v3 static members (KIP-345), v4 is flexible, v5 protocol and its type (KIP-559).
func (h *Handlers) serveSyncGroup(c *Conn, version int16, req *kmsg.SyncGroupRequest) Answer {
	resp := req.ResponseKind().(*kmsg.SyncGroupResponse)
	resp.MemberAssignment = []byte{}
	switch {
	case version >= 5 && (req.ProtocolType == nil || req.Protocol == nil):
		resp.ErrorCode = h.code(kerr.InconsistentGroupProtocol)
		return Now(resp)
	case !h.allowed(c, opRead, groupResource, req.Group):
		resp.ErrorCode = h.code(kerr.GroupAuthorizationFailed)
		return Now(resp)
	}
	sync := groups.SyncRequest{
		GroupID: req.Group, Generation: req.Generation, MemberID: req.MemberID, InstanceID: req.InstanceID,
		ProtocolType: req.ProtocolType, Protocol: req.Protocol,
	}
	for _, a := range req.GroupAssignment {
		sync.Assignments = append(sync.Assignments, groups.Assignment{
			MemberID: a.MemberID, Data: a.MemberAssignment,
		})
	}
	return LaterFuture(h.Groups.Sync(sync), func(synced groups.SyncResponse, err error) kmsg.Response {
		resp.ErrorCode = h.code(err)
		if err != nil {
			return resp
		}
		resp.ProtocolType, resp.Protocol = synced.ProtocolType, synced.Protocol
		if synced.Assignment != nil {
			resp.MemberAssignment = synced.Assignment
		}
		return resp
	})
}
