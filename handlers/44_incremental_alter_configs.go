package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/cluster"
)

// IncrementalAlterConfigs (key 44), v0-v1.
//
// Behavior:
//   - Sets, deletes, appends to or subtracts from single settings of topics, brokers and groups (KIP-339).
//     Each resource is changed whole or not at all, and the answer comes when the change is in force.
//   - Broker "" stands for all brokers. Settings that need a restart, or are for one broker only, answer 42.
//   - The same setting or resource twice answers 42, an unknown operation too.
//
// Version notes: v1 is flexible.
func (h *Handlers) serveIncrementalAlterConfigs(c *Conn, _ int16, req *kmsg.IncrementalAlterConfigsRequest,
) Answer {
	resp := req.ResponseKind().(*kmsg.IncrementalAlterConfigsResponse)
	list := make([]alteration, len(req.Resources))
	for i, r := range req.Resources {
		a := alteration{kind: r.ResourceType, name: r.ResourceName}
		a.change = cluster.ConfigChange{Name: r.ResourceName}
		for _, setting := range r.Configs {
			kind := cluster.OpKind(setting.Op)
			if kind < cluster.OpSet || kind > cluster.OpSubtract {
				a.err = refuse(kerr.InvalidRequest, "Unknown operation %d", setting.Op)
			}
			a.change.Ops = append(a.change.Ops, cluster.ConfigOp{Name: setting.Name, Kind: kind, Value: setting.Value})
		}
		if a.err == nil {
			a.err = settingTwice(a.change.Ops)
		}
		list[i] = a
	}
	for i, err := range h.alterConfigs(c, list, req.ValidateOnly) {
		altered := kmsg.NewIncrementalAlterConfigsResponseResource()
		altered.ResourceType, altered.ResourceName = list[i].kind, list[i].name
		altered.ErrorCode, altered.ErrorMessage = h.code(err), h.message(err)
		resp.Resources = append(resp.Resources, altered)
	}
	return Now(resp)
}
