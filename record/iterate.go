package record

import (
	"fmt"
	"iter"
)

// Record is one record of a batch. Key, Value and header values alias the
// batch (or its decompressed form); a nil Key or Value is Kafka's null.
type Record struct {
	Offset    int64
	Timestamp int64 // ms since the Unix epoch
	Key       []byte
	Value     []byte
	Headers   []RecordHeader
}

// RecordHeader is one record header; a nil Value is Kafka's null.
type RecordHeader struct {
	Key   string
	Value []byte
}

// Records walks the batch's records in order, decompressing at most max bytes
// (0 or less for the bound of [Validate]). The first error ends the walk; a
// batch that [Validate] let through gives none. Key, Value and headers of an
// uncompressed batch live as long as Raw does; those of a compressed one are
// the caller's.
func (b Batch) Records(max int64) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		plain, err := Decompress(b, max)
		if err != nil {
			yield(Record{}, fmt.Errorf("read records: %w", err))
			return
		}
		c := cursor{b: plain, limit: noLimit}
		for i := range b.Count {
			r := c.record(&b.Header)
			if c.err != nil {
				yield(Record{}, fmt.Errorf("read record %d: %w", i, c.err))
				return
			}
			if !yield(r, nil) {
				return
			}
		}
		if !c.atEnd() {
			yield(Record{}, fmt.Errorf("read records: %w", invalidf("bytes remain after %d records", b.Count)))
		}
	}
}

// record reads one record of a section in memory, as strictly as next does.
func (c *cursor) record(h *Header) Record {
	size := c.varint()
	if c.err != nil || size < 0 || int(size) > len(c.b)-c.pos {
		c.fail(invalidf("record size is %d with %d bytes left", size, len(c.b)-c.pos))
		return Record{}
	}
	body := cursor{b: c.take(int(size)), limit: noLimit}
	body.byte() // attributes: no bit is in use
	r := Record{Timestamp: h.BaseTimestamp + body.varlong()}
	if h.LogAppendTime() {
		r.Timestamp = h.MaxTimestamp
	}
	r.Offset = h.BaseOffset + int64(body.varint())
	r.Key = body.field()
	r.Value = body.field()
	r.Headers = body.headers()
	if body.err == nil && body.pos != len(body.b) {
		body.fail(invalidf("record of %d bytes holds %d", size, body.pos))
	}
	c.err = body.err
	return r
}

// field reads a length and as many bytes; a negative length is null.
func (c *cursor) field() []byte {
	size := c.varint()
	if size < 0 || c.err != nil {
		return nil
	}
	return c.take(int(size))
}

// headers reads a record's headers.
func (c *cursor) headers() []RecordHeader {
	count := int(c.varint())
	if count == 0 || c.err != nil {
		return nil
	}
	// A header takes two bytes at least.
	if count < 0 || count > (len(c.b)-c.pos)/2 {
		c.fail(invalidf("%d record headers in %d bytes", count, len(c.b)-c.pos))
		return nil
	}
	headers := make([]RecordHeader, count)
	for i := range headers {
		size := c.varint()
		if size < 0 {
			c.fail(invalidf("record header key of %d bytes", size))
		}
		if c.err != nil {
			return nil
		}
		headers[i] = RecordHeader{Key: string(c.take(int(size))), Value: c.field()}
	}
	return headers
}
