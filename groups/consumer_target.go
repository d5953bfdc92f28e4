package groups

import (
	"maps"
	"slices"

	"weir/coordinator"
)

// assignorOf gives the assignor that most members ask for, or the broker's first one.
func (m *machine) assignorOf(c *consumer) string {
	votes := make(map[string]int)
	for _, mem := range c.members.all() {
		if mem.assignor != nil {
			votes[*mem.assignor]++
		}
	}
	best := m.config.Consumer.Assignors[0]
	most := 0
	for _, name := range slices.Sorted(maps.Keys(votes)) {
		if votes[name] > most && assignors[name] != nil {
			best, most = name, votes[name]
		}
	}
	return best
}

// retarget computes who should have what, if the group's epoch asks for it and the last time is long enough
// ago: members that come one after another are assigned together.
func (m *machine) retarget(tx *coordinator.Tx, groupID string, c *consumer) {
	if c.targetEpoch >= c.epoch {
		return
	}
	nowMs, interval := tx.Now.UnixMilli(), int64(m.assignmentIntervalMs(groupID))
	if c.targetMs != 0 && interval > 0 && nowMs < c.targetMs+interval {
		return
	}
	assignor := m.assignorOf(c)
	target := c.share(m.image(), assignor)
	for _, id := range slices.Sorted(maps.Keys(target)) {
		if old, had := c.target.get(id); !had || !slices.Equal(old, target[id]) {
			tx.Append(groupID, targetMemberRecord(groupID, id, target[id]))
		}
	}
	tx.Append(groupID, targetRecord(groupID, c.epoch, nowMs))
	m.logger.Info("consumer group is assigned", "group", groupID, "epoch", c.epoch, "assignor", assignor,
		"members", c.members.len())
}
