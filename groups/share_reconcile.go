package groups

import (
	"maps"
	"slices"

	"weir/coordinator"
	"weir/metadata"
)

// bumpShare begins a new epoch of the group if members read something else, topics have changed, or states of partitions
// have been made that nobody has yet. It tells whether it did.
func (m *machine) bumpShare(tx *coordinator.Tx, groupID string, s *shareGroup, changed bool) bool {
	image := m.image()
	bump := changed || s.targetEpoch >= s.epoch && !s.targetRight(image)
	if !bump && s.revision == image.Revision {
		return false
	}
	hash := m.topicsHash(image, s.topics())
	bump = bump || hash != s.hash
	if bump {
		tx.Append(groupID, shareGroupRecord(groupID, s.epoch+1, hash))
		m.logger.Info("share group has a new epoch", "group", groupID, "epoch", s.epoch)
	}
	s.revision = image.Revision
	return bump
}

// targetRight tells whether members are to have all partitions that have a state, of the topics that they read. A topic of
// which they lack some, or have some that have none, is to be assigned anew.
func (s *shareGroup) targetRight(image *metadata.Image) bool {
	if s.compared == s.changes && s.revision == image.Revision {
		return true
	}
	given := make(map[metadata.PartitionID]struct{})
	perTopic := make(map[metadata.TopicID]int)
	for _, list := range s.target.all() {
		for _, p := range list {
			if _, found := given[p]; !found {
				given[p] = struct{}{}
				perTopic[p.Topic]++
			}
		}
	}
	for id, t := range s.states.made {
		topic := image.TopicByID(id)
		if topic == nil || s.reading.at(t.name) == 0 {
			continue
		}
		there := t.below(len(topic.Partitions))
		if perTopic[id] != len(there) {
			return false
		}
		for _, p := range there {
			if _, found := given[metadata.PartitionID{Topic: id, Index: p}]; !found {
				return false
			}
		}
	}
	s.compared = s.changes
	return true
}

// retargetShare computes who should have what, if the group's epoch asks for it and the last time is long enough ago. A
// target in which nobody has anything need not stand: partitions come when their states have been made.
func (m *machine) retargetShare(tx *coordinator.Tx, groupID string, s *shareGroup) {
	nowMs := tx.Now.UnixMilli()
	if s.targetEpoch >= s.epoch || s.targetMs != 0 && nowMs < s.targetMs+int64(m.shareAssignmentMs(groupID)) {
		return
	}
	target, standsSinceMs := s.spread(m.image()), int64(0)
	for _, id := range slices.Sorted(maps.Keys(target)) {
		if len(target[id]) > 0 {
			standsSinceMs = nowMs
		}
		if old, had := s.target.get(id); !had || !slices.Equal(old, target[id]) {
			tx.Append(groupID, shareTargetMemberRecord(groupID, id, target[id]))
		}
	}
	tx.Append(groupID, shareTargetRecord(groupID, s.epoch, standsSinceMs))
	m.logger.Info("share group is assigned", "group", groupID, "epoch", s.epoch, "members", s.members.len())
}

// settleShare gives a member what the target says. There is nothing to wait for: members may have partitions together.
func (m *machine) settleShare(tx *coordinator.Tx, groupID string, s *shareGroup, mem *shareMember, changed bool,
) *shareMember {
	if mem.epoch == s.targetEpoch && !changed {
		return mem
	}
	image, next := m.image(), *mem
	next.assigned = slices.DeleteFunc(slices.Clone(s.target.at(mem.id)), func(p metadata.PartitionID) bool {
		t := image.TopicByID(p.Topic)
		return t == nil || !mem.reads(t.Name)
	})
	if mem.epoch != s.targetEpoch {
		next.epoch, next.previousEpoch = s.targetEpoch, mem.epoch
	}
	if next.epoch == mem.epoch && slices.Equal(next.assigned, mem.assigned) {
		return mem
	}
	tx.Append(groupID, sharePlaceRecord(groupID, &next))
	return s.memberOr(mem.id)
}

func (m *shareMember) reads(topic string) bool {
	_, found := slices.BinarySearch(m.topics, topic)
	return found
}

// shareRetryMs is after what time states are asked for again (group.share.initialize.retry.interval.ms, which Kafka has for
// itself only).
const shareRetryMs = 30_000

// makeStates notes that states are to be made of partitions that members read, and gives those. What has been asked for a
// short while ago is not asked for again.
func (m *machine) makeStates(tx *coordinator.Tx, groupID string, s *shareGroup) []ShareInitialize {
	var all []ShareInitialize
	image, nowMs, states := m.image(), tx.Now.UnixMilli(), s.states
	for _, name := range slices.Sorted(s.reading.keys()) {
		t := image.Topic(name)
		if t == nil {
			continue
		}
		made, known := states.made[t.ID]
		have := made.below(len(t.Partitions))
		if len(have) == len(t.Partitions) {
			continue
		}
		if at, asked := s.asked[t.ID]; asked && nowMs-at < shareRetryMs {
			have = slices.Concat(have, states.making[t.ID].partitions)
		}
		missing := absent(have, int32(len(t.Partitions)))
		if len(missing) == 0 {
			continue
		}
		for _, p := range missing {
			all = append(all, ShareInitialize{metadata.PartitionID{Topic: t.ID, Index: p}, known})
		}
		states = states.make(t.ID, shareTopic{name, missing})
		if s.asked == nil {
			s.asked = make(map[metadata.TopicID]int64)
		}
		s.asked[t.ID] = nowMs
	}
	if len(all) > 0 {
		tx.Append(groupID, shareStatesRecord(groupID, states))
	}
	return all
}

// absent gives the numbers below n that are not in a list.
func absent(list []int32, n int32) []int32 {
	has := make([]bool, n)
	for _, p := range list {
		if p >= 0 && p < n {
			has[p] = true
		}
	}
	var all []int32
	for p := range n {
		if !has[p] {
			all = append(all, p)
		}
	}
	return all
}
