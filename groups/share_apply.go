package groups

import (
	"fmt"

	"weir/coordinator"
	"weir/metadata"
)

// applyShare makes the state what one record of a share group says, in any order that compaction leaves.
func (m *machine) applyShare(version int16, r coordinator.Record, undo *coordinator.Undo) error {
	groupID, name, err := readConsumerKey(r.Key, version)
	if err != nil {
		return err
	}
	if r.Value == nil {
		if g := m.groups[groupID]; g != nil && g.share != nil {
			m.dropShare(g, version, name, undo)
		}
		return nil
	}
	v, err := readConsumerValue(r.Value)
	if err != nil {
		return err
	}
	change, err := v.shareChange(version, name)
	if err != nil {
		return err
	}
	change(m.ensureShare(groupID, undo), undo)
	return nil
}

// shareChange reads a value whole, so that a damaged one changes nothing, and gives what it does to the group.
func (r *flexible) shareChange(version int16, name string) (do func(*shareGroup, *coordinator.Undo), err error) {
	switch version {
	case keyShareGroup:
		epoch, hash := r.int32(), r.int64()
		r.tags(nil)
		do = func(s *shareGroup, undo *coordinator.Undo) { s.setEpoch(epoch, hash, undo) }
	case keyShareMember:
		var told shareMember
		r.readShareMember(&told)
		do = func(s *shareGroup, undo *coordinator.Undo) {
			old := s.memberOr(name)
			told.id, told.epoch, told.previousEpoch, told.assigned = name, old.epoch, old.previousEpoch, old.assigned
			s.set(name, &told, undo)
		}
	case keySharePlace:
		var told shareMember
		r.readSharePlace(&told)
		do = func(s *shareGroup, undo *coordinator.Undo) {
			next := *s.memberOr(name)
			next.epoch, next.previousEpoch, next.assigned = told.epoch, told.previousEpoch, told.assigned
			s.set(name, &next, undo)
		}
	case keyShareTarget:
		epoch, atMs := r.int32(), int64(0)
		r.tags(func(r *flexible) { atMs = r.int64() })
		do = func(s *shareGroup, undo *coordinator.Undo) { s.setTargetEpoch(epoch, atMs, undo) }
	case keyShareTargetMember:
		list := r.readTarget()
		do = func(s *shareGroup, undo *coordinator.Undo) { s.setTarget(name, list, undo) }
	case keyShareStates:
		states := r.readShareStates()
		do = func(s *shareGroup, undo *coordinator.Undo) { s.setStates(states, undo) }
	}
	if r.err != nil {
		return nil, fmt.Errorf("read value of version %d: %w", version, r.err)
	}
	return do, nil
}

// dropShare does what a tombstone says. One that drops the group takes everything of it.
func (m *machine) dropShare(g *group, version int16, name string, undo *coordinator.Undo) {
	s := g.share
	switch version {
	case keyShareGroup:
		m.dropGroup(g.id, undo)
	case keyShareMember:
		if s.members.at(name) != nil {
			s.set(name, nil, undo)
		}
	case keySharePlace:
		if old := s.members.at(name); old != nil {
			next := *old
			next.epoch, next.previousEpoch, next.assigned = epochLeave, epochLeave, nil
			s.set(name, &next, undo)
		}
	case keyShareTarget:
		s.setTargetEpoch(-1, 0, undo)
	case keyShareTargetMember:
		s.changes++
		undo.Add(func() { s.changes++ })
		dropIn(&s.target, name, undo)
	case keyShareStates:
		s.setStates(shareStates{}, undo)
	}
}

// ensureShare gives the share group of that id. A group of another kind becomes one: records that end what it was stand
// before.
func (m *machine) ensureShare(id string, undo *coordinator.Undo) *shareGroup {
	g := m.ensure(id, undo)
	if g.share == nil {
		old := g.kind
		g.kind = kind{share: newShareGroup()}
		undo.Add(func() { g.kind = old })
	}
	return g.share
}

func (s *shareGroup) set(id string, m *shareMember, undo *coordinator.Undo) {
	old := s.members.at(id)
	s.put(id, m)
	undo.Add(func() { s.put(id, old) })
}

func (s *shareGroup) setEpoch(epoch int32, hash int64, undo *coordinator.Undo) {
	oldEpoch, oldHash := s.epoch, s.hash
	s.epoch, s.hash = epoch, hash
	undo.Add(func() { s.epoch, s.hash, s.revision = oldEpoch, oldHash, 0 })
}

func (s *shareGroup) setTargetEpoch(epoch int32, atMs int64, undo *coordinator.Undo) {
	oldEpoch, oldMs := s.targetEpoch, s.targetMs
	s.targetEpoch, s.targetMs = epoch, atMs
	undo.Add(func() { s.targetEpoch, s.targetMs = oldEpoch, oldMs })
}

func (s *shareGroup) setTarget(id string, list []metadata.PartitionID, undo *coordinator.Undo) {
	s.changes++
	setIn(&s.target, id, list, undo)
	undo.Add(func() { s.changes++ })
}

func (s *shareGroup) setStates(states shareStates, undo *coordinator.Undo) {
	old := s.states
	s.changes++
	s.states = states
	undo.Add(func() { s.states = old; s.changes++ })
}
