package groups

import "weir/coordinator"

// Loaded starts the clocks of what was read from the log: each member has its whole session timeout to come
// back.
func (m *machine) Loaded(tx *coordinator.Tx) {
	for _, g := range m.groups {
		if g.consumer != nil {
			m.loadedConsumer(tx, g.id, g.consumer)
			continue
		}
		if g.streams != nil {
			m.loadedStreams(tx, g.id, g.streams)
			continue
		}
		if g.share != nil {
			m.loadedShare(tx, g.id, g.share)
			continue
		}
		c := g.classic
		c.subscribed = c.subscriptions()
		if len(c.members) == 0 {
			continue
		}
		c.state = StateStable
		for _, mem := range c.ordered() {
			m.prolong(tx, g, mem, mem.sessionTimeout)
		}
		if len(c.members) > m.config.GroupMaxSize {
			m.prepareRebalance(tx, g, "the group is larger than group.max.size allows now")
		}
	}
	tx.Schedule(m.expiry, tx.Now.Add(m.config.OffsetsRetentionCheckInterval))
}

// Unloaded sends away everyone whose answer is held back. The shard's groups count no more.
func (m *machine) Unloaded(err error) {
	m.view.groups.Add(-int64(len(m.groups)))
	for _, g := range m.groups {
		if g.classic != nil {
			g.classic.abandon(err)
		}
	}
}

// abandon completes every parked answer of the group with err.
func (c *classic) abandon(err error) {
	for _, m := range c.members {
		if m.join != nil {
			m.join.Complete(JoinResponse{}, err)
			m.join = nil
		}
		if m.sync != nil {
			m.sync.Complete(SyncResponse{}, err)
			m.sync = nil
		}
	}
	c.awaitingJoin = 0
}
