package groups

import (
	"slices"

	"weir/coordinator"
)

// StreamsHeartbeat is what members of streams groups say: they join, stay, change and leave by it. What the request
// holds must not be modified afterwards.
func (s *Service) StreamsHeartbeat(r StreamsHeartbeatRequest) *coordinator.Future[StreamsHeartbeatResponse] {
	if err := checkStreamsHeartbeat(&r); err != nil {
		return coordinator.Completed(StreamsHeartbeatResponse{}, err)
	}
	return decide(s, r.GroupID, func(m *machine, tx *coordinator.Tx) (StreamsHeartbeatResponse, error) {
		return m.streamsHeartbeat(tx, &r)
	})
}

// DescribeStreams describes streams groups, in the order asked for; what went wrong with one stands in its Err.
func (s *Service) DescribeStreams(ids []string) *coordinator.Future[[]StreamsDescription] {
	ids = slices.Clone(ids)
	parts := make([]*coordinator.Future[StreamsDescription], len(ids))
	for i, id := range ids {
		if id == "" {
			parts[i] = coordinator.Completed(StreamsDescription{Err: ErrInvalidGroupID}, nil)
			continue
		}
		parts[i] = decide(s, id, func(m *machine, _ *coordinator.Tx) (StreamsDescription, error) {
			return m.describeStreams(id), nil
		})
	}
	return coordinator.Gather(parts, func(parts []*coordinator.Future[StreamsDescription]) ([]StreamsDescription, error) {
		all := make([]StreamsDescription, len(parts))
		for i, p := range parts {
			d, err := p.Result()
			if err != nil {
				d = StreamsDescription{GroupID: ids[i], Err: err}
			}
			all[i] = d
		}
		return all, nil
	})
}
