package log

import (
	"errors"
	"fmt"
	"slices"

	"weir/segment"
)

// errReplaced says that segments which were to be replaced are no longer what they were: truncated, deleted, or
// replaced by somebody else. Nothing was changed.
var errReplaced = errors.New("the segments have changed")

// replace puts new segments in the place of a run of sealed ones, at once for readers and for crashes: a start finds
// either the old ones or the new ones (UnifiedLog.replaceSegments). The new ones, at least one, are sealed, durable,
// named .cleaned, in order, the first with the base offset of the run's first, and the last ends where the run ends.
// cuts is what the log's count of truncations was when the run was read.
//
// On errReplaced, or any error while the log stays in service, the old segments stay and the new ones are the
// caller's to remove. Reads that hold old segments go on; their files are removed after file.delete.delay.ms.
func (l *Log) replace(run segments, made []*segment.Segment, cuts int64) error {
	l.filesMu.Lock()
	defer l.filesMu.Unlock()
	l.mu.Lock()
	_, err := l.runLocked(run, cuts)
	l.mu.Unlock()
	if err != nil {
		return err
	}
	// The last first: a start takes .swap files for finished only below every .cleaned file.
	for _, seg := range slices.Backward(made) {
		if err := seg.Rename(swapSuffix); err != nil {
			return l.withdraw(made, err)
		}
	}
	// From here on a start finishes the swap. When the sync fails nobody knows whether it will.
	if err := l.fs.SyncDir(l.path); err != nil {
		return l.fail(fmt.Errorf("replace segments of %s: sync directory: %w", l.id, err))
	}
	snapshots, err := l.swapIn(run, made, cuts)
	if err != nil {
		return l.fail(fmt.Errorf("replace segments of %s: %w", l.id, err))
	}
	// The old names must be gone, durably, before the new ones have theirs: a start could not tell them apart.
	if err := l.discard(run, snapshots); err != nil {
		return l.fail(fmt.Errorf("replace segments of %s: %w", l.id, err))
	}
	for _, seg := range made {
		if err := seg.Rename(""); err != nil {
			return l.fail(fmt.Errorf("replace segments of %s: %w", l.id, err))
		}
	}
	if err := l.fs.SyncDir(l.path); err != nil {
		return l.fail(fmt.Errorf("replace segments of %s: sync directory: %w", l.id, err))
	}
	if l.otherForm() {
		l.d.noteForms(l)
	}
	return nil
}

// withdraw removes a new segment that could not be renamed. If that works, nothing has happened to the log. Of several
// some may have their .swap names, and a crash on the way could leave a part of them for finished: that is for a start
// to sort out, with all of them there.
func (l *Log) withdraw(made []*segment.Segment, cause error) error {
	err := fmt.Errorf("replace segments of %s: %w", l.id, cause)
	if len(made) > 1 {
		return l.fail(err)
	}
	if failed := errors.Join(made[0].Remove(), l.fs.SyncDir(l.path)); failed != nil {
		return l.fail(errors.Join(err, failed))
	}
	return fmt.Errorf("%w: %w", ErrStorage, err)
}

// runLocked finds where the run lies in the list. It must be there as it was, sealed, and the log not truncated.
func (l *Log) runLocked(run segments, cuts int64) (at int, err error) {
	if err := l.Err(); err != nil {
		return 0, err
	}
	list := *l.list.Load()
	at = slices.Index(list, run[0])
	if l.cuts != cuts || at < 0 || at+len(run) >= len(list) || !slices.Equal(list[at:at+len(run)], run) {
		return 0, fmt.Errorf("replace segments of %s from %d: %w", l.id, run[0].seg.BaseOffset(), errReplaced)
	}
	for _, e := range run {
		if slices.Contains(l.rolled, e) {
			return 0, fmt.Errorf("replace segments of %s from %d: not sealed yet: %w", l.id, run[0].seg.BaseOffset(),
				errReplaced)
		}
	}
	return at, nil
}

// swapIn makes the new segments those of the list, and returns the files of snapshots that belong to none any more.
func (l *Log) swapIn(run segments, made []*segment.Segment, cuts int64) (snapshots []int64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, err := l.runLocked(run, cuts)
	if err != nil {
		return nil, err
	}
	cfg := l.cfg.Load()
	entries := make(segments, len(made))
	for i, seg := range made {
		entries[i] = newEntry(seg, cfg)
		entries[i].aborted.checked.Store(true) // its transaction index was written with it
	}
	list := *l.list.Load()
	next := slices.Concat(list[:at], entries, list[at+len(run):])
	l.list.Store(&next)
	from, to := run[0].seg.BaseOffset(), list[at+len(run)].seg.BaseOffset()
	return l.cutSnapshotsLocked(func(offset int64) bool {
		return offset > from && offset < to && next[next.floor(offset)].seg.BaseOffset() != offset
	}), nil
}
