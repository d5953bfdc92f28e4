package handlers

import (
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/cluster"
)

// UpdateFeatures (key 57), v0-v2.
//
// Behavior:
//   - Finalizes levels of features (KIP-584), all or none, and answers when this broker goes by them: group.version,
//     share.version and streams.version switch a protocol of groups off, transaction.version says how ends go that no client asked for.
//   - A level that is not understood, a way that does not lead there, and any step down of metadata.version answer 95
//     with a text.
//
// Version notes: v0 only goes up, whatever it allows (as in Kafka), v1 says which way and can ask without changing
// anything, v2 answers for all features at once.
func (h *Handlers) serveUpdateFeatures(c *Conn, version int16, req *kmsg.UpdateFeaturesRequest) Answer {
	resp := req.ResponseKind().(*kmsg.UpdateFeaturesResponse)
	if !h.allowed(c, opAlter, clusterResource, clusterName) {
		resp.ErrorCode = kerr.ClusterAuthorizationFailed.Code
		return Now(resp)
	}
	updates := make([]cluster.FeatureUpdate, len(req.FeatureUpdates))
	for i, u := range req.FeatureUpdates {
		updates[i] = cluster.FeatureUpdate{Name: u.Feature, Level: u.MaxVersionLevel, Kind: cluster.UpdateKind(u.UpgradeType)}
		if version == 0 {
			updates[i].Kind = cluster.Upgrade
		}
	}
	ctx, cancel := h.within(req.TimeoutMillis)
	defer cancel()
	if err := h.Cluster.UpdateFeatures(ctx, updates, req.ValidateOnly); err != nil {
		resp.ErrorCode, resp.ErrorMessage = h.code(err), h.message(err)
		if errors.Is(err, cluster.ErrInvalidFeatureLevel) {
			whole := "The update failed for all features since the following feature had an error: " + *resp.ErrorMessage
			resp.ErrorMessage = &whole
		}
		return Now(resp)
	}
	for _, u := range req.FeatureUpdates {
		if version > 1 {
			break
		}
		none := "NONE" // the name of error 0, which Kafka gives as its text
		resp.Results = append(resp.Results, kmsg.UpdateFeaturesResponseResult{Feature: u.Feature, ErrorMessage: &none})
	}
	return Now(resp)
}

// finalized tells whether a feature is switched on in the cluster.
func (h *Handlers) finalized(name string) bool { return h.Cluster.Image().Features[name] > 0 }
