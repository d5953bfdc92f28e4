package groups

import (
	"slices"

	"weir/coordinator"
)

// holdsShare tells whether a timer that was armed for a group still means it.
func (m *machine) holdsShare(groupID string, s *shareGroup) bool {
	g := m.groups[groupID]
	return g != nil && g.share == s
}

// prolongShare gives a member its session timeout to be heard of again.
func (m *machine) prolongShare(tx *coordinator.Tx, groupID string, s *shareGroup, id string) {
	session := s.timers.at(id)
	if session == nil {
		session = coordinator.NewTimer(groupID, func(tx *coordinator.Tx) {
			if m.holdsShare(groupID, s) && s.members.at(id) != nil {
				m.logger.Info("member is fenced", "group", groupID, "member", id, "reason", "its session has expired")
				m.fenceShare(tx, groupID, s, id)
			}
		})
		s.timers.put(id, session)
	}
	ms := m.setting(groupID, "share.session.timeout.ms", m.config.Share.SessionTimeoutMs)
	tx.Schedule(session, tx.Now.Add(millis(ms)))
}

// loadedShare starts the clocks of what was read from the log.
func (m *machine) loadedShare(tx *coordinator.Tx, groupID string, s *shareGroup) {
	for _, id := range slices.Sorted(s.members.keys()) {
		m.prolongShare(tx, groupID, s, id)
	}
}

// rewindShareIfRefused puts the clocks right if what the event wrote is taken back: members that are there after all get
// another chance to be heard of, those who did not come have none.
func (m *machine) rewindShareIfRefused(tx *coordinator.Tx, groupID string, s *shareGroup) {
	tx.Then(func(tx *coordinator.Tx, err error) {
		if err == nil || !m.holdsShare(groupID, s) {
			return
		}
		for _, id := range slices.Collect(s.timers.keys()) {
			if s.members.at(id) == nil {
				stop(tx, s.timers.at(id))
				s.timers.drop(id)
			}
		}
		m.loadedShare(tx, groupID, s)
	})
}

// shareLeave takes a member out that says so.
func (m *machine) shareLeave(tx *coordinator.Tx, r *ShareHeartbeatRequest) (ShareHeartbeatResponse, error) {
	var none ShareHeartbeatResponse
	s, err := m.shareOf(r.GroupID)
	if err != nil {
		return none, err
	}
	if s.members.at(r.MemberID) == nil {
		return none, refuse(ErrUnknownMember, "Member %s is not a member of group %s.", r.MemberID, r.GroupID)
	}
	m.logger.Info("member leaves", "group", r.GroupID, "member", r.MemberID)
	m.fenceShare(tx, r.GroupID, s, r.MemberID)
	return ShareHeartbeatResponse{MemberID: r.MemberID, Epoch: r.Epoch}, nil
}

// fenceShare takes a member out of the group.
func (m *machine) fenceShare(tx *coordinator.Tx, groupID string, s *shareGroup, id string) {
	for _, version := range []int16{keySharePlace, keyShareTargetMember, keyShareMember} {
		tx.Append(groupID, consumerTombstone(version, groupID, id))
	}
	tx.Append(groupID, shareGroupRecord(groupID, s.epoch+1, m.topicsHash(m.image(), s.topics())))
	if s.members.len() == 0 { // there is nothing to assign
		tx.Append(groupID, shareTargetRecord(groupID, s.epoch, 0))
	}
	stop(tx, s.timers.at(id))
	s.timers.drop(id)
	m.rewindShareIfRefused(tx, groupID, s)
}

// shareOf gives the share group of that id.
func (m *machine) shareOf(id string) (*shareGroup, error) {
	g := m.groups[id]
	if g == nil {
		return nil, refuse(ErrGroupNotFound, "Group %s not found.", id)
	}
	if g.share == nil {
		return nil, notShare(id)
	}
	return g.share, nil
}

// describeShare shows a share group as it stands.
func (m *machine) describeShare(id string) ShareDescription {
	s, err := m.shareOf(id)
	if err != nil {
		return ShareDescription{GroupID: id, Err: err}
	}
	d := ShareDescription{GroupID: id, State: s.state(), Epoch: s.epoch, TargetEpoch: s.targetEpoch, Assignor: m.config.Share.Assignor}
	image := m.image()
	for _, id := range slices.Sorted(s.members.keys()) {
		mem := s.members.at(id)
		d.Members = append(d.Members, ShareMemberDescription{
			MemberID: id, Epoch: mem.epoch, RackID: mem.rackID, ClientID: mem.clientID, ClientHost: mem.clientHost,
			Topics: mem.topics, Assignment: named(image, mem.assigned),
		})
	}
	return d
}
