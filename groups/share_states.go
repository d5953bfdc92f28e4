package groups

import (
	"maps"
	"slices"

	"weir/coordinator"
	"weir/metadata"
)

// shareStates tells of which partitions a share group has a state. The states themselves are not kept here: who keeps them
// is asked to make one before a member gets the partition, and to drop it before the group forgets it. What was asked
// for is written first, so that it is asked for again after a restart. It is never modified.
type shareStates struct {
	making   map[metadata.TopicID]shareTopic
	made     map[metadata.TopicID]shareTopic
	dropping map[metadata.TopicID]string // names of topics
}

// shareTopic is partitions of one topic.
type shareTopic struct {
	name       string
	partitions []int32 // sorted
}

// below gives the partitions of which a topic has so many.
func (t shareTopic) below(n int) []int32 {
	from, _ := slices.BinarySearch(t.partitions, 0)
	to, _ := slices.BinarySearch(t.partitions, int32(n))
	return t.partitions[from:to:to]
}

// with gives one of the maps with some more of a topic.
func with(in map[metadata.TopicID]shareTopic, id metadata.TopicID, more shareTopic) map[metadata.TopicID]shareTopic {
	out := maps.Clone(in)
	if out == nil {
		out = make(map[metadata.TopicID]shareTopic, 1)
	}
	all := slices.Concat(in[id].partitions, more.partitions)
	slices.Sort(all)
	out[id] = shareTopic{more.name, slices.Compact(all)}
	return out
}

// lacking gives the map without some partitions of a topic.
func lacking(in map[metadata.TopicID]shareTopic, id metadata.TopicID, less []int32) map[metadata.TopicID]shareTopic {
	t, found := in[id]
	if !found {
		return in
	}
	out := maps.Clone(in)
	less = slices.Sorted(slices.Values(less))
	rest := slices.DeleteFunc(slices.Clone(t.partitions), func(p int32) bool {
		_, gone := slices.BinarySearch(less, p)
		return gone
	})
	if len(rest) == 0 {
		delete(out, id)
	} else {
		out[id] = shareTopic{t.name, rest}
	}
	return out
}

// make notes that states of a topic are asked for. What was about to be dropped of it stays.
func (s shareStates) make(id metadata.TopicID, t shareTopic) shareStates {
	s.making = with(s.making, id, t)
	if mutantShareStateless {
		s.made = with(s.made, id, t)
	}
	if _, found := s.dropping[id]; found {
		s.dropping = maps.Clone(s.dropping)
		delete(s.dropping, id)
	}
	return s
}

// finish notes what has become of states that were asked for.
func (s shareStates) finish(id metadata.TopicID, t shareTopic, ok bool) shareStates {
	s.making = lacking(s.making, id, t.partitions)
	if ok {
		s.made = with(s.made, id, t)
	}
	return s
}

// drop notes that all states of a topic are to be dropped.
func (s shareStates) drop(id metadata.TopicID, name string) shareStates {
	s.making, s.made = lacking(s.making, id, s.making[id].partitions), lacking(s.made, id, s.made[id].partitions)
	s.dropping = maps.Clone(s.dropping)
	if s.dropping == nil {
		s.dropping = make(map[metadata.TopicID]string, 1)
	}
	s.dropping[id] = name
	return s
}

// forget drops all that is known of a topic.
func (s shareStates) forget(id metadata.TopicID) shareStates {
	s.making, s.made = lacking(s.making, id, s.making[id].partitions), lacking(s.made, id, s.made[id].partitions)
	if _, found := s.dropping[id]; found {
		s.dropping = maps.Clone(s.dropping)
		delete(s.dropping, id)
	}
	return s
}

// knows tells whether anything is known of a topic.
func (s shareStates) knows(id metadata.TopicID) bool {
	_, making := s.making[id]
	_, made := s.made[id]
	_, dropping := s.dropping[id]
	return making || made || dropping
}

// topicIDs gives the ids of a map in their order.
func topicIDs[V any](in map[metadata.TopicID]V) []metadata.TopicID {
	return slices.SortedFunc(maps.Keys(in), func(a, b metadata.TopicID) int { return slices.Compare(a[:], b[:]) })
}

// partitions gives the partitions whose state is made.
func (s shareStates) partitions() []metadata.PartitionID {
	var all []metadata.PartitionID
	for _, id := range topicIDs(s.made) {
		for _, p := range s.made[id].partitions {
			all = append(all, metadata.PartitionID{Topic: id, Index: p})
		}
	}
	return all
}

// shareInitialized notes what has become of states that were asked for. States of a group that is gone meanwhile are of no
// use to anybody.
func (m *machine) shareInitialized(tx *coordinator.Tx, groupID string, made, failed []metadata.PartitionID) error {
	s, err := m.shareOf(groupID)
	if err != nil {
		return err
	}
	states, image := s.states, m.image()
	for i, list := range [][]metadata.PartitionID{made, failed} {
		for id, indexes := range indexesByTopic(list) {
			name := states.making[id].name
			if t := image.TopicByID(id); t != nil {
				name = t.Name
			}
			states = states.finish(id, shareTopic{name, indexes}, i == 0)
		}
	}
	tx.Append(groupID, shareStatesRecord(groupID, states))
	return nil
}

// indexesByTopic gives the partitions of each topic of a list.
func indexesByTopic(list []metadata.PartitionID) map[metadata.TopicID][]int32 {
	all := make(map[metadata.TopicID][]int32)
	for _, p := range list {
		all[p.Topic] = append(all[p.Topic], p.Index)
	}
	return all
}
