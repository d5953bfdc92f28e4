package config

import (
	"fmt"
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

// groupBound says between which broker settings a group setting must lie; least may be "".
type groupBound struct{ name, least, most string }

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
			all = append(all, groupBound{kind + "." + w, "", "group." + kind + ".max.standby.replicas"})
		default:
			all = append(all, groupBound{kind + "." + w, "group." + kind + ".min." + w, "group." + kind + ".max." + w})
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
		is, most := c.Int64(b.name), r.Int64(b.most)
		if b.least == "" {
			if is > most {
				return refuseText(b.name, fmt.Sprintf("%s must be less than or equal to %d", b.name, most))
			}
		} else if least := r.Int64(b.least); is < least || is > most {
			return refuseText(b.name, fmt.Sprintf("%s must be in the range %d to %d inclusive.", b.name, least, most))
		}
	}
	for _, kind := range []string{"consumer", "share", "streams"} {
		session, heartbeat := kind+".session.timeout.ms", kind+".heartbeat.interval.ms"
		if c.Int64(session) <= c.Int64(heartbeat) {
			return refuseText(session, session+" must be greater than "+heartbeat)
		}
	}
	return r.checkDeadLetters(c.String("errors.deadletterqueue.topic.name"))
}
