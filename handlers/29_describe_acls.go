package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// DescribeAcls (key 29), v1-v3.
//
// Behavior:
//   - There is no authorizer: as a Kafka without authorizer.class.name has it, the answer is 54. A filter on what is
//     unknown (0) does not decode.
//
// Version notes: v1 has the type of the pattern, v2 is flexible, v3 knows users as resources.
func (h *Handlers) serveDescribeACLs(c *Conn, _ int16, req *kmsg.DescribeACLsRequest) Answer {
	if unknownACL(req.ResourceType, req.ResourcePatternType, req.Operation, req.PermissionType) {
		return Never()
	}
	resp := req.ResponseKind().(*kmsg.DescribeACLsResponse)
	err := h.refuseACLs(c, opDescribe, "No Authorizer is configured on the broker")
	resp.ErrorCode, resp.ErrorMessage = h.code(err), h.message(err)
	return Now(resp)
}

// unknownACL tells whether a part of an access control list, or of a filter for some, is one that nobody knows.
func unknownACL(r kmsg.ACLResourceType, p kmsg.ACLResourcePatternType, o kmsg.ACLOperation, t kmsg.ACLPermissionType) bool {
	return r == kmsg.ACLResourceTypeUnknown || p == kmsg.ACLResourcePatternTypeUnknown || o == kmsg.ACLOperationUnknown ||
		t == kmsg.ACLPermissionTypeUnknown
}

// noAuthorizer is Kafka's text for a change of access control lists.
const noAuthorizer = "No Authorizer is configured."

// refuseACLs says why nothing can be done with access control lists.
func (h *Handlers) refuseACLs(c *Conn, op operation, text string) error {
	if !h.allowed(c, op, clusterResource, clusterName) {
		return kerr.ClusterAuthorizationFailed
	}
	return refuse(kerr.SecurityDisabled, "%s", text)
}
