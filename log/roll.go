package log

import (
	"fmt"
	"math"

	"weir/record"
	"weir/segment"
)

// shouldRoll says whether the batch must go to a new segment (LogSegment.shouldRoll).
func (l *Log) shouldRoll(e *entry, h *record.Header, cfg *Config, nowMs int64) bool {
	size := e.seg.Size()
	if l.mustRoll || size > cfg.SegmentBytes-int64(h.Size()) {
		return true
	}
	if h.LastOffset()-e.seg.BaseOffset() > math.MaxInt32 || e.seg.IndexFull() {
		return true
	}
	return size > 0 && waited(e.seg, nowMs, h.MaxTimestamp) > cfg.segmentMs()-e.jitterMs
}

// waited is the segment's age in ms: by its records' timestamps where they have any, else by the clock.
func waited(s *segment.Segment, nowMs, maxTimestamp int64) int64 {
	if first := s.FirstTimestamp(); first >= 0 {
		return maxTimestamp - first
	}
	return nowMs - s.CreatedAt().UnixMilli()
}

// Roll closes the active segment for appends and begins a new one; an empty active segment stays.
func (l *Log) Roll() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.Err(); err != nil {
		return err
	}
	if err := l.rollLocked(l.cfg.Load()); err != nil {
		return l.writeFailed("roll", err)
	}
	return nil
}

// rollLocked makes a segment at the log's end the active one. Nothing is synced here: the old segment's
// records are by the next Sync, and its indexes and the producer snapshot by the directory's housekeeper. The
// recovery point does not pass the segment until then.
//
// A roll that fails may leave a file that names the log's end as a segment's beginning, and no crash-proof
// way to take it back. So no record may go to the old segment after it: every append tries the same roll
// again first.
func (l *Log) rollLocked(cfg *Config) error {
	base := l.end.Load()
	list := *l.list.Load()
	old := list.active()
	if old.seg.BaseOffset() == base {
		return nil
	}
	seg, err := segment.Create(l.fs, l.path, base, l.segmentConfig())
	if err != nil {
		l.mustRoll = true
		return fmt.Errorf("create segment %d: %w", base, err)
	}
	l.mustRoll = false
	next := make(segments, len(list)+1)
	copy(next, list)
	next[len(list)] = newEntry(seg, cfg)
	l.list.Store(&next)
	l.dirDirty = true
	l.rolled = append(l.rolled, old)
	l.snapshotLocked(base)
	l.d.noteRolled(l)
	return nil
}

// snapshotLocked encodes the producer state as of the log's end, to be written later.
func (l *Log) snapshotLocked(end int64) {
	if n := len(l.snapshots); n > 0 && l.snapshots[n-1] >= end {
		return
	}
	l.pending = append(l.pending, pendingSnapshot{offset: end, data: encodeSnapshot(&l.producers)})
	l.snapshots = append(l.snapshots, end)
	l.unsnapped = 0
}

// replayBytes is how much may be appended between two snapshots of the producer state. It bounds what a start
// after a crash reads of headers that lie before the recovery point.
const replayBytes = 64 << 20

// scanBytes is how much may follow the newest snapshot of a log without producers that is closed.
const scanBytes = 1 << 20

// wantsSnapshotLocked says whether a log that is closed or was recovered needs a snapshot at its end: it has
// producers, or so many records that the next start, which looks for producers behind the newest snapshot,
// would read long.
func (l *Log) wantsSnapshotLocked() bool {
	return len(l.producers.byID) > 0 || l.unsnapped >= scanBytes
}

// maybeSnapshot takes a snapshot within the active segment when the last one is far behind.
func (l *Log) maybeSnapshot() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.unsnapped >= replayBytes {
		l.snapshotLocked(l.end.Load())
	}
}

// dropLooseSnapshots removes the snapshots within a segment that has been sealed: the one at its end serves.
// Needs filesMu.
func (l *Log) dropLooseSnapshots(sealed []*entry) {
	for _, e := range sealed {
		from, to := e.seg.BaseOffset(), e.seg.NextOffset()
		l.mu.Lock()
		loose := l.cutSnapshotsLocked(func(offset int64) bool { return offset > from && offset < to })
		l.mu.Unlock()
		for _, offset := range loose {
			_ = l.fs.Remove(join(l.path, offsetName(offset, snapshotSuffix))) // the next start sweeps it up otherwise
		}
	}
}
