package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// DeletedSuffix marks files that are to be removed; Kafka uses the same.
const DeletedSuffix = ".deleted"

// MarkDeleted renames the files so that a restart finds no segment here, and readers that hold it go on. nth tells
// apart segments of one base offset whose files may be there at once; the first may be 0.
// The .log goes first: without it the others are orphans that are rebuilt or removed. The caller syncs the
// directory.
func (s *Segment) MarkDeleted(nth int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.HasSuffix(s.suffix, DeletedSuffix) {
		return nil
	}
	suffix := DeletedSuffix
	if nth > 0 {
		suffix = "." + strconv.Itoa(nth) + DeletedSuffix
	}
	if s.stray {
		if err := s.fs.Remove(s.logName(!s.compressed)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("mark segment deleted: %w", err)
		}
		s.stray = false
	}
	if err := s.fs.Rename(s.pathLocked(), s.pathLocked()+suffix); err != nil {
		return fmt.Errorf("mark segment deleted: %w", err)
	}
	s.suffix = suffix
	return errors.Join(s.offsets.Rename(s.path(1)+suffix), s.times.Rename(s.path(2)+suffix),
		s.txns.Rename(s.path(3)+suffix))
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
