package segment

import (
	"errors"
	"fmt"

	"weir/index"
	"weir/record"
	"weir/vfs"
)

// maxDecompressedBytes bounds the one batch that a lookup by time decompresses.
const maxDecompressedBytes = 1 << 30

func timeEntry(t TimestampOffset) index.TimeEntry { return index.TimeEntry(t) }

// LookupTime returns the first record whose timestamp is >= ts (ms), and false when there is none. Only the
// batch that holds it is decompressed.
func (s *Segment) LookupTime(ts int64) (TimestampOffset, bool, error) {
	f, err := s.open()
	if err != nil {
		return TimestampOffset{}, false, err
	}
	defer f.release()
	start, err := s.timeFloor(f.f, ts)
	if err != nil {
		return TimestampOffset{}, false, err
	}
	w := s.newWalker(f.f, s.size.Load(), lookupChunkBytes)
	defer w.close()
	var found TimestampOffset
	_, err = w.walk(start, func(h record.Header, pos int64) error {
		// A batch whose header says that it is too old must be known to say the truth before it is passed over.
		if pos < s.cold.end.Load() && s.cold.known(pos) == pos {
			v := s.newWalker(f.f, w.end, sweepChunkBytes)
			next, err := v.verifyBatch(pos, w.end)
			v.close()
			if err != nil {
				return err
			}
			s.cold.add(pos, next)
		}
		if h.MaxTimestamp < ts {
			return nil
		}
		var ok bool
		var err error
		if found, ok, err = s.firstAtOrAfter(f.f, h, pos, ts); err == nil && ok {
			err = errStop
		}
		return err
	})
	if errors.Is(err, errStop) {
		return found, true, nil
	}
	return TimestampOffset{}, false, err
}

// timeFloor returns the position of a batch before which no record has a timestamp >= ts.
func (s *Segment) timeFloor(f vfs.File, ts int64) (int64, error) {
	e, ok, err := s.times.Before(ts, s.next.Load())
	if err != nil {
		s.reindex(f)
		if e, ok, err = s.times.Before(ts, s.next.Load()); err != nil {
			return 0, nil //nolint:nilerror // an index that cannot be mended is done without
		}
	}
	if !ok {
		return 0, nil
	}
	r, err := s.find(f, e.Offset, s.size.Load())
	if err != nil || !r.ok {
		return 0, err
	}
	return r.pos, nil
}

// firstAtOrAfter looks into the batch at pos.
func (s *Segment) firstAtOrAfter(f vfs.File, h record.Header, pos, ts int64) (TimestampOffset, bool, error) {
	raw := make([]byte, h.Size())
	if n, err := f.ReadAt(raw, pos); n < len(raw) {
		return TimestampOffset{}, false, fmt.Errorf("read segment %s: %w", s.Path(), err)
	}
	for r, err := range (record.Batch{Header: h, Raw: raw}).Records(maxDecompressedBytes) {
		if err != nil {
			return TimestampOffset{}, false, s.damage(pos, h.BaseOffset, err)
		}
		if r.Timestamp >= ts {
			return TimestampOffset{r.Timestamp, r.Offset}, true, nil
		}
	}
	return TimestampOffset{}, false, nil
}
