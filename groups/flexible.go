package groups

import (
	"encoding/binary"
	"errors"

	"weir/metadata"
)

// The records of consumer groups are in Kafka's flexible format (KIP-482): lengths are unsigned varints, one
// more than the length so that 0 is null, and every structure ends with fields that only some writers know.

// errShortRecord says that a record ends in the middle, or says that it holds more than it does.
var errShortRecord = errors.New("record is cut short or malformed")

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))+1), s...)
}

func appendTextOrNull(b []byte, s *string) []byte {
	if s == nil {
		return append(b, 0)
	}
	return appendText(b, *s)
}

func appendBytes(b, data []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(data))+1), data...)
}

func appendCount(b []byte, n int) []byte { return binary.AppendUvarint(b, uint64(n)+1) }

func appendInt32(b []byte, n int32) []byte { return binary.BigEndian.AppendUint32(b, uint32(n)) }

func appendInt64(b []byte, n int64) []byte { return binary.BigEndian.AppendUint64(b, uint64(n)) }

func appendTexts(b []byte, all []string) []byte {
	b = appendCount(b, len(all))
	for _, s := range all {
		b = appendText(b, s)
	}
	return b
}

// appendTag appends the only optional field of a structure, with the number 0; nil leaves it out.
func appendTag(b, field []byte) []byte {
	if field == nil {
		return append(b, 0)
	}
	b = append(b, 1, 0)
	return append(binary.AppendUvarint(b, uint64(len(field))), field...)
}

// flexible reads a record. After an error everything reads as zero, so that one look at the end is enough.
type flexible struct {
	rest []byte
	err  error
}

func (r *flexible) take(n uint64) []byte {
	if r.err != nil || n > uint64(len(r.rest)) {
		r.err, r.rest = errShortRecord, nil
		return nil
	}
	taken := r.rest[:n:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *flexible) uvarint() uint64 {
	n, size := binary.Uvarint(r.rest)
	if r.err != nil || size <= 0 {
		r.err, r.rest = errShortRecord, nil
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *flexible) int8() int8 {
	if b := r.take(1); b != nil {
		return int8(b[0])
	}
	return 0
}

func (r *flexible) uint16() uint16 {
	if b := r.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r *flexible) int32() int32 {
	if b := r.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (r *flexible) int64() int64 {
	if b := r.take(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

// topicID reads a topic's id.
func (r *flexible) topicID() (id metadata.TopicID) {
	copy(id[:], r.take(16))
	return id
}

// textOrNull reads a text into memory of its own.
func (r *flexible) textOrNull() *string {
	n := r.uvarint()
	if n == 0 {
		return nil
	}
	s := string(r.take(n - 1))
	return &s
}

// text reads a text that may not be null.
func (r *flexible) text() string {
	n := r.uvarint()
	if n == 0 {
		r.fail()
		return ""
	}
	return string(r.take(n - 1))
}

// bytes reads bytes, that may not be null, into memory of their own.
func (r *flexible) bytes() []byte {
	n := r.uvarint()
	if n == 0 {
		r.fail()
		return nil
	}
	return append([]byte{}, r.take(n-1)...)
}

// count reads how many elements of at least size bytes follow; null is none.
func (r *flexible) count(size int) int {
	n := r.uvarint()
	if n == 0 {
		return 0
	}
	if n-1 > uint64(len(r.rest)/size) {
		r.fail()
		return 0
	}
	return int(n - 1)
}

func (r *flexible) texts() []string {
	all := make([]string, r.count(1))
	for i := range all {
		all[i] = r.text()
	}
	return all
}

func (r *flexible) int32s() []int32 {
	all := make([]int32, r.count(4))
	for i := range all {
		all[i] = r.int32()
	}
	return all
}

// tags reads the optional fields of a structure, and has the field with the number 0 read by zero, if that is
// not nil. Fields that are not known are passed over.
func (r *flexible) tags(zero func(r *flexible)) {
	r.fields(func(number uint64, r *flexible) {
		if number == 0 && zero != nil {
			zero(r)
		}
	})
}

// fields reads the optional fields of a structure with their numbers. What read leaves of a field is passed over.
func (r *flexible) fields(read func(number uint64, r *flexible)) {
	for range r.uvarint() {
		if r.err != nil {
			return
		}
		number, size := r.uvarint(), r.uvarint()
		field := flexible{rest: r.take(size)}
		if r.err != nil {
			return
		}
		if read(number, &field); field.err != nil {
			r.fail()
		}
	}
}

func (r *flexible) fail() { r.err, r.rest = errShortRecord, nil }
