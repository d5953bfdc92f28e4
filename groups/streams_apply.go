package groups

import (
	"fmt"
	"slices"
	"strconv"

	"weir/coordinator"
)

func itoa(n int32) string { return strconv.Itoa(int(n)) }

// atoi gives the number, -1 for what is none.
func atoi(s string) int32 {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil {
		return -1
	}
	return int32(n)
}

// applyStreams makes the state what one record of a streams group says, in any order that compaction leaves.
func (m *machine) applyStreams(version int16, r coordinator.Record, undo *coordinator.Undo) error {
	groupID, name, err := readConsumerKey(r.Key, version)
	if err != nil {
		return err
	}
	if r.Value == nil {
		if g := m.groups[groupID]; g != nil && g.streams != nil {
			m.dropStreams(g, version, name, undo)
		}
		return nil
	}
	v, err := readConsumerValue(r.Value)
	if err != nil {
		return err
	}
	change, err := v.streamsChange(version, name)
	if err != nil {
		return err
	}
	change(m.ensureStreams(groupID, undo), undo)
	return nil
}

// streamsChange reads a value whole, so that a damaged one changes nothing, and gives what it does to the group.
func (r *flexible) streamsChange(version int16, name string) (do func(*streams, *coordinator.Undo), err error) {
	switch version {
	case keyStreamsGroup:
		epoch, hash, validated, standbys := r.readStreamsGroup()
		do = func(s *streams, undo *coordinator.Undo) {
			old := *s
			s.epoch, s.hash, s.validated, s.standbys = epoch, hash, validated, standbys
			undo.Add(func() { s.epoch, s.hash, s.validated, s.standbys = old.epoch, old.hash, old.validated, old.standbys })
		}
	case keyStreamsMember:
		var told streamsMember
		r.readStreamsMember(&told)
		do = func(s *streams, undo *coordinator.Undo) {
			old := s.memberOr(name)
			told.id, told.epoch, told.previousEpoch, told.state = name, old.epoch, old.previousEpoch, old.state
			told.assigned, told.revoking = old.assigned, old.revoking
			s.set(name, &told, undo)
		}
	case keyStreamsPlace:
		var told streamsMember
		r.readStreamsPlace(&told)
		do = func(s *streams, undo *coordinator.Undo) {
			next := *s.memberOr(name)
			next.epoch, next.previousEpoch, next.state = told.epoch, told.previousEpoch, told.state
			next.assigned, next.revoking = told.assigned, told.revoking
			s.set(name, &next, undo)
		}
	case keyStreamsTarget:
		epoch, atMs := r.int32(), int64(0)
		r.tags(func(r *flexible) { atMs = r.int64() })
		do = func(s *streams, undo *coordinator.Undo) { s.setTargetEpoch(epoch, atMs, undo) }
	case keyStreamsShare:
		share := r.readTaskSet(0)
		r.tags(nil)
		do = func(s *streams, undo *coordinator.Undo) { setIn(&s.target, name, share, undo) }
	case keyStreamsTopology:
		t := r.readTopology()
		do = func(s *streams, undo *coordinator.Undo) { s.setTopology(t, undo) }
	}
	if r.err != nil {
		return nil, fmt.Errorf("read value of version %d: %w", version, r.err)
	}
	return do, nil
}

func (s *streams) setTargetEpoch(epoch int32, atMs int64, undo *coordinator.Undo) {
	oldEpoch, oldMs := s.targetEpoch, s.targetMs
	s.targetEpoch, s.targetMs = epoch, atMs
	undo.Add(func() { s.targetEpoch, s.targetMs = oldEpoch, oldMs })
}

func (s *streams) setTopology(t *topology, undo *coordinator.Undo) {
	old := s.topology
	s.topology, s.laid = t, nil
	undo.Add(func() { s.topology, s.laid = old, nil })
}

// dropStreams does what a tombstone says. One that drops the group takes everything of it but the offsets.
func (m *machine) dropStreams(g *group, version int16, name string, undo *coordinator.Undo) {
	s := g.streams
	switch version {
	case keyStreamsGroup:
		m.dropGroup(g.id, undo)
	case keyStreamsMember:
		s.set(name, nil, undo)
	case keyStreamsPlace:
		if old := s.members.at(name); old != nil {
			next := *old
			next.epoch, next.previousEpoch, next.assigned, next.revoking = epochLeave, epochLeave, taskSet{}, taskSet{}
			s.set(name, &next, undo)
		}
	case keyStreamsTarget:
		s.setTargetEpoch(-1, 0, undo)
	case keyStreamsShare:
		dropIn(&s.target, name, undo)
	case keyStreamsTopology:
		s.setTopology(nil, undo)
	}
}

// ensureStreams gives the streams group of that id. A group of another kind becomes one: records that end what it
// was stand before.
func (m *machine) ensureStreams(id string, undo *coordinator.Undo) *streams {
	g := m.ensure(id, undo)
	if g.streams == nil {
		old := g.kind
		g.kind = kind{streams: newStreams()}
		undo.Add(func() { g.kind = old })
	}
	return g.streams
}

// streamsTombstones gives the records that end a streams group, in Kafka's order.
func streamsTombstones(groupID string, s *streams) []coordinator.Record {
	var all []coordinator.Record
	members := slices.Sorted(s.members.keys())
	for _, id := range members {
		all = append(all, consumerTombstone(keyStreamsPlace, groupID, id))
	}
	for _, id := range members {
		all = append(all, consumerTombstone(keyStreamsShare, groupID, id))
	}
	all = append(all, consumerTombstone(keyStreamsTarget, groupID))
	for _, id := range members {
		all = append(all, consumerTombstone(keyStreamsMember, groupID, id))
	}
	return append(all, consumerTombstone(keyStreamsGroup, groupID), consumerTombstone(keyStreamsTopology, groupID))
}
