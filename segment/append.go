package segment

import (
	"errors"
	"fmt"
	"io"
	"math"

	"weir/index"
	"weir/record"
)

// Append writes b, whose base offset and leader epoch are stamped, at the end and returns its position.
// When it fails nothing has changed for readers and the next Append writes the same place. The bytes are
// not synced.
func (s *Segment) Append(b *record.Batch) (position int64, err error) {
	pos := s.size.Load()
	if err := s.checkAppend(b, pos); err != nil {
		return 0, err
	}
	f, err := s.open()
	if err != nil {
		return 0, err
	}
	defer f.release()
	s.written.Add(1)
	n, err := f.f.WriteAt(b.Raw, pos)
	if err == nil && n < len(b.Raw) {
		err = io.ErrShortWrite
	}
	if err != nil {
		err = fmt.Errorf("append to segment %s: %w", s.Path(), err)
		// What was written in part must not be met by a reader of the file after a restart, nor by the next append
		// if that is shorter.
		if terr := f.f.Truncate(pos); terr != nil {
			return 0, s.fail(errors.Join(err, terr))
		}
		return 0, err
	}
	s.appender.add(b.Header, pos)
	if first := pos == 0; first || s.appender.max.Timestamp == b.MaxTimestamp {
		s.mu.Lock()
		s.max = s.appender.max
		if first {
			s.first = b.MaxTimestamp
		}
		s.mu.Unlock()
	}
	s.size.Store(pos + int64(len(b.Raw)))
	s.next.Store(b.LastOffset() + 1)
	return pos, nil
}

func (s *Segment) checkAppend(b *record.Batch, pos int64) error {
	if err := s.poisonErr(); err != nil {
		return err
	}
	s.mu.Lock()
	sealed := s.sealed
	s.mu.Unlock()
	switch {
	case sealed:
		return fmt.Errorf("append to segment %s: %w", s.Path(), ErrSealed)
	case b.BaseOffset < s.next.Load() || b.LastOffset() < b.BaseOffset || len(b.Raw) != b.Size():
		return fmt.Errorf("append to segment %s: offsets %d to %d, %d bytes of %d, next offset %d: %w", s.Path(),
			b.BaseOffset, b.LastOffset(), len(b.Raw), b.Size(), s.next.Load(), ErrOutOfOrder)
	case b.LastOffset()-s.base > math.MaxInt32 || pos+int64(len(b.Raw)) > math.MaxInt32:
		return fmt.Errorf("append to segment %s: offset %d, position %d: %w", s.Path(), b.LastOffset(), pos,
			ErrFull)
	}
	return nil
}

// indexer decides, batch after batch, which get index entries, exactly as Kafka's LogSegment.append and
// recover do.
type indexer struct {
	s     *Segment
	since int64           // bytes of batches since the last entry
	max   TimestampOffset // the largest timestamp so far
	drop  bool            // only count: the entries are gathered below instead of being added to the indexes
	found struct {
		offsets []index.OffsetEntry
		times   []index.TimeEntry
	}
}

// add counts the batch at pos. If it gets an entry, that is its last offset and its own position: the entry
// is made before the batch's bytes are counted.
func (x *indexer) add(h record.Header, pos int64) {
	if h.MaxTimestamp > x.max.Timestamp {
		x.max = TimestampOffset{h.MaxTimestamp, h.LastOffset()}
	}
	if x.since > int64(x.s.c.IndexIntervalBytes) {
		o := index.OffsetEntry{Offset: h.LastOffset(), Position: pos}
		if x.drop {
			x.found.offsets = append(x.found.offsets, o)
			x.found.times = append(x.found.times, index.TimeEntry(x.max))
		} else {
			x.s.offsets.Append(o)
			x.s.times.MaybeAppend(index.TimeEntry(x.max))
		}
		x.since = 0
	}
	x.since += int64(h.Size())
}
