package groups

import "weir/coordinator"

// leave takes members out of a group at once. The rest rebalance when all of them are out.
func (m *machine) leave(tx *coordinator.Tx, r *LeaveRequest) (LeaveResponse, error) {
	var response LeaveResponse
	left := false
	g := m.groups[r.GroupID]
	if g != nil && g.consumer != nil {
		return m.leaveConsumer(tx, g, r), nil
	}
	for _, who := range r.Members {
		err := ErrUnknownMember
		if g != nil && g.classic != nil {
			err = m.leaveOne(tx, g, who)
		}
		left = left || err == nil
		response.Members = append(response.Members, LeaveResult{who.MemberID, who.InstanceID, err})
	}
	if !left {
		return response, nil
	}
	switch g.classic.state {
	case StateStable, StateCompletingRebalance:
		m.prepareRebalance(tx, g, "members have left")
	case StatePreparingRebalance:
		m.completeIfJoined(tx, g)
	}
	return response, nil
}

// leaveOne takes one member out. Administrators name static members by their instance id alone.
func (m *machine) leaveOne(tx *coordinator.Tx, g *group, who LeaveMember) error {
	c := g.classic
	id := who.MemberID
	if id == "" && who.InstanceID != nil {
		id = c.static[*who.InstanceID]
	}
	if timer, ok := c.pendingJoin[id]; ok {
		tx.Cancel(timer)
		c.remove(id)
		return nil
	}
	if err := c.check(id, who.InstanceID); err != nil {
		return err
	}
	m.logger.Info("member leaves", "group", g.id, "member", id, "reason", who.Reason)
	c.drop(tx, c.members[id])
	return nil
}
