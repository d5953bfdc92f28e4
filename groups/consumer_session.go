package groups

import (
	"slices"

	"weir/coordinator"
)

// consumerTimers end a member that does not do what it should in time. Those of a kind that the member has
// not needed yet are nil.
type consumerTimers struct {
	session    *coordinator.Timer // it is heard of
	revocation *coordinator.Timer // it gives up what it is to give up
	join       *coordinator.Timer // a classic member joins again
	sync       *coordinator.Timer // a classic member asks for its assignment
}

func (c *consumer) timersOf(id string) *consumerTimers {
	t := c.timers.at(id)
	if t == nil {
		t = &consumerTimers{}
		c.timers.put(id, t)
	}
	return t
}

// arm makes a timer that fences a member, unless keep says that there is no reason any more.
func (m *machine) arm(tx *coordinator.Tx, groupID string, c *consumer, id string, at **coordinator.Timer, ms int32,
	reason string, keep func(*consumerMember) bool) {
	if *at != nil {
		tx.Cancel(*at)
	}
	*at = coordinator.NewTimer(groupID, func(tx *coordinator.Tx) {
		mem := c.members.at(id)
		if m.holdsConsumer(groupID, c) && mem != nil && (keep == nil || !keep(mem)) {
			m.logger.Info("member is fenced", "group", groupID, "member", id, "reason", reason)
			m.fence(tx, groupID, c, []*consumerMember{mem})
		}
	})
	tx.Schedule(*at, tx.Now.Add(millis(ms)))
}

// holdsConsumer tells whether a timer that was armed for a group still means it.
func (m *machine) holdsConsumer(groupID string, c *consumer) bool {
	g := m.groups[groupID]
	return g != nil && g.consumer == c
}

// prolongConsumer gives a member its session timeout to be heard of again.
func (m *machine) prolongConsumer(tx *coordinator.Tx, groupID string, c *consumer, mem *consumerMember) {
	t, ms := c.timersOf(mem.id), m.consumerSessionMs(groupID, mem)
	if t.session != nil {
		tx.Schedule(t.session, tx.Now.Add(millis(ms)))
		return
	}
	m.arm(tx, groupID, c, mem.id, &t.session, ms, "its session has expired", nil)
}

// boundRevocation gives a member its rebalance timeout to give up what it is to give up.
func (m *machine) boundRevocation(tx *coordinator.Tx, groupID string, c *consumer, mem *consumerMember) {
	t := c.timersOf(mem.id)
	if mem.state != memberUnrevoked {
		if t.revocation != nil {
			tx.Cancel(t.revocation)
		}
		return
	}
	epoch := mem.epoch
	m.arm(tx, groupID, c, mem.id, &t.revocation, mem.rebalanceTimeout, "it has not given up its partitions",
		func(mem *consumerMember) bool { return mem.epoch != epoch || mem.state != memberUnrevoked })
}

// boundJoin gives a classic member its rebalance timeout to join again, from when it was first told to.
func (m *machine) boundJoin(tx *coordinator.Tx, groupID string, c *consumer, mem *consumerMember) {
	t := c.timersOf(mem.id)
	if t.join != nil {
		if _, armed := t.join.Armed(); armed {
			return
		}
	}
	m.arm(tx, groupID, c, mem.id, &t.join, mem.rebalanceTimeout, "it has not joined again", nil)
}

// boundSync gives a classic member that has joined its rebalance timeout to ask for its assignment.
func (m *machine) boundSync(tx *coordinator.Tx, groupID string, c *consumer, mem *consumerMember) {
	m.arm(tx, groupID, c, mem.id, &c.timersOf(mem.id).sync, mem.rebalanceTimeout, "it has not synced", nil)
}

func stop(tx *coordinator.Tx, t *coordinator.Timer) {
	if t != nil {
		tx.Cancel(t)
	}
}

// forgetTimers stops all clocks of a member that is gone.
func (m *machine) forgetTimers(tx *coordinator.Tx, c *consumer, id string) {
	if t := c.timers.at(id); t != nil {
		for _, timer := range []*coordinator.Timer{t.session, t.revocation, t.join, t.sync} {
			stop(tx, timer)
		}
		c.timers.drop(id)
	}
}

// rewindIfRefused puts the clocks right if what the event wrote is taken back: members that are there after all
// get another chance to be heard of, those who did not come have none.
func (m *machine) rewindIfRefused(tx *coordinator.Tx, groupID string, c *consumer) {
	tx.Then(func(tx *coordinator.Tx, err error) {
		if err == nil || !m.holdsConsumer(groupID, c) {
			return
		}
		for _, id := range slices.Collect(c.timers.keys()) {
			if c.members.at(id) == nil {
				m.forgetTimers(tx, c, id)
			}
		}
		m.loadedConsumer(tx, groupID, c)
	})
}

// loadedConsumer starts the clocks of what was read from the log.
func (m *machine) loadedConsumer(tx *coordinator.Tx, groupID string, c *consumer) {
	for _, mem := range c.members.all() {
		m.prolongConsumer(tx, groupID, c, mem)
		if mem.classic == nil {
			m.boundRevocation(tx, groupID, c, mem)
		}
	}
}
