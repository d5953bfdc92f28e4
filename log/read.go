package log

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"weir/segment"
)

// Read returns whole batches from the one that holds offset on, up to maxBytes (the last batch may be cut
// short, as clients expect) and nothing at or past limitOffset. With minOne at least the first batch comes
// whole. It takes no lock. The caller releases every slice; a slice's file stays open, and deleted or not
// readable, until then.
func (l *Log) Read(offset, limitOffset int64, maxBytes int, minOne bool) ([]segment.Slice, error) {
	out, err := l.find(offset, limitOffset, maxBytes, minOne)
	return out.slices, err
}

// ReadCommitted is Read for read_committed: with the slices come the aborted transactions that overlap them.
func (l *Log) ReadCommitted(offset, limitOffset int64, maxBytes int, minOne bool) ([]segment.Slice, []AbortedTxn, error) {
	out, err := l.find(offset, limitOffset, maxBytes, minOne)
	if err != nil || len(out.slices) == 0 || !out.mayBeAborted(offset) {
		return out.slices, nil, err
	}
	aborted, err := l.AbortedTxns(offset, min(limitOffset, out.after()))
	if err != nil {
		release(out.slices)
		return nil, nil, err
	}
	return out.slices, aborted, nil
}

// Through cuts a slice of the log behind the batch that holds an offset, without reading what lies between. It is false when that cannot
// be told, or the slice does not reach so far: then its batches have to be walked.
func (l *Log) Through(s segment.Slice, offset int64) (segment.Slice, bool) {
	list := *l.list.Load()
	i := list.floor(offset)
	if i < 0 {
		return s, false
	}
	return list[i].seg.Through(s, offset)
}

// find is read, again where a segment went between loading the list and reading: the new list does not have it.
func (l *Log) find(offset, limitOffset int64, maxBytes int, minOne bool) (reading, error) {
	for {
		out, err := l.read(offset, limitOffset, maxBytes, minOne)
		if !errors.Is(err, segment.ErrRetired) || l.Err() != nil {
			return out, err
		}
	}
}

// reading is what a read found.
type reading struct {
	slices []segment.Slice
	list   segments // as it was then
	last   int      // the segment of the last slice
}

// after gives an offset past every record of the slices, not always the least: what a fetch is told of aborted
// transactions is bounded by what it returns, and not by what the log has (LocalLog.scala).
func (r *reading) after() int64 {
	if offset, ok := r.list[r.last].seg.After(r.slices[len(r.slices)-1]); ok {
		return offset
	}
	if r.last+1 < len(r.list) {
		return r.list[r.last+1].seg.BaseOffset()
	}
	return math.MaxInt64
}

// mayBeAborted tells whether any segment from an offset on has aborted transactions.
func (r *reading) mayBeAborted(offset int64) bool {
	return slices.ContainsFunc(r.list[max(0, r.list.floor(offset)):], func(e *entry) bool { return e.seg.TxnIndex().Count() > 0 })
}

func (l *Log) read(offset, limitOffset int64, maxBytes int, minOne bool) (found reading, err error) {
	if err := l.Err(); err != nil {
		return found, err
	}
	list := *l.list.Load() // before the offsets: it holds everything between them
	start, end := l.start.Load(), l.end.Load()
	if offset < start || offset > end {
		return found, fmt.Errorf("read %s at %d: %w: it has %d to %d", l.id, offset, ErrOffsetOutOfRange, start, end)
	}
	limitOffset = min(limitOffset, end)
	found.list = list
	failed := func(err error) (reading, error) {
		release(found.slices)
		return reading{}, l.readFailed(err)
	}
	for i := max(0, list.floor(offset)); i < len(list) && offset < limitOffset; i++ {
		s, err := list[i].seg.Read(offset, -1, limitOffset, maxBytes, minOne && len(found.slices) == 0)
		if err != nil {
			return failed(err)
		}
		n := s.Len()
		if n > 0 {
			found.slices, found.last = append(found.slices, s), i
			if s.FirstOffset() > offset && l.contiguous() {
				return failed(l.hole(list[i], offset))
			}
		}
		if maxBytes -= n; maxBytes <= 0 || i+1 == len(list) {
			break
		}
		if n > 0 && s.End() < list[i].seg.Size() {
			break // by the limit, or before damage: the next read begins at it and meets it
		}
		if err := l.checkHole(list[i], list[i+1], max(offset, list[i].seg.NextOffset()), limitOffset); err != nil {
			return failed(err)
		}
		offset = max(offset, list[i+1].seg.BaseOffset())
	}
	if len(found.slices) == 0 && maxBytes > 0 && offset < limitOffset && l.contiguous() {
		return failed(l.hole(list.active(), offset))
	}
	return found, nil
}

// hole is the damage of a segment that does not hold a record which it must hold.
func (l *Log) hole(e *entry, offset int64) error {
	return &segment.DamageError{Path: e.seg.Path(), Offset: offset, Err: errMissingRecords}
}

// errMissingRecords says that there is no batch where one was appended.
var errMissingRecords = errors.New("records are missing")

// checkHole finds offsets that neither of two neighbours holds: a segment between them is missing, or the end
// of the first. In a log that was compacted that is as it should be.
func (l *Log) checkHole(e, next *entry, after, limit int64) error {
	base := next.seg.BaseOffset()
	if after >= base || after >= limit || !l.contiguous() {
		return nil
	}
	return &segment.DamageError{Path: e.seg.Path(), Position: e.seg.Size(), Offset: after,
		Err: fmt.Errorf("up to the next segment's %d: %w", base, errMissingRecords)}
}

func release(slices []segment.Slice) {
	for _, s := range slices {
		s.Release()
	}
}

// readFailed takes the log out of service when a read met damage; other errors are the caller's alone.
func (l *Log) readFailed(err error) error {
	var damage *segment.DamageError
	if errors.As(err, &damage) {
		return l.fail(err)
	}
	if errors.Is(err, segment.ErrRetired) {
		return err
	}
	return fmt.Errorf("read %s: %w: %w", l.id, ErrStorage, err)
}
