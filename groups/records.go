package groups

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/coordinator"
	"weir/metadata"
)

// Versions of keys in __consumer_offsets: they tell what a record is.
const (
	keyOffset0 = 0 // an offset, as Kafka wrote it before 0.8.2
	keyOffset  = 1 // an offset
	keyGroup   = 2 // a classic group
)

// Versions of values that are written. Offsets have version 1 if they carry their own expiry, 4 if the
// topic's id is known, else 3.
const (
	valueOffsetExpiring = 1
	valueOffset         = 3
	valueOffsetTopicID  = 4
	valueGroup          = 3
)

// The youngest versions that can be read.
const (
	valueOffsetMax = 4
	valueGroupMax  = 4
)

// offsetRecord makes the record of one committed offset.
func offsetRecord(groupID, topic string, partition int32, o offset) coordinator.Record {
	v := kmsg.NewOffsetCommitValue()
	v.Version = valueOffset
	switch {
	case o.expireMs >= 0:
		v.Version = valueOffsetExpiring
	case o.topicID != [16]byte{}:
		v.Version = valueOffsetTopicID
	}
	v.Offset, v.LeaderEpoch, v.Metadata = o.offset, o.leaderEpoch, o.metadata
	v.CommitTimestamp, v.ExpireTimestamp, v.TopicID = o.committedMs, o.expireMs, o.topicID
	return coordinator.Record{Key: offsetKey(groupID, topic, partition), Value: v.AppendTo(nil)}
}

// offsetTombstone makes the record that drops a committed offset.
func offsetTombstone(groupID, topic string, partition int32) coordinator.Record {
	return coordinator.Record{Key: offsetKey(groupID, topic, partition)}
}

func offsetKey(groupID, topic string, partition int32) []byte {
	k := kmsg.NewOffsetCommitKey()
	k.Version, k.Group, k.Topic, k.Partition = keyOffset, groupID, topic, partition
	return k.AppendTo(nil)
}

func groupKey(groupID string) []byte {
	k := kmsg.NewGroupMetadataKey()
	k.Version, k.Group = keyGroup, groupID
	return k.AppendTo(nil)
}

// groupTombstone makes the record that drops a group.
func groupTombstone(groupID string) coordinator.Record {
	return coordinator.Record{Key: groupKey(groupID)}
}

// newGroupRecord makes the first record of a group.
func newGroupRecord(groupID string, nowMs int64) coordinator.Record {
	c := newClassic()
	c.sinceMs = nowMs
	return groupRecord(groupID, c, nil)
}

// groupRecord makes the record of a classic group as it stands, with assignments by member id.
func groupRecord(groupID string, c *classic, assignments map[string][]byte) coordinator.Record {
	v := kmsg.NewGroupMetadataValue()
	v.Version = valueGroup
	v.ProtocolType, v.Generation, v.Protocol = c.protocolType, c.generation, c.protocol
	v.CurrentStateTimestamp = c.sinceMs
	if c.leader != "" {
		v.Leader = &c.leader
	}
	for _, m := range c.ordered() {
		vm := kmsg.NewGroupMetadataValueMember()
		vm.MemberID, vm.InstanceID, vm.ClientID, vm.ClientHost = m.id, m.instanceID, m.clientID, m.clientHost
		vm.RebalanceTimeoutMillis, vm.SessionTimeoutMillis = m.rebalanceTimeout, m.sessionTimeout
		vm.Subscription, vm.Assignment = m.metadataFor(*c.protocol), assignments[m.id]
		v.Members = append(v.Members, vm)
	}
	return coordinator.Record{Key: groupKey(groupID), Value: v.AppendTo(nil)}
}

// readOffset decodes the value of an offset's record. It is done by hand, since a shard that is loaded has millions.
func readOffset(value []byte) (offset, error) {
	if err := checkVersion("offset", value, valueOffsetMax); err != nil {
		return offset{}, err
	}
	version, _ := keyVersion(value)
	r := &flexible{rest: value[2:]}
	o := offset{offset: r.int64(), leaderEpoch: -1, expireMs: -1}
	if version >= 3 {
		o.leaderEpoch = r.int32()
	}
	if version >= valueOffsetTopicID {
		o.metadata = r.text()
	} else {
		o.metadata = string(r.take(uint64(r.uint16())))
	}
	o.committedMs = r.int64()
	if version == valueOffsetExpiring {
		o.expireMs = r.int64()
	}
	if id := []byte{1, 0, 16}; version >= valueOffsetTopicID && len(r.rest) == 19 && bytes.HasPrefix(r.rest, id) {
		o.topicID = metadata.TopicID(r.rest[3:]) // the topic's id alone, as it nearly always is
	} else if version >= valueOffsetTopicID {
		r.tags(func(r *flexible) { o.topicID = r.topicID() })
	}
	if r.err != nil {
		return offset{}, fmt.Errorf("read offset: %w", r.err)
	}
	return o, nil
}

// readGroup decodes the value of a classic group's record. The result shares no bytes with value.
func readGroup(value []byte) (*kmsg.GroupMetadataValue, error) {
	var v kmsg.GroupMetadataValue
	if err := checkVersion("group", value, valueGroupMax); err != nil {
		return nil, err
	}
	if err := v.ReadFrom(append([]byte{}, value...)); err != nil {
		return nil, fmt.Errorf("read group: %w", err)
	}
	for i := range v.Members {
		if m := &v.Members[i]; m.RebalanceTimeoutMillis < 0 { // version 0 has none
			m.RebalanceTimeoutMillis = m.SessionTimeoutMillis
		}
	}
	if v.Version < 2 {
		v.CurrentStateTimestamp = -1
	}
	return &v, nil
}

// checkVersion refuses versions that are not known: what they say cannot be guessed.
func checkVersion(what string, value []byte, youngest int16) error {
	version, ok := keyVersion(value)
	if !ok || version < 0 || version > youngest {
		return fmt.Errorf("read %s: version %d is not one of 0 to %d", what, version, youngest)
	}
	return nil
}

// keyVersion gives the version with which every key and value begins.
func keyVersion(key []byte) (int16, bool) {
	if len(key) < 2 {
		return -1, false
	}
	return int16(binary.BigEndian.Uint16(key)), true
}
