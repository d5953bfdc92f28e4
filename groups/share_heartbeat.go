package groups

import (
	"slices"
	"strings"

	"weir/coordinator"
	"weir/metadata"
)

// checkShareHeartbeat refuses what no group could accept.
func checkShareHeartbeat(r *ShareHeartbeatRequest) error {
	switch {
	case strings.TrimSpace(r.MemberID) == "":
		return refuse(ErrInvalidRequest, "MemberId can't be empty.")
	case strings.TrimSpace(r.GroupID) == "":
		return refuse(ErrInvalidRequest, "GroupId can't be empty.")
	case r.RackID != nil && strings.TrimSpace(*r.RackID) == "":
		return refuse(ErrInvalidRequest, "RackId can't be empty.")
	case r.Epoch == epochJoin && len(r.Topics) == 0:
		return refuse(ErrInvalidRequest, "SubscribedTopicNames must be set in first request.")
	case r.Epoch < epochLeave:
		return refuse(ErrInvalidRequest, "MemberEpoch is invalid.")
	}
	return nil
}

// shareHeartbeat is all of a member's life: it joins, says what it reads, is told what to take from, and leaves. Nothing is
// written before everything has been checked.
func (m *machine) shareHeartbeat(tx *coordinator.Tx, r *ShareHeartbeatRequest) (ShareHeartbeatResponse, error) {
	if r.Epoch == epochLeave {
		return m.shareLeave(tx, r)
	}
	if err := m.checkShare(r); err != nil {
		return ShareHeartbeatResponse{}, err
	}
	s := newShareGroup()
	if g := m.groups[r.GroupID]; g != nil {
		s = g.share
	}
	before := s.memberOr(r.MemberID)
	next := *before
	r.tellShare(&next)
	if s.members.at(r.MemberID) == nil || !next.sameSubscriber(before) {
		tx.Append(r.GroupID, shareMemberRecord(r.GroupID, &next))
		if g := m.groups[r.GroupID]; g == nil || g.share == nil || g.share.members.at(r.MemberID) == nil {
			return ShareHeartbeatResponse{}, coordinator.ErrNotAvailable // its record is too large to be written
		}
		s = m.groups[r.GroupID].share
		m.rewindShareIfRefused(tx, r.GroupID, s)
	}
	changed := m.bumpShare(tx, r.GroupID, s, !slices.Equal(before.topics, next.topics))
	m.retargetShare(tx, r.GroupID, s)
	after := m.settleShare(tx, r.GroupID, s, s.members.at(r.MemberID), changed)
	m.prolongShare(tx, r.GroupID, s, after.id)
	initialize := m.makeStates(tx, r.GroupID, s)
	response := ShareHeartbeatResponse{
		MemberID: after.id, Epoch: after.epoch, HeartbeatIntervalMs: m.shareBeatAfterMs(tx, r.GroupID, s),
		GroupEpoch: s.epoch, Initialize: initialize,
	}
	if r.Epoch == epochJoin || r.Topics != nil || !slices.Equal(before.assigned, after.assigned) {
		response.Assigned, response.Assignment = true, after.assigned
	}
	return response, nil
}

// tellShare takes over what a member says about itself.
func (r *ShareHeartbeatRequest) tellShare(m *shareMember) {
	if r.RackID != nil {
		m.rackID = r.RackID
	}
	if r.Topics != nil {
		m.topics = sortedSet(slices.Clone(r.Topics))
	}
	m.clientID, m.clientHost = r.ClientID, r.ClientHost
}

// checkShare tells whether a member may do what it asks for.
func (m *machine) checkShare(r *ShareHeartbeatRequest) error {
	g, joining := m.groups[r.GroupID], r.Epoch == epochJoin
	switch {
	case g == nil && !joining:
		return refuse(ErrGroupNotFound, "Share group %s not found.", r.GroupID)
	case g == nil:
		return m.checkRoom()
	case g.share == nil:
		return notShare(r.GroupID)
	}
	mem := g.share.members.at(r.MemberID)
	switch {
	case mem == nil && g.share.members.len() >= m.config.Share.MaxSize, !m.hasShareRoom(g.share, r):
		return refuse(ErrGroupMaxSize, "The share group has reached its maximum capacity of %d members.",
			m.config.Share.MaxSize)
	case mem == nil && !joining:
		return refuse(ErrUnknownMember, "Member %s is not a member of group %s.", r.MemberID, r.GroupID)
	case mem != nil:
		return mem.checkEpoch(r.Epoch)
	}
	return nil
}

// hasShareRoom tells whether what all members say about themselves is bounded still.
func (m *machine) hasShareRoom(s *shareGroup, r *ShareHeartbeatRequest) bool {
	if r.Topics == nil {
		return true
	}
	next := *s.memberOr(r.MemberID)
	grown := -next.size()
	r.tellShare(&next)
	grown += next.size()
	return grown <= 0 || s.size+grown <= metadataFactor*m.config.BatchMaxBytes
}

func notShare(groupID string) error {
	return refuse(ErrGroupNotFound, "Group %s is not a share group.", groupID)
}

// checkEpoch tells whether a member speaks in its epoch, or in the one before: it may have missed the answer that told it
// of the new one.
func (m *shareMember) checkEpoch(epoch int32) error {
	switch {
	case epoch == epochJoin || epoch == m.epoch || epoch < m.epoch && epoch == m.previousEpoch:
		return nil
	case epoch > m.epoch:
		return refuse(ErrFencedMemberEpoch, "The share group member has a greater member epoch (%d) than the one known by the "+
			"group coordinator (%d). The member must abandon all its partitions and rejoin.", epoch, m.epoch)
	}
	return refuse(ErrFencedMemberEpoch, "The share group member has a smaller member epoch (%d) than the one known by the "+
		"group coordinator (%d), and it does not match the previous member epoch (%d). The member must abandon all its "+
		"partitions and rejoin.", epoch, m.epoch, m.previousEpoch)
}

// shareBeatAfterMs is when a member is to send its next heartbeat, in milliseconds: soon while partitions are on their way to
// members, so that a group begins to work in much less than a heartbeat's time.
func (m *machine) shareBeatAfterMs(tx *coordinator.Tx, groupID string, s *shareGroup) int32 {
	usual := m.setting(groupID, "share.heartbeat.interval.ms", m.config.Share.HeartbeatIntervalMs)
	hurried := m.config.Share.HurriedIntervalMs
	switch {
	case hurried <= 0:
		return usual
	case s.targetEpoch < s.epoch:
		due := s.targetMs + int64(m.shareAssignmentMs(groupID)) - tx.Now.UnixMilli()
		return min(usual, max(int32(min(due, int64(usual))), 1))
	case len(s.states.making) > 0 && s.readsAny(s.states.making):
		return min(usual, hurried)
	}
	return usual
}

// readsAny tells whether members read one of some topics.
func (s *shareGroup) readsAny(topics map[metadata.TopicID]shareTopic) bool {
	for _, t := range topics {
		if s.reading.at(t.name) > 0 {
			return true
		}
	}
	return false
}
