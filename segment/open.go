package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"math"

	"weir/index"
	"weir/record"
	"weir/vfs"
)

// Open opens the segment that begins at baseOffset in dir. An index that is missing, fails its sanity
// check, or turns out to lie where it is looked at (its newest entries) is rebuilt from the log. A compressed .log is
// opened sealed, whatever o.Active says.
//
// A *DamageError when the bytes after the newest index entry are not whole batches. Unless o.Clean: then
// the segment ends where they begin, and Recover must come next, which looks at them and cuts.
func Open(fsys vfs.FS, dir string, baseOffset int64, c Config, o OpenOptions) (*Segment, error) {
	s := newSegment(fsys, dir, baseOffset, c)
	s.sealed = !o.Active
	if o.NextOffset > 0 {
		s.bound = o.NextOffset
	}
	f, err := s.openLog()
	if err != nil {
		return nil, err
	}
	if err := s.openIndexes(); err != nil {
		return nil, errors.Join(err, f.release(), s.dropFile())
	}
	err = errors.Join(s.load(f.f, o), f.release())
	// Whether the segment will be used is not known yet: ten thousand idle ones hold no descriptors.
	if err = errors.Join(err, s.dropFile()); err != nil {
		return nil, errors.Join(err, s.closeIndexes())
	}
	return s, nil
}

// openLog opens the .log, plain if it is there, else compressed, and takes its size and times.
func (s *Segment) openLog() (*handle, error) {
	info, err := s.fs.Stat(s.path(0))
	if errors.Is(err, fs.ErrNotExist) {
		if _, zerr := s.fs.Stat(s.logName(true)); zerr == nil {
			return s.openCompressed()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open segment: %w", err)
	}
	if info.Size > math.MaxInt32 {
		return nil, s.damage(math.MaxInt32, s.base, fmt.Errorf("file of %d bytes", info.Size))
	}
	s.createdAt = info.ModTime
	s.size.Store(info.Size)
	s.cold.end.Store(info.Size)
	return s.open()
}

// openCompressed opens a compressed .log: it is sealed whatever is asked for, and its frames verify themselves.
func (s *Segment) openCompressed() (*handle, error) {
	s.compressed, s.sealed = true, true
	f, err := s.open()
	if err != nil {
		return nil, err
	}
	s.stored, s.modTime, s.createdAt = f.frames.stored, f.frames.table.modTime, f.frames.table.modTime
	s.size.Store(f.frames.table.size)
	return f, nil
}

// openIndexes opens the indexes, empty where they must be rebuilt.
func (s *Segment) openIndexes() (err error) {
	s.offsets, err = index.OpenOffset(s.fs, s.path(1), s.base, !s.sealed)
	if rebuildable(err) {
		s.offsets, err = index.CreateOffset(s.fs, s.path(1), s.base)
	}
	if err != nil {
		return err
	}
	s.times, err = index.OpenTime(s.fs, s.path(2), s.base, !s.sealed)
	if rebuildable(err) {
		s.times, err = index.CreateTime(s.fs, s.path(2), s.base)
	}
	if err != nil {
		return err
	}
	s.txns, err = index.OpenTxn(s.fs, s.path(3), s.base)
	return err
}

func rebuildable(err error) bool {
	return errors.Is(err, index.ErrCorrupt) || errors.Is(err, fs.ErrNotExist)
}

func (s *Segment) closeIndexes() error {
	var err error
	for _, c := range []interface{ Close() error }{s.offsets, s.times, s.txns} {
		err = errors.Join(err, c.Close())
	}
	return err
}

// load finds the end of the segment, its timestamps and the state of the indexer.
func (s *Segment) load(f vfs.File, o OpenOptions) error {
	x, end, err := s.index(f)
	var damage *DamageError
	if errors.As(err, &damage) && !o.Clean {
		s.size.Store(end) // what follows is for Recover to look at
		s.cold.end.Store(end)
		err = nil
	}
	if err != nil {
		return err
	}
	if s.sealed {
		s.times.MaybeAppend(index.TimeEntry(x.max))
		s.flushIndexes()
	}
	s.appender, s.max = x, x.max
	return nil
}

// errLied says that the time index did not tell the truth; it never leaves the package.
var errLied = errors.New("the time index lied")

// index walks the batches after the newest entry of the offset index and adds the entries that are missing
// there. If the newest entries lie, all are made anew. It returns the position after the last good batch.
func (s *Segment) index(f vfs.File) (x indexer, end int64, err error) {
	pos, err := s.trustIndexes(f)
	if err != nil {
		return x, 0, err
	}
	if pos == 0 && s.offsets.Count() > 0 {
		if err := s.offsets.Rebuild(nil); err != nil {
			return x, 0, err
		}
	}
	x = s.resumeIndexer()
	newest := x.max.Timestamp
	end, err = s.loadTail(f, pos, &x)
	// Sealing a segment gives its time index a last entry with the largest timestamp: one without it was cut.
	if errors.Is(err, errLied) || err == nil && pos > 0 && s.sealed && x.max.Timestamp > newest {
		if err := errors.Join(s.offsets.Rebuild(nil), s.times.Rebuild(nil)); err != nil {
			return x, 0, err
		}
		x = s.resumeIndexer()
		end, err = s.loadTail(f, 0, &x)
	}
	return x, end, err
}

// resumeIndexer returns an indexer that goes on after the entries there are.
func (s *Segment) resumeIndexer() indexer {
	x := indexer{s: s, max: TimestampOffset{noTimestamp, s.base}}
	if last, ok := s.times.Last(); ok {
		x.max = TimestampOffset(last)
	}
	return x
}

// flushIndexes writes what is pending. A failure is no harm: the entries stay in memory until the segment
// is closed, and are made again when it is opened.
func (s *Segment) flushIndexes() {
	_ = s.offsets.Flush()
	_ = s.times.Flush()
}

// loadTail walks from pos to the end with x and sets next and first. It returns the position after the last
// batch.
func (s *Segment) loadTail(f vfs.File, pos int64, x *indexer) (end int64, err error) {
	w := s.newWalker(f, s.size.Load(), sweepChunkBytes)
	defer w.close()
	if pos > 0 {
		h, err := w.header(0)
		if err != nil {
			return 0, err
		}
		s.setFirst(h)
	}
	newest := x.max
	return w.walk(pos, func(h record.Header, pos int64) error {
		if h.MaxTimestamp > newest.Timestamp && h.LastOffset() < newest.Offset {
			return errLied // by that offset the largest timestamp was larger
		}
		if pos == 0 {
			s.setFirst(h)
		}
		x.add(h, pos)
		s.next.Store(h.LastOffset() + 1)
		return nil
	})
}

func (s *Segment) setFirst(h record.Header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.first = h.MaxTimestamp
}

// trustIndexes checks the newest entries against the log and empties a time index that lies. It returns the
// position of the newest batch that the offset index names, or 0 when it names none or cannot be trusted.
func (s *Segment) trustIndexes(f vfs.File) (pos int64, err error) {
	last, some := s.offsets.Last()
	ok := true
	if some {
		pos = last.Position
		if ok, err = s.isTrue(f, last); err != nil {
			return 0, err
		}
	}
	if ok {
		if ok, err = s.trustTimes(f, pos); err != nil || ok {
			return pos, err
		}
	}
	return 0, s.times.Rebuild(nil)
}

// trustTimes reports whether the newest entry of the time index is true, or its being empty is: pos is the
// position of the newest batch that the offset index names.
func (s *Segment) trustTimes(f vfs.File, pos int64) (bool, error) {
	newest, some := s.times.Last()
	if pos > 0 {
		// Each entry of the offset index came with one here unless no timestamp was larger than the one before.
		w := s.newWalker(f, s.size.Load(), record.HeaderSize)
		defer w.close()
		if h, err := w.header(pos); err != nil || h.MaxTimestamp > newest.Timestamp {
			return false, asDisk(err)
		}
	}
	if !some {
		return true, nil
	}
	return s.trustTime(f, newest)
}

// trustTime reports whether a time entry is what the batch that it names says.
func (s *Segment) trustTime(f vfs.File, e index.TimeEntry) (bool, error) {
	w := s.newWalker(f, s.size.Load(), lookupChunkBytes)
	defer w.close()
	start, lied, err := w.floor(e.Offset)
	if err != nil || lied {
		return false, err
	}
	r, err := w.find(start, e.Offset, s.size.Load())
	if err != nil {
		return false, asDisk(err)
	}
	return r.ok && r.h.LastOffset() == e.Offset && r.h.MaxTimestamp == e.Timestamp, nil
}

// asDisk returns err unless it is about the bytes of the log.
func asDisk(err error) error {
	var damage *DamageError
	if errors.As(err, &damage) {
		return nil
	}
	return err
}
