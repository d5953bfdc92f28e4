package log

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"weir/segment"
)

// Retain deletes segments that retention.ms, retention.bytes or the log start offset let go, as far as they
// lie below the high watermark hw (UnifiedLog.deleteOldSegments). The active segment is rolled and goes too
// when it is due.
func (l *Log) Retain(now time.Time, hw int64) (deleted int, err error) {
	cfg := l.cfg.Load()
	rules := []func(segments, int) bool{l.belowStart}
	if cfg.CleanupDelete && cfg.RetentionBytes >= 0 {
		rules = append(rules, overSize(l.Size()-cfg.RetentionBytes))
	}
	if cfg.CleanupDelete && cfg.RetentionMs >= 0 {
		rules = append(rules, overAge(now.UnixMilli(), cfg.RetentionMs))
	}
	for _, rule := range rules {
		n, err := l.deleteWhere(rule, hw)
		deleted += n
		if err != nil {
			return deleted, err
		}
	}
	return deleted, nil
}

// belowStart lets a segment go when the next one begins at or below the log's start.
func (l *Log) belowStart(list segments, i int) bool {
	return i+1 < len(list) && list[i+1].seg.BaseOffset() <= l.start.Load()
}

// overSize lets the oldest go while the log stays at its limit without it; excess is how much is too much. What counts
// is bytes on disk: who compresses segments keeps more records in the same space.
func overSize(excess int64) func(segments, int) bool {
	return func(list segments, i int) bool {
		size := list[i].seg.StoredSize()
		if excess < size {
			return false
		}
		excess -= size
		return true
	}
}

// overAge lets a segment go when its newest record, or its file where records bear no time, is too old.
func overAge(nowMs, retentionMs int64) func(segments, int) bool {
	return func(list segments, i int) bool {
		newest := list[i].seg.MaxTimestamp().Timestamp
		if newest < 0 {
			t, err := list[i].seg.ModTime()
			if err != nil {
				return false
			}
			newest = t.UnixMilli()
		}
		return nowMs-newest > retentionMs
	}
}

// deleteWhere deletes the longest run of oldest segments that the rule lets go. The new log start is durable
// before a file goes, so that a missing first segment is damage, never retention.
func (l *Log) deleteWhere(rule func(segments, int) bool, hw int64) (int, error) {
	l.filesMu.Lock()
	defer l.filesMu.Unlock()
	l.mu.Lock()
	if err := l.Err(); err != nil {
		l.mu.Unlock()
		return 0, err
	}
	n, err := l.deletableLocked(rule, hw)
	if n == 0 || err != nil {
		l.mu.Unlock()
		return 0, err
	}
	list := *l.list.Load()
	gone, kept := list[:n:n], slices.Clone(list[n:])
	if start := kept[0].seg.BaseOffset(); start > l.start.Load() {
		l.startAtLocked(start)
	}
	l.mu.Unlock()
	if err := l.d.checkpointStarts(); err != nil {
		return 0, l.deleteFailed(err)
	}
	l.mu.Lock()
	l.dropFirstLocked(n)
	strays := l.cutSnapshotsLocked(func(offset int64) bool { return offset < kept[0].seg.BaseOffset() })
	l.mu.Unlock()
	return n, l.discard(gone, strays)
}

// deletableLocked counts the oldest segments that may go. When that is all of them it rolls, so that one is
// left; an empty active segment stays.
func (l *Log) deletableLocked(rule func(segments, int) bool, hw int64) (int, error) {
	list := *l.list.Load()
	n := 0
	for n < len(list) {
		upper, last := l.end.Load(), n == len(list)-1
		if !last {
			upper = list[n+1].seg.BaseOffset()
		}
		if hw < upper || last && list[n].seg.Size() == 0 || !rule(list, n) {
			break
		}
		n++
	}
	if n > 0 && n == len(list) {
		if err := l.rollLocked(l.cfg.Load()); err != nil {
			return 0, l.writeFailed("roll", err)
		}
	}
	return n, nil
}

// dropFirstLocked takes the first n segments out of the list and of those to be sealed.
func (l *Log) dropFirstLocked(n int) {
	list := *l.list.Load()
	gone := list[:n]
	kept := slices.Clone(list[n:])
	l.list.Store(&kept)
	l.rolled = slices.DeleteFunc(l.rolled, func(e *entry) bool { return slices.Contains(gone, e) })
}

// startAtLocked moves the log's start up.
func (l *Log) startAtLocked(offset int64) {
	l.start.Store(offset)
	l.epochs.cutStart(offset)
}

// cutSnapshotsLocked forgets the snapshots that match and returns those that have a file.
func (l *Log) cutSnapshotsLocked(match func(offset int64) bool) (files []int64) {
	l.pending = slices.DeleteFunc(l.pending, func(p pendingSnapshot) bool { return match(p.offset) })
	l.snapshots = slices.DeleteFunc(l.snapshots, func(offset int64) bool {
		if match(offset) {
			files = append(files, offset)
			return true
		}
		return false
	})
	return files
}

// discard marks the files of segments that have left the list as deleted and has them removed after
// file.delete.delay.ms. Reads that hold them go on. Needs filesMu.
func (l *Log) discard(gone []*entry, snapshots []int64) error {
	delay := time.Duration(l.cfg.Load().FileDeleteDelayMs) * time.Millisecond
	var errs []error
	for _, e := range gone {
		errs = append(errs, l.discardOne(e.seg, delay))
	}
	for _, offset := range snapshots {
		name := join(l.path, offsetName(offset, snapshotSuffix))
		if err := l.fs.Rename(name, name+deletedSuffix); err == nil {
			l.d.removeLater(delay, func() error { return l.fs.Remove(name + deletedSuffix) })
		}
	}
	errs = append(errs, l.fs.SyncDir(l.path))
	if err := errors.Join(errs...); err != nil {
		return l.deleteFailed(err)
	}
	return nil
}

func (l *Log) discardOne(seg *segment.Segment, delay time.Duration) error {
	l.discarded++ // compaction makes segments of the same name again, while reads still open the old one's file
	err := seg.MarkDeleted(l.discarded)
	if err != nil {
		err = fmt.Errorf("mark segment %d deleted: %w", seg.BaseOffset(), err)
	}
	l.d.removeLater(delay, func() error {
		defer seg.Retire()
		_ = l.fs.Remove(join(l.path, offsetName(seg.BaseOffset(), plainSuffix))) // there is none as a rule
		return seg.Remove()
	})
	return err
}

// deleteFailed reports a delete that could not be finished. The log start has moved, so no reader sees what
// is left, and the next pass or start takes it away: the log stays in service.
func (l *Log) deleteFailed(err error) error {
	if isDiskFull(err) {
		l.d.noteFull(err)
		return fmt.Errorf("delete from %s: %w: %w", l.id, ErrDiskFull, err)
	}
	return fmt.Errorf("delete from %s: %w: %w", l.id, ErrStorage, err)
}

// DeleteRecords moves the log's start up to offset, durably, and deletes the segments before it. hw is the
// high watermark: records past it cannot be deleted. It returns the log's start after it.
func (l *Log) DeleteRecords(offset, hw int64) (start int64, err error) {
	l.mu.Lock()
	if err := l.Err(); err != nil {
		l.mu.Unlock()
		return -1, err
	}
	if offset < 0 || offset > min(hw, l.end.Load()) {
		l.mu.Unlock()
		return -1, fmt.Errorf("delete records of %s before %d: %w: the high watermark is %d", l.id, offset,
			ErrOffsetOutOfRange, hw)
	}
	moved := offset > l.start.Load()
	if moved {
		l.startAtLocked(offset)
	}
	start = l.start.Load()
	l.mu.Unlock()
	if !moved {
		return start, nil
	}
	if err := l.d.checkpointStarts(); err != nil {
		return -1, l.deleteFailed(err)
	}
	// What is left of it the next Retain tries again; the records are out of reach already.
	if _, err := l.deleteWhere(l.belowStart, hw); err != nil && l.Err() != nil {
		return -1, err
	}
	return start, nil
}
