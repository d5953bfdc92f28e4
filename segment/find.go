package segment

import (
	"errors"

	"weir/index"
	"weir/record"
	"weir/vfs"
)

// found is where a batch is.
type found struct {
	pos int64
	h   record.Header
	ok  bool // false when there is no such batch before the end
}

// PositionOf returns the first batch whose last offset is >= offset; ok is false when there is none.
func (s *Segment) PositionOf(offset int64) (pos int64, h record.Header, ok bool, err error) {
	f, err := s.open()
	if err != nil {
		return 0, record.Header{}, false, err
	}
	defer f.release()
	r, err := s.find(f.f, offset, s.size.Load())
	return r.pos, r.h, r.ok, err
}

// find returns the first batch before end whose last offset is >= offset. It begins at the batch that the
// offset index names, after making sure that the index told the truth; if not, the index is rebuilt.
func (s *Segment) find(f vfs.File, offset, end int64) (found, error) {
	w := s.newWalker(f, end, lookupChunkBytes)
	defer w.close()
	pos, lied, err := w.floor(offset)
	if err != nil {
		return found{}, err
	}
	if lied {
		s.reindex(f)
		if pos, lied, err = w.floor(offset); err != nil {
			return found{}, err
		}
		if lied { // the rebuilt index could not be stored, or the log is damaged: do without
			pos = 0
		}
	}
	return w.find(pos, offset, end)
}

// floor is walker.floor for one who does not walk on from there.
func (s *Segment) floor(f vfs.File, offset int64) (pos int64, lied bool, err error) {
	w := s.newWalker(f, s.size.Load(), record.HeaderSize)
	defer w.close()
	return w.floor(offset)
}

// floor returns the position of a batch that is at or before the one with offset, 0 when the index names
// none. Where the index is damaged the search may end at any entry, but every true one at or below offset
// is a right start. The batch's header is in w's buffer then.
func (w *walker) floor(offset int64) (pos int64, lied bool, err error) {
	e, ok, err := w.s.offsets.Floor(offset)
	if err != nil {
		return 0, true, nil // the index cannot be read: as bad as a lie
	}
	if !ok {
		return 0, false, nil
	}
	if ok = e.Offset <= offset; ok {
		ok, err = w.isTrue(e)
	}
	if err != nil || !ok {
		return 0, !ok, err
	}
	return e.Position, false, nil
}

// isTrue is walker.isTrue for one who does not walk.
func (s *Segment) isTrue(f vfs.File, e index.OffsetEntry) (bool, error) {
	w := s.newWalker(f, s.size.Load(), record.HeaderSize)
	defer w.close()
	return w.isTrue(e)
}

// isTrue reports whether the batch at the entry's position ends with its offset. Then every batch before
// that position ends before that offset. The walk may then go up to the segment's size.
func (w *walker) isTrue(e index.OffsetEntry) (bool, error) {
	if mutantTrustIndex {
		return true, nil
	}
	w.end = w.s.size.Load()
	if e.Position <= 0 || e.Position >= w.end {
		return false, nil // the first batch never has an entry
	}
	h, err := w.header(e.Position)
	// Where it is the log that is damaged, the search without the index will come upon it.
	return err == nil && h.LastOffset() == e.Offset, asDisk(err)
}

// find returns the first batch from pos on, and before end, whose last offset is >= offset.
func (w *walker) find(pos, offset, end int64) (found, error) {
	w.end = end
	var r found
	_, err := w.walk(pos, func(h record.Header, pos int64) error {
		if h.LastOffset() < offset {
			return nil
		}
		r = found{pos, h, true}
		return errStop
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	return r, err
}
