package protocol

import "encoding/binary"

// decoder reads one message that no schema walked before: it is as strict as
// [Check], whose primitives it uses. Its methods give zero values after the
// first fault; callers look at failed before they loop.
type decoder struct{ checker }

func newDecoder(key, version int16, body []byte) decoder {
	row := requestSchema.find(key)
	return decoder{checker{body: body, version: version, flexible: row.IsFlexible(version)}}
}

// failed reports whether a fault was met.
func (d *decoder) failed() bool { return d.err != nil }

// take gives the next n bytes, aliased; nil after a fault.
func (d *decoder) take(n int) []byte {
	if d.err != nil || !d.skip(n) {
		return nil
	}
	return d.body[d.pos-n : d.pos : d.pos]
}

func (d *decoder) int8() int8 {
	if b := d.take(1); b != nil {
		return int8(b[0])
	}
	return 0
}

func (d *decoder) int16() int16 {
	if b := d.take(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (d *decoder) int32() int32 {
	if b := d.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (d *decoder) int64() int64 {
	if b := d.take(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

func (d *decoder) uuid() (id [16]byte) {
	copy(id[:], d.take(16))
	return id
}

// sized reads a length and gives as many bytes, aliased; nil for null.
func (d *decoder) sized(fixed, most int, nullable bool) []byte {
	if d.err != nil {
		return nil
	}
	n, ok := d.length(fixed, nullable)
	if !ok || n < 0 {
		return nil
	}
	if n > most {
		d.fail("field of %d bytes", n)
		return nil
	}
	if n == 0 {
		return []byte{}
	}
	return d.take(n)
}

// text reads a string into s. When s holds the same text already, as in a
// request like the one before it on the connection, nothing is allocated.
func (d *decoder) text(s *string) {
	if b := d.sized(2, maxString, false); string(b) != *s {
		*s = string(b)
	}
}

// maybeText is text for a string that may be null.
func (d *decoder) maybeText(s **string) {
	b := d.sized(2, maxString, true)
	switch {
	case b == nil:
		*s = nil
	case *s == nil || string(b) != **s:
		text := string(b)
		*s = &text
	}
}

// maxString is the most bytes a string may have.
const maxString = 1<<15 - 1

// maxField is the most bytes any field may have.
const maxField = 1<<31 - 1

// elements reads an array's count, which is at most what elements of least
// bytes allow.
func (d *decoder) elements(least int) int {
	if d.err != nil {
		return 0
	}
	n, ok := d.length(4, false)
	if !ok {
		return 0
	}
	if n > (len(d.body)-d.pos)/least {
		d.fail("%d elements of at least %d bytes with %d left", n, least, len(d.body)-d.pos)
		return 0
	}
	return n
}

// noTags passes the tagged fields of a struct that knows none.
func (d *decoder) noTags() {
	if d.flexible && d.err == nil {
		d.tags(nil)
	}
}

// eachTag reads the tagged fields of a struct: known reads the value of a tag
// it knows and leaves that of others.
func (d *decoder) eachTag(known func(tag int)) {
	if !d.flexible || d.err != nil {
		return
	}
	n, _ := d.uvarint()
	last := -1
	for ; n > 0 && d.err == nil; n-- {
		tag, _ := d.uvarint()
		size, ok := d.uvarint()
		if !ok || d.err != nil {
			return
		}
		if tag <= last {
			d.fail("tagged field %d after %d", tag, last)
			return
		}
		last = tag
		if size > len(d.body)-d.pos {
			d.fail("tagged field of %d bytes with %d left", size, len(d.body)-d.pos)
			return
		}
		whole, start := d.body, d.pos
		d.body = d.body[:start+size]
		known(tag)
		if d.err == nil && d.pos != start && d.pos != start+size {
			d.fail("tagged field %d is %d bytes longer than its value", tag, start+size-d.pos)
		}
		d.body, d.pos = whole, start+size
	}
}

// resize makes s n long and keeps its elements, also those behind its former
// end, for their slices to be used again.
func resize[T any](s []T, n int) []T {
	if n <= cap(s) {
		return s[:n]
	}
	return append(s[:cap(s)], make([]T, n-cap(s))...)
}
