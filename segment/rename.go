package segment

import (
	"errors"
	"fmt"

	"weir/index"
	"weir/vfs"
)

// CreateAside is Create under a foreign name: suffix follows the names of all files, which no start takes for a
// segment's. Rename brings them to their place.
func CreateAside(fsys vfs.FS, dir string, baseOffset int64, suffix string, c Config) (*Segment, error) {
	return createAs(fsys, dir, baseOffset, suffix, c)
}

// Rename gives the files another suffix, or none, and takes the place of files that have those names. The caller
// syncs the directory. After a failure some files may have the one name and some the other, and the segment must
// not be used any more.
func (s *Segment) Rename(suffix string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.suffix == suffix {
		return nil
	}
	if err := s.fs.Rename(s.pathLocked(), s.logName(s.compressed)+suffix); err != nil {
		return fmt.Errorf("rename segment: %w", err)
	}
	s.suffix = suffix
	return errors.Join(s.offsets.Rename(s.path(1)+suffix), s.times.Rename(s.path(2)+suffix),
		s.txns.Rename(s.path(3)+suffix))
}

// IndexBytes returns the sizes of the offset index and of the time index.
func (s *Segment) IndexBytes() (offsets, times int) {
	return s.offsets.Count() * index.OffsetEntrySize, s.times.Count() * index.TimeEntrySize
}
