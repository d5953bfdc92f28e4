package groups

import (
	"fmt"
	"strings"

	"weir/metadata"
)

// dumpConsumer shows one record of a consumer group.
func dumpConsumer(version int16, key, value []byte) (string, error) {
	groupID, name, err := readConsumerKey(key, version)
	if err != nil {
		return "", err
	}
	what := map[int16]string{
		keyConsumerGroup: "consumerGroup", keyConsumerTopics: "consumerTopics", keyConsumerMember: "consumerMember",
		keyTarget: "target", keyTargetMember: "targetMember", keyPlace: "place", keyRegex: "regex",
	}[version]
	line := fmt.Sprintf("%s group=%q", what, groupID)
	switch version {
	case keyConsumerMember, keyTargetMember, keyPlace:
		line += fmt.Sprintf(" member=%q", name)
	case keyRegex:
		line += fmt.Sprintf(" regex=%q", name)
	}
	if value == nil {
		return line + " deleted", nil
	}
	v, err := readConsumerValue(value)
	if err != nil {
		return "", err
	}
	c := newConsumer()
	change, err := v.change(version, name)
	if err != nil {
		return "", err
	}
	change(c, nil)
	return line + c.dumped(version, name), nil
}

// dumped shows what one record has made of a consumer group.
func (c *consumer) dumped(version int16, name string) string {
	switch version {
	case keyConsumerGroup:
		return fmt.Sprintf(" epoch=%d hash=%x", c.epoch, uint64(c.hash))
	case keyConsumerMember:
		m := c.members.at(name)
		line := fmt.Sprintf(" instance=%q rack=%q client=%q host=%q topics=%q regex=%q rebalanceTimeoutMs=%d assignor=%q",
			text(m.instanceID), text(m.rackID), m.clientID, m.clientHost, m.topics, m.regexOrNone(), m.rebalanceTimeout,
			text(m.assignor))
		if m.classic != nil {
			line += fmt.Sprintf(" sessionTimeoutMs=%d", m.classic.sessionTimeout)
			for _, p := range m.classic.protocols {
				line += fmt.Sprintf(" [protocol=%q subscription=%dB]", p.Name, len(p.Metadata))
			}
		}
		return line
	case keyTarget:
		return fmt.Sprintf(" epoch=%d computedMs=%d", c.targetEpoch, c.targetMs)
	case keyTargetMember:
		return " partitions=" + dumpPartitions(heldAt(c.target.at(name), -1))
	case keyPlace:
		m := c.members.at(name)
		return fmt.Sprintf(" epoch=%d previousEpoch=%d state=%s assigned=%s revoking=%s", m.epoch, m.previousEpoch,
			m.state, dumpPartitions(m.assigned), dumpPartitions(m.revoking))
	case keyRegex:
		r := c.regexes.at(name)
		return fmt.Sprintf(" topics=%q version=%d resolvedMs=%d", r.topics, r.version, r.timestampMs)
	}
	return ""
}

// dumpPartitions shows partitions, topic by topic, those of members with the epochs in which they got them.
func dumpPartitions(all []held) string {
	var b strings.Builder
	b.WriteByte('[')
	for topic, list := range byTopic(all, func(p held) metadata.PartitionID { return p.PartitionID }) {
		if b.Len() > 1 {
			b.WriteByte(' ')
		}
		b.WriteString(topic.String() + ":")
		for i, p := range list {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "%d", p.Index)
			if p.epoch >= 0 {
				fmt.Fprintf(&b, "@%d", p.epoch)
			}
		}
	}
	return b.String() + "]"
}

// String names the state as Kafka does.
func (s memberState) String() string {
	switch s {
	case memberStable:
		return "STABLE"
	case memberUnrevoked:
		return "UNREVOKED_PARTITIONS"
	case memberUnreleased:
		return "UNRELEASED_PARTITIONS"
	}
	return fmt.Sprintf("UNKNOWN(%d)", int8(s))
}
