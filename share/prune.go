package share

import (
	"slices"
	"strings"

	"weir/coordinator"
	"weir/partition"
)

// stateLog is what a machine needs of its partition besides what the runtime does with it.
type stateLog interface {
	// end is the offset after the last record.
	end() int64
	// prune deletes records before an offset, soon.
	prune(before int64)
}

// partitionLog prunes a partition.
type partitionLog struct{ *partition.Partition }

func (l partitionLog) end() int64 { return l.Log().EndOffset() }

func (l partitionLog) prune(before int64) {
	// On a goroutine of its own, for it may wait for the disk. When it fails the records stay, and the next time deletes them.
	go func() { _, _ = l.DeleteRecords(before) }()
}

// prune writes all share partitions whole, if there was much change since it last did; then what was written before is not needed.
func (m *machine) prune(tx *coordinator.Tx) {
	defer tx.Schedule(m.pruner, tx.Now.Add(m.config.PruneInterval))
	before := m.log.end()
	if before-m.pruned < int64(m.config.SnapshotUpdates) || before-m.pruned < 2*int64(len(m.parts)) {
		return
	}
	var all []*part
	for _, p := range m.parts {
		if p.start >= 0 {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b *part) int { return strings.Compare(a.name, b.name) })
	tx.Split()
	for _, p := range all {
		m.snapshot(tx, p)
	}
	tx.Then(func(_ *coordinator.Tx, err error) {
		if err == nil {
			m.pruned = before
			m.log.prune(before)
		}
	})
}
