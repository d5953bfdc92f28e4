package log

import (
	"errors"
	"fmt"
	"slices"
)

// Sync makes everything durable that was appended before the call and returns the end offset up to which that
// holds. A failed sync is final: the log goes offline and is never synced again, because the kernel may have
// dropped the bytes and would let the next fsync succeed.
func (l *Log) Sync() (durableEnd int64, err error) {
	if err := l.Err(); err != nil {
		return l.durable.Load(), err
	}
	return l.sync(true)
}

// sync makes the rolled segments durable, and the active one too if asked.
func (l *Log) sync(active bool) (int64, error) {
	l.syncMu.Lock()
	defer l.syncMu.Unlock()
	// Again: the sync that this one waited for may have failed. A closed log is still to be synced, by its close.
	if err := l.Err(); err != nil && !errors.Is(err, ErrClosed) {
		return l.durable.Load(), err
	}
	l.mu.Lock()
	// Everything below end has been written; the sync begins later.
	end, tail := l.end.Load(), l.list.Load().active()
	pos := tail.seg.Size()
	var rolled []*entry
	for _, e := range l.rolled {
		if !e.synced {
			rolled = append(rolled, e)
		}
	}
	dirDirty := l.dirDirty
	if !active {
		end, pos = tail.seg.BaseOffset(), 0
	}
	idle := end <= l.settled && len(rolled) == 0 && !dirDirty
	l.mu.Unlock()
	if idle {
		return l.durable.Load(), nil
	}
	if err := l.syncFiles(rolled, tail, active, dirDirty); err != nil {
		return l.durable.Load(), l.fail(fmt.Errorf("sync %s: %w", l.id, err))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range rolled {
		e.synced = true
	}
	if !l.truncating {
		l.noteSettledLocked(end, tail.seg.BaseOffset(), pos)
	}
	return l.durable.Load(), nil
}

// noteSettledLocked notes that the log's own files are durable up to an end offset, which lies at a position of
// the segment that begins at base.
func (l *Log) noteSettledLocked(end, base, pos int64) {
	l.settled = max(l.settled, end)
	if end > l.durable.Load() {
		l.durable.Store(end)
	}
	l.noteDurableBytesLocked(base, pos)
}

// noteDurableBytesLocked notes that the bytes of the segment that begins at base are durable up to a position.
// When much has become so since the last checkpoint, the next is due: recovery reads what lies past it.
func (l *Log) noteDurableBytesLocked(base, pos int64) {
	from := int64(0)
	if base == l.durableBase {
		from = l.durablePos
	}
	if base < l.durableBase || pos < from {
		return
	}
	l.durableBase, l.durablePos = base, pos
	before := l.d.unpointed.Add(pos-from) - (pos - from)
	if due := l.d.cfg.CheckpointBytes; before < due && before+pos-from >= due {
		l.d.wake()
	}
}

// beginAtLocked says that all of the log is durable in its own files, or all before end, while it is opened or
// cut.
func (l *Log) beginAtLocked(end int64) {
	l.durable.Store(end)
	l.settled, l.durableBase = end, -1
	l.roundBase, l.roundPos, l.roundEnd = -1, 0, 0
	if tail := l.list.Load().active().seg; end == tail.NextOffset() {
		l.durableBase, l.durablePos = tail.BaseOffset(), tail.Size()
	}
}

func (l *Log) syncFiles(rolled []*entry, tail *entry, active, dirDirty bool) error {
	for _, e := range rolled {
		if err := e.seg.Sync(); err != nil && !mutantIgnoreSyncError {
			return err
		}
	}
	if active {
		if err := tail.seg.Sync(); err != nil && !mutantIgnoreSyncError {
			return err
		}
	}
	if !dirDirty {
		return nil
	}
	// Names too: a segment whose file a crash takes away was never synced. The mark is taken off first, so
	// that one set by a roll meanwhile stays.
	l.mu.Lock()
	l.dirDirty = false
	l.mu.Unlock()
	if err := errors.Join(l.d.syncNames(l.made), l.fs.SyncDir(l.path)); err != nil && !mutantIgnoreSyncError {
		return fmt.Errorf("sync directory: %w", err)
	}
	return nil
}

// finishRolls seals on disk what was rolled: records, indexes, producer snapshots, leader epochs. After it
// the recovery point may pass the rolled segments.
func (l *Log) finishRolls() error {
	l.filesMu.Lock()
	defer l.filesMu.Unlock()
	if err := l.Err(); err != nil {
		return err
	}
	return l.finishRollsHeld()
}

// finishRollsHeld needs filesMu.
func (l *Log) finishRollsHeld() error {
	if _, err := l.sync(false); err != nil {
		return err
	}
	l.mu.Lock()
	rolled := slices.DeleteFunc(slices.Clone(l.rolled), func(e *entry) bool { return !e.synced })
	pending := slices.Clone(l.pending)
	l.mu.Unlock()
	for _, e := range rolled {
		if err := e.seg.Seal(); err != nil {
			return l.sealFailed(err)
		}
	}
	if err := l.writeSnapshots(pending); err != nil {
		return l.sealFailed(err)
	}
	if err := l.epochs.flush(l.fs, l.path, l.end.Load()); err != nil {
		return l.sealFailed(err)
	}
	l.dropLooseSnapshots(rolled)
	if len(rolled)+len(pending) > 0 {
		if err := l.fs.SyncDir(l.path); err != nil {
			return l.sealFailed(fmt.Errorf("sync directory: %w", err))
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rolled = slices.DeleteFunc(l.rolled, func(e *entry) bool { return slices.Contains(rolled, e) })
	l.pending = slices.DeleteFunc(l.pending, func(p pendingSnapshot) bool {
		return len(pending) > 0 && p.offset <= pending[len(pending)-1].offset
	})
	return nil
}

// sealFailed keeps the log in service when only derived files could not be written: the recovery point stays
// behind, and the housekeeper tries again.
func (l *Log) sealFailed(err error) error {
	if isDiskFull(err) {
		l.d.noteFull(err)
		return fmt.Errorf("seal %s: %w: %w", l.id, ErrDiskFull, err)
	}
	if isTransient(err) {
		return fmt.Errorf("seal %s: %w: %w", l.id, ErrStorage, err)
	}
	return l.fail(fmt.Errorf("seal %s: %w", l.id, err))
}

func (l *Log) writeSnapshots(pending []pendingSnapshot) error {
	for _, s := range pending {
		if err := writeFile(l.fs, join(l.path, offsetName(s.offset, snapshotSuffix)), s.data); err != nil {
			return err
		}
	}
	return nil
}

// recoveryPoint is where recovery after a crash now begins to read: everything before it, with its indexes
// and snapshots, is on the disk.
func (l *Log) recoveryPoint() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	point := l.settled
	if len(l.rolled) > 0 {
		point = min(point, l.rolled[0].seg.BaseOffset())
	}
	return point
}

// FlushPolicy returns flush.messages and flush.ms.
func (l *Log) FlushPolicy() (messages, ms int64) {
	c := l.cfg.Load()
	return c.FlushMessages, c.FlushMs
}
