package handlers

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// DeleteGroups (key 42), v0-v3.
//
// Behavior:
//   - Deletes groups without members, with their committed offsets. One with members answers 68, an unknown
//     one 69. A group named twice is answered once.
//   - What a share group has settled is dropped before the group is.
//
// Version notes: v2 is flexible, v3 a text for each group's error.
func (h *Handlers) serveDeleteGroups(c *Conn, _ int16, req *kmsg.DeleteGroupsRequest) Answer {
	resp := req.ResponseKind().(*kmsg.DeleteGroupsResponse)
	seen := make(map[string]bool, len(req.Groups))
	var ids []string
	for _, id := range req.Groups {
		switch {
		case seen[id]:
		case h.allowed(c, opDelete, groupResource, id):
			ids = append(ids, id)
		default:
			refused := kmsg.NewDeleteGroupsResponseGroup()
			refused.Group, refused.ErrorCode = id, kerr.GroupAuthorizationFailed.Code
			resp.Groups = append(resp.Groups, refused)
		}
		seen[id] = true
	}
	return inBackground(func() kmsg.Response {
		failed := make(map[string]error)
		ended := slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
			failed[id] = h.endShare(id)
			return failed[id] != nil
		})
		list, err := h.Groups.Delete(ended).Result()
		for i, id := range ended {
			if failed[id] = err; i < len(list) {
				failed[id] = list[i].Err
			}
			h.readers.forget(id)
		}
		for _, id := range ids {
			deleted := kmsg.NewDeleteGroupsResponseGroup()
			deleted.Group, deleted.ErrorCode = id, h.code(failed[id])
			resp.Groups = append(resp.Groups, deleted)
		}
		return resp
	})
}
