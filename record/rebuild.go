package record

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// rebuild gives b a new buffer with its records compressed as to, and with
// consecutive offsets where they were not (ordered false). Decompressor and
// compressor are joined as streams; only the result is held. The caller brings
// attributes and checksum up to date in Raw.
func rebuild(b *Batch, to Codec, level int, ordered bool) error {
	var s section
	defer s.close()
	if err := s.open(b, batchLimit(len(b.Raw))); err != nil {
		return fmt.Errorf("rebuild: %w", err)
	}
	var src io.Reader = s.reader()
	if !ordered {
		src = &renumberer{s: &s, count: b.Count}
	}
	out := bytes.NewBuffer(make([]byte, 0, len(b.Raw)+len(b.Raw)/4))
	out.Write(b.Raw[:HeaderSize])
	if err := compress(out, to, level, src); err != nil {
		return fmt.Errorf("rebuild: %w", asInvalid(err))
	}
	b.Raw = out.Bytes()
	b.Length = int32(len(b.Raw) - logOverhead)
	binary.BigEndian.PutUint32(b.Raw[lengthAt:], uint32(b.Length))
	b.Attributes = b.Attributes&^attrCodec | int16(to)
	return nil
}

// reader gives the section's bytes as they are.
func (s *section) reader() io.Reader {
	if s.src == nil {
		return bytes.NewReader(s.b)
	}
	return s.src
}

// renumberer rewrites each record's offset delta to its index while the
// records stream through; all else stays.
type renumberer struct {
	s     *section
	count int32
	index int32
	out   bytes.Buffer
	body  []byte
}

func (r *renumberer) Read(p []byte) (int, error) {
	for r.out.Len() == 0 {
		if r.index == r.count {
			return 0, io.EOF
		}
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	return r.out.Read(p)
}

// next puts one rewritten record into out.
func (r *renumberer) next() error {
	c := &r.s.cursor
	size := int64(c.varint())
	end := c.at() + size
	attributes := c.byte()
	timestampDelta := c.varlong()
	c.varint()
	if c.err != nil || end < c.at() {
		return invalidf("record %d changed while it was rewritten", r.index)
	}
	r.body = append(r.body[:0], attributes)
	r.body = appendVarlong(r.body, timestampDelta)
	r.body = appendVarint(r.body, r.index)
	for n := end - c.at(); n > 0; n = end - c.at() {
		if c.pos == len(c.b) && !c.refill() {
			return errPrematureEnd
		}
		part := c.b[c.pos:min(int64(len(c.b)), int64(c.pos)+n)]
		r.body = append(r.body, part...)
		c.pos += len(part)
	}
	r.out.Reset()
	r.out.Write(appendVarint(r.out.AvailableBuffer(), int32(len(r.body))))
	r.out.Write(r.body)
	r.index++
	return nil
}

// appendVarint appends a zig-zag int32.
func appendVarint(b []byte, v int32) []byte {
	return binary.AppendUvarint(b, uint64(uint32(v<<1)^uint32(v>>31)))
}

// appendVarlong appends a zig-zag int64.
func appendVarlong(b []byte, v int64) []byte {
	return binary.AppendUvarint(b, uint64(v<<1)^uint64(v>>63))
}
