package groups

import (
	"maps"
	"slices"

	"weir/coordinator"
	"weir/metadata"
)

// dropStates notes that all states of an empty share group are to be dropped, and gives the partitions that have one, sorted.
// States that were to be dropped before and may still be there are among them. A group of another kind has none.
func (m *machine) dropStates(tx *coordinator.Tx, groupID string) (ShareStates, error) {
	g := m.groups[groupID]
	switch {
	case g == nil || g.share == nil:
		return ShareStates{}, nil
	case g.share.state() != StateEmpty:
		return ShareStates{Share: true}, ErrNonEmptyGroup
	}
	var all []metadata.PartitionID
	states := g.share.states
	for _, topics := range []map[metadata.TopicID]shareTopic{states.made, states.making} {
		for id, t := range topics {
			for _, p := range t.partitions {
				all = append(all, metadata.PartitionID{Topic: id, Index: p})
			}
		}
	}
	for id := range states.dropping {
		for _, p := range absent(nil, m.partitionCount(id)) {
			all = append(all, metadata.PartitionID{Topic: id, Index: p})
		}
	}
	for _, topics := range []map[metadata.TopicID]shareTopic{states.made, states.making} {
		for id, t := range topics {
			states = states.drop(id, t.name)
		}
	}
	if len(all) > 0 {
		tx.Append(groupID, shareStatesRecord(groupID, states))
	}
	return ShareStates{true, sortedPartitions(all)}, nil
}

// alterStates notes that states are to be made, or made anew, of partitions of a group without members, which begins with this
// if there is none. It gives the group's epoch.
func (m *machine) alterStates(tx *coordinator.Tx, groupID string, partitions []metadata.PartitionID) (int32, error) {
	g, s := m.groups[groupID], newShareGroup()
	switch {
	case g == nil:
		if err := m.checkRoom(); err != nil {
			return 0, err
		}
	case g.share == nil:
		return 0, notShare(groupID)
	case g.share.state() != StateEmpty:
		return 0, ErrNonEmptyGroup
	default:
		s = g.share
	}
	states, image := s.states, m.image()
	for id, indexes := range indexesByTopic(partitions) {
		if t := image.TopicByID(id); t != nil {
			states = states.make(id, shareTopic{t.Name, indexes})
		}
	}
	if len(partitions) > 0 {
		tx.Append(groupID, shareStatesRecord(groupID, states))
	}
	return s.epoch, nil
}

// dropTopics notes that the states of some topics of an empty share group are to be dropped, and gives the partitions that
// have one, sorted. Of topics whose states were to be dropped before all partitions are among them.
func (m *machine) dropTopics(tx *coordinator.Tx, groupID string, topics []metadata.TopicID) ([]metadata.PartitionID, error) {
	s, err := m.shareOf(groupID)
	switch {
	case err != nil:
		return nil, err
	case s.state() != StateEmpty:
		return nil, ErrNonEmptyGroup
	}
	var all []metadata.PartitionID
	states := s.states
	for _, id := range topics {
		indexes := states.made[id].partitions
		if _, again := states.dropping[id]; again {
			indexes = absent(nil, m.partitionCount(id))
		}
		for _, p := range indexes {
			all = append(all, metadata.PartitionID{Topic: id, Index: p})
		}
		if t, found := states.made[id]; found {
			states = states.drop(id, t.name)
		}
	}
	if len(all) > 0 {
		tx.Append(groupID, shareStatesRecord(groupID, states))
	}
	return sortedPartitions(all), nil
}

func (m *machine) partitionCount(id metadata.TopicID) int32 {
	if t := m.image().TopicByID(id); t != nil {
		return int32(len(t.Partitions))
	}
	return 0
}

// topicsDropped notes that the states of some topics have been dropped.
func (m *machine) topicsDropped(tx *coordinator.Tx, groupID string, topics []metadata.TopicID) error {
	s, err := m.shareOf(groupID)
	if err != nil {
		return err
	}
	states := s.states
	states.dropping = maps.Clone(states.dropping)
	for _, id := range topics {
		delete(states.dropping, id)
	}
	tx.Append(groupID, shareStatesRecord(groupID, states))
	return nil
}

// forgetStates drops what share groups know of topics that are gone. The states go with the topic.
func (m *machine) forgetStates(tx *coordinator.Tx) {
	image := m.image()
	for _, id := range slices.Sorted(maps.Keys(m.groups)) {
		s := m.groups[id].share
		if s == nil {
			continue
		}
		states, changed := s.states, false
		for _, topic := range slices.Concat(topicIDs(states.making), topicIDs(states.made), topicIDs(states.dropping)) {
			if image.TopicByID(topic) == nil && states.knows(topic) {
				states, changed = states.forget(topic), true
			}
		}
		if changed {
			tx.Append(id, shareStatesRecord(id, states))
		}
	}
}
