package groups

import (
	"encoding/binary"
	"fmt"
	"slices"

	"weir/coordinator"
	"weir/metadata"
)

// Versions of keys of the records of consumer groups.
const (
	keyConsumerGroup  = 3  // the group's epoch
	keyConsumerTopics = 4  // the topics that it reads, as Kafka wrote them before 4.1
	keyConsumerMember = 5  // who a member is and what it subscribes to
	keyTarget         = 6  // the epoch for which the target was computed
	keyTargetMember   = 7  // the target of a member
	keyPlace          = 8  // what a member has
	keyRegex          = 16 // the topics of a regular expression
)

// consumerVersion is the only version of values of these records.
const consumerVersion = 0

// consumerKey makes the key of a record that is the group's, or that of one of its members or expressions.
func consumerKey(version int16, names ...string) []byte {
	k := binary.BigEndian.AppendUint16(nil, uint16(version))
	for _, s := range names {
		k = binary.BigEndian.AppendUint16(k, uint16(len(s)))
		k = append(k, s...)
	}
	return k
}

// consumerTombstone makes the record that drops what the key names.
func consumerTombstone(version int16, names ...string) coordinator.Record {
	return coordinator.Record{Key: consumerKey(version, names...)}
}

func newValue() []byte { return []byte{0, consumerVersion} }

// consumerGroupRecord tells the group's epoch and the hash of its topics.
func consumerGroupRecord(groupID string, epoch int32, hash int64) coordinator.Record {
	v := appendInt32(newValue(), epoch)
	var tag []byte
	if hash != 0 {
		tag = appendInt64(nil, hash)
	}
	return coordinator.Record{Key: consumerKey(keyConsumerGroup, groupID), Value: appendTag(v, tag)}
}

// consumerMemberRecord tells who a member is.
func consumerMemberRecord(groupID string, m *consumerMember) coordinator.Record {
	v := appendTextOrNull(newValue(), m.instanceID)
	v = appendTextOrNull(v, m.rackID)
	v = appendText(v, m.clientID)
	v = appendText(v, m.clientHost)
	v = appendTexts(v, m.topics)
	v = appendTextOrNull(v, m.regex)
	v = appendInt32(v, m.rebalanceTimeout)
	v = appendTextOrNull(v, m.assignor)
	tag := []byte{0} // null, which Kafka writes too
	if m.classic != nil {
		tag = appendInt32([]byte{1}, m.classic.sessionTimeout)
		tag = appendCount(tag, len(m.classic.protocols))
		for _, p := range m.classic.protocols {
			tag = appendText(tag, p.Name)
			tag = appendBytes(tag, p.Metadata)
			tag = appendTag(tag, nil)
		}
		tag = appendTag(tag, nil)
	}
	return coordinator.Record{Key: consumerKey(keyConsumerMember, groupID, m.id), Value: appendTag(v, tag)}
}

// targetRecord tells for which epoch the target was computed, and when.
func targetRecord(groupID string, epoch int32, nowMs int64) coordinator.Record {
	v := appendInt32(newValue(), epoch)
	var tag []byte
	if nowMs != 0 {
		tag = appendInt64(nil, nowMs)
	}
	return coordinator.Record{Key: consumerKey(keyTarget, groupID), Value: appendTag(v, tag)}
}

// targetMemberRecord tells the target of one member.
func targetMemberRecord(groupID, memberID string, target []metadata.PartitionID) coordinator.Record {
	var topics []byte
	n := 0
	for topic, list := range byTopic(target, func(p metadata.PartitionID) metadata.PartitionID { return p }) {
		n++
		topics = append(topics, topic[:]...)
		topics = appendCount(topics, len(list))
		for _, p := range list {
			topics = appendInt32(topics, p.Index)
		}
		topics = appendTag(topics, nil)
	}
	v := append(appendCount(newValue(), n), topics...)
	return coordinator.Record{Key: consumerKey(keyTargetMember, groupID, memberID), Value: appendTag(v, nil)}
}

// placeRecord tells what a member has.
func placeRecord(groupID string, m *consumerMember) coordinator.Record {
	v := appendInt32(newValue(), m.epoch)
	v = appendInt32(v, m.previousEpoch)
	v = append(v, byte(m.state))
	v = appendHeld(v, m.assigned)
	v = appendHeld(v, m.revoking)
	return coordinator.Record{Key: consumerKey(keyPlace, groupID, m.id), Value: appendTag(v, nil)}
}

func appendHeld(b []byte, all []held) []byte {
	var topics []byte
	n := 0
	for topic, list := range byTopic(all, func(p held) metadata.PartitionID { return p.PartitionID }) {
		n++
		topics = append(topics, topic[:]...)
		topics = appendCount(topics, len(list))
		epochs := appendCount(nil, len(list))
		for _, p := range list {
			topics = appendInt32(topics, p.Index)
			epochs = appendInt32(epochs, p.epoch)
		}
		topics = appendTag(topics, epochs)
	}
	return append(appendCount(b, n), topics...)
}

// byTopic gives the runs of a sorted list that are of one topic.
func byTopic[T any](all []T, of func(T) metadata.PartitionID) func(func(metadata.TopicID, []T) bool) {
	return func(yield func(metadata.TopicID, []T) bool) {
		for len(all) > 0 {
			topic, n := of(all[0]).Topic, 1
			for n < len(all) && of(all[n]).Topic == topic {
				n++
			}
			if !yield(topic, all[:n]) {
				return
			}
			all = all[n:]
		}
	}
}

// regexRecord tells the topics of a regular expression.
func regexRecord(groupID, regex string, r *resolved) coordinator.Record {
	v := appendTexts(newValue(), r.topics)
	v = appendInt64(v, r.version)
	v = appendInt64(v, r.timestampMs)
	return coordinator.Record{Key: consumerKey(keyRegex, groupID, regex), Value: appendTag(v, nil)}
}

// readConsumerKey gives the names in a key: the group's id, and what is meant within the group.
func readConsumerKey(key []byte, version int16) (groupID, name string, err error) {
	names := make([]string, 0, 2)
	for rest := key[2:]; len(rest) > 0; {
		if len(rest) < 2 {
			return "", "", fmt.Errorf("read key of version %d: %w", version, errShortRecord)
		}
		n := int(binary.BigEndian.Uint16(rest))
		if n > len(rest)-2 || len(names) == 2 {
			return "", "", fmt.Errorf("read key of version %d: %w", version, errShortRecord)
		}
		names, rest = append(names, string(rest[2:2+n])), rest[2+n:]
	}
	want := 2
	switch version {
	case keyConsumerGroup, keyConsumerTopics, keyTarget, keyStreamsGroup, keyStreamsTarget, keyStreamsTopology, keyShareGroup,
		keyShareTarget, keyShareStates:
		want = 1
	}
	if len(names) != want {
		return "", "", fmt.Errorf("read key of version %d: %w", version, errShortRecord)
	}
	if want == 1 {
		return names[0], "", nil
	}
	return names[0], names[1], nil
}

// readConsumerValue checks the version and gives a reader behind it.
func readConsumerValue(value []byte) (*flexible, error) {
	if err := checkVersion("consumer group", value, consumerVersion); err != nil {
		return nil, err
	}
	return &flexible{rest: value[2:]}, nil
}

// readMember reads who a member is into m.
func (r *flexible) readMember(m *consumerMember) {
	m.instanceID, m.rackID = r.textOrNull(), r.textOrNull()
	m.clientID, m.clientHost = r.text(), r.text()
	m.topics = sortedSet(r.texts())
	m.regex = r.textOrNull()
	m.rebalanceTimeout = r.int32()
	m.assignor = r.textOrNull()
	m.classic = nil
	r.tags(func(r *flexible) {
		if r.uvarint() == 0 {
			return // null
		}
		m.classic = &classicMetadata{sessionTimeout: r.int32(), protocols: make([]Protocol, r.count(3))}
		for i := range m.classic.protocols {
			m.classic.protocols[i] = Protocol{r.text(), r.bytes()}
			r.tags(nil)
		}
		r.tags(nil)
	})
}

// readPlace reads what a member has into m. Partitions that do not tell their epoch have the member's.
func (r *flexible) readPlace(m *consumerMember) {
	m.epoch, m.previousEpoch, m.state = r.int32(), r.int32(), memberState(r.int8())
	m.assigned, m.revoking = r.held(m.epoch), r.held(m.epoch)
	r.tags(nil)
}

func (r *flexible) held(epoch int32) []held {
	var all []held
	for range r.count(18) {
		topic, indexes := r.topicID(), r.int32s()
		var epochs []int32
		r.tags(func(r *flexible) { epochs = r.int32s() })
		for i, index := range indexes {
			p := held{metadata.PartitionID{Topic: topic, Index: index}, max(epoch, 0)}
			if len(epochs) == len(indexes) {
				p.epoch = epochs[i]
			}
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b held) int { return comparePartitions(a.PartitionID, b.PartitionID) })
	return slices.CompactFunc(all, func(a, b held) bool { return a.PartitionID == b.PartitionID })
}

// readTarget reads the target of a member.
func (r *flexible) readTarget() []metadata.PartitionID {
	all := []metadata.PartitionID{}
	for range r.count(18) {
		topic := r.topicID()
		for _, index := range r.int32s() {
			all = append(all, metadata.PartitionID{Topic: topic, Index: index})
		}
		r.tags(nil)
	}
	r.tags(nil)
	return sortedPartitions(all)
}

// readRegex reads the topics of a regular expression.
func (r *flexible) readRegex() *resolved {
	found := &resolved{topics: sortedSet(r.texts()), version: r.int64(), timestampMs: r.int64()}
	r.tags(nil)
	return found
}

// sortedSet sorts names and drops those that stand twice.
func sortedSet(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}
