package handlers

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/cluster"
)

// AlterConfigs (key 33), v0-v2.
//
// Behavior:
//   - Replaces all settings of a resource by those given: a setting left out goes back to its default.
//     Clients of today send IncrementalAlterConfigs instead.
//   - Errors and ValidateOnly as there. A resource that stands twice answers 42 (Apache Kafka 4.4 never
//     answers then).
//
// Version notes: v2 is flexible, nothing else changed.
func (h *Handlers) serveAlterConfigs(c *Conn, _ int16, req *kmsg.AlterConfigsRequest) Answer {
	resp := req.ResponseKind().(*kmsg.AlterConfigsResponse)
	list := make([]alteration, len(req.Resources))
	for i, r := range req.Resources {
		a := alteration{kind: r.ResourceType, name: r.ResourceName}
		a.change = cluster.ConfigChange{Name: r.ResourceName, Replace: true}
		for _, setting := range r.Configs {
			a.change.Ops = append(a.change.Ops, cluster.ConfigOp{
				Name: setting.Name, Kind: cluster.OpSet, Value: setting.Value,
			})
		}
		a.err = settingTwice(a.change.Ops)
		list[i] = a
	}
	for i, err := range h.alterConfigs(c, list, req.ValidateOnly) {
		altered := kmsg.NewAlterConfigsResponseResource()
		altered.ResourceType, altered.ResourceName = list[i].kind, list[i].name
		altered.ErrorCode, altered.ErrorMessage = h.code(err), h.message(err)
		resp.Resources = append(resp.Resources, altered)
	}
	return Now(resp)
}
