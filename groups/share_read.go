package groups

import (
	"slices"
	"strings"

	"weir/coordinator"
	"weir/metadata"
)

// ReadShare has a share group read partitions without a member that subscribes to them, for those who take records by another door
// than the protocol of members. The group begins with this if there is none, and stays until it is deleted, as after a member has
// left. The states of the partitions are made by whoever takes the first record.
//
// Errors: ErrTooManyGroups; ErrGroupNotFound if the group is of another kind.
func (s *Service) ReadShare(groupID string, partitions []metadata.PartitionID) *coordinator.Future[struct{}] {
	if strings.TrimSpace(groupID) == "" {
		return coordinator.Completed(struct{}{}, refuse(ErrInvalidRequest, "GroupId can't be empty."))
	}
	return decide(s, groupID, func(m *machine, tx *coordinator.Tx) (struct{}, error) {
		return struct{}{}, m.readShare(tx, groupID, partitions)
	})
}

// readShare notes that states of partitions are made, of those that are there and of which none is being made.
func (m *machine) readShare(tx *coordinator.Tx, groupID string, partitions []metadata.PartitionID) error {
	g, s := m.groups[groupID], newShareGroup()
	switch {
	case g == nil:
		if err := m.checkRoom(); err != nil {
			return err
		}
	case g.share == nil:
		return notShare(groupID)
	default:
		s = g.share
	}
	states, image, changed := s.states, m.image(), false
	for id, indexes := range indexesByTopic(partitions) {
		t := image.TopicByID(id)
		if t == nil {
			continue
		}
		lack := slices.DeleteFunc(indexes, func(p int32) bool {
			return int(p) >= len(t.Partitions) || slices.Contains(states.made[id].partitions, p) ||
				slices.Contains(states.making[id].partitions, p)
		})
		if len(lack) == 0 {
			continue
		}
		more := shareTopic{t.Name, lack}
		states, changed = states.make(id, more).finish(id, more, true), true
	}
	if changed {
		tx.Append(groupID, shareStatesRecord(groupID, states))
	}
	return nil
}
