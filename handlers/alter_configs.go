package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/cluster"
)

// alteration is one resource of AlterConfigs or IncrementalAlterConfigs.
type alteration struct {
	kind   kmsg.ConfigResourceType
	name   string
	change cluster.ConfigChange
	err    error // what the handler itself refused
}

// alterConfigs changes the settings of resources, each all or nothing; errors stand in the order of list.
func (h *Handlers) alterConfigs(c *Conn, list []alteration, validateOnly bool) []error {
	type resource struct {
		kind kmsg.ConfigResourceType
		name string
	}
	count := make(map[resource]int, len(list))
	for _, a := range list {
		count[resource{a.kind, a.name}]++
	}
	errs := make([]error, len(list))
	var wanted []cluster.ConfigChange
	var places []int
	for i, a := range list {
		if count[resource{a.kind, a.name}] > 1 {
			errs[i] = refuse(kerr.InvalidRequest, "Each resource must appear at most once.")
		} else if errs[i] = a.err; errs[i] == nil {
			errs[i] = h.mayAlterConfigs(c, &a)
		}
		if errs[i] == nil {
			wanted, places = append(wanted, a.change), append(places, i)
		}
	}
	ctx, cancel := h.within(0)
	defer cancel()
	for i, err := range h.Cluster.AlterConfigs(ctx, wanted, validateOnly) {
		errs[places[i]] = err
	}
	return errs
}

// settingTwice reports whether a setting stands twice, which Kafka refuses.
func settingTwice(ops []cluster.ConfigOp) error {
	seen := make(map[string]bool, len(ops))
	for _, op := range ops {
		if seen[op.Name] {
			return refuse(kerr.InvalidRequest, "Error due to duplicate config keys")
		}
		seen[op.Name] = true
	}
	return nil
}

// mayAlterConfigs is the authorise and resolve beat of one resource.
func (h *Handlers) mayAlterConfigs(c *Conn, a *alteration) error {
	switch a.kind {
	case kmsg.ConfigResourceTypeTopic:
		a.change.Kind = cluster.TopicResource
		if !h.allowed(c, opAlterConfigs, topicResource, a.name) {
			return kerr.TopicAuthorizationFailed
		}
	case kmsg.ConfigResourceTypeGroupConfig:
		a.change.Kind = cluster.GroupResource
		if !h.allowed(c, opAlterConfigs, groupResource, a.name) {
			return kerr.GroupAuthorizationFailed
		}
	case kmsg.ConfigResourceTypeBroker, kmsg.ConfigResourceTypeBrokerLogger,
		kmsg.ConfigResourceTypeClientMetrics:
		a.change.Kind = cluster.BrokerResource
		if !h.allowed(c, opAlterConfigs, clusterResource, clusterName) {
			return kerr.ClusterAuthorizationFailed
		}
	}
	switch {
	case a.kind == kmsg.ConfigResourceTypeClientMetrics:
		return refuse(kerr.InvalidRequest, "There are no client metrics subscriptions.")
	case a.kind == kmsg.ConfigResourceTypeBrokerLogger && a.change.Replace, a.change.Kind == 0:
		return refuse(kerr.InvalidRequest, "Unknown resource type %d", a.kind)
	case a.kind == kmsg.ConfigResourceTypeBrokerLogger:
		return h.alterLogger(a)
	}
	return nil
}

// alterLogger refuses: the log level is one for the whole program.
func (h *Handlers) alterLogger(a *alteration) error {
	if err := h.thisBroker(a.name, "Unexpected node id. Expected %d, but received %s"); err != nil {
		return err
	}
	for _, op := range a.change.Ops {
		return refuse(kerr.InvalidConfig, "Logger %s does not exist!", op.Name)
	}
	return refuse(kerr.InvalidRequest, "No logger is named.")
}
