package groups

import "weir/coordinator"

// prolong gives a member so many milliseconds from now to be heard of again.
func (m *machine) prolong(tx *coordinator.Tx, g *group, mem *member, ms int32) {
	if mem.session == nil {
		c := g.classic
		mem.session = coordinator.NewTimer(g.id, func(tx *coordinator.Tx) {
			if m.holds(g, c) && c.members[mem.id] == mem {
				m.expireSession(tx, g, mem)
			}
		})
	}
	tx.Schedule(mem.session, tx.Now.Add(millis(ms)))
}

// expireSession removes a member that has not been heard of. One that waits for an answer is alive, unless it
// is new: then it cannot have sent a heartbeat, and its client may have gone while its join was parked.
func (m *machine) expireSession(tx *coordinator.Tx, g *group, mem *member) {
	if !mem.isNew && (mem.join != nil || mem.sync != nil) {
		return
	}
	m.logger.Info("member has failed", "group", g.id, "member", mem.id)
	m.removeMember(tx, g, mem, "session of member "+mem.id+" has expired")
}

// removeMember takes out a member and has the others rebalance.
func (m *machine) removeMember(tx *coordinator.Tx, g *group, mem *member, reason string) {
	c := g.classic
	c.drop(tx, mem)
	switch c.state {
	case StateStable, StateCompletingRebalance:
		m.prepareRebalance(tx, g, reason)
	case StatePreparingRebalance:
		if c.allJoined() {
			m.completeJoin(tx, g)
		}
	}
}

// expirePending forgets a member id that was given out and not used.
func (m *machine) expirePending(tx *coordinator.Tx, g *group, id string) {
	c := g.classic
	m.logger.Info("member id was not used", "group", g.id, "member", id)
	c.remove(id)
	if c.state == StatePreparingRebalance && c.allJoined() {
		m.completeJoin(tx, g)
	}
}
