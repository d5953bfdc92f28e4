package groups

import (
	"cmp"
	"slices"

	"weir/coordinator"
)

// holdsStreams tells whether a timer that was armed for a group still means it.
func (m *machine) holdsStreams(groupID string, s *streams) bool {
	g := m.groups[groupID]
	return g != nil && g.streams == s
}

func (s *streams) timersOf(id string) *consumerTimers {
	t := s.timers.at(id)
	if t == nil {
		t = &consumerTimers{}
		s.timers.put(id, t)
	}
	return t
}

// armStreams makes a timer that takes a member out, unless keep says that there is no reason any more.
func (m *machine) armStreams(tx *coordinator.Tx, groupID string, s *streams, id string, at **coordinator.Timer, ms int32,
	reason string, keep func(*streamsMember) bool) {
	stop(tx, *at)
	*at = coordinator.NewTimer(groupID, func(tx *coordinator.Tx) {
		if mem := s.members.at(id); m.holdsStreams(groupID, s) && mem != nil && !keep(mem) {
			m.logger.Info("member is fenced", "group", groupID, "member", id, "reason", reason)
			m.fenceStreams(tx, groupID, s, id)
		}
	})
	tx.Schedule(*at, tx.Now.Add(millis(ms)))
}

// prolongStreams gives a member its session timeout to be heard of again.
func (m *machine) prolongStreams(tx *coordinator.Tx, groupID string, s *streams, mem *streamsMember) {
	t := s.timersOf(mem.id)
	ms := m.setting(groupID, "streams.session.timeout.ms", m.config.Streams.SessionTimeoutMs)
	m.armStreams(tx, groupID, s, mem.id, &t.session, ms, "its session has expired",
		func(*streamsMember) bool { return false })
}

// boundStreams gives a member its rebalance timeout to give up what it is to give up.
func (m *machine) boundStreams(tx *coordinator.Tx, groupID string, s *streams, mem *streamsMember) {
	t := s.timersOf(mem.id)
	if mem.state != memberUnrevoked {
		stop(tx, t.revocation)
		return
	}
	epoch := mem.epoch
	m.armStreams(tx, groupID, s, mem.id, &t.revocation, mem.rebalanceTimeout, "it has not given up its tasks",
		func(mem *streamsMember) bool { return mem.epoch != epoch || mem.state != memberUnrevoked })
}

// loadedStreams starts the clocks of what was read from the log.
func (m *machine) loadedStreams(tx *coordinator.Tx, groupID string, s *streams) {
	for _, id := range slices.Sorted(s.members.keys()) {
		mem := s.members.at(id)
		m.prolongStreams(tx, groupID, s, mem)
		m.boundStreams(tx, groupID, s, mem)
	}
}

// streamsLeave takes a member out that says so, or, if it is a static one that will be back, keeps its place until its
// session ends.
func (m *machine) streamsLeave(tx *coordinator.Tx, r *StreamsHeartbeatRequest) (StreamsHeartbeatResponse, error) {
	var none StreamsHeartbeatResponse
	g := m.groups[r.GroupID]
	switch {
	case g == nil:
		return none, refuse(ErrGroupNotFound, "Group %s not found.", r.GroupID)
	case g.streams == nil:
		return none, refuse(ErrGroupNotFound, "Group %s is not a streams group.", r.GroupID)
	}
	s := g.streams
	mem := s.members.at(r.MemberID)
	if r.InstanceID != nil {
		mem = s.staticMember(r.InstanceID)
		if err := s.checkInstance(r, mem); err != nil {
			return none, err
		}
	}
	if mem == nil {
		return none, unknownStreamsMember(r)
	}
	m.logger.Info("member leaves", "group", r.GroupID, "member", r.MemberID, "epoch", r.Epoch)
	if r.Shutdown && s.shutdown == "" {
		s.shutdown = r.MemberID
	}
	if r.InstanceID != nil && r.Epoch == epochLeaveStatic {
		next := *mem
		next.epoch, next.assigned, next.revoking = epochLeaveStatic, mem.assigned.withoutEpochs(), taskSet{}
		tx.Append(r.GroupID, streamsPlaceRecord(r.GroupID, &next))
	} else {
		m.fenceStreams(tx, r.GroupID, s, r.MemberID)
	}
	return StreamsHeartbeatResponse{MemberID: r.MemberID, Epoch: r.Epoch, AcceptableRecoveryLag: -1}, nil
}

// withoutEpochs gives the tasks as those whose offsets may be committed in any epoch.
func (t taskSet) withoutEpochs() taskSet {
	t.active = slices.Clone(t.active)
	for i := range t.active {
		t.active[i].epoch = 0
	}
	return t
}

// fenceStreams takes a member out of the group. When nobody is left the group may begin again.
func (m *machine) fenceStreams(tx *coordinator.Tx, groupID string, s *streams, id string) {
	m.removeStreamsRecords(tx, groupID, id)
	tx.Append(groupID, streamsGroupRecord(groupID, s.epoch+1, s.hash, s.validated, s.standbys))
	if s.members.len() == 0 {
		tx.Append(groupID, streamsTargetRecord(groupID, s.epoch, 0))
		s.shutdown = ""
	}
	s.reported.drop(id)
	s.forgetTimers(tx, id)
	tx.Then(func(tx *coordinator.Tx, err error) {
		if err != nil && m.holdsStreams(groupID, s) {
			m.loadedStreams(tx, groupID, s)
		}
	})
}

// removeStreamsRecords writes what takes a member out.
func (m *machine) removeStreamsRecords(tx *coordinator.Tx, groupID, memberID string) {
	for _, version := range []int16{keyStreamsPlace, keyStreamsShare, keyStreamsMember} {
		tx.Append(groupID, consumerTombstone(version, groupID, memberID))
	}
}

// forgetTimers stops a member's clocks.
func (s *streams) forgetTimers(tx *coordinator.Tx, id string) {
	t := s.timersOf(id)
	stop(tx, t.session)
	stop(tx, t.revocation)
	s.timers.drop(id)
}

// describeStreams shows a streams group as it stands.
func (m *machine) describeStreams(id string) StreamsDescription {
	g := m.groups[id]
	if g == nil {
		return StreamsDescription{GroupID: id, Err: refuse(ErrGroupNotFound, "Group %s not found.", id)}
	}
	s := g.streams
	if s == nil {
		return StreamsDescription{GroupID: id, Err: refuse(ErrGroupNotFound, "Group %s is not a streams group.", id)}
	}
	d := StreamsDescription{GroupID: id, State: s.state(), Epoch: s.epoch, TargetEpoch: s.targetEpoch}
	switch {
	case s.topology == nil:
	case s.laid != nil: // as the members were told, even if the topics have changed since
		d.Topology = s.laid.described(s.topology)
	default:
		d.Topology = m.laidOut(s, s.topology).described(s.topology)
	}
	for _, id := range slices.Sorted(s.members.keys()) {
		mem := s.members.at(id)
		d.Members = append(d.Members, StreamsMemberDescription{
			MemberID: id, Epoch: mem.epoch, InstanceID: mem.instanceID, RackID: mem.rackID, ClientID: mem.clientID,
			ClientHost: mem.clientHost, TopologyEpoch: mem.topologyEpoch, ProcessID: mem.processID,
			Endpoint: mem.endpoint, Tags: mem.tags, Assignment: taskSetOf(mem.assigned), Target: taskSetOf(s.target.at(id)),
			Offsets: sortedOffsets(s.reported.at(id).offsets), EndOffsets: sortedOffsets(s.reported.at(id).endOffsets),
		})
	}
	return d
}

func sortedOffsets(list []TaskOffset) []TaskOffset {
	return slices.SortedFunc(slices.Values(list), func(a, b TaskOffset) int {
		return cmp.Or(cmp.Compare(a.Subtopology, b.Subtopology), cmp.Compare(a.Partition, b.Partition))
	})
}
