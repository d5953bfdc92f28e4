package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Types of endpoint in DescribeCluster (EndpointType.java).
const (
	brokerEndpoint     int8 = 1
	controllerEndpoint int8 = 2
)

// DescribeCluster (key 60), v0-v2.
//
// Behavior:
//   - Describes the cluster's id and controller, and the brokers at the listener that the client came in on.
//   - Asking a broker for controllers answers 114, for anything else 115.
//
// Version notes: v1 endpoint type (KIP-919), v2 fenced brokers (KIP-1073): a broker here lives or is not
// listed.
func (h *Handlers) serveDescribeCluster(c *Conn, version int16, req *kmsg.DescribeClusterRequest) Answer {
	resp := req.ResponseKind().(*kmsg.DescribeClusterResponse)
	resp.EndpointType, resp.ControllerID = brokerEndpoint, -1
	resp.ClusterAuthorizedOperations = operationsNotAsked
	var err error
	switch {
	case version < 1 || req.EndpointType == brokerEndpoint:
	case req.EndpointType == controllerEndpoint:
		err = refuse(kerr.MismatchedEndpointType,
			"The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER")
	default:
		err = refuse(kerr.UnsupportedEndpointType, "Unsupported endpoint type %d", req.EndpointType)
	}
	if err != nil {
		resp.ErrorCode, resp.ErrorMessage = h.code(err), h.message(err)
		return Now(resp)
	}
	image := h.Cluster.Image()
	resp.ClusterID, resp.ControllerID = image.ClusterID, image.ControllerID
	if req.IncludeClusterAuthorizedOperations {
		resp.ClusterAuthorizedOperations = h.authorisedOperations(c, clusterResource, clusterName)
	}
	for i := range image.Brokers {
		b := &image.Brokers[i]
		host, port, ok := h.EndpointFor(c, b)
		if !ok {
			continue
		}
		described := kmsg.NewDescribeClusterResponseBroker()
		described.NodeID, described.Host, described.Port, described.Rack = b.ID, host, port, orNull(b.Rack)
		resp.Brokers = append(resp.Brokers, described)
	}
	return Now(resp)
}
