package groups

import (
	"slices"

	"weir/coordinator"
	"weir/metadata"
)

// Versions of keys of the records of share groups.
const (
	keyShareMember       = 10 // who a member is and what it subscribes to
	keyShareGroup        = 11 // the group's epoch
	keyShareTarget       = 12 // the epoch for which the target was computed
	keyShareTargetMember = 13 // the target of a member
	keySharePlace        = 14 // what a member has
	keyShareStates       = 15 // of which partitions the group has a state
)

// shareGroupRecord tells the group's epoch and the hash of its topics.
func shareGroupRecord(groupID string, epoch int32, hash int64) coordinator.Record {
	v := appendInt64(appendInt32(newValue(), epoch), hash)
	return coordinator.Record{Key: consumerKey(keyShareGroup, groupID), Value: appendTag(v, nil)}
}

// shareMemberRecord tells who a member is.
func shareMemberRecord(groupID string, m *shareMember) coordinator.Record {
	v := appendTextOrNull(newValue(), m.rackID)
	v = appendText(appendText(v, m.clientID), m.clientHost)
	v = appendTexts(v, m.topics)
	return coordinator.Record{Key: consumerKey(keyShareMember, groupID, m.id), Value: appendTag(v, nil)}
}

// shareTargetRecord tells for which epoch the target was computed, and when.
func shareTargetRecord(groupID string, epoch int32, nowMs int64) coordinator.Record {
	r := targetRecord(groupID, epoch, nowMs)
	r.Key = consumerKey(keyShareTarget, groupID)
	return r
}

// shareTargetMemberRecord tells the target of one member.
func shareTargetMemberRecord(groupID, memberID string, target []metadata.PartitionID) coordinator.Record {
	r := targetMemberRecord(groupID, memberID, target)
	r.Key = consumerKey(keyShareTargetMember, groupID, memberID)
	return r
}

// sharePlaceRecord tells what a member has.
func sharePlaceRecord(groupID string, m *shareMember) coordinator.Record {
	v := appendInt32(appendInt32(newValue(), m.epoch), m.previousEpoch)
	v = append(v, byte(memberStable)) // there is no other state
	v = append(v, targetMemberRecord("", "", m.assigned).Value[2:]...)
	return coordinator.Record{Key: consumerKey(keySharePlace, groupID, m.id), Value: v}
}

// shareStatesRecord tells of which partitions the group has a state.
func shareStatesRecord(groupID string, s shareStates) coordinator.Record {
	v := newValue()
	for _, topics := range []map[metadata.TopicID]shareTopic{s.making, s.made} {
		v = appendCount(v, len(topics))
		for _, id := range topicIDs(topics) {
			t := topics[id]
			v = appendCount(appendText(append(v, id[:]...), t.name), len(t.partitions))
			for _, p := range t.partitions {
				v = appendInt32(v, p)
			}
			v = appendTag(v, nil)
		}
	}
	v = appendCount(v, len(s.dropping))
	for _, id := range topicIDs(s.dropping) {
		v = appendTag(appendText(append(v, id[:]...), s.dropping[id]), nil)
	}
	return coordinator.Record{Key: consumerKey(keyShareStates, groupID), Value: appendTag(v, nil)}
}

// readShareMember reads who a member is into m.
func (r *flexible) readShareMember(m *shareMember) {
	m.rackID, m.clientID, m.clientHost = r.textOrNull(), r.text(), r.text()
	m.topics = sortedSet(r.texts())
	r.tags(nil)
}

// readSharePlace reads what a member has into m.
func (r *flexible) readSharePlace(m *shareMember) {
	m.epoch, m.previousEpoch = r.int32(), r.int32()
	r.int8() // the state, of which there is one
	m.assigned = r.readTarget()
}

// readShareStates reads of which partitions the group has a state.
func (r *flexible) readShareStates() (s shareStates) {
	s.making, s.made = r.shareTopics(), r.shareTopics()
	for range r.count(18) {
		if s.dropping == nil {
			s.dropping = make(map[metadata.TopicID]string)
		}
		id := r.topicID()
		s.dropping[id] = r.text()
		r.tags(nil)
	}
	r.tags(nil)
	return s
}

func (r *flexible) shareTopics() map[metadata.TopicID]shareTopic {
	var all map[metadata.TopicID]shareTopic
	for range r.count(19) {
		id, t := r.topicID(), shareTopic{r.text(), r.int32s()}
		r.tags(nil)
		slices.Sort(t.partitions)
		t.partitions = slices.Compact(t.partitions)
		if all == nil {
			all = make(map[metadata.TopicID]shareTopic)
		}
		all[id] = t
	}
	return all
}

// shareTombstones gives the records that end a share group, in Kafka's order.
func shareTombstones(groupID string, s *shareGroup) []coordinator.Record {
	var all []coordinator.Record
	members := slices.Sorted(s.members.keys())
	for _, id := range members {
		all = append(all, consumerTombstone(keySharePlace, groupID, id))
	}
	for _, id := range members {
		all = append(all, consumerTombstone(keyShareTargetMember, groupID, id))
	}
	all = append(all, consumerTombstone(keyShareTarget, groupID))
	for _, id := range members {
		all = append(all, consumerTombstone(keyShareMember, groupID, id))
	}
	return append(all, consumerTombstone(keyShareStates, groupID), consumerTombstone(keyShareGroup, groupID))
}
