package handlers

import "github.com/twmb/franz-go/pkg/kmsg"

// CreateAcls (key 30), v1-v3.
//
// Behavior:
//   - There is no authorizer: as a Kafka without authorizer.class.name has it, each entry is answered with 54. One with
//     an unknown part (0) does not decode.
//
// Version notes: v1 has the type of the pattern, v2 is flexible, v3 knows users as resources.
func (h *Handlers) serveCreateACLs(c *Conn, _ int16, req *kmsg.CreateACLsRequest) Answer {
	resp := req.ResponseKind().(*kmsg.CreateACLsResponse)
	err := h.refuseACLs(c, opAlter, noAuthorizer)
	for _, a := range req.Creations {
		if unknownACL(a.ResourceType, a.ResourcePatternType, a.Operation, a.PermissionType) {
			return Never()
		}
		result := kmsg.NewCreateACLsResponseResult()
		result.ErrorCode, result.ErrorMessage = h.code(err), h.message(err)
		resp.Results = append(resp.Results, result)
	}
	return Now(resp)
}
