package groups

import "weir/coordinator"

// replaceStatic lets a static member that has lost its id take its place again under a new one (KIP-345). The
// holder of the old id is fenced. In a stable group nothing else happens, if the protocol stays the same.
func (m *machine) replaceStatic(tx *coordinator.Tx, g *group, old *member, id string, j joining) {
	c := g.classic
	leaderBefore := c.leader
	c.answerJoin(tx, old, JoinResponse{MemberID: old.id}, ErrFencedInstance)
	c.answerSync(tx, old, SyncResponse{}, ErrFencedInstance)
	if old.session != nil {
		tx.Cancel(old.session)
	}
	mem := c.replace(old, id)
	c.update(tx, mem, j)
	m.prolong(tx, g, mem, mem.sessionTimeout)
	switch c.state {
	case StateStable:
		if c.choose() == *c.protocol {
			m.storeReplaced(tx, g, old, mem, leaderBefore, j)
			return
		}
		m.prepareRebalance(tx, g, "static member "+id+" changes the protocol: "+j.Reason)
	case StateCompletingRebalance:
		// The leader may be assigning to the old id at this moment.
		m.prepareRebalance(tx, g, "static member "+id+" came back: "+j.Reason)
	default:
		m.completeIfJoined(tx, g)
	}
}

// storeReplaced writes the group with the new member id, and answers the join when that is durable.
func (m *machine) storeReplaced(tx *coordinator.Tx, g *group, old, mem *member, leaderBefore string,
	j joining) {
	c := g.classic
	assignments := make(map[string][]byte, len(c.members))
	for _, other := range c.members {
		assignments[other.id] = other.assignment
	}
	tx.Append(g.id, groupRecord(g.id, c, assignments))
	tx.Then(func(tx *coordinator.Tx, err error) {
		if c.members[mem.id] != mem || mem.join != j.future {
			return // gone meanwhile, or replaced in turn: its join has been answered
		}
		switch {
		case err != nil:
			c.answerJoin(tx, mem, JoinResponse{}, err)
			m.restoreReplaced(tx, g, old, mem)
		case c.state != StateStable:
			// A rebalance has begun meanwhile; it answers the join.
		case j.SupportsSkippingAssignment:
			leads := c.leader == mem.id
			r := c.joinResponse(mem, leads)
			r.SkipAssignment = leads
			c.answerJoin(tx, mem, r, nil)
			m.prolong(tx, g, mem, mem.sessionTimeout) // it may have ended while the member waited
		default:
			// An old client that is told that it leads would compute an assignment. It is told the old
			// leader's id, and so fetches the assignment that there is.
			r := c.joinResponse(mem, false)
			r.Leader = leaderBefore
			c.answerJoin(tx, mem, r, nil)
			m.prolong(tx, g, mem, mem.sessionTimeout)
		}
	})
}

// restoreReplaced gives the place back to the old id, after the new one could not be stored.
func (m *machine) restoreReplaced(tx *coordinator.Tx, g *group, old, mem *member) {
	c := g.classic
	tx.Cancel(mem.session)
	back := c.replace(mem, old.id)
	c.offer(back, old.protocols)
	back.rebalanceTimeout, back.sessionTimeout = old.rebalanceTimeout, old.sessionTimeout
	m.prolong(tx, g, back, back.sessionTimeout)
}
