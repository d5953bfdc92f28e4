package groups

import (
	"time"

	"weir/coordinator"
)

// rebalanceOrComplete starts a rebalance, or brings the one that runs to an end if nobody is missing any
// more.
func (m *machine) rebalanceOrComplete(tx *coordinator.Tx, g *group, reason string) {
	if g.classic.state != StatePreparingRebalance {
		m.prepareRebalance(tx, g, reason)
		return
	}
	m.completeIfJoined(tx, g)
}

// prepareRebalance makes every member join again. An empty group waits a while for more members to come; any
// other waits for those that it has.
func (m *machine) prepareRebalance(tx *coordinator.Tx, g *group, reason string) {
	c := g.classic
	if c.state == StateCompletingRebalance {
		m.dropAssignments(tx, g, ErrRebalanceInProgress)
	}
	c.stopSync(tx)
	initial := c.state == StateEmpty
	c.transition(tx, StatePreparingRebalance)
	m.logger.Info("rebalancing group", "group", g.id, "generation", c.generation, "reason", reason)
	switch {
	case initial:
		delay := m.config.GroupInitialRebalanceDelayMs
		m.delayInitial(tx, g, delay, max(c.rebalanceTimeout()-delay, 0))
	case c.allJoined():
		m.completeJoin(tx, g)
	default:
		m.startJoinTimer(tx, g, c.rebalanceTimeout(), m.completeJoin)
	}
}

// delayInitial waits for more members of a group that has been empty: as long as they keep coming, and not
// longer than their rebalance timeout.
func (m *machine) delayInitial(tx *coordinator.Tx, g *group, delayMs, remainingMs int32) {
	m.startJoinTimer(tx, g, delayMs, func(tx *coordinator.Tx, g *group) {
		if !g.classic.newMember || remainingMs == 0 {
			m.completeJoin(tx, g)
			return
		}
		g.classic.newMember = false
		nextMs := min(m.config.GroupInitialRebalanceDelayMs, remainingMs)
		m.delayInitial(tx, g, nextMs, max(remainingMs-delayMs, 0))
	})
}

// startJoinTimer bounds the time for members to join.
func (m *machine) startJoinTimer(tx *coordinator.Tx, g *group, ms int32, then func(*coordinator.Tx, *group)) {
	c := g.classic
	if c.joinTimer != nil {
		tx.Cancel(c.joinTimer)
	}
	c.joinTimer = coordinator.NewTimer(g.id, func(tx *coordinator.Tx) {
		if m.holds(g, c) {
			then(tx, g)
		}
	})
	tx.Schedule(c.joinTimer, tx.Now.Add(millis(ms)))
}

// holds tells whether a timer that was armed for a group still means it: the group may have been deleted
// since.
func (m *machine) holds(g *group, c *classic) bool { return m.groups[g.id] == g && g.classic == c }

// completeIfJoined ends the wait for joins early if nobody is missing; the initial rebalance always waits its
// time.
func (m *machine) completeIfJoined(tx *coordinator.Tx, g *group) {
	c := g.classic
	if c.state == StatePreparingRebalance && c.previous != StateEmpty && c.allJoined() {
		m.completeJoin(tx, g)
	}
}

// completeJoin begins the next generation with those who have joined. Dynamic members who have not are
// removed; static ones keep their place until their session ends.
func (m *machine) completeJoin(tx *coordinator.Tx, g *group) {
	c := g.classic
	if c.joinTimer != nil {
		tx.Cancel(c.joinTimer)
	}
	for _, mem := range c.ordered() {
		if mem.join == nil && mem.instanceID == nil {
			m.logger.Info("removing member that has not joined again", "group", g.id, "member", mem.id)
			c.drop(tx, mem)
		}
	}
	if !c.electJoined() && len(c.members) > 0 {
		m.startJoinTimer(tx, g, c.rebalanceTimeout(), m.completeJoin)
		return
	}
	c.generation++
	clear(c.pendingSync)
	if len(c.members) == 0 {
		m.becomeEmpty(tx, g)
		return
	}
	protocol := c.choose()
	c.protocol = &protocol
	c.subscribed = c.subscriptions()
	c.transition(tx, StateCompletingRebalance)
	m.logger.Info("group has joined", "group", g.id, "generation", c.generation, "members", len(c.members),
		"leader", c.leader, "protocol", protocol)
	for _, mem := range c.ordered() {
		c.answerJoin(tx, mem, c.joinResponse(mem, c.leader == mem.id), nil)
		mem.isNew = false
		m.prolong(tx, g, mem, mem.sessionTimeout)
		c.pendingSync[mem.id] = struct{}{}
	}
	m.startSyncTimer(tx, g)
}

// becomeEmpty records that the last member has gone.
func (m *machine) becomeEmpty(tx *coordinator.Tx, g *group) {
	c := g.classic
	c.protocol = nil
	c.subscribed = c.subscriptions()
	c.transition(tx, StateEmpty)
	m.logger.Info("group is empty", "group", g.id, "generation", c.generation)
	// If this cannot be written, the members of the record before come back after a restart, and time out.
	tx.Append(g.id, groupRecord(g.id, c, nil))
}

// electJoined makes sure that the leader is one who has joined, and tells whether there is any.
func (c *classic) electJoined() bool {
	leader := c.members[c.leader]
	if leader == nil {
		return false
	}
	if leader.join != nil {
		return true
	}
	for _, mem := range c.ordered() {
		if mem.join != nil {
			c.leader = mem.id
			return true
		}
	}
	return false
}

// drop takes a member out and stops its clock. Whoever waits in its name learns that it is not known any
// more, and may join anew.
func (c *classic) drop(tx *coordinator.Tx, mem *member) {
	c.answerJoin(tx, mem, JoinResponse{}, ErrUnknownMember)
	c.answerSync(tx, mem, SyncResponse{}, ErrUnknownMember)
	if mem.session != nil {
		tx.Cancel(mem.session)
	}
	c.remove(mem.id)
}

// answerJoin lets a parked join go.
func (c *classic) answerJoin(tx *coordinator.Tx, mem *member, r JoinResponse, err error) {
	if mem.join == nil {
		return
	}
	coordinator.Answer(tx, mem.join, r, err)
	mem.join = nil
	c.awaitingJoin--
}

// answerSync lets a parked sync go, and tells whether there was one.
func (c *classic) answerSync(tx *coordinator.Tx, mem *member, r SyncResponse, err error) bool {
	if mem.sync == nil {
		return false
	}
	coordinator.Answer(tx, mem.sync, r, err)
	mem.sync = nil
	return true
}

// joinResponse is the current generation as a member sees it; who leads learns of all members.
func (c *classic) joinResponse(mem *member, withMembers bool) JoinResponse {
	protocolType := c.protocolType
	r := JoinResponse{
		Generation: c.generation, ProtocolType: &protocolType, Protocol: c.protocol, Leader: c.leader,
		MemberID: mem.id,
	}
	if !withMembers {
		return r
	}
	for _, other := range c.ordered() {
		r.Members = append(r.Members, JoinMember{other.id, other.instanceID, other.metadataFor(*c.protocol)})
	}
	return r
}

func millis(ms int32) time.Duration { return time.Duration(ms) * time.Millisecond }
