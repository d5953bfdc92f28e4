package log

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"weir/log/journal"
	"weir/metadata"
)

// replayJournal puts the bytes that the journal made durable into the logs' own files, before any log is
// opened, and removes the journal. After a clean stop there is none, or one that says nothing new.
func (d *Directory) replayJournal() error {
	if !d.clean {
		held, err := journal.Read(d.fs, d.path)
		if err != nil {
			return err
		}
		err = d.replayAll(held)
		if err = errors.Join(err, held.Close()); err != nil {
			return err
		}
	}
	return journal.Remove(d.fs, d.path)
}

// replayAll replays several logs at a time.
func (d *Directory) replayAll(held *journal.Contents) error {
	ids := make(chan metadata.PartitionID)
	var wg sync.WaitGroup
	var mu sync.Mutex // guards errs
	var errs []error
	for range min(settleWorkers, len(held.Entries)) {
		wg.Go(func() {
			for id := range ids {
				if err := d.replayLog(id, held.Entries[id]); err != nil {
					mu.Lock()
					errs = append(errs, fmt.Errorf("replay journal of %s: %w", id, err))
					mu.Unlock()
				}
			}
		})
	}
	for id := range held.Entries {
		ids <- id
	}
	close(ids)
	wg.Wait()
	if len(held.Entries) > 0 {
		d.lg.Info("the journal was replayed", "path", d.path, "partitions", len(held.Entries))
	}
	return errors.Join(errs...)
}

// replayLog writes one log's entries into its files and syncs them. A log or segment whose file is gone was
// deleted on purpose: names were durable before bytes went into the journal.
func (d *Directory) replayLog(id metadata.PartitionID, entries []journal.Found) error {
	for len(entries) > 0 {
		n := 1
		for n < len(entries) && entries[n].Segment == entries[0].Segment {
			n++
		}
		// Before the recovery point the files have everything, and may have been rewritten since.
		if entries[n-1].End > d.recovery[id] {
			name := join(join(d.path, id.String()), offsetName(entries[0].Segment, logSuffix))
			if err := d.replayFile(name, entries[:n]); err != nil {
				return err
			}
		}
		entries = entries[n:]
	}
	return nil
}

// replayFile writes entries into one .log file. What does not join the bytes that are there is left out: they
// were durable and are gone, and behind a hole nothing can be read.
func (d *Directory) replayFile(name string, entries []journal.Found) (err error) {
	f, err := d.fs.OpenReadWrite(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	size, err := f.Size()
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Position > size {
			d.lg.Error("the journal does not join the log: durable records are missing", "file", name, "size", size,
				"position", e.Position)
			break
		}
		data, err := e.Data()
		if err != nil {
			return err
		}
		if _, err := f.WriteAt(data, e.Position); err != nil {
			return err
		}
		size = max(size, e.Position+int64(len(data)))
	}
	return f.Sync()
}
