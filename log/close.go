package log

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// closeWorkers is how many logs are synced at once when a directory is closed.
const closeWorkers = 8

// closeLogs closes all logs until ctx ends.
func (d *Directory) closeLogs(ctx context.Context) error {
	logs := make(chan *Log)
	var wg sync.WaitGroup
	var mu sync.Mutex // guards errs
	var errs []error
	for range closeWorkers {
		wg.Go(func() {
			for l := range logs {
				if err := l.close(); err != nil {
					mu.Lock()
					errs = append(errs, err)
					mu.Unlock()
				}
			}
		})
	}
	for _, l := range d.Logs() {
		if err := ctx.Err(); err != nil {
			mu.Lock()
			errs = append(errs, fmt.Errorf("close logs: %w", err))
			mu.Unlock()
			break
		}
		select {
		case logs <- l:
		case <-ctx.Done():
		}
	}
	close(logs)
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	select {
	case <-done:
		return errors.Join(errs...)
	case <-ctx.Done(): // a sync hangs: the stop is unclean, and the process may end
		return fmt.Errorf("close logs: %w", ctx.Err())
	}
}

// close stops the log: no more appends, everything synced, a producer snapshot at its end. An offline log is
// let go as it is, and its error returned: the stop is not a clean one then.
func (l *Log) close() error {
	l.filesMu.Lock()
	defer l.filesMu.Unlock()
	l.mu.Lock()
	err := l.Err()
	if err == nil {
		l.failure.Store(&failure{fmt.Errorf("%s: %w", l.id, ErrClosed)})
		if l.wantsSnapshotLocked() {
			l.snapshotLocked(l.end.Load())
		}
	}
	list := *l.list.Load()
	idle := l.end.Load() == l.opened && !l.dirDirty && len(l.pending)+len(l.rolled) == 0
	l.mu.Unlock()
	if err == nil {
		err = l.settleFiles()
	}
	if err != nil {
		retire(list)
		return err
	}
	for _, e := range list {
		err = errors.Join(err, e.seg.Close())
	}
	if !idle { // a thousand partitions that nobody wrote to must stop at once
		err = errors.Join(err, l.fs.SyncDir(l.path))
	}
	if err != nil {
		return fmt.Errorf("close %s: %w", l.id, err)
	}
	return nil
}

// settleFiles needs filesMu.
func (l *Log) settleFiles() error {
	if _, err := l.sync(true); err != nil {
		return err
	}
	return l.finishRollsHeld()
}

// mark leaves the clean-shutdown marker. A partition that was never opened since an unclean stop is not
// recovered yet: then there is no mark, or the next start would trust its files.
func (d *Directory) mark() error {
	if !d.clean {
		ids, err := d.List()
		if err != nil {
			return err
		}
		for _, id := range ids {
			d.mu.Lock()
			l := d.logs[id]
			d.mu.Unlock()
			if l == nil {
				d.lg.Warn("no clean-shutdown mark: a partition was never opened", "partition", id.String())
				return nil
			}
		}
	}
	return writeMarker(d.fs, d.path, d.cfg.BrokerEpoch)
}
