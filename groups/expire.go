package groups

import (
	"maps"
	"slices"

	"weir/coordinator"
)

// expire drops the offsets whose retention has passed, and the groups that then have nothing left (KIP-211).
func (m *machine) expire(tx *coordinator.Tx) {
	tx.Schedule(m.expiry, tx.Now.Add(m.config.OffsetsRetentionCheckInterval))
	tx.Split()
	dropped := 0
	for _, id := range slices.Sorted(maps.Keys(m.groups)) {
		g := m.groups[id]
		if g.share != nil { // what it has settled would be lost
			continue
		}
		dropped += m.expireOffsets(tx, g)
		awaited := g.classic != nil && len(g.classic.pendingJoin) > 0 || m.pending.ofGroup[id] > 0
		if len(g.offsets) == 0 && g.listed().State == StateEmpty && !awaited {
			m.appendTombstones(tx, g)
			dropped++
		}
	}
	if dropped > 0 {
		m.logger.Info("expired offsets and groups", "records", dropped)
	}
}

// expireOffsets drops what has expired in one group, and gives how many offsets that were.
func (m *machine) expireOffsets(tx *coordinator.Tx, g *group) int {
	c := g.classic
	sinceMs := int64(-1) // when retention began; -1: with each commit
	switch {
	case c == nil, c.protocolType == "":
	case c.state == StateEmpty:
		sinceMs = c.sinceMs
	case c.state == StateStable && c.usesConsumerProtocol() && c.subscribed != nil:
	default:
		return 0
	}
	nowMs := tx.Now.UnixMilli()
	over := g.offsets.places(func(topic string, o offset) bool {
		return m.expired(o, sinceMs, nowMs) && !g.subscribedTo(topic) && !m.pending.unstable(g.id, topic, o.partition)
	})
	for _, p := range over {
		tx.Append(g.id, offsetTombstone(g.id, p.topic, p.partition))
	}
	return len(over)
}

// expired tells whether an offset's time is over. Commits of old clients carry their own.
func (m *machine) expired(o offset, sinceMs, nowMs int64) bool {
	if o.expireMs >= 0 {
		return nowMs >= o.expireMs
	}
	if sinceMs < 0 {
		sinceMs = o.committedMs
	}
	return nowMs-sinceMs >= m.config.OffsetsRetention.Milliseconds()
}
