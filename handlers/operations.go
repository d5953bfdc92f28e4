package handlers

import (
	"net"

	"weir/metadata"
)

// AclOperation codes of the operations that a client may ask its permissions for (KIP-430).
const (
	aclRead            = 3
	aclWrite           = 4
	aclCreate          = 5
	aclDelete          = 6
	aclAlter           = 7
	aclDescribe        = 8
	aclClusterAction   = 9
	aclDescribeConfigs = 10
	aclAlterConfigs    = 11
	aclIdempotentWrite = 12
)

// operationsNotAsked is the authorised-operations field of a client that did not ask for it.
const operationsNotAsked int32 = -2147483648

// authorisedOperations is the set of operations that the client may do with a resource, as a bit field.
// Without an authorizer it is everything that Kafka knows for that kind of resource
// (AclEntry.supportedOperations).
func (h *Handlers) authorisedOperations(_ *Conn, kind resource, _ string) int32 {
	switch kind {
	case topicResource:
		return bits(aclRead, aclWrite, aclCreate, aclDelete, aclAlter, aclDescribe, aclDescribeConfigs,
			aclAlterConfigs)
	case groupResource:
		return bits(aclRead, aclDelete, aclDescribe, aclDescribeConfigs, aclAlterConfigs)
	case clusterResource:
		return bits(aclCreate, aclAlter, aclDescribe, aclClusterAction, aclDescribeConfigs, aclAlterConfigs,
			aclIdempotentWrite)
	}
	return 0
}

func bits(codes ...int) (field int32) {
	for _, code := range codes {
		field |= 1 << code
	}
	return field
}

// clientHost is the client's address as Java prints an InetAddress without a name.
func clientHost(c *Conn) string {
	host, _, err := net.SplitHostPort(c.Remote.String())
	if err != nil {
		return "/" + c.Remote.String()
	}
	return "/" + host
}

// orEmpty is the text of a field that may be null.
func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// orNull is the field that is null where a text is empty.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// offlineReplicas are the replicas of a partition on brokers that do not live.
func offlineReplicas(image *metadata.Image, p metadata.Partition) (offline []int32) {
	for _, id := range p.Replicas {
		if image.Broker(id) == nil {
			offline = append(offline, id)
		}
	}
	return offline
}
