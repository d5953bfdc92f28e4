package record

import (
	"fmt"
	"io"
)

// Stream walks a batch's records one by one as they are decompressed: what it
// holds is a window of the output and one record, not the whole section as
// [Batch.Records] does. So it is for those who want some records of a batch,
// or bound what they hold by what records take.
type Stream struct {
	section
	header *Header
	left   int32  // records that Next has not come to
	rec    Record // the one at hand
	rest   int64  // bytes of the record at hand that were not read
	room   []byte // for a record that lies in no one piece
}

// NewStream begins with the first record of a batch. Whoever gets it closes
// it. What records take in all is bounded as by [Validate].
func NewStream(b Batch) (*Stream, error) {
	s := &Stream{header: &b.Header, left: b.Count}
	if err := s.open(&b, batchLimit(len(b.Raw))); err != nil {
		s.Close()
		return nil, fmt.Errorf("read records: %w", err)
	}
	return s, nil
}

// Next goes on to the next record, and tells its offset and about how many
// bytes it takes. After the last it gives io.EOF.
func (s *Stream) Next() (offset, size int64, err error) {
	s.skip(s.rest)
	s.rest = 0
	if s.left == 0 {
		if !s.atEnd() {
			s.fail(invalidf("bytes remain after %d records", s.header.Count))
			return 0, 0, s.failed()
		}
		return 0, 0, io.EOF
	}
	s.left--
	size = int64(s.varint())
	begin := s.cursor.at()
	s.byte() // attributes: no bit is in use
	s.rec = Record{Timestamp: s.header.BaseTimestamp + s.varlong()}
	if s.header.LogAppendTime() {
		s.rec.Timestamp = s.header.MaxTimestamp
	}
	s.rec.Offset = s.header.BaseOffset + int64(s.varint())
	if s.rest = size - (s.cursor.at() - begin); s.rest < 0 {
		s.fail(invalidf("record size is %d", size))
	}
	if s.err != nil {
		return 0, 0, s.failed()
	}
	return s.rec.Offset, size, nil
}

// Record is the one that Next came to; it is asked for once. Its key, value
// and header values live until Next or Close is called.
func (s *Stream) Record() (Record, error) {
	body := cursor{b: s.piece(), limit: noLimit}
	s.rec.Key, s.rec.Value, s.rec.Headers = body.field(), body.field(), body.headers()
	if body.err == nil && body.pos != len(body.b) {
		body.fail(invalidf("%d bytes remain after a record", len(body.b)-body.pos))
	}
	s.fail(body.err)
	return s.rec, s.failed()
}

// piece is what was not read of the record at hand, in place where it lies in
// one piece. Memory is taken for what is there, not for what is declared.
func (s *Stream) piece() []byte {
	n := s.rest
	s.rest = 0
	if n <= int64(len(s.b)-s.pos) {
		return s.take(int(n))
	}
	s.room = s.room[:0]
	for n > 0 {
		if s.pos == len(s.b) && !s.refill() {
			s.fail(errPrematureEnd)
			return nil
		}
		part := s.take(int(min(n, int64(len(s.b)-s.pos))))
		s.room = append(s.room, part...)
		n -= int64(len(part))
	}
	return s.room
}

func (s *Stream) failed() error {
	if s.err == nil {
		return nil
	}
	return fmt.Errorf("read record %d: %w", s.header.Count-s.left-1, s.err)
}

// Close gives the decompressor back. Records of the stream are void then.
func (s *Stream) Close() { s.close() }
