package groups

import (
	"maps"
	"slices"

	"weir/coordinator"
	"weir/metadata"
)

// dropStates notes that all states of an empty share group are to be dropped, and gives the partitions that have one, sorted.
// States that were to be dropped before and may still be there are among them. A group of another kind has none.
func (m *machine) dropStates(tx *coordinator.Tx, groupID string) ([]metadata.PartitionID, error) {
	g := m.groups[groupID]
	switch {
	case g == nil || g.share == nil:
		return nil, nil
	case g.share.state() != StateEmpty:
		return nil, ErrNonEmptyGroup
	}
	var all []metadata.PartitionID
	states, image := g.share.states, m.image()
	for _, topics := range []map[metadata.TopicID]shareTopic{states.made, states.making} {
		for id, t := range topics {
			for _, p := range t.partitions {
				all = append(all, metadata.PartitionID{Topic: id, Index: p})
			}
		}
	}
	for id := range states.dropping {
		if t := image.TopicByID(id); t != nil {
			for p := range t.Partitions {
				all = append(all, metadata.PartitionID{Topic: id, Index: int32(p)})
			}
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
	return sortedPartitions(all), nil
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
