package log

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"weir/metadata"
)

// Delete takes a partition out of service and deletes it, open or not. When it returns, no crash brings it
// back; its files are removed after file.delete.delay.ms, and reads that hold them go on until then and
// beyond.
func (d *Directory) Delete(id metadata.PartitionID) error {
	d.mu.Lock()
	l := d.logs[id]
	if d.opening[id] || d.closed {
		d.mu.Unlock()
		return fmt.Errorf("delete %s: %w", id, ErrClosed)
	}
	d.mu.Unlock()
	dir := join(d.path, id.String())
	if _, err := d.fs.Stat(dir); errors.Is(err, fs.ErrNotExist) && l == nil {
		if err := d.forget(id); err != nil {
			return fmt.Errorf("delete %s: %w: %w", id, ErrStorage, err)
		}
		return fmt.Errorf("delete %s: %w", id, ErrUnknownLog)
	}
	if err := d.takeAway(id, dir, l); err != nil {
		return fmt.Errorf("delete %s: %w: %w", id, ErrStorage, err)
	}
	if err := d.forget(id); err != nil {
		d.lg.Warn("a deleted partition stays in the checkpoints until the next", "partition", id.String(),
			"error", err)
	}
	return nil
}

// takeAway ends the log's life and renames its directory.
func (d *Directory) takeAway(id metadata.PartitionID, dir string, l *Log) error {
	delay := time.Duration(0)
	if l != nil {
		delay = time.Duration(l.Config().FileDeleteDelayMs) * time.Millisecond
		l.filesMu.Lock()
		defer l.filesMu.Unlock()
		l.shut()
	}
	if err := d.renameAway(dir, delay, l); err != nil {
		return err
	}
	if l != nil {
		// Only after the directory is gone, or a crash between the two would leave a log without what is in the
		// journal. Without the fence replay finds no directory and leaves the entries alone.
		if err := d.fence(l); err != nil {
			d.lg.Warn("the journal keeps entries of a deleted partition", "partition", id.String(), "error", err)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.logs, id)
	delete(d.rolled, l)
	delete(d.compression.due, l)
	return nil
}

// shut ends appends and reads. Needs filesMu.
func (l *Log) shut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failure.Store(&failure{fmt.Errorf("%s: %w", l.id, ErrClosed)})
}

// renameAway gives the directory a name that no start takes for a partition (Kafka's), durably, and has it
// removed.
func (d *Directory) renameAway(dir string, delay time.Duration, l *Log) error {
	var unique [16]byte
	_, _ = rand.Read(unique[:]) // never fails
	gone := dir + "." + hex.EncodeToString(unique[:]) + deletedDirSuffix
	if err := d.fs.Rename(dir, gone); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := d.fs.SyncDir(d.path); err != nil {
		return err
	}
	d.removeLater(delay, func() error {
		if l != nil {
			retire(*l.list.Load())
		}
		return d.fs.RemoveAll(gone)
	})
	return nil
}
