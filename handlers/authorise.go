package handlers

// operation is what a request wants to do with a resource, by Kafka's names (AclOperation).
type operation int8

const (
	opRead operation = iota + 1
	opWrite
	opCreate
	opDelete
	opAlter
	opDescribe
	opClusterAction
	opDescribeConfigs
	opAlterConfigs
	opIdempotentWrite
)

// resource is the kind of thing an operation is about (ResourceType).
type resource int8

const (
	topicResource resource = iota + 1
	groupResource
	clusterResource
	transactionalIDResource
)

// clusterName is the only name of a clusterResource.
const clusterName = "kafka-cluster"

// allowed is the second beat of every handler and the one place where permissions are asked for. There is no
// authorizer yet, and as in Kafka without authorizer.class.name everything is then allowed, but for
// ClusterAction: no other broker exists that could rightly claim to be one (B26).
func (h *Handlers) allowed(_ *Conn, op operation, _ resource, _ string) bool {
	return op != opClusterAction
}
