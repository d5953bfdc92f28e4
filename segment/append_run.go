package segment

import (
	"fmt"
	"io"

	"weir/record"
)

// AppendRun is Append of several batches that lie end to end in raw, with one write. When it fails, nothing can be said
// of what is in the file: the segment is poisoned, and of use to nobody.
func (s *Segment) AppendRun(raw []byte, headers []record.Header) error {
	pos := s.size.Load()
	next, at := s.next.Load(), pos
	for _, h := range headers {
		b := record.Batch{Header: h, Raw: raw[min(at-pos, int64(len(raw))):min(at-pos+int64(h.Size()), int64(len(raw)))]}
		if err := s.checkAppend(&b, at); err != nil {
			return err
		}
		if h.BaseOffset < next {
			return fmt.Errorf("append to segment %s: offset %d after %d: %w", s.Path(), h.BaseOffset, next-1, ErrOutOfOrder)
		}
		next, at = h.LastOffset()+1, at+int64(h.Size())
	}
	if at-pos != int64(len(raw)) {
		return fmt.Errorf("append to segment %s: %d bytes, their headers say %d: %w", s.Path(), len(raw), at-pos,
			ErrOutOfOrder)
	}
	f, err := s.open()
	if err != nil {
		return err
	}
	defer f.release()
	s.written.Add(1)
	n, err := f.f.WriteAt(raw, pos)
	if err == nil && n < len(raw) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return s.fail(fmt.Errorf("append to segment %s: %w", s.Path(), err))
	}
	at = pos
	for _, h := range headers {
		s.appender.add(h, at)
		if at == 0 {
			s.setFirst(h)
		}
		at += int64(h.Size())
	}
	s.mu.Lock()
	s.max = s.appender.max
	s.mu.Unlock()
	s.size.Store(at)
	s.next.Store(next)
	return nil
}
