package oracle

import "github.com/twmb/franz-go/pkg/kmsg"

// aclScenarios ask brokers without an authorizer.
func aclScenarios() []scenario {
	return []scenario{
		{key: 29, name: "describe", run: describeACLs},
		{key: 30, name: "create", run: createACLs},
		{key: 31, name: "delete", run: deleteACLs},
	}
}

// aclParts are good and bad codes of resource types, patterns, operations and permissions.
var aclParts = []struct {
	label      string
	resource   kmsg.ACLResourceType
	pattern    kmsg.ACLResourcePatternType
	operation  kmsg.ACLOperation
	permission kmsg.ACLPermissionType
}{
	{"all good", 2, 3, 3, 3}, {"any", 1, 1, 2, 2}, {"unknown resource", 0, 3, 3, 3}, {"unknown pattern", 2, 0, 3, 3},
	{"unknown operation", 2, 3, 0, 3}, {"unknown permission", 2, 3, 3, 0}, {"user", 7, 3, 3, 3},
	{"resource 99", 99, 3, 3, 3}, {"operation -1", 2, 3, -1, 3},
}

func describeACLs(s *session) {
	name := s.name("t")
	for _, p := range aclParts {
		req := kmsg.NewPtrDescribeACLsRequest()
		req.ResourceType, req.ResourcePatternType, req.Operation, req.PermissionType = p.resource, p.pattern, p.operation, p.permission
		s.ask(p.label, req)
		req.ResourceName, req.Principal, req.Host = &name, &name, &name
		s.ask(p.label+" with names", req)
	}
}

func createACLs(s *session) {
	s.ask("none", kmsg.NewPtrCreateACLsRequest())
	for _, p := range aclParts {
		req := kmsg.NewPtrCreateACLsRequest()
		for range 2 {
			c := kmsg.NewCreateACLsRequestCreation()
			c.ResourceType, c.ResourcePatternType, c.Operation, c.PermissionType = p.resource, p.pattern, p.operation, p.permission
			c.ResourceName, c.Principal, c.Host = s.name("t"), "User:a", "*"
			req.Creations = append(req.Creations, c)
		}
		s.ask(p.label, req)
	}
}

func deleteACLs(s *session) {
	s.ask("none", kmsg.NewPtrDeleteACLsRequest())
	for _, p := range aclParts {
		req := kmsg.NewPtrDeleteACLsRequest()
		for range 2 {
			f := kmsg.NewDeleteACLsRequestFilter()
			f.ResourceType, f.ResourcePatternType, f.Operation, f.PermissionType = p.resource, p.pattern, p.operation, p.permission
			req.Filters = append(req.Filters, f)
		}
		s.ask(p.label, req)
	}
}
