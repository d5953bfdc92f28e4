package protocol

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Check walks body by the schema of the request, strictly and without
// allocating: lengths and counts against the bytes that are left (a count is
// at most what the smallest elements would take), variable-length integers of
// at most five bytes, null only where it is allowed, tagged fields strictly
// ascending and each exactly as long as it says. Bytes after the message are
// let pass and never looked at: Apache Kafka does so, and there are clients
// that leave some.
//
// The error is ErrUnknownKey, ErrUnsupportedVersion or ErrMalformed.
func Check(key, version int16, body []byte) error {
	_, err := CheckSize(key, version, body)
	return err
}

// CheckSize is Check that also says how much memory in bytes the decoded
// request will take: an empty array element of one byte can decode to a struct
// of hundreds. The figure is an upper
// estimate to charge a memory pool with before decoding.
func CheckSize(key, version int16, body []byte) (decodedBytes int, err error) {
	c, err := requestSchema.check(key, version, body)
	return c.cost, err
}

// check walks body by any schema; the checker has what it found out.
func (s *schema) check(key, version int16, body []byte) (checker, error) {
	row := s.find(key)
	if row == nil {
		return checker{}, fmt.Errorf("check request: api key %d: %w", key, ErrUnknownKey)
	}
	if !row.Valid(version) {
		return checker{}, fmt.Errorf("check %s request: version %d: %w", row.Name, version, ErrUnsupportedVersion)
	}
	c := checker{schema: s, body: body, version: version, flexible: row.IsFlexible(version),
		cost: int(s.structs[row.root].size)}
	if !c.structure(row.root) {
		return checker{}, fmt.Errorf("check %s v%d request: %w", row.Name, version, c.err)
	}
	return c, nil
}

// checker is a walk over one message. Its methods report false after the
// first fault, which is in err. It calls itself as deep as the schema's
// structs nest, which is a few levels and not the sender's choice.
type checker struct {
	schema   *schema
	body     []byte
	pos      int
	version  int16
	flexible bool
	cost     int  // memory of the decoded form so far
	hasBytes bool // met a field that kmsg would leave in body
	err      error
}

// fail notes the fault and where it is.
func (c *checker) fail(format string, args ...any) bool {
	c.err = fmt.Errorf("at byte %d: "+format+": %w", append(append([]any{c.pos}, args...), ErrMalformed)...)
	return false
}

// structure walks a struct's fields, then its tagged fields.
func (c *checker) structure(ref uint16) bool {
	s := c.schema.structs[ref]
	fields := c.schema.fields[s.first:s.end]
	for i := range fields {
		f := &fields[i]
		if f.tag < 0 && f.in(c.version) && !c.field(f) {
			return false
		}
	}
	return !c.flexible || c.tags(fields)
}

// field walks a field: one value or an array of them.
func (c *checker) field(f *fieldRow) bool {
	if !f.array {
		return c.value(f, f.nullable(c.version))
	}
	n, ok := c.count(f)
	if !ok {
		return false
	}
	c.cost += n * c.elementSize(f)
	if w := int(width[f.kind]); w > 0 {
		return c.skip(n * w)
	}
	for range n {
		if !c.value(f, false) {
			return false
		}
	}
	return true
}

// value walks a single value.
func (c *checker) value(f *fieldRow, nullable bool) bool {
	switch f.kind {
	case kString:
		return c.text(nullable)
	case kBytes:
		return c.bytes(nullable)
	case kStruct:
		if nullable {
			// A nullable struct has a byte before it: -1 for null.
			if c.pos >= len(c.body) {
				return c.fail("end of message in place of a struct")
			}
			present := int8(c.body[c.pos])
			c.pos++
			if present == -1 {
				return true
			}
			if present != 1 {
				return c.fail("struct marked %d", present)
			}
		}
		return c.structure(f.ref)
	}
	return c.skip(int(width[f.kind]))
}

// skip passes over n bytes.
func (c *checker) skip(n int) bool {
	if n > len(c.body)-c.pos {
		return c.fail("field of %d bytes with %d left", n, len(c.body)-c.pos)
	}
	c.pos += n
	return true
}

// uvarint reads an unsigned varint of 31 bits; no length or tag has more.
func (c *checker) uvarint() (int, bool) {
	if c.pos < len(c.body) && c.body[c.pos] < 0x80 {
		c.pos++
		return int(c.body[c.pos-1]), true
	}
	var v uint64
	for shift := 0; shift < 35; shift += 7 {
		if c.pos >= len(c.body) {
			return 0, c.fail("end of message in a varint")
		}
		b := c.body[c.pos]
		c.pos++
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			if v > math.MaxInt32 {
				return 0, c.fail("varint is %d", v)
			}
			return int(v), true
		}
	}
	return 0, c.fail("varint of more than five bytes")
}

// length reads a length or count: a compact one, or a fixed one of 2 or 4
// bytes. Null is -1.
func (c *checker) length(fixed int, nullable bool) (int, bool) {
	n := 0
	switch {
	case c.flexible:
		v, ok := c.uvarint()
		if !ok {
			return 0, false
		}
		n = v - 1
	case fixed > len(c.body)-c.pos:
		return 0, c.fail("end of message in a length")
	case fixed == 2:
		n = int(int16(binary.BigEndian.Uint16(c.body[c.pos:])))
		c.pos += fixed
	default:
		n = int(int32(binary.BigEndian.Uint32(c.body[c.pos:])))
		c.pos += fixed
	}
	if n < -1 || n == -1 && !nullable {
		return 0, c.fail("length is %d", n)
	}
	return n, true
}

// text walks a string.
func (c *checker) text(nullable bool) bool {
	n, ok := c.length(2, nullable)
	if !ok || n <= 0 {
		return ok
	}
	if n > math.MaxInt16 {
		return c.fail("string of %d bytes", n)
	}
	c.cost += n
	return c.skip(n)
}

// bytes walks a byte string.
func (c *checker) bytes(nullable bool) bool {
	n, ok := c.length(4, nullable)
	if !ok || n <= 0 {
		return ok
	}
	c.hasBytes = true
	c.cost += n
	return c.skip(n)
}

// count reads an array's count and holds it against the bytes left.
func (c *checker) count(f *fieldRow) (int, bool) {
	n, ok := c.length(4, f.nullable(c.version))
	if !ok || n <= 0 {
		return 0, ok
	}
	if least := c.least(f); n > (len(c.body)-c.pos)/least {
		return 0, c.fail("%d elements of at least %d bytes with %d left", n, least, len(c.body)-c.pos)
	}
	return n, true
}

// least is the length in bytes of the smallest element of an array.
func (c *checker) least(f *fieldRow) int {
	switch f.kind {
	case kString:
		return c.lengthSize(2)
	case kBytes:
		return c.lengthSize(4)
	case kStruct:
		return c.leastStruct(f.ref)
	}
	return int(width[f.kind])
}

// leastStruct is the length in bytes of the smallest form of a struct; it is
// never 0, not even for a struct without fields in this version.
func (c *checker) leastStruct(ref uint16) int {
	s := c.schema.structs[ref]
	n := 0
	for i := range c.schema.fields[s.first:s.end] {
		f := &c.schema.fields[int(s.first)+i]
		switch {
		case f.tag >= 0 || !f.in(c.version):
		case f.array:
			n += c.lengthSize(4)
		case f.kind == kStruct && f.nullable(c.version):
			n++
		default:
			n += c.least(f)
		}
	}
	if c.flexible {
		n++ // the number of tagged fields
	}
	return max(n, 1)
}

// lengthSize is the length in bytes of the smallest length field.
func (c *checker) lengthSize(fixed int) int {
	if c.flexible {
		return 1
	}
	return fixed
}

// elementSize is the memory of an array's decoded element.
func (c *checker) elementSize(f *fieldRow) int {
	switch f.kind {
	case kString:
		return 16
	case kBytes:
		return 24
	case kStruct:
		return int(c.schema.structs[f.ref].size)
	}
	return int(width[f.kind])
}

// unknownTagSize is the memory of a tagged field that the decoder keeps in a
// map because it does not know it.
const unknownTagSize = 160

// tags walks the tagged fields of a struct with the given fields.
func (c *checker) tags(fields []fieldRow) bool {
	n, ok := c.uvarint()
	if !ok {
		return false
	}
	// A tagged field takes two bytes at least.
	if n > (len(c.body)-c.pos)/2 {
		return c.fail("%d tagged fields with %d bytes left", n, len(c.body)-c.pos)
	}
	last := -1
	for range n {
		tag, ok := c.uvarint()
		if !ok {
			return false
		}
		if tag <= last {
			return c.fail("tagged field %d after %d", tag, last)
		}
		last = tag
		size, ok := c.uvarint()
		if !ok {
			return false
		}
		if size > len(c.body)-c.pos {
			return c.fail("tagged field of %d bytes with %d left", size, len(c.body)-c.pos)
		}
		if !c.tagged(fields, tag, size) {
			return false
		}
	}
	return true
}

// tagged walks one tagged field: by its schema when there is one.
func (c *checker) tagged(fields []fieldRow, tag, size int) bool {
	for i := range fields {
		f := &fields[i]
		if int(f.tag) != tag || !f.in(c.version) {
			continue
		}
		whole, end := c.body, c.pos+size
		c.body = c.body[:end]
		if !c.field(f) {
			return false
		}
		c.body = whole
		if c.pos != end {
			return c.fail("tagged field %d is %d bytes longer than its value", tag, end-c.pos)
		}
		return true
	}
	c.hasBytes = true
	c.cost += unknownTagSize + size
	return c.skip(size)
}
