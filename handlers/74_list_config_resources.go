package handlers

import (
	"slices"
	"strconv"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// ListConfigResources (key 74), v0-v1.
//
// Behavior:
//   - Lists what has settings: topics, brokers, their loggers, and groups with settings of their own; or only
//     the types asked for. A type that does not exist answers 35. There are no client metrics, all that v0
//     asks for.
//
// Version notes: v0 lists client metrics only (KIP-1000), v1 everything (KIP-1142).
func (h *Handlers) serveListConfigResources(c *Conn, version int16, req *kmsg.ListConfigResourcesRequest,
) Answer {
	resp := req.ResponseKind().(*kmsg.ListConfigResourcesResponse)
	if !h.allowed(c, opDescribeConfigs, clusterResource, clusterName) {
		resp.ErrorCode = kerr.ClusterAuthorizationFailed.Code
		return Now(resp)
	}
	kinds := []kmsg.ConfigResourceType{
		kmsg.ConfigResourceTypeTopic, kmsg.ConfigResourceTypeBroker, kmsg.ConfigResourceTypeBrokerLogger,
		kmsg.ConfigResourceTypeClientMetrics, kmsg.ConfigResourceTypeGroupConfig,
	}
	for _, kind := range req.ResourceTypes {
		if !slices.Contains(kinds, kmsg.ConfigResourceType(kind)) {
			resp.ErrorCode = kerr.UnsupportedVersion.Code
			return Now(resp)
		}
	}
	if version == 0 {
		return Now(resp)
	}
	for _, kind := range kinds {
		if len(req.ResourceTypes) > 0 && !slices.Contains(req.ResourceTypes, int8(kind)) {
			continue
		}
		for _, name := range h.namesWithSettings(kind) {
			resource := kmsg.NewListConfigResourcesResponseConfigResource()
			resource.Name, resource.Type = name, int8(kind)
			resp.ConfigResources = append(resp.ConfigResources, resource)
		}
	}
	return Now(resp)
}

// namesWithSettings is the names of all resources of a kind.
func (h *Handlers) namesWithSettings(kind kmsg.ConfigResourceType) (names []string) {
	image := h.Cluster.Image()
	switch kind {
	case kmsg.ConfigResourceTypeTopic:
		for _, t := range image.Topics() {
			names = append(names, t.Name)
		}
	case kmsg.ConfigResourceTypeBroker, kmsg.ConfigResourceTypeBrokerLogger:
		for _, b := range image.Brokers {
			names = append(names, strconv.Itoa(int(b.ID)))
		}
	case kmsg.ConfigResourceTypeGroupConfig:
		names = image.GroupConfigNames()
	}
	return names
}
