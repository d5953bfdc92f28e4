package groups

import (
	"weir/coordinator"
	"weir/metadata"
)

// What members of a consumer group ask that speak the classic protocol.

// classicMember gives the member that a request comes from, if it is one, and in the generation that it says.
func (c *consumer) classicMember(groupID, memberID string, instanceID *string, generation int32,
) (*consumerMember, error) {
	mem := c.members.at(memberID)
	if instanceID != nil {
		mem = c.staticMember(instanceID)
		if err := checkStatic(mem, memberID, *instanceID); err != nil {
			return nil, err
		}
	}
	switch {
	case mem == nil:
		return nil, c.unknownMember(groupID, memberID)
	case mem.classic == nil:
		return nil, refuse(ErrUnknownMember, "Member %s does not use the classic protocol.", mem.id)
	case mem.epoch != generation:
		return nil, ErrIllegalGeneration
	}
	return mem, nil
}

// syncConsumer gives a classic member its assignment.
func (m *machine) syncConsumer(tx *coordinator.Tx, g *group, r *SyncRequest) (SyncResponse, error) {
	c := g.consumer
	mem, err := c.classicMember(g.id, r.MemberID, r.InstanceID, r.Generation)
	if err != nil {
		return SyncResponse{}, err
	}
	if r.ProtocolType != nil && *r.ProtocolType != consumerProtocolType ||
		r.Protocol != nil && *r.Protocol != mem.classic.protocols[0].Name {
		return SyncResponse{}, ErrInconsistentProtocol
	}
	if c.targetEpoch > mem.epoch && mem.state != memberUnrevoked {
		m.boundJoin(tx, g.id, c, mem)
		return SyncResponse{}, ErrRebalanceInProgress
	}
	stop(tx, c.timersOf(mem.id).sync)
	m.prolongConsumer(tx, g.id, c, mem)
	return SyncResponse{
		ProtocolType: r.ProtocolType, Protocol: r.Protocol,
		Assignment: classicAssignment(m.image(), mem, partitionsOf(mem.assigned)),
	}, nil
}

// heartbeatConsumer prolongs a classic member's session. It is told to join again when it is behind the
// target, has something to give up, or could have more.
func (m *machine) heartbeatConsumer(tx *coordinator.Tx, g *group, r *HeartbeatRequest) (HeartbeatResponse, error) {
	c := g.consumer
	mem, err := c.classicMember(g.id, r.MemberID, r.InstanceID, r.Generation)
	if err != nil {
		return HeartbeatResponse{}, err
	}
	m.prolongConsumer(tx, g.id, c, mem)
	if mem.epoch < c.targetEpoch || mem.state == memberUnrevoked ||
		mem.state == memberUnreleased && !c.waits(mem) {
		m.boundJoin(tx, g.id, c, mem)
		return HeartbeatResponse{}, ErrRebalanceInProgress
	}
	return HeartbeatResponse{}, nil
}

// waits tells whether others still have something of a member's target.
func (c *consumer) waits(mem *consumerMember) bool {
	for _, p := range without(c.target.at(mem.id), mem.assigned) {
		if c.holders.at(p) > 0 {
			return true
		}
	}
	return false
}

// leaveConsumer takes members out of a consumer group at once: classic ones that leave, and any that an
// administrator removes.
func (m *machine) leaveConsumer(tx *coordinator.Tx, g *group, r *LeaveRequest) LeaveResponse {
	c := g.consumer
	var response LeaveResponse
	var leaving []*consumerMember
	gone := make(map[string]bool)
	for _, who := range r.Members {
		mem := c.members.at(who.MemberID)
		var err error
		if who.InstanceID != nil {
			mem = c.staticMember(who.InstanceID)
			id := who.MemberID
			if id == "" && mem != nil {
				id = mem.id
			}
			err = checkStatic(mem, id, *who.InstanceID)
		} else if mem == nil {
			err = ErrUnknownMember
		}
		if err == nil && !gone[mem.id] {
			gone[mem.id] = true
			leaving = append(leaving, mem)
		}
		response.Members = append(response.Members, LeaveResult{who.MemberID, who.InstanceID, err})
	}
	m.fence(tx, g.id, c, leaving)
	return response
}

// checkCommit tells whether the one who commits may. A member may commit in an older epoch what it already
// had then: it does not know of the newer one yet.
func (c *consumer) checkCommit(r *CommitRequest) error {
	if r.Generation < 0 && c.members.len() == 0 {
		return nil
	}
	mem := c.members.at(r.MemberID)
	switch {
	case mem == nil:
		return c.unknownMember(r.GroupID, r.MemberID)
	case mem.classic == nil && !r.KnowsEpochs:
		return ErrOldVersion
	case r.Generation == mem.epoch:
		return nil
	case r.Generation > mem.epoch:
		return mem.wrongEpoch()
	}
	for _, t := range r.Topics {
		for _, p := range t.Partitions {
			id := metadata.PartitionID{Topic: t.ID, Index: p.Index}
			since, has := epochOf(mem.assigned, id)
			if !has {
				since, has = epochOf(mem.revoking, id)
			}
			if !has || r.Generation < since {
				return mem.wrongEpoch()
			}
		}
	}
	return nil
}

// checkFetch tells whether the one who asks for committed offsets may. Those who do not say who they are may.
func (c *consumer) checkFetch(r *FetchRequest) error {
	if r.MemberID == nil && r.MemberEpoch < 0 {
		return nil
	}
	var mem *consumerMember
	if r.MemberID != nil {
		mem = c.members.at(*r.MemberID)
	}
	switch {
	case mem == nil:
		return ErrUnknownMember
	case r.MemberEpoch != mem.epoch:
		return mem.wrongEpoch()
	}
	return nil
}

// wrongEpoch is what a member is told that is in another epoch, in the words of its protocol.
func (m *consumerMember) wrongEpoch() error {
	if m.classic != nil {
		return ErrIllegalGeneration
	}
	return ErrStaleMemberEpoch
}
