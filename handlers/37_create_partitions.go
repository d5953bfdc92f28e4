package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/cluster"
)

// CreatePartitions (key 37), v0-v3.
//
// Behavior:
//   - Grows topics to a number of partitions, each topic for itself; the answer comes when the new ones
//     serve.
//   - A topic that stands twice is answered once, with 42. ValidateOnly judges without growing.
//
// Version notes: v2 is flexible, v3 throttling before the answer (KIP-599).
func (h *Handlers) serveCreatePartitions(c *Conn, _ int16, req *kmsg.CreatePartitionsRequest) Answer {
	resp := req.ResponseKind().(*kmsg.CreatePartitionsResponse)
	count := make(map[string]int, len(req.Topics))
	for _, t := range req.Topics {
		count[t.Topic]++
	}
	var wanted []cluster.NewPartitions
	for _, t := range req.Topics {
		switch {
		case count[t.Topic] > 1:
			count[t.Topic] = -1 // answered
			resp.Topics = append(resp.Topics, h.grownTopic(t.Topic, duplicateTopic))
		case count[t.Topic] < 0:
		case !h.allowed(c, opAlter, topicResource, t.Topic):
			resp.Topics = append(resp.Topics, h.grownTopic(t.Topic, kerr.TopicAuthorizationFailed))
		default:
			growth := cluster.NewPartitions{Name: t.Topic, Count: t.Count}
			for _, a := range t.Assignment {
				growth.Assignment = append(growth.Assignment, a.Replicas)
			}
			wanted = append(wanted, growth)
		}
	}
	ctx, cancel := h.within(req.TimeoutMillis)
	defer cancel()
	for i, grown := range h.Cluster.CreatePartitions(ctx, wanted, req.ValidateOnly) {
		resp.Topics = append(resp.Topics, h.grownTopic(wanted[i].Name, grown.Err))
	}
	return Now(resp)
}

func (h *Handlers) grownTopic(name string, err error) kmsg.CreatePartitionsResponseTopic {
	t := kmsg.NewCreatePartitionsResponseTopic()
	t.Topic, t.ErrorCode, t.ErrorMessage = name, h.code(err), h.message(err)
	return t
}
