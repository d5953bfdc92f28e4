package config

import (
	"maps"
	"slices"
)

// GroupConfig is what a group's settings come to: its overrides over the broker's settings.
type GroupConfig struct{ TopicConfig }

// Group returns what a group with these overrides has.
func (r resolver) Group(overrides map[string]string) GroupConfig {
	c := GroupConfig{TopicConfig{values: make(map[string]value, len(groupDefs.defs))}}
	for _, d := range groupDefs.defs {
		c.values[d.Name] = r.topicValue(d, overrides)
	}
	return c
}

// groupBound says that a group setting must lie within a broker setting.
type groupBound struct {
	name, broker string
	most         bool // broker is the largest, not the smallest, allowed
}

// groupBounds are in the order in which Kafka checks them. It is never written to.
var groupBounds = boundsOf(
	"consumer", "heartbeat.interval.ms", "session.timeout.ms", "assignment.interval.ms",
	"share", "heartbeat.interval.ms", "session.timeout.ms", "record.lock.duration.ms", "delivery.count.limit",
	"partition.max.record.locks", "assignment.interval.ms",
	"streams", "heartbeat.interval.ms", "session.timeout.ms", "num.standby.replicas", "assignment.interval.ms")

func boundsOf(words ...string) []groupBound {
	var all []groupBound
	kind := ""
	for _, w := range words {
		switch w {
		case "consumer", "share", "streams":
			kind = w
		case "num.standby.replicas":
			all = append(all, groupBound{kind + "." + w, "group." + kind + ".max.standby.replicas", true})
		default:
			all = append(all, groupBound{kind + "." + w, "group." + kind + ".min." + w, false},
				groupBound{kind + "." + w, "group." + kind + ".max." + w, true})
		}
	}
	return all
}

// CheckGroup judges the overrides of a group as Kafka's GroupConfig.validate does.
func (r resolver) CheckGroup(overrides map[string]string) error {
	names := slices.Sorted(maps.Keys(overrides))
	for _, name := range names {
		if groupDefs.byName[name] == nil {
			return refuseText(name, "Unknown group config name: "+name)
		}
	}
	for _, name := range names {
		if _, err := groupDefs.byName[name].parse(overrides[name]); err != nil {
			return err
		}
	}
	c := r.Group(overrides)
	for _, b := range groupBounds {
		limit := r.Int64(b.broker)
		if b.most && c.Int64(b.name) > limit {
			return refuseText(b.name, b.name+" must be less than or equal to "+b.broker)
		}
		if !b.most && c.Int64(b.name) < limit {
			return refuseText(b.name, b.name+" must be greater than or equal to "+b.broker)
		}
	}
	for _, kind := range []string{"consumer", "share", "streams"} {
		session, heartbeat := kind+".session.timeout.ms", kind+".heartbeat.interval.ms"
		if c.Int64(session) <= c.Int64(heartbeat) {
			return refuseText(session, session+" must be greater than "+heartbeat)
		}
	}
	return nil
}
