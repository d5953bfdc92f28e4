package log

import (
	"errors"
	"fmt"

	"weir/metadata"
)

// loadCleaned reads up to where each log has been compacted. Only logs that compaction has touched, under whatever
// cleanup.policy, are in the file: without one in it that reads, any log may have gaps.
func (d *Directory) loadCleaned() error {
	cleaned, damage := readOffsets(d.fs, d.path, cleanedFile)
	if damage != nil {
		if !errors.Is(damage, errBadCheckpoint) {
			return damage
		}
		d.anyGaps = true
		d.lg.Warn("compaction begins anew: it is unknown how far it was, and which logs have gaps", "cause", damage)
	}
	d.cleaned = map[metadata.PartitionID]int64{}
	if cleaned != nil {
		d.cleaned = cleaned
	}
	return nil
}

// knowGapsLocked tells a log that is opened whether compaction may have left gaps in it. Needs d.mu.
func (d *Directory) knowGapsLocked(l *Log) {
	_, ok := d.cleaned[l.id]
	if !ok && d.anyGaps {
		d.cleaned[l.id], ok = 0, true
	}
	l.compacted.Store(ok)
}

// cleanedTo is the offset up to which a log has been compacted, its start with none.
func (d *Directory) cleanedTo(l *Log) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if to, ok := d.cleaned[l.id]; ok {
		return to
	}
	return l.start.Load()
}

// noteCleaned notes, durably, that a log has been compacted up to an offset, and that it may have gaps from now on.
func (d *Directory) noteCleaned(l *Log, to int64) error {
	d.mu.Lock()
	if d.logs[l.id] != l {
		d.mu.Unlock()
		return fmt.Errorf("%s: %w", l.id, ErrClosed)
	}
	d.cleaned[l.id] = to
	d.mu.Unlock()
	l.compacted.Store(true)
	return d.checkpointCleaned()
}

// lowerCleaned keeps the note of a log that is about to be cut from reaching past its end.
func (d *Directory) lowerCleaned(l *Log, end int64) error {
	d.mu.Lock()
	to, ok := d.cleaned[l.id]
	if ok && to > end {
		d.cleaned[l.id] = end
	}
	d.mu.Unlock()
	if !ok || to <= end {
		return nil
	}
	return d.checkpointCleaned()
}

// checkpointCleaned writes the file, if there is anything to say.
func (d *Directory) checkpointCleaned() error {
	d.cleanedMu.Lock()
	defer d.cleanedMu.Unlock()
	d.mu.Lock()
	n, data := len(d.cleaned), encodeOffsets(d.cleaned)
	d.mu.Unlock()
	if n == 0 && !d.anyGaps {
		return nil
	}
	return d.replace(cleanedFile, data)
}
