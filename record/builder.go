package record

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// Options say what a Builder builds.
type Options struct {
	Codec         Codec
	Level         int // 0 or DefaultLevel for the codec's default
	BaseOffset    int64
	LeaderEpoch   int32
	LogAppendTime bool
	AppendTimeMs  int64 // MaxTimestamp when LogAppendTime is set
	Transactional bool
	Control       bool
	HasProducer   bool // ProducerID, ProducerEpoch and BaseSequence count
	ProducerID    int64
	ProducerEpoch int16
	BaseSequence  int32
}

// Builder assembles one batch record by record. It is not safe for concurrent
// use.
type Builder struct {
	o             Options
	buf           []byte // header space, then records
	count         int32
	baseTimestamp int64
	maxTimestamp  int64
}

// NewBuilder starts a batch. An unknown codec is a fault of the caller and
// panics.
func NewBuilder(o Options) *Builder {
	if o.Codec < None || o.Codec > Zstd {
		panic("BUG: record.NewBuilder: unknown " + o.Codec.String())
	}
	if o.Level == 0 {
		o.Level = DefaultLevel
	}
	return &Builder{o: o, buf: make([]byte, HeaderSize, 512), maxTimestamp: NoTimestamp}
}

// Append adds a record with the next offset. Nil is null. The arguments are
// copied.
func (b *Builder) Append(timestampMs int64, key, value []byte, headers ...RecordHeader) {
	if b.count == 0 {
		b.baseTimestamp = timestampMs
	}
	b.maxTimestamp = max(b.maxTimestamp, timestampMs)
	delta := timestampMs - b.baseTimestamp
	b.buf = appendVarint(b.buf, int32(bodySize(delta, b.count, key, value, headers)))
	b.buf = append(b.buf, 0)
	b.buf = appendVarlong(b.buf, delta)
	b.buf = appendVarint(b.buf, b.count)
	b.buf = appendField(b.buf, key)
	b.buf = appendField(b.buf, value)
	b.buf = appendVarint(b.buf, int32(len(headers)))
	for _, h := range headers {
		b.buf = appendVarint(b.buf, int32(len(h.Key)))
		b.buf = append(b.buf, h.Key...)
		b.buf = appendField(b.buf, h.Value)
	}
	b.count++
}

// Count is the number of records appended.
func (b *Builder) Count() int { return int(b.count) }

// Size is the uncompressed size in bytes of the batch so far.
func (b *Builder) Size() int { return len(b.buf) }

// Build returns the finished batch, in a buffer of its own, and resets the
// builder for the next one with the same options.
func (b *Builder) Build() Batch {
	raw := b.buf
	if b.o.Codec != None {
		out := bytes.NewBuffer(make([]byte, HeaderSize, HeaderSize+len(b.buf)/2+64))
		if err := compress(out, b.o.Codec, b.o.Level, bytes.NewReader(b.buf[HeaderSize:])); err != nil {
			panic("BUG: record.Builder: " + err.Error()) // from memory to memory
		}
		raw = out.Bytes()
	}
	batch := b.finish(raw)
	*b = Builder{o: b.o, buf: make([]byte, HeaderSize, 512), maxTimestamp: NoTimestamp}
	return batch
}

// finish writes the header into raw.
func (b *Builder) finish(raw []byte) Batch {
	o := &b.o
	h := Header{
		BaseOffset: o.BaseOffset, LeaderEpoch: o.LeaderEpoch,
		Magic: MagicV2, Attributes: int16(o.Codec), LastOffsetDelta: max(b.count-1, 0),
		BaseTimestamp: b.baseTimestamp, MaxTimestamp: b.maxTimestamp,
		ProducerID: NoProducerID, ProducerEpoch: NoProducerEpoch, BaseSequence: NoSequence, Count: b.count,
	}
	if o.LogAppendTime {
		h.Attributes |= attrLogAppendTime
		h.MaxTimestamp = o.AppendTimeMs
	}
	if o.Transactional {
		h.Attributes |= attrTransactional
	}
	if o.Control {
		h.Attributes |= attrControl
	}
	if o.HasProducer {
		h.ProducerID, h.ProducerEpoch, h.BaseSequence = o.ProducerID, o.ProducerEpoch, o.BaseSequence
	}
	h.finish(raw)
	return Batch{Header: h, Raw: raw}
}

// finish writes the header to the start of raw, which holds the whole batch, with its length and its checksum.
func (h *Header) finish(raw []byte) {
	h.Length = int32(len(raw) - logOverhead)
	h.put(raw)
	h.CRC = binary.BigEndian.Uint32(raw[crcAt:])
}

// put writes the header to the start of raw, with the checksum of all of raw.
func (h *Header) put(raw []byte) {
	be := binary.BigEndian
	be.PutUint64(raw[baseOffsetAt:], uint64(h.BaseOffset))
	be.PutUint32(raw[lengthAt:], uint32(h.Length))
	be.PutUint32(raw[leaderEpochAt:], uint32(h.LeaderEpoch))
	raw[magicAt] = byte(h.Magic)
	be.PutUint16(raw[attributesAt:], uint16(h.Attributes))
	be.PutUint32(raw[lastOffsetDeltaAt:], uint32(h.LastOffsetDelta))
	be.PutUint64(raw[baseTimestampAt:], uint64(h.BaseTimestamp))
	be.PutUint64(raw[maxTimestampAt:], uint64(h.MaxTimestamp))
	be.PutUint64(raw[producerIDAt:], uint64(h.ProducerID))
	be.PutUint16(raw[producerEpochAt:], uint16(h.ProducerEpoch))
	be.PutUint32(raw[baseSequenceAt:], uint32(h.BaseSequence))
	be.PutUint32(raw[countAt:], uint32(h.Count))
	be.PutUint32(raw[crcAt:], crc32.Checksum(raw[attributesAt:], castagnoli))
}

// bodySize is the length of a record without its size field.
func bodySize(timestampDelta int64, offsetDelta int32, key, value []byte, headers []RecordHeader) int {
	n := 1 + sizeVarlong(timestampDelta) + sizeVarlong(int64(offsetDelta)) + fieldSize(key) +
		fieldSize(value) + sizeVarlong(int64(len(headers)))
	for _, h := range headers {
		n += sizeVarlong(int64(len(h.Key))) + len(h.Key) + fieldSize(h.Value)
	}
	return n
}

// fieldSize is the length of what appendField writes.
func fieldSize(b []byte) int {
	if b == nil {
		return 1
	}
	return sizeVarlong(int64(len(b))) + len(b)
}

// appendField appends a length and the bytes; nil is null.
func appendField(dst, b []byte) []byte {
	if b == nil {
		return append(dst, 1) // -1
	}
	return append(appendVarint(dst, int32(len(b))), b...)
}

// sizeVarlong is the length of v's zig-zag form.
func sizeVarlong(v int64) int {
	n := 1
	for u := uint64(v<<1) ^ uint64(v>>63); u >= 0x80; u >>= 7 {
		n++
	}
	return n
}
