package groups

import "weir/coordinator"

// joining is one join with the future that it waits on.
type joining struct {
	*JoinRequest
	future *coordinator.Future[JoinResponse]
}

func (j joining) fail(tx *coordinator.Tx, id string, err error) {
	coordinator.Answer(tx, j.future, JoinResponse{MemberID: id}, err)
}

// join takes a member into the next generation. Its answer is parked until that begins.
func (m *machine) join(tx *coordinator.Tx, j joining) {
	g := m.groups[j.GroupID]
	if g == nil {
		if j.MemberID != "" {
			j.fail(tx, j.MemberID, ErrUnknownMember)
			return
		}
		if err := m.checkRoom(); err != nil {
			j.fail(tx, "", err)
			return
		}
		// The record makes the group: if it cannot be written, the group and all who joined it are undone.
		tx.Append(j.GroupID, newGroupRecord(j.GroupID, tx.Now.UnixMilli()))
		if g = m.groups[j.GroupID]; g == nil {
			j.fail(tx, "", coordinator.ErrNotAvailable)
			return
		}
	}
	if g.share != nil {
		j.fail(tx, "", ErrInconsistentProtocol)
		return
	}
	if g.streams != nil {
		if g.streams.members.len() > 0 {
			j.fail(tx, j.MemberID, ErrInconsistentProtocol)
			return
		}
		if g = m.leaveEmpty(tx, g, j, streamsTombstones(g.id, g.streams)); g == nil {
			return
		}
	}
	if g.consumer != nil {
		if g.consumer.members.len() > 0 {
			m.joinConsumer(tx, g, j)
			return
		}
		if g = m.leaveEmpty(tx, g, j, consumerTombstones(g.id, g.consumer)); g == nil {
			return
		}
	}
	c := g.classic
	switch {
	case !m.accepts(c, j):
		m.refuse(tx, g, j)
	case !c.fits(j.ProtocolType, j.Protocols):
		j.fail(tx, j.MemberID, ErrInconsistentProtocol)
	case j.MemberID == "":
		m.joinNew(tx, g, j)
	default:
		m.joinKnown(tx, g, j)
	}
}

// leaveEmpty makes a group of another kind without members a classic one, for a member that is new. It gives nil if it
// has answered.
func (m *machine) leaveEmpty(tx *coordinator.Tx, g *group, j joining, ends []coordinator.Record) *group {
	if j.MemberID != "" {
		j.fail(tx, j.MemberID, ErrUnknownMember)
		return nil
	}
	for _, r := range ends {
		tx.Append(g.id, r)
	}
	tx.Append(g.id, newGroupRecord(g.id, tx.Now.UnixMilli()))
	if g = m.groups[g.id]; g == nil || g.classic == nil {
		j.fail(tx, "", coordinator.ErrNotAvailable)
		return nil
	}
	return g
}

// refuse turns away a member for which there is no room, and takes out the one it was.
func (m *machine) refuse(tx *coordinator.Tx, g *group, j joining) {
	c := g.classic
	j.fail(tx, "", ErrGroupMaxSize)
	if mem := c.members[j.MemberID]; mem != nil {
		m.removeMember(tx, g, mem, "there is no room for member "+mem.id)
		return
	}
	c.remove(j.MemberID)
	m.completeIfJoined(tx, g)
}

// accepts tells whether the group has room. While it rebalances, those who have joined count, so that of too
// many members the last to join again are the ones to go.
//
// What all members say about themselves is bounded too.
func (m *machine) accepts(c *classic, j joining) bool {
	size := metadataSize(j.Protocols)
	mem := c.members[j.MemberID]
	if mem != nil {
		size -= metadataSize(mem.protocols)
	}
	if c.metadata+size > metadataFactor*m.config.BatchMaxBytes {
		return false
	}
	limit := m.config.GroupMaxSize
	switch c.state {
	case StatePreparingRebalance:
		return mem != nil && mem.join != nil || c.awaitingJoin < limit
	case StateCompletingRebalance, StateStable:
		return mem != nil || len(c.members) < limit
	default:
		return true
	}
}

// fitsRecord tells whether what a member says about itself could be stored with the group.
func (c *Config) fitsRecord(protocols []Protocol) bool {
	for _, p := range protocols {
		if len(p.Metadata) > c.BatchMaxBytes {
			return false
		}
	}
	return metadataSize(protocols) <= metadataFactor*c.BatchMaxBytes
}

// metadataFactor is how many times the largest record all members' protocols may take in memory: of the
// several protocols that a member offers, the record holds one.
const metadataFactor = 8

// joinNew takes in a member that has no id yet.
func (m *machine) joinNew(tx *coordinator.Tx, g *group, j joining) {
	c := g.classic
	if j.InstanceID != nil {
		id := *j.InstanceID + "-" + m.newID()
		if old, ok := c.static[*j.InstanceID]; ok {
			m.replaceStatic(tx, g, c.members[old], id, j)
			return
		}
		m.addMember(tx, g, id, j)
		return
	}
	id := j.ClientID + "-" + m.newID()
	if !j.RequireKnownMemberID {
		m.addMember(tx, g, id, j)
		return
	}
	if len(c.pendingJoin) >= m.config.GroupMaxSize {
		j.fail(tx, "", ErrGroupMaxSize)
		return
	}
	timer := coordinator.NewTimer(g.id, func(tx *coordinator.Tx) {
		if _, ok := c.pendingJoin[id]; ok && m.holds(g, c) {
			m.expirePending(tx, g, id)
		}
	})
	c.pendingJoin[id] = timer
	tx.Schedule(timer, tx.Now.Add(millis(j.SessionTimeoutMs)))
	j.fail(tx, id, &MemberIDRequiredError{MemberID: id})
}

// joinKnown handles the join of a member that has an id.
func (m *machine) joinKnown(tx *coordinator.Tx, g *group, j joining) {
	c := g.classic
	if timer, ok := c.pendingJoin[j.MemberID]; ok && j.InstanceID == nil {
		tx.Cancel(timer)
		m.addMember(tx, g, j.MemberID, j)
		return
	}
	if err := c.check(j.MemberID, j.InstanceID); err != nil {
		j.fail(tx, j.MemberID, err)
		return
	}
	mem := c.members[j.MemberID]
	switch same := mem.matches(j.Protocols); {
	case c.state == StateCompletingRebalance && same, c.state == StateStable && same && c.leader != mem.id:
		// It may have missed the first answer: it gets it again. In a stable group a leader that joins wants
		// a rebalance, because something has changed that only it can see.
		r := c.joinResponse(mem, c.leader == mem.id)
		coordinator.Answer(tx, j.future, r, nil)
	default:
		c.update(tx, mem, j)
		m.rebalanceOrComplete(tx, g, "member "+mem.id+" joins again: "+j.Reason)
	}
}

// addMember takes in a member. New ones get a fixed time to come back with another join, for they cannot send
// heartbeats before they are answered.
func (m *machine) addMember(tx *coordinator.Tx, g *group, id string, j joining) {
	c := g.classic
	if c.state == StatePreparingRebalance && c.previous == StateEmpty {
		c.newMember = true
	}
	if len(c.members) == 0 {
		c.protocolType = j.ProtocolType
	}
	mem := &member{
		id: id, instanceID: j.InstanceID, clientID: j.ClientID, clientHost: j.ClientHost,
		rebalanceTimeout: j.RebalanceTimeoutMs, sessionTimeout: j.SessionTimeoutMs, protocols: j.Protocols,
		isNew: true, join: j.future,
	}
	c.add(mem)
	m.prolong(tx, g, mem, newMemberTimeoutMs)
	m.rebalanceOrComplete(tx, g, "member "+id+" is new: "+j.Reason)
}

// newMemberTimeoutMs is how long the first join of a member may be parked.
const newMemberTimeoutMs = 5 * 60 * 1000

// update takes over what a member says in a new join, and parks that join in place of an earlier one, whose
// client has given it up.
func (c *classic) update(tx *coordinator.Tx, mem *member, j joining) {
	c.answerJoin(tx, mem, JoinResponse{MemberID: mem.id}, ErrRebalanceInProgress)
	c.offer(mem, j.Protocols)
	mem.rebalanceTimeout, mem.sessionTimeout = j.RebalanceTimeoutMs, j.SessionTimeoutMs
	mem.join = j.future
	c.awaitingJoin++
}

func metadataSize(protocols []Protocol) int {
	size := 0
	for _, p := range protocols {
		size += len(p.Name) + len(p.Metadata)
	}
	return size
}
