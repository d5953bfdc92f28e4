package share

import (
	"slices"
	"strings"

	"weir/coordinator"
)

// Offsets is how far a group has come in a partition.
type Offsets struct {
	Start       int64 // the first offset that is not settled; -1 if nobody has fetched
	Complete    int64 // records from there on that are settled
	LeaderEpoch int32

	Known                    int64 // up to where the log was looked at
	InFlight, Delayed, Dying int64 // of Depth
}

func (m *machine) offsets(k Key) Offsets {
	p, ok := m.initialized(k)
	if !ok {
		return Offsets{Start: -1, LeaderEpoch: -1}
	}
	return Offsets{Start: p.start, Complete: int64(p.settled), LeaderEpoch: m.epoch,
		Known: p.known, InFlight: int64(p.acquired), Delayed: int64(p.delayed), Dying: int64(p.dying)}
}

// initialize sets the start of a share partition that has none.
func (m *machine) initialize(tx *coordinator.Tx, k Key, start int64) {
	if p := m.part(k); p.start < 0 {
		m.begin(tx, p, p.stateEpoch, start)
	}
}

// alter has a group begin anew at an offset. What members hold they can no longer settle.
func (m *machine) alter(tx *coordinator.Tx, k Key, start int64) {
	p := m.part(k)
	m.begin(tx, p, p.stateEpoch+1, start)
	p.wake()
}

func (m *machine) begin(tx *coordinator.Tx, p *part, stateEpoch int32, start int64) {
	nowMs := tx.Now.UnixMilli()
	v := &stored{snapshotEpoch: p.snapshotEpoch, stateEpoch: stateEpoch, leaderEpoch: m.epoch, start: start, createdMs: nowMs,
		writtenMs: nowMs}
	tx.Append(p.name, v.snapshot(p.key))
	m.arm(tx, p)
}

// remove forgets a share partition.
func (m *machine) remove(tx *coordinator.Tx, k Key) {
	p := m.parts[k]
	if p == nil {
		return
	}
	tx.Cancel(p.timer)
	p.wake()
	tx.Append(p.name, coordinator.Record{Key: key(k, keySnapshot)})
}

// trim gives up what the log no longer has.
func (m *machine) trim(tx *coordinator.Tx, k Key, logStart int64) {
	p, ok := m.initialized(k)
	if !ok || logStart <= p.start {
		return
	}
	v := &stored{snapshotEpoch: p.snapshotEpoch, leaderEpoch: m.epoch, start: logStart}
	tx.Append(p.name, v.update(k))
	m.arm(tx, p)
}

// keys are the share partitions of a group, or of all.
func (m *machine) keys(group string) []Key {
	var all []Key
	for k, p := range m.parts {
		if p.start >= 0 && (group == "" || k.Group == group) {
			all = append(all, k)
		}
	}
	slices.SortFunc(all, func(a, b Key) int { return strings.Compare(a.String(), b.String()) })
	return all
}
