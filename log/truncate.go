package log

import (
	"fmt"
	"slices"

	"weir/segment"
)

// Truncate cuts the log so that it ends at offset or before (at a batch's beginning), and makes that durable.
// The caller sees to it that nobody appends meanwhile and that no ticket waits for what is cut.
func (l *Log) Truncate(offset int64) error {
	if err := l.Err(); err != nil {
		return err
	}
	if offset < 0 {
		return fmt.Errorf("truncate %s to %d: %w", l.id, offset, ErrOffsetOutOfRange)
	}
	if offset >= l.end.Load() {
		l.epochs.cutEnd(l.end.Load()) // one may have begun here without a record
		return nil
	}
	// First the recovery point, or a crash in between would find records missing that were durable.
	l.holdDurable(offset, true)
	defer l.holdDurable(offset, false)
	if err := l.d.Checkpoint(); err != nil {
		return fmt.Errorf("truncate %s: %w: %w", l.id, ErrStorage, err)
	}
	if err := l.d.lowerCleaned(l, offset); err != nil {
		return fmt.Errorf("truncate %s: %w: %w", l.id, ErrStorage, err)
	}
	// What only the journal held must be in the files before it counts no more.
	if _, err := l.sync(true); err != nil {
		return err
	}
	if err := l.d.fence(l); err != nil {
		return fmt.Errorf("truncate: %w", err)
	}
	if err := l.truncate(offset); err != nil {
		return l.fail(fmt.Errorf("truncate %s to %d: %w", l.id, offset, err))
	}
	if err := l.d.checkpointStarts(); err != nil { // it may have moved down, and recovery believes it
		return fmt.Errorf("truncate %s: %w: %w", l.id, ErrStorage, err)
	}
	return nil
}

// holdDurable lowers the durable end to offset and keeps it from rising, or lets it rise again.
func (l *Log) holdDurable(offset int64, hold bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.truncating = hold
	if hold {
		l.durable.Store(min(offset, l.durable.Load()))
		l.settled = min(offset, l.settled)
		l.roundEnd = min(offset, l.roundEnd)
	}
}

// truncate is the one place that waits for the disk under the append lock, which nobody else wants meanwhile.
func (l *Log) truncate(offset int64) error {
	l.filesMu.Lock()
	defer l.filesMu.Unlock()
	list := *l.list.Load()
	if kept := list.floor(offset); kept >= 0 {
		if err := l.expandHeld(list[kept]); err != nil { // before anyone must wait for it
			return err
		}
	}
	l.syncMu.Lock()
	defer l.syncMu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.truncateLocked(offset)
}

// truncateLocked needs filesMu, syncMu and mu.
func (l *Log) truncateLocked(offset int64) error {
	l.cuts++
	list := *l.list.Load()
	kept := list.floor(offset)
	var next segments
	if kept < 0 {
		seg, err := segment.Create(l.fs, l.path, offset, l.segmentConfig())
		if err != nil {
			return err
		}
		next = segments{newEntry(seg, l.cfg.Load())}
	} else {
		active := list[kept]
		if kept < len(list)-1 {
			var err error
			if active, err = l.reopen(active); err != nil {
				return err
			}
		}
		if err := active.seg.Truncate(offset); err != nil {
			return err
		}
		next = append(slices.Clone(list[:kept]), active)
	}
	l.list.Store(&next)
	end := next.active().seg.NextOffset()
	l.rolled = slices.DeleteFunc(l.rolled, func(e *entry) bool { return !slices.Contains(next, e) })
	l.end.Store(end)
	l.start.Store(min(l.start.Load(), end))
	l.epochs.cutEnd(end)
	l.epoch = l.epochs.latest()
	snapshots := l.cutSnapshotsLocked(func(at int64) bool { return at > end })
	if err := l.discard(list[kept+1:], snapshots); err != nil {
		return err
	}
	if err := next.active().seg.Sync(); err != nil {
		return err
	}
	l.beginAtLocked(end)
	return l.loadProducers(next, end)
}
