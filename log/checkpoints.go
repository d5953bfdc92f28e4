package log

import (
	"bytes"
	"errors"
	"fmt"

	"weir/metadata"
)

// Checkpoint finishes what was rolled and writes the recovery points and log starts of all logs. A log that
// fails keeps the recovery point it had.
func (d *Directory) Checkpoint() error {
	d.checkpointMu.Lock()
	defer d.checkpointMu.Unlock()
	d.unpointed.Store(0)
	d.settleAll()
	var errs []error
	points := make(map[metadata.PartitionID]int64)
	for _, l := range d.Logs() {
		point, err := l.prepareCheckpoint()
		if err != nil {
			errs = append(errs, err)
			continue
		}
		points[l.id] = point
	}
	d.mu.Lock()
	for id, point := range points {
		if d.logs[id] != nil { // not deleted meanwhile
			d.recovery[id] = point
		}
	}
	recovery := encodeOffsets(d.recovery)
	d.mu.Unlock()
	written := d.replace(recoveryPointFile, recovery)
	if written == nil {
		d.notePointed(points)
	}
	errs = append(errs, written, d.checkpointStarts(), d.checkpointCleaned())
	return errors.Join(errs...)
}

// notePointed tells the logs which recovery points are on the disk.
func (d *Directory) notePointed(points map[metadata.PartitionID]int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id, point := range points {
		if l := d.logs[id]; l != nil {
			l.pointed.Store(point)
		}
	}
}

// prepareCheckpoint makes the log's recovery point true on the disk and returns it.
func (l *Log) prepareCheckpoint() (int64, error) {
	l.filesMu.Lock()
	defer l.filesMu.Unlock()
	if err := l.Err(); err != nil && !errors.Is(err, ErrClosed) {
		return 0, err
	}
	if l.Err() == nil {
		l.maybeSnapshot()
		if err := l.finishRollsHeld(); err != nil {
			return 0, err
		}
	}
	point := l.recoveryPoint()
	if err := l.syncAborted(); err != nil {
		return 0, fmt.Errorf("checkpoint %s: %w", l.id, err)
	}
	// Epochs that begin below the point are in memory by now; recovery will not meet their batches again.
	if err := l.epochs.flush(l.fs, l.path, l.end.Load()); err != nil {
		return 0, fmt.Errorf("checkpoint %s: %w", l.id, err)
	}
	return point, nil
}

// syncAborted makes the active segment's transaction index durable: recovery makes anew only the entries of markers past
// the recovery point.
func (l *Log) syncAborted() error {
	l.mu.Lock()
	dirty, active := l.txnDirty, l.list.Load().active()
	l.txnDirty = false
	l.mu.Unlock()
	if !dirty {
		return nil
	}
	err := errors.Join(active.seg.TxnIndex().Sync(), l.fs.SyncDir(l.path))
	if err != nil {
		l.mu.Lock()
		l.txnDirty = true
		l.mu.Unlock()
	}
	return err
}

// checkpointStarts makes the log start offsets of all logs durable.
func (d *Directory) checkpointStarts() error {
	d.startsMu.Lock()
	defer d.startsMu.Unlock()
	d.mu.Lock()
	for id, l := range d.logs {
		if f := l.failure.Load(); f == nil || errors.Is(f.err, ErrClosed) {
			d.starts[id] = l.start.Load()
		}
	}
	starts := encodeOffsets(d.starts)
	d.mu.Unlock()
	return d.replace(logStartFile, starts)
}

// replace writes a file of the data directory unless it holds the same already. On a full disk the ballast
// gives way to it.
func (d *Directory) replace(name string, data []byte) error {
	if old, err := readFile(d.fs, join(d.path, name)); err == nil && bytes.Equal(old, data) {
		return nil
	}
	err := replaceFile(d.fs, d.path, name, data)
	if isDiskFull(err) && d.dropBallast() {
		d.noteFull(err)
		err = replaceFile(d.fs, d.path, name, data)
	}
	return err
}

// forget takes a partition out of the checkpoints.
func (d *Directory) forget(id metadata.PartitionID) error {
	d.checkpointMu.Lock()
	defer d.checkpointMu.Unlock()
	d.startsMu.Lock()
	defer d.startsMu.Unlock()
	d.mu.Lock()
	delete(d.recovery, id)
	delete(d.starts, id)
	delete(d.cleaned, id)
	recovery, starts := encodeOffsets(d.recovery), encodeOffsets(d.starts)
	d.mu.Unlock()
	return errors.Join(d.replace(recoveryPointFile, recovery), d.replace(logStartFile, starts),
		d.checkpointCleaned())
}
