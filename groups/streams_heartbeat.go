package groups

import (
	"fmt"
	"strings"

	"weir/coordinator"
)

// What members are told of the offsets of their tasks that they are to report (StreamsGroupHeartbeat). As in Kafka 4.4 nobody is given
// tasks to warm up: what is reported is shown, and tells where a copy is further.
const (
	taskOffsetIntervalMs  = 60_000
	acceptableRecoveryLag = 10_000
)

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
	s, created := newStreams(), g == nil || g.streams == nil
	if !created {
		s = g.streams
	}
	t, newTopology, err := s.topologyFor(r)
	if err != nil {
		return none, err
	}
	l := m.laidOut(s, t)
	if l.err != nil {
		return none, l.err
	}
	if err := l.checkOwned(r.Owned); err != nil {
		return none, err
	}
	if g != nil && g.classic != nil {
		m.leaveEmptyClassic(tx, g)
	}
	first := s.members.len() == 0
	before, joined, changed := m.enterStreams(tx, s, r)
	if newTopology {
		tx.Append(r.GroupID, topologyRecord(r.GroupID, t))
	}
	if g = m.groups[r.GroupID]; g == nil || g.streams == nil || g.streams.members.at(r.MemberID) == nil ||
		g.streams.topology == nil {
		return none, coordinator.ErrNotAvailable // a record is too large to be written
	}
	s = g.streams
	s.image, s.laid = m.image(), l
	if first && tx.Now.UnixMilli() >= s.notBeforeMs {
		s.notBeforeMs = tx.Now.UnixMilli() + int64(m.setting(r.GroupID, "streams.initial.rebalance.delay.ms",
			m.config.Streams.InitialDelayMs))
	}
	m.reportOffsets(s, r)
	m.bumpStreams(tx, r.GroupID, s, l, changed)
	m.retargetStreams(tx, r.GroupID, s, l)
	if r.Shutdown && s.shutdown == "" {
		s.shutdown = r.MemberID
	}
	after := m.settleStreams(tx, r.GroupID, s, s.members.at(r.MemberID), r.Owned)
	m.prolongStreams(tx, r.GroupID, s, after)
	moved := !before.assigned.equal(after.assigned)
	serves := !sameEndpoint(before, after) || moved && after.endpoint != nil
	if serves && !created { // as in Kafka a new group begins with what its first member serves
		s.endpointEpoch++
	}
	a := m.streamsAnswer(tx, r, s, l, after)
	if serves || r.EndpointEpoch != s.endpointEpoch {
		a.Endpoints = s.endpoints(l, m.image())
	}
	if r.Epoch == epochJoin || moved || joined {
		a.Assigned, a.Tasks = true, taskSetOf(after.assigned)
	}
	return a, nil
}

// enterStreams writes what a member says about itself, and gives it as it was before. A static member that comes back takes the place of
// the one it was. Changed says that the target must be computed anew: a static member that comes back as it was moves nothing.
func (m *machine) enterStreams(tx *coordinator.Tx, s *streams, r *StreamsHeartbeatRequest,
) (before *streamsMember, joined, changed bool) {
	old := s.staticMember(r.InstanceID)
	before = s.memberOr(r.MemberID)
	joined = s.members.at(r.MemberID) == nil
	if old != nil && r.Epoch == epochJoin {
		before, joined = m.replaceStreams(tx, r.GroupID, s, old, r.MemberID), false
	}
	next := *before
	r.tellStreams(&next)
	if joined || !next.sameClient(before) {
		tx.Append(r.GroupID, streamsMemberRecord(r.GroupID, &next))
		changed = r.InstanceID == nil || joined || !next.sameTaskNeeds(before)
	}
	return before, joined, changed
}

// replaceStreams gives a static member's place to the one that comes back for it.
func (m *machine) replaceStreams(tx *coordinator.Tx, groupID string, s *streams, old *streamsMember, id string) *streamsMember {
	m.logger.Info("static member comes back", "group", groupID, "member", id, "before", old.id)
	next := *old
	next.id, next.epoch, next.previousEpoch = id, 0, 0
	target, offsets := s.target.at(old.id), s.reported.at(old.id)
	m.removeStreamsRecords(tx, groupID, old.id)
	tx.Append(groupID, streamsMemberRecord(groupID, &next))
	tx.Append(groupID, streamsShareRecord(groupID, id, target))
	tx.Append(groupID, streamsPlaceRecord(groupID, &next))
	if old.id != id {
		s.forgetTimers(tx, old.id)
		s.reported.drop(old.id)
		s.reported.put(id, offsets)
	}
	return &next
}

// reportOffsets keeps what a member says of its tasks' offsets, until it is gone or the broker is started anew.
func (m *machine) reportOffsets(s *streams, r *StreamsHeartbeatRequest) {
	if r.Offsets == nil && r.EndOffsets == nil {
		return
	}
	told := s.reported.at(r.MemberID)
	if r.Offsets != nil {
		told.offsets = r.Offsets
	}
	if r.EndOffsets != nil {
		told.endOffsets = r.EndOffsets
	}
	s.reported.put(r.MemberID, told)
}

// streamsAnswer tells a member how it stands after its heartbeat.
func (m *machine) streamsAnswer(tx *coordinator.Tx, r *StreamsHeartbeatRequest, s *streams, l *layout, after *streamsMember,
) StreamsHeartbeatResponse {
	a := StreamsHeartbeatResponse{
		MemberID: after.id, Epoch: after.epoch, Missing: l.missing, EndpointEpoch: s.endpointEpoch,
		HeartbeatIntervalMs:  m.setting(r.GroupID, "streams.heartbeat.interval.ms", m.config.Streams.HeartbeatIntervalMs),
		TaskOffsetIntervalMs: taskOffsetIntervalMs, AcceptableRecoveryLag: acceptableRecoveryLag,
	}
	if after.topologyEpoch < s.topology.Epoch {
		a.status(StatusStaleTopology, "The member's topology epoch %d is behind the group's topology epoch %d.",
			after.topologyEpoch, s.topology.Epoch)
	}
	switch {
	case tx.Now.UnixMilli() < s.notBeforeMs:
		a.status(StatusAssignmentDelayed, "Assignment delayed due to the configured initial rebalance delay.")
	case s.targetEpoch < s.epoch:
		a.status(StatusAssignmentDelayed, "Assignment delayed due to the configured assignment interval.")
	}
	if l.problem != nil {
		a.Status = append(a.Status, *l.problem)
	}
	if s.shutdown != "" {
		a.status(StatusShutdownApplication, "Streams group member %s encountered a fatal error and requested a shutdown "+
			"for the entire application.", s.shutdown)
	}
	return a
}

func (a *StreamsHeartbeatResponse) status(code StatusCode, format string, args ...any) {
	a.Status = append(a.Status, StreamsStatus{code, fmt.Sprintf(format, args...)})
}

// tellStreams takes over what a member says about itself.
func (r *StreamsHeartbeatRequest) tellStreams(m *streamsMember) {
	if r.InstanceID != nil {
		m.instanceID = r.InstanceID
	}
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
	if r.Endpoint != nil || r.Epoch == epochJoin {
		m.endpoint = r.Endpoint
	}
	if r.Tags != nil {
		m.tags = r.Tags
	}
	m.clientID, m.clientHost = r.ClientID, r.ClientHost
}

// summary names the first three of some topics, as Kafka does in its texts.
func summary(names []string) string {
	if len(names) <= 3 {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d additional topics", strings.Join(names[:3], ", "), len(names)-3)
}
