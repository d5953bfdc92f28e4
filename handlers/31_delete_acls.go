package handlers

import "github.com/twmb/franz-go/pkg/kmsg"

// DeleteAcls (key 31), v1-v3.
//
// Behavior:
//   - There is no authorizer: as a Kafka without authorizer.class.name has it, each filter is answered with 54. One on what
//     is unknown (0) does not decode.
//
// Version notes: v1 has the type of the pattern, v2 is flexible, v3 knows users as resources.
func (h *Handlers) serveDeleteACLs(c *Conn, _ int16, req *kmsg.DeleteACLsRequest) Answer {
	resp := req.ResponseKind().(*kmsg.DeleteACLsResponse)
	err := h.refuseACLs(c, opAlter, noAuthorizer)
	for _, f := range req.Filters {
		if unknownACL(f.ResourceType, f.ResourcePatternType, f.Operation, f.PermissionType) {
			return Never()
		}
		result := kmsg.NewDeleteACLsResponseResult()
		result.ErrorCode, result.ErrorMessage = h.code(err), h.message(err)
		resp.Results = append(resp.Results, result)
	}
	return Now(resp)
}
