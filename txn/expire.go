package txn

import (
	"maps"
	"slices"
	"time"

	"weir/coordinator"
)

// watch sees to it that an open transaction ends in time.
func (m *machine) watch(tx *coordinator.Tx, t *transaction) {
	step := m.config.AbortInterval.Milliseconds()
	tx.Schedule(m.liveOf(t.id).timeout, time.UnixMilli((t.deadlineMs()+step-1)/step*step))
}

// timedOut aborts an id's transaction if it has run for too long. The timer is never disarmed, so it may have
// been set for an earlier one.
func (m *machine) timedOut(tx *coordinator.Tx, id string) {
	t := m.ids[id]
	switch {
	case t == nil || t.state != Ongoing:
	case tx.Now.UnixMilli() < t.deadlineMs():
		m.watch(tx, t)
	default:
		m.logger.Info("transaction aborted: it ran for too long", "id", id, "producer", t.producerID,
			"epoch", t.epoch, "timeout", time.Duration(t.timeoutMs)*time.Millisecond, "partitions", len(t.partitions))
		m.abortAndFence(tx, t)
	}
}

// expire forgets transactional ids that have been idle for too long.
func (m *machine) expire(tx *coordinator.Tx) {
	tx.Schedule(m.expiry, tx.Now.Add(m.config.ExpiryInterval))
	tx.Split()
	before := tx.Now.Add(-m.config.IDExpiration).UnixMilli()
	forgotten := 0
	for _, id := range slices.Sorted(maps.Keys(m.ids)) {
		t := m.ids[id]
		if t.state == Ongoing || t.state.ending() || t.updatedMs > before {
			continue
		}
		tx.Append(id, tombstone(id))
		delete(m.live, id)
		forgotten++
	}
	if forgotten > 0 {
		m.logger.Info("idle transactional ids forgotten", "ids", forgotten)
	}
}
