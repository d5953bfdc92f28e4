package groups

import (
	"fmt"
	"slices"
	"strings"

	"weir/coordinator"
)

// checkStreamsHeartbeat refuses what no group could accept.
func checkStreamsHeartbeat(r *StreamsHeartbeatRequest) error {
	joining := r.Epoch == epochJoin
	switch {
	case strings.TrimSpace(r.MemberID) == "":
		return refuse(ErrInvalidRequest, "MemberId can't be empty.")
	case strings.TrimSpace(r.GroupID) == "":
		return refuse(ErrInvalidRequest, "GroupId can't be empty.")
	case r.InstanceID != nil:
		return refuse(ErrOldVersion, "Static membership is not supported for streams groups.")
	case r.Epoch < epochLeaveStatic:
		return refuse(ErrInvalidRequest, "MemberEpoch is %d, but must be greater than or equal to -2.", r.Epoch)
	case joining && r.RebalanceTimeoutMs == -1:
		return refuse(ErrInvalidRequest, "RebalanceTimeoutMs must be provided in first request.")
	case joining && (r.Owned == nil || len(r.Owned.Active) > 0):
		return refuse(ErrInvalidRequest, "ActiveTasks must be empty when (re-)joining.")
	case joining && len(r.Owned.Standby) > 0:
		return refuse(ErrInvalidRequest, "StandbyTasks must be empty when (re-)joining.")
	case joining && len(r.Owned.Warmup) > 0:
		return refuse(ErrInvalidRequest, "WarmupTasks must be empty when (re-)joining.")
	case joining && r.ProcessID == nil:
		return refuse(ErrInvalidRequest, "ProcessId must be non-null when (re-)joining.")
	case joining && r.Topology == nil:
		return refuse(ErrInvalidRequest, "Topology must be non-null when (re-)joining.")
	case !joining && r.Topology != nil:
		return refuse(ErrInvalidRequest, "Topology can only be provided when (re-)joining.")
	}
	if r.Topology != nil {
		return r.Topology.check()
	}
	return nil
}

// streamsHeartbeat is all of a member's life. Nothing is written before everything has been checked.
func (m *machine) streamsHeartbeat(tx *coordinator.Tx, r *StreamsHeartbeatRequest) (StreamsHeartbeatResponse, error) {
	var none StreamsHeartbeatResponse
	if r.Epoch == epochLeave || r.Epoch == epochLeaveStatic {
		return m.streamsLeave(tx, r)
	}
	if err := m.checkStreams(r); err != nil {
		return none, err
	}
	g := m.groups[r.GroupID]
	if g != nil && g.classic != nil {
		m.leaveEmptyClassic(tx, g)
	}
	s := newStreams()
	if g != nil && g.streams != nil {
		s = g.streams
	}
	before, first := s.memberOr(r.MemberID), s.members.len() == 0
	next := *before
	r.tellStreams(&next)
	joined := s.members.at(r.MemberID) == nil
	changed := joined || !next.sameClient(before)
	if changed {
		tx.Append(r.GroupID, streamsMemberRecord(r.GroupID, &next))
	}
	if r.Topology != nil && (s.topology == nil || first && r.Topology.Epoch != s.topology.Epoch) {
		tx.Append(r.GroupID, topologyRecord(r.GroupID, (*topology)(r.Topology)))
	}
	if g = m.groups[r.GroupID]; g == nil || g.streams == nil || g.streams.members.at(r.MemberID) == nil ||
		g.streams.topology == nil {
		return none, coordinator.ErrNotAvailable // a record is too large to be written
	}
	s = g.streams
	if first && s.targetEpoch <= 1 {
		s.notBeforeMs = tx.Now.UnixMilli() + int64(m.setting(r.GroupID, "streams.initial.rebalance.delay.ms",
			m.config.Streams.InitialDelayMs))
	}
	if changed {
		s.endpointEpoch++
	}
	l := m.laidOut(s)
	m.bumpStreams(tx, r.GroupID, s, l, joined || next.topologyEpoch != before.topologyEpoch ||
		next.processID != before.processID)
	m.retargetStreams(tx, r.GroupID, s, l)
	if r.Shutdown && s.shutdown == "" {
		s.shutdown = r.MemberID
	}
	after := m.settleStreams(tx, r.GroupID, s, s.members.at(r.MemberID), r.Owned)
	m.prolongStreams(tx, r.GroupID, s, after)
	return m.streamsAnswer(r, s, l, before, after), nil
}

// streamsAnswer tells a member how it stands after its heartbeat.
func (m *machine) streamsAnswer(r *StreamsHeartbeatRequest, s *streams, l *layout, before, after *streamsMember,
) StreamsHeartbeatResponse {
	a := StreamsHeartbeatResponse{
		MemberID: after.id, Epoch: after.epoch, Missing: l.missing, EndpointEpoch: s.endpointEpoch,
		HeartbeatIntervalMs: m.setting(r.GroupID, "streams.heartbeat.interval.ms", m.config.Streams.HeartbeatIntervalMs),
	}
	if after.topologyEpoch < s.topology.Epoch {
		a.status(StatusStaleTopology, "The member's topology epoch %d is behind the group's topology epoch %d.",
			after.topologyEpoch, s.topology.Epoch)
	}
	if l.problem != nil {
		a.Status = append(a.Status, *l.problem)
	} else if s.targetEpoch < s.epoch {
		a.status(StatusAssignmentDelayed, "Assignment is delayed.")
	}
	if s.shutdown != "" {
		a.status(StatusShutdownApplication, "Streams group member %s encountered a fatal error and requested a shutdown "+
			"for the entire application.", s.shutdown)
	}
	if r.Epoch == epochJoin || !before.assigned.equal(after.assigned) {
		a.Assigned, a.Tasks = true, taskSetOf(after.assigned)
	}
	if r.EndpointEpoch != s.endpointEpoch {
		a.Endpoints = s.endpoints(l, m.image())
	}
	return a
}

func (a *StreamsHeartbeatResponse) status(code StatusCode, format string, args ...any) {
	a.Status = append(a.Status, StreamsStatus{code, fmt.Sprintf(format, args...)})
}

// tellStreams takes over what a member says about itself.
func (r *StreamsHeartbeatRequest) tellStreams(m *streamsMember) {
	if r.RackID != nil {
		m.rackID = r.RackID
	}
	if r.RebalanceTimeoutMs != -1 {
		m.rebalanceTimeout = r.RebalanceTimeoutMs
	}
	if r.Topology != nil {
		m.topologyEpoch = r.Topology.Epoch
	}
	if r.ProcessID != nil {
		m.processID = *r.ProcessID
	}
	if r.Endpoint != nil {
		m.endpoint = r.Endpoint
	}
	if r.Tags != nil {
		m.tags = r.Tags
	}
	m.clientID, m.clientHost = r.ClientID, r.ClientHost
}

// checkStreams tells whether a member may do what it asks for.
func (m *machine) checkStreams(r *StreamsHeartbeatRequest) error {
	g, joining := m.groups[r.GroupID], r.Epoch == epochJoin
	switch {
	case g == nil && !joining:
		return refuse(ErrGroupNotFound, "Streams group %s not found.", r.GroupID)
	case g == nil:
		return m.checkRoom()
	case g.streams == nil && (!joining || g.classic == nil || g.classic.state != StateEmpty):
		return refuse(ErrGroupNotFound, "Group %s is not a streams group.", r.GroupID)
	case g.streams == nil:
		return nil
	}
	s := g.streams
	mem := s.members.at(r.MemberID)
	switch {
	case mem == nil && !joining:
		return refuse(ErrUnknownMember, "Member %s is not a member of group %s.", r.MemberID, r.GroupID)
	case mem == nil && s.members.len() >= m.config.Streams.MaxSize:
		return refuse(ErrGroupMaxSize, "The streams group has reached its maximum capacity of %d members.",
			m.config.Streams.MaxSize)
	case mem != nil && !joining:
		if err := mem.checkEpoch(r); err != nil {
			return err
		}
	}
	return s.checkTopology(r.Topology)
}

// checkTopology tells whether a member may run that topology: another one needs another epoch, and the group takes
// a new one only when nobody runs the old one.
func (s *streams) checkTopology(t *Topology) error {
	switch {
	case t == nil || s.topology == nil || s.members.len() == 0 && t.Epoch != s.topology.Epoch:
		return nil
	case t.Epoch > s.topology.Epoch:
		return refuse(ErrInvalidTopologyEpoch, "The topology epoch %d is ahead of the group's topology epoch %d.", t.Epoch,
			s.topology.Epoch)
	case t.Epoch == s.topology.Epoch && !slices.Equal(topologyRecord("", (*topology)(t)).Value,
		topologyRecord("", s.topology).Value):
		return refuse(ErrInvalidTopology, "The topology differs from that of the group in the same topology epoch %d.", t.Epoch)
	}
	return nil
}

// checkEpoch tells whether a member speaks in its epoch, or in the one before while it may have missed the answer
// that told it of the new one.
func (m *streamsMember) checkEpoch(r *StreamsHeartbeatRequest) error {
	if r.Epoch == m.epoch {
		return nil
	}
	if r.Epoch < m.epoch && r.Epoch == m.previousEpoch && r.Owned != nil {
		owned := setOf(r.Owned)
		if len(withoutTasks(owned.active, m.assigned.active))+len(withoutTasks(owned.standby, m.assigned.standby))+
			len(withoutTasks(owned.warmup, m.assigned.warmup)) == 0 {
			return nil
		}
	}
	than := "smaller"
	if r.Epoch > m.epoch {
		than = "greater"
	}
	return refuse(ErrFencedMemberEpoch, "The streams group member has a %s member epoch (%d) than the one known by the "+
		"group coordinator (%d). The member must abandon all its tasks and rejoin.", than, r.Epoch, m.epoch)
}
