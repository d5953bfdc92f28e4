package segment

import (
	"errors"
	"fmt"
	"io/fs"
)

// DeletedSuffix marks files that are to be removed; Kafka uses the same.
const DeletedSuffix = ".deleted"

// MarkDeleted renames the files so that a restart finds no segment here, and readers that hold it go on.
// The .log goes first: without it the others are orphans that are rebuilt or removed. The caller syncs the
// directory.
func (s *Segment) MarkDeleted() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.suffix == DeletedSuffix {
		return nil
	}
	if s.stray {
		if err := s.fs.Remove(s.logName(!s.compressed)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("mark segment deleted: %w", err)
		}
		s.stray = false
	}
	if err := s.fs.Rename(s.pathLocked(), s.pathLocked()+DeletedSuffix); err != nil {
		return fmt.Errorf("mark segment deleted: %w", err)
	}
	s.suffix = DeletedSuffix
	return errors.Join(s.offsets.Rename(s.path(1)+DeletedSuffix), s.times.Rename(s.path(2)+DeletedSuffix),
		s.txns.Rename(s.path(3)+DeletedSuffix))
}

// Remove removes the files. Slices that are out keep their bytes; new reads that find the file closed get
// ErrRetired.
func (s *Segment) Remove() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removed = true
	err := s.fs.Remove(s.pathLocked())
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("remove segment: %w", err)
	}
	return errors.Join(err, s.offsets.Remove(), s.times.Remove(), s.txns.Remove())
}
