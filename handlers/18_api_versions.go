package handlers

import (
	"regexp"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/cluster"
	"weir/protocol"
)

const apiVersionsKey int16 = 18

// softwareName is what a client's name and version must look like (ApiVersionsRequest.java).
var softwareName = regexp.MustCompile(`^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$`)

// ApiVersions (key 18), v0-v5.
//
// Behavior:
//   - Lists every API of the table, at the versions advertised. The response header is never flexible.
//   - An unknown version is answered in the format of v0 with error 35 and the list, so that the client can
//     come back with one that is known (KIP-511).
//   - Finalized features are those of the cluster's metadata (KIP-584).
//
// Version notes: v3 client software name and version (42 when malformed) and features, v4 features whose least
// level is 0, v5 cluster and node check: a client that believes to talk to another cluster or broker is answered
// 129, to make it bootstrap again (KIP-1242).
func (h *Handlers) serveAPIVersions(c *Conn, r *Request) (Reply, error) {
	version := r.Header.Version
	resp := kmsg.NewPtrApiVersionsResponse()
	if api := h.Lookup(apiVersionsKey); version < api.Min || version > api.Max {
		resp.ErrorCode = kerr.UnsupportedVersion.Code
		resp.ApiKeys = h.advertised()
		return &message{Answer: Now(resp), version: 0}, nil
	}
	if err := protocol.Check(apiVersionsKey, version, r.Body); err != nil {
		return nil, err
	}
	r.Detach()
	req := kmsg.NewPtrApiVersionsRequest()
	req.SetVersion(version)
	if err := req.ReadFrom(r.Body); err != nil {
		return nil, err
	}
	if err := h.checkClient(c, version, req); err != nil {
		resp.ErrorCode = h.code(err)
		return &message{Answer: Now(resp), version: version}, nil
	}
	resp.ApiKeys = h.advertised()
	h.addFeatures(resp, version)
	return &message{Answer: Now(resp), version: version}, nil
}

// checkClient remembers who the client says it is, and checks who it thinks that we are.
func (h *Handlers) checkClient(c *Conn, version int16, req *kmsg.ApiVersionsRequest) error {
	if version >= 3 {
		name, release := req.ClientSoftwareName, req.ClientSoftwareVersion
		if !softwareName.MatchString(name) || !softwareName.MatchString(release) {
			return kerr.InvalidRequest
		}
		c.Software.Name, c.Software.Version = name, release
	}
	if version >= 5 {
		otherCluster := req.ClusterID != nil && *req.ClusterID != h.Cluster.Image().ClusterID
		otherNode := req.NodeID >= 0 && req.NodeID != h.BrokerID
		if otherCluster || otherNode {
			return kerr.RebootstrapRequired
		}
	}
	return nil
}

func (h *Handlers) advertised() []kmsg.ApiVersionsResponseApiKey {
	keys := make([]kmsg.ApiVersionsResponseApiKey, 0, len(h.table))
	for _, api := range h.table {
		k := kmsg.NewApiVersionsResponseApiKey()
		k.ApiKey, k.MinVersion, k.MaxVersion = api.Key, api.AdvertiseMin, api.Max
		keys = append(keys, k)
	}
	return keys
}

// addFeatures lists the features this broker supports and those finalized in the cluster. Clients that ask at
// versions below 4 cannot take a feature whose least level is 0 (KAFKA-17011): they are not told of it.
func (h *Handlers) addFeatures(resp *kmsg.ApiVersionsResponse, version int16) {
	image := h.Cluster.Image()
	resp.FinalizedFeaturesEpoch = image.FeaturesEpoch
	for _, f := range SupportedFeatures() {
		supported := kmsg.NewApiVersionsResponseSupportedFeature()
		supported.Name, supported.MinVersion, supported.MaxVersion = f.Name, f.Min, f.Max
		if version >= 4 || f.Min > 0 {
			resp.SupportedFeatures = append(resp.SupportedFeatures, supported)
		}
		if level := image.Features[f.Name]; level > 0 {
			finalized := kmsg.NewApiVersionsResponseFinalizedFeature()
			finalized.Name, finalized.MinVersionLevel, finalized.MaxVersionLevel = f.Name, level, level
			resp.FinalizedFeatures = append(resp.FinalizedFeatures, finalized)
		}
	}
}

// SupportedFeatures lists what this broker understands: metadata.version as in Kafka 4.4 (4.4-IV2), for
// clients that guess the release from it, and group.version, by which clients know that the consumer protocol
// is served, share.version and streams.version, by which they know that share groups and the streams protocol are, and
// transaction.version, by which they know both generations of transactions.
func SupportedFeatures() []cluster.Feature {
	return []cluster.Feature{
		{Name: "group.version", Min: 0, Max: 1},
		{Name: "metadata.version", Min: 7, Max: 33},
		{Name: "share.version", Min: 0, Max: 2},
		{Name: "streams.version", Min: 0, Max: 1},
		{Name: "transaction.version", Min: 0, Max: 2},
	}
}
