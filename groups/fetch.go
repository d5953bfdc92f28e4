package groups

import "weir/coordinator"

// fetch reads committed offsets. Its answer leaves when all of them are durable, and so it never shows an
// offset that a restart could take back.
func (m *machine) fetch(_ *coordinator.Tx, r *FetchRequest) (FetchResponse, error) {
	var offsets committed
	if g := m.groups[r.GroupID]; g != nil {
		if g.consumer != nil {
			if err := g.consumer.checkFetch(r); err != nil {
				return FetchResponse{}, err
			}
		}
		if g.streams != nil {
			if err := g.streams.checkFetch(r); err != nil {
				return FetchResponse{}, err
			}
		}
		offsets = g.offsets
	}
	response := FetchResponse{GroupID: r.GroupID}
	if r.All {
		for _, t := range offsets {
			result := FetchTopicResult{Name: t.name}
			for _, o := range t.offsets {
				result.Partitions = append(result.Partitions, m.stable(r, t.name, o.fetched(o.partition)))
			}
			response.Topics = append(response.Topics, result)
		}
		return response, nil
	}
	for _, t := range r.Topics {
		result := FetchTopicResult{Name: t.Name, ID: t.ID}
		for _, index := range t.Partitions {
			o, ok := offsets.get(t.Name, index)
			if !ok || o.ofOtherTopic(t.ID) {
				o = offset{offset: -1, leaderEpoch: -1}
			}
			result.Partitions = append(result.Partitions, m.stable(r, t.Name, o.fetched(index)))
		}
		response.Topics = append(response.Topics, result)
	}
	return response, nil
}

// stable gives a result, or an error in its place where it may yet change and the request wants it only then
// (KIP-447).
func (m *machine) stable(r *FetchRequest, topic string, p FetchPartitionResult) FetchPartitionResult {
	if r.RequireStable && m.pending.unstable(r.GroupID, topic, p.Index) {
		return FetchPartitionResult{Index: p.Index, Offset: -1, LeaderEpoch: -1, Err: ErrUnstableOffset}
	}
	return p
}

// ofOtherTopic tells whether the offset was committed for an earlier topic of the same name.
func (o offset) ofOtherTopic(id [16]byte) bool {
	return id != [16]byte{} && o.topicID != [16]byte{} && o.topicID != id
}

func (o offset) fetched(index int32) FetchPartitionResult {
	return FetchPartitionResult{
		Index: index, Offset: o.offset, LeaderEpoch: o.leaderEpoch, Metadata: o.metadata, TopicID: o.topicID,
	}
}
