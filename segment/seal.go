package segment

import (
	"errors"
	"fmt"

	"weir/vfs"
)

// Sync makes the .log durable: every batch whose Append returned before Sync was called. It may run while
// Append does. A failed Sync is final: it poisons the segment, and every later Append and Sync fails.
func (s *Segment) Sync() error {
	if err := s.poisonErr(); err != nil {
		return err
	}
	f, err := s.open()
	if err != nil {
		return err
	}
	defer f.release()
	return s.sync(f.f)
}

// sync remembers what a successful sync covered: everything written before it began.
func (s *Segment) sync(f vfs.File) error {
	written := s.written.Load()
	if err := f.Sync(); err != nil {
		return s.fail(err)
	}
	for {
		synced := s.synced.Load()
		if synced >= written || s.synced.CompareAndSwap(synced, written) {
			return nil
		}
	}
}

// SyncIndexes makes the index entries durable. The recovery point may pass offsets only after this and Sync.
func (s *Segment) SyncIndexes() error {
	if err := errors.Join(s.offsets.Sync(), s.times.Sync(), s.txns.Sync()); err != nil {
		return fmt.Errorf("sync indexes of segment %s: %w", s.Path(), err)
	}
	return nil
}

// Seal ends appending: preallocated space is given back, the time index gets its last entry, log and
// indexes are synced. The caller syncs the directory. Sealing a sealed segment syncs it again.
func (s *Segment) Seal() error {
	if err := s.poisonErr(); err != nil {
		return err
	}
	f, err := s.openForWrite()
	if err != nil {
		return err
	}
	defer f.release()
	if err := s.finish(f.f); err != nil {
		return err
	}
	s.mu.Lock()
	s.sealed = true
	s.mu.Unlock()
	return s.CloseIdle()
}

func (s *Segment) finish(f vfs.File) error {
	if s.c.Preallocate > 0 && !s.Compressed() {
		s.written.Add(1)
		if err := f.Truncate(s.size.Load()); err != nil {
			return fmt.Errorf("trim segment %s: %w", s.Path(), err)
		}
	}
	if s.synced.Load() < s.written.Load() { // a thousand idle partitions must stop without three thousand syncs
		if err := s.sync(f); err != nil {
			return err
		}
	}
	s.times.MaybeAppend(timeEntry(s.appender.max))
	if err := errors.Join(s.offsets.Seal(), s.times.Seal(), s.txns.Seal()); err != nil {
		return fmt.Errorf("seal segment %s: %w", s.Path(), err)
	}
	return nil
}

// Close ends the life of the segment in this process: an active one is brought to disk as Seal does, the
// owner's reference is given up. The caller syncs the directory.
func (s *Segment) Close() error {
	defer s.Retire()
	s.mu.Lock()
	sealed := s.sealed
	s.mu.Unlock()
	if sealed {
		return nil
	}
	return s.Seal()
}

// Truncate cuts the active segment so that no offset >= offset remains: from the batch that holds it on, as
// Kafka does. Slices that reach past the cut fail when they are read.
func (s *Segment) Truncate(offset int64) error {
	if err := s.poisonErr(); err != nil {
		return err
	}
	if s.Compressed() {
		return fmt.Errorf("truncate segment %s: %w: expand it first", s.Path(), ErrSealed)
	}
	f, err := s.open()
	if err != nil {
		return err
	}
	defer f.release()
	r, err := s.find(f.f, offset, s.size.Load())
	if err != nil || !r.ok {
		return err
	}
	// Readers first, then the indexes: an entry for bytes that are gone would be found out, bytes without one
	// not.
	s.next.Store(max(s.base, min(offset, r.h.BaseOffset)))
	s.size.Store(r.pos)
	s.cold.cut(r.pos)
	err = errors.Join(s.offsets.Truncate(r.h.BaseOffset), s.times.Truncate(r.h.BaseOffset))
	if err != nil {
		return fmt.Errorf("truncate segment %s: %w", s.Path(), err)
	}
	if err := s.txns.Truncate(offset); err != nil {
		return fmt.Errorf("truncate segment %s: %w", s.Path(), err)
	}
	s.written.Add(1)
	if err := f.f.Truncate(r.pos); err != nil {
		return s.fail(fmt.Errorf("truncate segment: %w", err))
	}
	return s.resume(f.f)
}

// resume sets next, the timestamps and the indexer to what remains after a cut.
func (s *Segment) resume(f vfs.File) error {
	s.next.Store(s.base)
	s.mu.Lock()
	s.first = noTimestamp
	s.mu.Unlock()
	x, _, err := s.index(f)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.max, s.appender = x.max, x
	s.mu.Unlock()
	return nil
}
