package groups

import (
	"maps"
	"slices"

	"weir/coordinator"
)

// delete drops an empty group with all that it has committed. The records may take several batches; a group
// of which only a part could be dropped can be deleted again.
func (m *machine) delete(tx *coordinator.Tx, id string) error {
	g := m.groups[id]
	if g == nil {
		return ErrGroupNotFound
	}
	if g.listed().State != StateEmpty {
		return ErrNonEmptyGroup
	}
	if s := g.share; s != nil && len(s.states.making)+len(s.states.made) > 0 {
		return ErrNonEmptyGroup // they were dropped before, so somebody has come since
	}
	tx.Split()
	for _, p := range g.offsets.places(func(string, offset) bool { return true }) {
		tx.Append(id, offsetTombstone(id, p.topic, p.partition))
	}
	for _, p := range m.pending.places(id) {
		tx.Append(id, offsetTombstone(id, p.topic, p.partition))
	}
	m.appendTombstones(tx, g)
	return nil
}

// appendTombstones drops a group without members.
func (m *machine) appendTombstones(tx *coordinator.Tx, g *group) {
	all := []coordinator.Record{groupTombstone(g.id)}
	switch {
	case g.consumer != nil:
		all = consumerTombstones(g.id, g.consumer)
	case g.streams != nil:
		all = streamsTombstones(g.id, g.streams)
	case g.share != nil:
		all = shareTombstones(g.id, g.share)
	}
	for _, r := range all {
		tx.Append(g.id, r)
	}
}

// subscribedTo tells whether the group reads a topic, as far as is known.
func (g *group) subscribedTo(topic string) bool {
	if g.consumer != nil {
		return g.consumer.subscribedTo(topic)
	}
	if g.streams != nil {
		return g.streams.members.len() > 0 && g.streams.topology.reader(topic) != ""
	}
	if g.share != nil {
		return g.share.reading.at(topic) > 0
	}
	return g.classic.subscribedTo(topic)
}

// deleteOffsets drops committed offsets that nobody in the group is using.
func (m *machine) deleteOffsets(tx *coordinator.Tx, r *DeleteOffsetsRequest) (DeleteOffsetsResponse, error) {
	g := m.groups[r.GroupID]
	if g == nil {
		return DeleteOffsetsResponse{}, ErrGroupNotFound
	}
	if g.share != nil {
		return DeleteOffsetsResponse{}, notConsumer(r.GroupID)
	}
	if c := g.classic; c != nil && c.state != StateEmpty && !c.usesConsumerProtocol() {
		return DeleteOffsetsResponse{}, ErrNonEmptyGroup
	}
	tx.Split()
	var response DeleteOffsetsResponse
	for _, t := range r.Topics {
		result := CommitTopicResult{Name: t.Name}
		var err error
		if g.subscribedTo(t.Name) {
			err = ErrGroupSubscribedToTopic
		}
		for _, index := range t.Partitions {
			if _, ok := g.offsets.get(t.Name, index); ok && err == nil {
				tx.Append(g.id, offsetTombstone(g.id, t.Name, index))
			}
			result.Partitions = append(result.Partitions, CommitPartitionResult{index, err})
		}
		response.Topics = append(response.Topics, result)
	}
	return response, nil
}

// topicDeleted drops what the shard's groups have committed for a topic.
func (m *machine) topicDeleted(tx *coordinator.Tx, topic string) {
	tx.Split()
	for _, id := range slices.Sorted(maps.Keys(m.groups)) {
		for _, o := range slices.Clone(m.groups[id].offsets.of(topic)) {
			tx.Append(id, offsetTombstone(id, topic, o.partition))
		}
	}
	m.forgetStates(tx)
}
