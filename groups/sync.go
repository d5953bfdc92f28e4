package groups

import "weir/coordinator"

// sync gives a member its assignment. Members wait for the leader's, and it for the disk.
func (m *machine) sync(tx *coordinator.Tx, r *SyncRequest, f *coordinator.Future[SyncResponse]) {
	g := m.groups[r.GroupID]
	if g != nil && g.consumer != nil {
		response, err := m.syncConsumer(tx, g, r)
		coordinator.Answer(tx, f, response, err)
		return
	}
	if g == nil || g.classic == nil || g.classic.state == StateEmpty {
		coordinator.Answer(tx, f, SyncResponse{}, ErrUnknownMember)
		return
	}
	c := g.classic
	if err := c.checkSync(r); err != nil {
		coordinator.Answer(tx, f, SyncResponse{}, err)
		return
	}
	mem := c.members[r.MemberID]
	switch c.state {
	case StatePreparingRebalance:
		coordinator.Answer(tx, f, SyncResponse{}, ErrRebalanceInProgress)
	case StateCompletingRebalance:
		// A client that asks again has given up its first request.
		c.answerSync(tx, mem, SyncResponse{}, ErrRebalanceInProgress)
		mem.sync = f
		c.synced(tx, mem)
		if c.leader == mem.id {
			m.assign(tx, g, r)
		}
	case StateStable:
		c.synced(tx, mem)
		coordinator.Answer(tx, f, c.syncResponse(mem), nil)
	}
}

func (c *classic) checkSync(r *SyncRequest) error {
	if err := c.check(r.MemberID, r.InstanceID); err != nil {
		return err
	}
	if r.Generation != c.generation {
		return ErrIllegalGeneration
	}
	if r.ProtocolType != nil && *r.ProtocolType != c.protocolType {
		return ErrInconsistentProtocol
	}
	if r.Protocol != nil && c.protocol != nil && *r.Protocol != *c.protocol {
		return ErrInconsistentProtocol
	}
	return nil
}

// assign stores what the leader has assigned, then hands it out.
func (m *machine) assign(tx *coordinator.Tx, g *group, r *SyncRequest) {
	c, generation := g.classic, r.Generation
	assignments := make(map[string][]byte, len(r.Assignments))
	for _, a := range r.Assignments {
		assignments[a.MemberID] = a.Data
	}
	tx.Append(g.id, groupRecord(g.id, c, assignments))
	tx.Then(func(tx *coordinator.Tx, err error) {
		if !m.holds(g, c) || c.state != StateCompletingRebalance || c.generation != generation {
			return // a rebalance has begun meanwhile, and has told everyone
		}
		if err != nil {
			m.dropAssignments(tx, g, err)
			m.prepareRebalance(tx, g, "assignment could not be stored")
			return
		}
		c.transition(tx, StateStable)
		for _, mem := range c.ordered() {
			if c.answerSync(tx, mem, c.syncResponse(mem), nil) {
				m.prolong(tx, g, mem, mem.sessionTimeout) // it may have ended while the member waited
			}
		}
	})
}

// dropAssignments takes the assignments back and tells whoever waits for one.
func (m *machine) dropAssignments(tx *coordinator.Tx, g *group, err error) {
	for _, mem := range g.classic.ordered() {
		mem.assignment = nil
		if g.classic.answerSync(tx, mem, SyncResponse{}, err) {
			m.prolong(tx, g, mem, mem.sessionTimeout) // it may have ended while the member waited
		}
	}
}

func (c *classic) syncResponse(mem *member) SyncResponse {
	protocolType := c.protocolType
	return SyncResponse{ProtocolType: &protocolType, Protocol: c.protocol, Assignment: mem.assignment}
}

// synced notes that a member has asked for its assignment.
func (c *classic) synced(tx *coordinator.Tx, mem *member) {
	delete(c.pendingSync, mem.id)
	if len(c.pendingSync) == 0 {
		c.stopSync(tx)
	}
}

// startSyncTimer bounds the time for members to ask for their assignment.
func (m *machine) startSyncTimer(tx *coordinator.Tx, g *group) {
	c, generation := g.classic, g.classic.generation
	c.syncTimer = coordinator.NewTimer(g.id, func(tx *coordinator.Tx) {
		if m.holds(g, c) && c.generation == generation {
			m.expireSync(tx, g)
		}
	})
	tx.Schedule(c.syncTimer, tx.Now.Add(millis(c.rebalanceTimeout())))
}

// stopSync stops waiting for syncs.
func (c *classic) stopSync(tx *coordinator.Tx) {
	clear(c.pendingSync)
	if c.syncTimer != nil {
		tx.Cancel(c.syncTimer)
	}
}

// expireSync removes the members that have joined and then not asked for their assignment.
func (m *machine) expireSync(tx *coordinator.Tx, g *group) {
	c := g.classic
	if c.state != StateCompletingRebalance && c.state != StateStable || len(c.pendingSync) == 0 {
		return
	}
	for _, mem := range c.ordered() {
		if _, late := c.pendingSync[mem.id]; late {
			m.logger.Info("removing member that has not synced", "group", g.id, "member", mem.id)
			c.drop(tx, mem)
		}
	}
	m.prepareRebalance(tx, g, "members have not synced in time")
}
