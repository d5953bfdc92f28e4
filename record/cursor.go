package record

import (
	"fmt"
	"io"
	"math"
)

// cursor reads a batch's records section front to back: straight from memory
// (src nil, b is the whole section), from the blocks of a decompressor as it
// yields them (blocks), or through a window buf that it refills from one. It
// never holds more than a block or its window, so the size of the decompressed
// section does not show in memory.
//
// The first failure sticks in err; readers after it return zero values.
type cursor struct {
	b     []byte // bytes at hand; b[:pos] are consumed
	pos   int
	base  int64 // position in the section of b[0]
	limit int64 // most bytes that src may give
	src   io.Reader
	// blocks is src where it can give its blocks without a copy.
	blocks blockDecoder
	buf    []byte // backs b when src is set and blocks is not
	eof    bool   // src gave its last byte
	err    error
}

// windowSize is the length of a cursor's window on a decompressor's output.
const windowSize = 16 << 10

// at is the position in the section.
func (c *cursor) at() int64 { return c.base + int64(c.pos) }

// fail records the first error.
func (c *cursor) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// refill reads more once all at hand is consumed; it reports whether there is
// any. False without err means the end.
func (c *cursor) refill() bool {
	if c.src == nil || c.eof || c.err != nil {
		return false
	}
	c.base += int64(c.pos)
	c.b, c.pos = c.buf[:0], 0
	for {
		more, err := c.more()
		if len(more) > 0 {
			c.b = more
			if c.base+int64(len(more)) > c.limit {
				c.fail(ErrTooLargeDecompressed)
				return false
			}
			return true
		}
		if err == io.EOF {
			c.eof = true
			return false
		}
		if err != nil {
			c.fail(fmt.Errorf("decompress: %w", asInvalid(err)))
			return false
		}
	}
}

// more is the decompressor's next output; empty without an error when there is
// none yet.
func (c *cursor) more() ([]byte, error) {
	if c.blocks != nil {
		return c.blocks.block()
	}
	n, err := c.src.Read(c.buf)
	return c.buf[:n], err
}

// byte reads one byte.
func (c *cursor) byte() byte {
	if c.pos < len(c.b) || c.refill() {
		v := c.b[c.pos]
		c.pos++
		return v
	}
	c.fail(errPrematureEnd)
	return 0
}

// errPrematureEnd: the section ends inside a record.
var errPrematureEnd = fmt.Errorf("records end before their declared size: %w", ErrInvalid)

// errVarint: a variable-length integer without an end.
var errVarint = fmt.Errorf("variable-length integer is too long: %w", ErrInvalid)

// varint reads a zig-zag int32 of at most five bytes.
func (c *cursor) varint() int32 {
	if v, p := scanVarint(c.b, c.pos); p >= 0 {
		c.pos = p
		return v
	}
	return c.varintSlow()
}

func (c *cursor) varintSlow() int32 {
	var v uint32
	for shift := 0; shift < 35; shift += 7 {
		b := c.byte()
		v |= uint32(b&0x7f) << shift
		if b < 0x80 {
			return int32(v>>1) ^ -int32(v&1)
		}
	}
	c.fail(errVarint)
	return 0
}

// varlong reads a zig-zag int64 of at most ten bytes.
func (c *cursor) varlong() int64 {
	var v uint64
	for shift := 0; shift < 70; shift += 7 {
		b := c.byte()
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return int64(v>>1) ^ -int64(v&1)
		}
	}
	c.fail(errVarint)
	return 0
}

// skip passes over n bytes.
func (c *cursor) skip(n int64) {
	for {
		have := int64(len(c.b) - c.pos)
		if n <= have {
			c.pos += int(n)
			return
		}
		n -= have
		c.pos = len(c.b)
		if !c.refill() {
			c.fail(errPrematureEnd)
			return
		}
	}
}

// take gives the next n bytes of a section in memory, without copying.
func (c *cursor) take(n int) []byte {
	if n > len(c.b)-c.pos {
		c.fail(errPrematureEnd)
		return nil
	}
	v := c.b[c.pos : c.pos+n : c.pos+n]
	c.pos += n
	return v
}

// atEnd reports whether nothing follows; a decompressor is asked, so that a
// stream that breaks off after its last record is found too.
func (c *cursor) atEnd() bool { return c.pos == len(c.b) && !c.refill() && c.err == nil }

// meta is what validation needs of a record.
type meta struct {
	timestampDelta int64
	offsetDelta    int32
	hasKey         bool
	hasHeaders     bool
}

// next walks one record strictly (DefaultRecord.readFrom): every length lies
// inside the record, and the record is exactly as long as it says. It reports
// false with err set when the record does not hold together.
func (c *cursor) next(maxRecord int64) (meta, bool) {
	size := int64(c.varint())
	if c.err != nil {
		return meta{}, false
	}
	if size < 0 {
		c.fail(invalidf("record size is %d", size))
		return meta{}, false
	}
	if size > maxRecord {
		c.fail(fmt.Errorf("record of %d bytes: %w", size, ErrTooLargeDecompressed))
		return meta{}, false
	}
	if size <= int64(len(c.b)-c.pos) {
		if m, ok := scan(c.b[c.pos : c.pos+int(size)]); ok {
			c.pos += int(size)
			return m, true
		}
	}
	return c.nextSlow(size)
}

// nextSlow walks the body of a record that reaches past the window, or that
// scan found fault with: here it is said which.
func (c *cursor) nextSlow(size int64) (meta, bool) {
	end := c.at() + size
	c.byte() // attributes: no bit is in use
	m := meta{timestampDelta: c.varlong(), offsetDelta: c.varint()}
	if keySize := int64(c.varint()); keySize >= 0 {
		m.hasKey = true
		c.skipWithin(keySize, end)
	}
	if valueSize := int64(c.varint()); valueSize >= 0 {
		c.skipWithin(valueSize, end)
	}
	if headers := c.varint(); headers != 0 {
		m.hasHeaders = true
		c.skipHeaders(int64(headers), end)
	}
	if c.err == nil && c.at() != end {
		c.fail(invalidf("record of %d bytes holds %d", size, size+c.at()-end))
	}
	return m, c.err == nil
}

// skipHeaders walks the headers of a record that ends at end.
func (c *cursor) skipHeaders(count, end int64) {
	if count < 0 || count > end-c.at() {
		c.fail(invalidf("%d record headers in %d bytes", count, end-c.at()))
		return
	}
	for range count {
		keySize := int64(c.varint())
		if keySize < 0 {
			c.fail(invalidf("record header key of %d bytes", keySize))
			return
		}
		c.skipWithin(keySize, end)
		if valueSize := int64(c.varint()); valueSize > 0 {
			c.skipWithin(valueSize, end)
		}
		if c.err != nil {
			return
		}
	}
}

// skipWithin is skip for a field that must not reach past end.
func (c *cursor) skipWithin(n, end int64) {
	if n < 0 || n > end-c.at() {
		c.fail(invalidf("field of %d bytes in a record with %d left", n, end-c.at()))
		return
	}
	c.skip(n)
}

// invalidf is ErrInvalid with a reason.
func invalidf(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, ErrInvalid)...)
}

// noLimit stands for "no bound given".
const noLimit = math.MaxInt64
