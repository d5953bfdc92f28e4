package handlers

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/groups"
)

// ListGroups (key 16), v0-v5.
//
// Behavior:
//   - Lists the groups that this broker coordinates, filtered by state and type without regard to case. Names
//     of states and types that do not exist match nothing.
//
// Version notes: v4 states (KIP-518), v5 types (KIP-848).
func (h *Handlers) serveListGroups(c *Conn, _ int16, req *kmsg.ListGroupsRequest) Answer {
	resp := req.ResponseKind().(*kmsg.ListGroupsResponse)
	list := h.Groups.List(groups.ListRequest{States: req.StatesFilter, Types: req.TypesFilter})
	return LaterFuture(list, func(list []groups.Listed, err error) kmsg.Response {
		resp.ErrorCode = h.code(err)
		all := h.allowed(c, opDescribe, clusterResource, clusterName)
		for _, g := range list {
			if !all && !h.allowed(c, opDescribe, groupResource, g.GroupID) {
				continue
			}
			resp.Groups = append(resp.Groups, kmsg.ListGroupsResponseGroup{
				Group: g.GroupID, ProtocolType: g.ProtocolType, GroupState: string(g.State), GroupType: string(g.Type),
			})
		}
		return resp
	})
}
