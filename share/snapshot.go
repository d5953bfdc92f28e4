package share

import (
	"math"

	"weir/coordinator"
)

// snapshotRuns is how many runs one record can tell.
func (m *machine) snapshotRuns() int { return m.config.BatchMaxBytes / (2 * batchBytes) }

// snapshot writes a share partition whole: in one record, or in several of which the first says that more follow. Those that
// follow are updates, so that others may read them too.
func (m *machine) snapshot(tx *coordinator.Tx, p *part) {
	v := p.all(tx.Now.UnixMilli())
	v.leaderEpoch = m.epoch
	v.snapshotEpoch = p.snapshotEpoch + 1
	if v.snapshotEpoch == math.MaxUint16 {
		v.snapshotEpoch = 0
	}
	rest := v.batches
	for first := true; first || len(rest) > 0; first = false {
		n := min(len(rest), m.snapshotRuns())
		v.batches, rest = rest[:n], rest[n:]
		switch {
		case len(rest) > 0:
			v.part = partial
		case !first:
			v.part = lastPart
		}
		if first {
			tx.Append(p.name, v.snapshot(p.key))
		} else {
			v.start = noChange
			tx.Append(p.name, v.update(p.key))
		}
		v.due, v.dying = nil, nil
	}
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
