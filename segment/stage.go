package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"weir/vfs"
)

const (
	// CompressedSuffix follows .log in the name of a compressed one.
	CompressedSuffix = ".zst"
	// stagedSuffix marks a file that is being written; a start removes what a crash left of it.
	stagedSuffix = ".tmp"
	// syncBytes are written between two syncs, so that none of them keeps the disk from others for long.
	syncBytes = 8 << 20
)

// Staged is a segment's .log in its other form, complete and synced under a temporary name. Exactly one of Adopt and
// Discard ends it.
type Staged struct {
	s          *Segment
	compressed bool
	temp, name string
	from       *handle // the form in use
	out        vfs.File
	stored     int64 // size of the file
	modTime    time.Time
	unsynced   int
}

// stage begins the other form of a sealed segment's .log.
func (s *Segment) stage(compressed bool) (*Staged, error) {
	s.mu.Lock()
	ok := s.sealed && s.suffix == "" && s.compressed != compressed
	s.mu.Unlock()
	if !ok || s.size.Load() == 0 {
		return nil, fmt.Errorf("segment %s is active, deleted, empty, or has that form already", s.Path())
	}
	from, err := s.open()
	if err != nil {
		return nil, err
	}
	st := &Staged{s: s, compressed: compressed, name: s.logName(compressed), from: from}
	st.temp = st.name + stagedSuffix
	if st.out, err = s.fs.Create(st.temp); err != nil {
		return nil, errors.Join(fmt.Errorf("stage segment: %w", err), from.release())
	}
	return st, nil
}

// write writes to the staged file.
func (st *Staged) write(p []byte, pos int64) error {
	if _, err := st.out.WriteAt(p, pos); err != nil {
		return err
	}
	if st.unsynced += len(p); st.unsynced < syncBytes {
		return nil
	}
	st.unsynced = 0
	return st.out.Sync()
}

// finish makes the staged bytes durable.
func (st *Staged) finish() error {
	var err error
	if !mutantSwapBeforeSync {
		err = st.out.Sync()
	}
	err = errors.Join(err, st.out.Close())
	st.out = nil
	return err
}

// StoredSize returns the bytes that the staged file takes on disk.
func (st *Staged) StoredSize() int64 { return st.stored }

// Discard removes the staged file.
func (st *Staged) Discard() error {
	err := st.from.release()
	if st.out != nil {
		err = errors.Join(err, st.out.Close())
	}
	if rerr := st.s.fs.Remove(st.temp); !errors.Is(rerr, fs.ErrNotExist) {
		err = errors.Join(err, rerr)
	}
	return err
}

// Adopt makes the staged form the segment's: reads that begin after it use it, those that are under way go on with the
// one before. At every moment one whole file has its final name, durably; where both have, both are whole, and the
// plain one counts. The file that was in use is renamed; the caller removes it, whose name is returned, when nothing can
// want it any more. The caller sees to it that nothing else renames the segment's files meanwhile.
//
// When Adopt fails the segment serves the same bytes as before; a file of the other form may be left beside the one
// that it uses, and goes with the segment or at the next start.
func (st *Staged) Adopt() (replaced string, err error) {
	s := st.s
	if err := s.fs.Rename(st.temp, st.name); err != nil {
		return "", errors.Join(fmt.Errorf("adopt segment: %w", err), st.Discard())
	}
	if err = s.fs.SyncDir(s.dir); err != nil {
		err = fmt.Errorf("adopt segment %s: %w", st.name, err)
		s.mu.Lock()
		s.stray = true
		s.mu.Unlock()
		return "", errors.Join(err, st.from.release())
	}
	s.mu.Lock()
	before := s.pathLocked()
	s.compressed = st.compressed
	s.stored = st.stored
	s.modTime = st.modTime
	s.stray = true
	// What is read from here on was written by this process from verified bytes, or has frames that are verified by
	// themselves.
	s.cold.cut(0)
	old := s.file.Swap(nil)
	s.mu.Unlock()
	err = st.from.release()
	if old != nil {
		err = errors.Join(err, old.release())
	}
	if err := errors.Join(err, s.fs.Rename(before, before+DeletedSuffix)); err != nil {
		return "", fmt.Errorf("adopt segment %s: %w", st.name, err)
	}
	s.mu.Lock()
	s.stray = false
	s.mu.Unlock()
	if err := s.fs.SyncDir(s.dir); err != nil {
		return "", fmt.Errorf("adopt segment %s: %w", st.name, err)
	}
	return before + DeletedSuffix, nil
}
