package log

import (
	"errors"
	"fmt"
	"math"

	"weir/record"
	"weir/segment"
)

// OffsetAt is a record found by time.
type OffsetAt struct {
	Offset, Timestamp int64
	LeaderEpoch       int32 // that of its batch, -1 when unknown
}

// maxLookupBytes bounds the decompression of the one batch that a lookup by time looks into.
const maxLookupBytes = 1 << 30

// LookupTime returns the first record, from the log's start on, whose timestamp is ts (ms) or later.
func (l *Log) LookupTime(ts int64) (OffsetAt, bool, error) {
	for {
		at, ok, err := l.lookupTime(ts)
		if errors.Is(err, segment.ErrRetired) && l.Err() == nil {
			continue
		}
		return at, ok, err
	}
}

func (l *Log) lookupTime(ts int64) (OffsetAt, bool, error) {
	if err := l.Err(); err != nil {
		return OffsetAt{}, false, err
	}
	list, start := *l.list.Load(), l.start.Load()
	for i := max(0, list.floor(start)); i < len(list); i++ {
		seg := list[i].seg
		if seg.MaxTimestamp().Timestamp < ts {
			continue
		}
		found, ok, err := seg.LookupTime(ts)
		if err == nil && ok && found.Offset < start {
			found, ok, err = lookupTimeFrom(seg, ts, start)
		}
		if err != nil {
			return OffsetAt{}, false, l.readFailed(fmt.Errorf("look up time: %w", err))
		}
		if ok {
			return l.withEpoch(seg, found)
		}
	}
	return OffsetAt{}, false, nil
}

// lookupTimeFrom is LookupTime for the segment in which records were deleted: those before start do not
// count.
func lookupTimeFrom(seg *segment.Segment, ts, start int64) (out segment.TimestampOffset, ok bool, err error) {
	pos, _, ok, err := seg.PositionOf(start)
	if err != nil || !ok {
		return out, false, err
	}
	ok = false
	err = seg.Scan(pos, func(h record.Header, _ int64) (bool, error) {
		if h.MaxTimestamp < ts || h.IsControl() {
			return true, nil
		}
		b, err := readBatch(seg, h)
		if err != nil {
			return false, err
		}
		for r, err := range b.Records(maxLookupBytes) {
			if err != nil {
				return false, err
			}
			if r.Offset >= start && r.Timestamp >= ts {
				out, ok = segment.TimestampOffset{Timestamp: r.Timestamp, Offset: r.Offset}, true
				return false, nil
			}
		}
		return true, nil
	})
	return out, ok, err
}

// readBatch loads the batch whose header was met in a scan.
func readBatch(seg *segment.Segment, h record.Header) (b record.Batch, err error) {
	s, err := seg.Read(h.BaseOffset, -1, math.MaxInt64, h.Size(), true)
	if err != nil {
		return b, err
	}
	defer s.Release()
	raw, err := s.Bytes()
	if err != nil {
		return b, err
	}
	if len(raw) < h.Size() || s.FirstOffset() != h.BaseOffset {
		return b, fmt.Errorf("read batch at offset %d: got %d of %d bytes at offset %d: %w", h.BaseOffset, len(raw),
			h.Size(), s.FirstOffset(), record.ErrCorrupt)
	}
	return record.Batch{Header: h, Raw: raw[:h.Size()]}, nil
}

func (l *Log) withEpoch(seg *segment.Segment, found segment.TimestampOffset) (OffsetAt, bool, error) {
	_, h, ok, err := seg.PositionOf(found.Offset)
	if err != nil {
		return OffsetAt{}, false, l.readFailed(fmt.Errorf("look up time: %w", err))
	}
	at := OffsetAt{Offset: found.Offset, Timestamp: found.Timestamp, LeaderEpoch: -1}
	if ok {
		at.LeaderEpoch = h.LeaderEpoch
	}
	return at, true, nil
}

// MaxTimestamp returns the first record that has the largest timestamp of the log (KIP-734).
func (l *Log) MaxTimestamp() (OffsetAt, bool, error) {
	if err := l.Err(); err != nil {
		return OffsetAt{}, false, err
	}
	largest := int64(record.NoTimestamp)
	list := *l.list.Load()
	for i := max(0, list.floor(l.start.Load())); i < len(list); i++ {
		largest = max(largest, list[i].seg.MaxTimestamp().Timestamp)
	}
	if largest < 0 {
		return OffsetAt{}, false, nil
	}
	at, ok, err := l.LookupTime(largest)
	if ok || err != nil || l.contiguous() {
		return at, ok, err
	}
	// A batch that compaction left without records says the time that they had.
	if largest, err = l.maxTimestampHeld(list); err != nil || largest < 0 {
		return OffsetAt{}, false, err
	}
	return l.LookupTime(largest)
}

// maxTimestampHeld is the largest timestamp of the batches that have records.
func (l *Log) maxTimestampHeld(list segments) (int64, error) {
	largest := int64(record.NoTimestamp)
	err := scanAll(list, l.start.Load(), l.end.Load(), func(h record.Header, _ *entry) error {
		if h.Count > 0 {
			largest = max(largest, h.MaxTimestamp)
		}
		return nil
	})
	if err != nil {
		return largest, l.readFailed(fmt.Errorf("look up the largest time: %w", err))
	}
	return largest, nil
}

// BytesBetween is the bytes of the batches from the one that holds offset from up to the one that holds to.
func (l *Log) BytesBetween(from, to int64) (int64, error) {
	list := *l.list.Load()
	first, last := max(0, list.floor(from)), list.floor(to)
	var n int64
	for i := first; i <= last; i++ {
		n += list[i].seg.Size()
	}
	before, err := positionIn(list[first], from)
	if err != nil || last < first {
		return 0, err
	}
	end, err := positionIn(list[last], to)
	return n - before - (list[last].seg.Size() - end), err
}

// positionIn is the position of the batch that holds the offset, or the segment's end.
func positionIn(e *entry, offset int64) (int64, error) {
	size := e.seg.Size()
	if offset >= e.seg.NextOffset() {
		return size, nil
	}
	pos, _, ok, err := e.seg.PositionOf(offset)
	if err == nil && !ok {
		pos = size
	}
	return pos, err
}
