package share

import (
	"math"

	"weir/coordinator"
)

// partBytes is about what one record may take of a share partition that is written whole.
func (m *machine) partBytes() int { return m.config.BatchMaxBytes / 2 }

// snapshot writes a share partition whole: in one record, or in several of which the first says that more follow. Those that
// follow are updates, so that others may read them too.
func (m *machine) snapshot(tx *coordinator.Tx, p *part) {
	v := p.all(tx.Now.UnixMilli())
	v.leaderEpoch = m.epoch
	v.snapshotEpoch = p.snapshotEpoch + 1
	if v.snapshotEpoch == math.MaxUint16 {
		v.snapshotEpoch = 0
	}
	parts := v.cut(m.partBytes())
	for i, part := range parts {
		switch {
		case i < len(parts)-1:
			part.part = partial
		case i > 0:
			part.part = lastPart
		}
		if i == 0 {
			tx.Append(p.name, part.snapshot(p.key))
		} else {
			part.start = noChange
			tx.Append(p.name, part.update(p.key))
		}
	}
}

// cut gives values of about so many bytes that together say the same; one at least.
func (v *stored) cut(bytes int) []stored {
	left := *v
	var parts []stored
	for first := true; first || len(left.batches)+len(left.due)+len(left.dying) > 0; first = false {
		part, room := *v, bytes
		part.batches, left.batches = cutOff(left.batches, &room, func(batch) int { return batchBytes })
		part.due, left.due = cutOff(left.due, &room, func(dueBatch) int { return dueBytes })
		part.dying, left.dying = cutOff(left.dying, &room, func(d dyingBatch) int { return dyingBytes + len(d.topic) })
		parts = append(parts, part)
	}
	return parts
}

// cutOff takes as many as there is room for.
func cutOff[T any](all []T, room *int, size func(T) int) (taken, rest []T) {
	n := 0
	for ; n < len(all) && *room > 0; n++ {
		*room -= size(all[n])
	}
	return all[:n], all[n:]
}

// all is what the state tells of a share partition.
func (p *part) all(nowMs int64) *stored {
	v := &stored{stateEpoch: p.stateEpoch, start: p.start, complete: int32(p.settled), createdMs: p.createdMs, writtenMs: nowMs}
	if v.createdMs == 0 {
		v.createdMs = nowMs
	}
	p.runs.Ascend(func(r run) bool {
		b := batch{r.first, r.last, r.state, r.count}
		switch {
		case r.state == StateAcquired: // as it was before
			b.state, b.count = StateAvailable, r.count-1
		case r.state == StateArchiving:
			b.state = StateAvailable
			v.dying = append(v.dying, dyingBatch{r.first, r.last, r.detail.cause, *r.detail.letter})
		case r.state == StateAvailable && r.detail != nil && r.detail.due > 0 && r.count > 0:
			v.due = append(v.due, dueBatch{r.first, r.last, r.detail.due})
		}
		if b.state == StateAvailable && b.count == 0 && r.state != StateArchiving {
			return true // as any record that was never delivered
		}
		if n := len(v.batches); n > 0 && v.batches[n-1].last+1 == b.first && v.batches[n-1].state == b.state &&
			v.batches[n-1].count == b.count {
			v.batches[n-1].last = b.last
			return true
		}
		v.batches = append(v.batches, b)
		return true
	})
	return v
}
