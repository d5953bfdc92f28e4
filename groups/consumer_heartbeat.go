package groups

import (
	"slices"
	"strings"

	"weir/coordinator"
)

// checkConsumerHeartbeat refuses what no group could accept.
func (c *Config) checkConsumerHeartbeat(r *ConsumerHeartbeatRequest) error {
	empty := func(s *string) bool { return s != nil && strings.TrimSpace(*s) == "" }
	needsID := r.RequireMemberID || r.Epoch > 0 || r.Epoch == epochLeave
	switch {
	case needsID && empty(&r.MemberID):
		return refuse(ErrInvalidRequest, "MemberId can't be empty.")
	case empty(&r.GroupID):
		return refuse(ErrInvalidRequest, "GroupId can't be empty.")
	case empty(r.InstanceID):
		return refuse(ErrInvalidRequest, "InstanceId can't be empty.")
	case empty(r.RackID):
		return refuse(ErrInvalidRequest, "RackId can't be empty.")
	case r.Epoch == epochJoin && r.RebalanceTimeoutMs == -1:
		return refuse(ErrInvalidRequest, "RebalanceTimeoutMs must be provided in first request.")
	case r.Epoch == epochJoin && (r.Owned == nil || len(r.Owned) > 0):
		return refuse(ErrInvalidRequest, "TopicPartitions must be empty when (re-)joining.")
	case r.Epoch == epochJoin && r.Topics == nil && r.Regex == nil:
		return refuse(ErrInvalidRequest,
			"Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.")
	case r.Epoch == epochLeaveStatic && r.InstanceID == nil:
		return refuse(ErrInvalidRequest, "InstanceId can't be null.")
	case r.Epoch < epochLeaveStatic:
		return refuse(ErrInvalidRequest, "MemberEpoch is invalid.")
	case r.Assignor != nil && !slices.Contains(c.Consumer.Assignors, *r.Assignor):
		return refuse(ErrUnsupportedAssignor, "ServerAssignor %s is not supported. Supported assignors: %s.",
			*r.Assignor, strings.Join(c.Consumer.Assignors, ", "))
	}
	return nil
}

// consumerHeartbeat is all of a member's life: it joins, says what it reads, is told what to take and what to
// give up, and leaves. Nothing is written before everything has been checked.
func (m *machine) consumerHeartbeat(tx *coordinator.Tx, r *ConsumerHeartbeatRequest,
) (ConsumerHeartbeatResponse, error) {
	if r.Epoch == epochLeave || r.Epoch == epochLeaveStatic {
		return m.consumerLeave(tx, r)
	}
	if r.MemberID == "" {
		r.MemberID = m.newID()
	}
	if err := m.checkConsumer(r); err != nil {
		return ConsumerHeartbeatResponse{}, err
	}
	c, err := m.openConsumer(tx, r.GroupID)
	if err != nil {
		return ConsumerHeartbeatResponse{}, err
	}
	before := m.enter(tx, r.GroupID, c, r.MemberID, r.InstanceID)
	next := *before
	r.tell(&next)
	changed := m.subscribe(tx, r.GroupID, c, before, &next)
	c = m.groups[r.GroupID].orNew(c)
	if c.members.at(r.MemberID) == nil {
		return ConsumerHeartbeatResponse{}, coordinator.ErrNotAvailable // its record is too large to be written
	}
	m.retarget(tx, r.GroupID, c)
	after := m.settleMember(tx, r.GroupID, c, c.members.at(r.MemberID), r.Owned, changed)
	m.prolongConsumer(tx, r.GroupID, c, after)
	response := ConsumerHeartbeatResponse{
		MemberID: after.id, Epoch: after.epoch, HeartbeatIntervalMs: m.beatAfterMs(tx, r.GroupID, c, after),
	}
	full := r.RebalanceTimeoutMs != -1 && (r.Topics != nil || r.Regex != nil) && r.Owned != nil
	if r.Epoch == epochJoin || full || !slices.Equal(before.assigned, after.assigned) {
		response.Assigned, response.Assignment = true, partitionsOf(after.assigned)
	}
	return response, nil
}

// tell takes over what a member says about itself.
func (r *ConsumerHeartbeatRequest) tell(m *consumerMember) {
	if r.InstanceID != nil {
		m.instanceID = r.InstanceID
	}
	if r.RackID != nil {
		m.rackID = r.RackID
	}
	if r.RebalanceTimeoutMs != -1 {
		m.rebalanceTimeout = r.RebalanceTimeoutMs
	}
	if r.Assignor != nil {
		m.assignor = r.Assignor
	}
	if r.Topics != nil {
		m.topics = sortedSet(slices.Clone(r.Topics))
	}
	if r.Regex != nil {
		m.regex = r.Regex
	}
	m.clientID, m.clientHost, m.classic = r.ClientID, r.ClientHost, nil
}

// checkConsumer tells whether a member may do what it asks for.
func (m *machine) checkConsumer(r *ConsumerHeartbeatRequest) error {
	g, joining := m.groups[r.GroupID], r.Epoch == epochJoin
	switch {
	case g == nil && !joining:
		return refuse(ErrGroupNotFound, "Consumer group %s not found.", r.GroupID)
	case g == nil:
		if err := m.checkRoom(); err != nil {
			return err
		}
	case g != nil && (g.streams != nil || g.share != nil || g.consumer == nil && !joining):
		return notConsumer(r.GroupID)
	case g != nil && g.consumer == nil && g.classic.state != StateEmpty:
		if err := m.checkUpgrade(g); err != nil {
			return err
		}
		if _, known := g.classic.members[r.MemberID]; !known && len(g.classic.members) >= m.config.Consumer.MaxSize {
			return m.fullConsumer()
		}
	case g != nil && g.consumer != nil:
		c := g.consumer
		if c.members.len() >= m.config.Consumer.MaxSize && c.members.at(r.MemberID) == nil {
			return m.fullConsumer()
		}
		if err := c.checkMember(r); err != nil {
			return err
		}
	}
	if g != nil && g.consumer != nil && !m.hasRoom(g.consumer, r) {
		return m.fullConsumer()
	}
	if r.Regex != nil && *r.Regex != "" {
		if g == nil || g.consumer == nil || g.consumer.regexes.at(*r.Regex) == nil {
			return checkRegex(*r.Regex)
		}
	}
	return nil
}

// hasRoom tells whether what all members say about themselves is bounded still.
func (m *machine) hasRoom(c *consumer, r *ConsumerHeartbeatRequest) bool {
	if r.Topics == nil && r.Regex == nil {
		return true
	}
	next := *c.memberOr(r.MemberID)
	grown := -next.size()
	r.tell(&next)
	grown += next.size()
	return grown <= 0 || c.size+grown <= metadataFactor*m.config.BatchMaxBytes
}

func notConsumer(groupID string) error {
	return refuse(ErrGroupNotFound, "Group %s is not a consumer group.", groupID)
}

func (m *machine) fullConsumer() error {
	return refuse(ErrGroupMaxSize, "The consumer group has reached its maximum capacity of %d members.",
		m.config.Consumer.MaxSize)
}

// checkMember tells whether the request comes from the member that it names, in an epoch that it may be in.
func (c *consumer) checkMember(r *ConsumerHeartbeatRequest) error {
	joining := r.Epoch == epochJoin
	if r.InstanceID == nil {
		mem := c.members.at(r.MemberID)
		if mem == nil && !joining {
			return c.unknownMember(r.GroupID, r.MemberID)
		}
		return mem.checkEpoch(r)
	}
	mem := c.staticMember(r.InstanceID)
	switch {
	case joining && mem == nil:
		return nil
	case joining && mem.classic == nil && mem.epoch != epochLeaveStatic:
		return refuse(ErrUnreleasedInstance, "Static member %s with instance id %s cannot join the group because "+
			"the instance id is owned by %s member.", r.MemberID, *r.InstanceID, mem.id)
	case joining:
		return nil
	}
	if err := checkStatic(mem, r.MemberID, *r.InstanceID); err != nil {
		return err
	}
	return mem.checkEpoch(r)
}

func (c *consumer) unknownMember(groupID, memberID string) error {
	return refuse(ErrUnknownMember, "Member %s is not a member of group %s.", memberID, groupID)
}

// checkStatic tells whether a member is the one that has the instance id.
func checkStatic(mem *consumerMember, memberID, instanceID string) error {
	if mem == nil {
		return refuse(ErrUnknownMember, "Instance id %s is unknown.", instanceID)
	}
	if mem.id != memberID {
		return refuse(ErrFencedInstance, "Static member %s with instance id %s was fenced by member %s.",
			memberID, instanceID, mem.id)
	}
	return nil
}

// checkEpoch tells whether a member speaks in its epoch, or in the one before while it may have missed the
// answer that told it of the new one.
func (m *consumerMember) checkEpoch(r *ConsumerHeartbeatRequest) error {
	if r.Epoch == epochJoin || r.Epoch == m.epoch {
		return nil
	}
	missed := r.Epoch == m.previousEpoch && r.Owned != nil && covers(m.assigned, r.Owned)
	if r.Epoch < m.epoch && missed {
		return nil
	}
	than := "smaller"
	if r.Epoch > m.epoch {
		than = "greater"
	}
	return refuse(ErrFencedMemberEpoch, "The consumer group member has a %s member epoch (%d) than the one known by "+
		"the group coordinator (%d). The member must abandon all its partitions and rejoin.", than, r.Epoch, m.epoch)
}

// openConsumer gives the consumer group of that id: a classic one becomes one. A new group is only made by
// the record of its first member.
func (m *machine) openConsumer(tx *coordinator.Tx, groupID string) (*consumer, error) {
	g := m.groups[groupID]
	switch {
	case g == nil:
		return newConsumer(), nil
	case g.consumer != nil:
		return g.consumer, nil
	case g.classic.state != StateEmpty:
		return m.upgrade(tx, g)
	}
	m.leaveEmptyClassic(tx, g)
	return newConsumer(), nil
}

// leaveEmptyClassic ends what a group without members was, and those who were about to join it.
func (m *machine) leaveEmptyClassic(tx *coordinator.Tx, g *group) {
	for _, timer := range g.classic.pendingJoin {
		tx.Cancel(timer)
	}
	if g.classic.sinceMs >= 0 || g.classic.protocolType != "" { // else only offsets made it: no record did
		tx.Append(g.id, groupTombstone(g.id))
	}
}

// orNew gives the group's consumer side, or otherwise if there is none yet.
func (g *group) orNew(otherwise *consumer) *consumer {
	if g != nil && g.consumer != nil {
		return g.consumer
	}
	return otherwise
}

// enter gives the member as it is before it says anything, which may be new. A static member that comes back
// takes the place of the one it was.
func (m *machine) enter(tx *coordinator.Tx, groupID string, c *consumer, id string, instanceID *string,
) *consumerMember {
	old := c.staticMember(instanceID)
	if old == nil || old.id == id && old.epoch != epochLeaveStatic {
		return c.memberOr(id)
	}
	m.logger.Info("static member comes back", "group", groupID, "member", id, "before", old.id)
	next := *old
	next.id, next.epoch, next.previousEpoch = id, 0, 0
	target := c.target.at(old.id)
	m.removeRecords(tx, groupID, old.id)
	tx.Append(groupID, consumerMemberRecord(groupID, &next))
	tx.Append(groupID, targetMemberRecord(groupID, id, target))
	tx.Append(groupID, placeRecord(groupID, &next))
	if old.id != id {
		m.forgetTimers(tx, c, old.id)
	}
	return c.memberOr(id)
}

// removeRecords writes what takes a member out.
func (m *machine) removeRecords(tx *coordinator.Tx, groupID, memberID string) {
	for _, version := range []int16{keyPlace, keyTargetMember, keyConsumerMember} {
		tx.Append(groupID, consumerTombstone(version, groupID, memberID))
	}
}
