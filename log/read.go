package log

import (
	"errors"
	"fmt"

	"weir/segment"
)

// Read returns whole batches from the one that holds offset on, up to maxBytes (the last batch may be cut
// short, as clients expect) and nothing at or past limitOffset. With minOne at least the first batch comes
// whole. It takes no lock. The caller releases every slice; a slice's file stays open, and deleted or not
// readable, until then.
func (l *Log) Read(offset, limitOffset int64, maxBytes int, minOne bool) ([]segment.Slice, error) {
	for {
		slices, err := l.read(offset, limitOffset, maxBytes, minOne)
		if errors.Is(err, segment.ErrRetired) && l.Err() == nil {
			continue // a segment went between loading the list and reading: the new list does not have it
		}
		return slices, err
	}
}

func (l *Log) read(offset, limitOffset int64, maxBytes int, minOne bool) ([]segment.Slice, error) {
	if err := l.Err(); err != nil {
		return nil, err
	}
	list := *l.list.Load() // before the offsets: it holds everything between them
	start, end := l.start.Load(), l.end.Load()
	if offset < start || offset > end {
		return nil, fmt.Errorf("read %s at %d: %w: it has %d to %d", l.id, offset, ErrOffsetOutOfRange, start, end)
	}
	limitOffset = min(limitOffset, end)
	var out []segment.Slice
	for i := max(0, list.floor(offset)); i < len(list) && offset < limitOffset; i++ {
		s, err := list[i].seg.Read(offset, -1, limitOffset, maxBytes, minOne && len(out) == 0)
		if err != nil {
			release(out)
			return nil, l.readFailed(err)
		}
		n := s.Len()
		if n > 0 {
			out = append(out, s)
			if s.FirstOffset() > offset && l.contiguous() {
				release(out)
				return nil, l.readFailed(l.hole(list[i], offset))
			}
		}
		if maxBytes -= n; maxBytes <= 0 || i+1 == len(list) {
			break
		}
		if n > 0 && s.End() < list[i].seg.Size() {
			break // by the limit, or before damage: the next read begins at it and meets it
		}
		if err := l.checkHole(list[i], list[i+1], max(offset, list[i].seg.NextOffset()), limitOffset); err != nil {
			release(out)
			return nil, l.readFailed(err)
		}
		offset = max(offset, list[i+1].seg.BaseOffset())
	}
	if len(out) == 0 && maxBytes > 0 && offset < limitOffset && l.contiguous() {
		return nil, l.readFailed(l.hole(list.active(), offset))
	}
	return out, nil
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
