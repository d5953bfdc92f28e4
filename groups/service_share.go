package groups

import (
	"slices"

	"weir/coordinator"
	"weir/metadata"
)

// ShareHeartbeat is what members of share groups say: they join, stay, change and leave by it. What the request holds must
// not be modified afterwards.
func (s *Service) ShareHeartbeat(r ShareHeartbeatRequest) *coordinator.Future[ShareHeartbeatResponse] {
	if err := checkShareHeartbeat(&r); err != nil {
		return coordinator.Completed(ShareHeartbeatResponse{}, err)
	}
	return decide(s, r.GroupID, func(m *machine, tx *coordinator.Tx) (ShareHeartbeatResponse, error) {
		return m.shareHeartbeat(tx, &r)
	})
}

// ShareInitialized tells what has become of states that a heartbeat asked for: members may have partitions whose state is
// made, states that could not be made are asked for again by the next heartbeat.
func (s *Service) ShareInitialized(groupID string, made, failed []metadata.PartitionID) *coordinator.Future[struct{}] {
	return decide(s, groupID, func(m *machine, tx *coordinator.Tx) (struct{}, error) {
		return struct{}{}, m.shareInitialized(tx, groupID, made, failed)
	})
}

// SharePartitions gives the partitions of which a share group has a state, sorted; ErrGroupNotFound if there is no such
// share group.
func (s *Service) SharePartitions(groupID string) *coordinator.Future[[]metadata.PartitionID] {
	return decide(s, groupID, func(m *machine, _ *coordinator.Tx) ([]metadata.PartitionID, error) {
		g, err := m.shareOf(groupID)
		if err != nil {
			return nil, err
		}
		return g.states.partitions(), nil
	})
}

// DescribeShare describes share groups, in the order asked for; what went wrong with one stands in its Err.
func (s *Service) DescribeShare(ids []string) *coordinator.Future[[]ShareDescription] {
	ids = slices.Clone(ids)
	parts := make([]*coordinator.Future[ShareDescription], len(ids))
	for i, id := range ids {
		if id == "" {
			parts[i] = coordinator.Completed(ShareDescription{Err: ErrInvalidGroupID}, nil)
			continue
		}
		parts[i] = decide(s, id, func(m *machine, _ *coordinator.Tx) (ShareDescription, error) {
			return m.describeShare(id), nil
		})
	}
	return coordinator.Gather(parts, func(parts []*coordinator.Future[ShareDescription]) ([]ShareDescription, error) {
		all := make([]ShareDescription, len(parts))
		for i, p := range parts {
			d, err := p.Result()
			if err != nil {
				d = ShareDescription{GroupID: ids[i], Err: err}
			}
			all[i] = d
		}
		return all, nil
	})
}

// DropShareStates begins the end of an empty share group: it gives the partitions whose state is to be dropped before the
// group is deleted, and remembers them until then. A group of another kind has none.
func (s *Service) DropShareStates(groupID string) *coordinator.Future[ShareStates] {
	return decide(s, groupID, func(m *machine, tx *coordinator.Tx) (ShareStates, error) { return m.dropStates(tx, groupID) })
}

// AlterShareStates begins to set where a share group without members begins partitions, and gives the group's epoch, in which
// the states are to be made: Service.ShareInitialized is told when they are. There need not be such a group before.
func (s *Service) AlterShareStates(groupID string, partitions []metadata.PartitionID) *coordinator.Future[int32] {
	return decide(s, groupID, func(m *machine, tx *coordinator.Tx) (int32, error) {
		return m.alterStates(tx, groupID, partitions)
	})
}

// DropShareTopics begins to forget what a share group without members has settled of topics. It gives the partitions whose
// state is to be dropped, sorted; ShareTopicsDropped is told when they are. Topics of which nothing is known have none.
func (s *Service) DropShareTopics(groupID string, topics []metadata.TopicID) *coordinator.Future[[]metadata.PartitionID] {
	return decide(s, groupID, func(m *machine, tx *coordinator.Tx) ([]metadata.PartitionID, error) {
		return m.dropTopics(tx, groupID, topics)
	})
}

// ShareTopicsDropped tells that the states of topics of a share group have been dropped.
func (s *Service) ShareTopicsDropped(groupID string, topics []metadata.TopicID) *coordinator.Future[struct{}] {
	return decide(s, groupID, func(m *machine, tx *coordinator.Tx) (struct{}, error) {
		return struct{}{}, m.topicsDropped(tx, groupID, topics)
	})
}
