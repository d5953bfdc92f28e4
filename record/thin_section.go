package record

import "fmt"

// errThinBody says that a record is not as long as it says.
var errThinBody = fmt.Errorf("record breaks off: %w", ErrInvalid)

// thinSection walks a decompressed records section for compaction. It looks as far as the value: what follows is
// copied as it is.
type thinSection struct {
	b   []byte
	pos int
}

// thinRecord is one record of it.
type thinRecord struct {
	body           []byte // all after the length
	deltaEnd       int    // where the timestamp delta ends in body
	timestampDelta int64
	offsetDelta    int32
	key            []byte
	tombstone      bool
}

func (r *thinRecord) keyed(h *Header) Keyed {
	return Keyed{Offset: h.BaseOffset + int64(r.offsetDelta), Key: r.key, Tombstone: r.tombstone}
}

// next walks one record; false where there is none that is whole.
func (s *thinSection) next() (r thinRecord, ok bool) {
	size, p := scanVarint(s.b, s.pos)
	if p < 0 || int(size) < minBody || int(size) > len(s.b)-p {
		return r, false
	}
	b := s.b[p : p+int(size)]
	s.pos = p + int(size)
	r.body = b
	if r.timestampDelta, p = scanVarlong(b, 1); p < 0 {
		return r, false
	}
	r.deltaEnd = p
	if r.offsetDelta, p = scanVarint(b, p); p < 0 {
		return r, false
	}
	if size, p = scanVarint(b, p); p < 0 || int(size) > len(b)-p {
		return r, false
	}
	if size >= 0 {
		r.key = b[p : p+int(size) : p+int(size)]
		p += int(size)
	}
	if size, p = scanVarint(b, p); p < 0 || int(size) > len(b)-p {
		return r, false
	}
	r.tombstone = size < 0
	return r, true
}

// end makes sure that nothing follows the records.
func (s *thinSection) end(count int32) error {
	if s.pos != len(s.b) {
		return fmt.Errorf("read records: %w", invalidf("bytes remain after %d records", count))
	}
	return nil
}
