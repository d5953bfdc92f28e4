package record

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
)

// HeaderSize is the length in bytes of a batch's fixed header; records follow.
const HeaderSize = 61

// MagicV2 is the only batch format version Weir accepts.
const MagicV2 = 2

// NoProducerID, NoProducerEpoch and NoSequence mark a batch that no idempotent
// producer wrote; NoTimestamp is Kafka's "no timestamp".
const (
	NoProducerID    int64 = -1
	NoProducerEpoch int16 = -1
	NoSequence      int32 = -1
	NoTimestamp     int64 = -1
)

// Byte positions inside a batch (DefaultRecordBatch.java).
const (
	baseOffsetAt      = 0
	lengthAt          = 8
	leaderEpochAt     = 12
	magicAt           = 16
	crcAt             = 17
	attributesAt      = 21 // the checksum covers everything from here on
	lastOffsetDeltaAt = 23
	baseTimestampAt   = 27
	maxTimestampAt    = 35
	producerIDAt      = 43
	producerEpochAt   = 51
	baseSequenceAt    = 53
	countAt           = 57

	// logOverhead is the base offset and the length field, which the length
	// does not count.
	logOverhead = 12
)

// Bits of the attributes field.
const (
	attrCodec         = 0x07
	attrLogAppendTime = 0x08
	attrTransactional = 0x10
	attrControl       = 0x20
	attrDeleteHorizon = 0x40
)

// castagnoli is computed once and only read; CRC-32C is done by the CPU.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Header is a batch's decoded fixed header. Timestamps are milliseconds since
// the Unix epoch.
type Header struct {
	BaseOffset      int64
	Length          int32 // bytes after the length field itself
	LeaderEpoch     int32
	Magic           int8
	CRC             uint32
	Attributes      int16
	LastOffsetDelta int32
	BaseTimestamp   int64
	MaxTimestamp    int64
	ProducerID      int64
	ProducerEpoch   int16
	BaseSequence    int32
	Count           int32
}

// ParseHeader decodes the header at the start of b. It checks bounds only: b
// holds a whole header and the length field leaves room for one. The batch
// itself may reach past b (see [Header.Size]). The error is [ErrCorrupt], or
// [ErrUnsupportedMagic] for a batch of another format version.
func ParseHeader(b []byte) (Header, error) {
	if len(b) <= magicAt {
		return Header{}, fmt.Errorf("parse batch header: %d bytes: %w", len(b), ErrCorrupt)
	}
	length := int32(binary.BigEndian.Uint32(b[lengthAt:]))
	if magic := int8(b[magicAt]); magic != MagicV2 {
		return Header{Length: length, Magic: magic}, fmt.Errorf("parse batch header: magic %d: %w", magic,
			ErrUnsupportedMagic)
	}
	if len(b) < HeaderSize {
		return Header{}, fmt.Errorf("parse batch header: %d bytes: %w", len(b), ErrCorrupt)
	}
	if length < HeaderSize-logOverhead || length > math.MaxInt32-logOverhead {
		return Header{}, fmt.Errorf("parse batch header: length field %d: %w", length, ErrCorrupt)
	}
	_ = b[HeaderSize-1]
	return Header{
		BaseOffset:      int64(binary.BigEndian.Uint64(b[baseOffsetAt:])),
		Length:          length,
		LeaderEpoch:     int32(binary.BigEndian.Uint32(b[leaderEpochAt:])),
		Magic:           MagicV2,
		CRC:             binary.BigEndian.Uint32(b[crcAt:]),
		Attributes:      int16(binary.BigEndian.Uint16(b[attributesAt:])),
		LastOffsetDelta: int32(binary.BigEndian.Uint32(b[lastOffsetDeltaAt:])),
		BaseTimestamp:   int64(binary.BigEndian.Uint64(b[baseTimestampAt:])),
		MaxTimestamp:    int64(binary.BigEndian.Uint64(b[maxTimestampAt:])),
		ProducerID:      int64(binary.BigEndian.Uint64(b[producerIDAt:])),
		ProducerEpoch:   int16(binary.BigEndian.Uint16(b[producerEpochAt:])),
		BaseSequence:    int32(binary.BigEndian.Uint32(b[baseSequenceAt:])),
		Count:           int32(binary.BigEndian.Uint32(b[countAt:])),
	}, nil
}

// Size is the whole batch's length in bytes.
func (h Header) Size() int { return logOverhead + int(h.Length) }

// Codec is the compression of the records; it may be an id no codec has.
func (h Header) Codec() Codec { return Codec(h.Attributes & attrCodec) }

// IsControl reports whether the batch holds control records (transaction
// markers and the like), which consumers never see.
func (h Header) IsControl() bool { return h.Attributes&attrControl != 0 }

// IsTransactional reports whether the batch belongs to a transaction.
func (h Header) IsTransactional() bool { return h.Attributes&attrTransactional != 0 }

// LogAppendTime reports whether the batch was stamped with the broker's time:
// then every record's timestamp is MaxTimestamp.
func (h Header) LogAppendTime() bool { return h.Attributes&attrLogAppendTime != 0 }

// HasDeleteHorizon reports whether BaseTimestamp holds compaction's delete
// horizon instead of the first timestamp (KIP-534).
func (h Header) HasDeleteHorizon() bool { return h.Attributes&attrDeleteHorizon != 0 }

// HasProducer reports whether an idempotent producer wrote the batch.
func (h Header) HasProducer() bool { return h.ProducerID > NoProducerID }

// LastOffset is the offset of the batch's last record.
func (h Header) LastOffset() int64 { return h.BaseOffset + int64(h.LastOffsetDelta) }

// LastSequence is the sequence number of the last record, or NoSequence.
// Sequences wrap from 2^31-1 to 0.
func (h Header) LastSequence() int32 {
	if h.BaseSequence == NoSequence {
		return NoSequence
	}
	return NextSequence(h.BaseSequence, h.LastOffsetDelta)
}

// NextSequence is base+delta on the ring of sequence numbers 0..2^31-1.
func NextSequence(base, delta int32) int32 {
	if base > math.MaxInt32-delta {
		return delta - (math.MaxInt32 - base) - 1
	}
	return base + delta
}

// TimestampType says whose clock a topic's timestamps come from
// (message.timestamp.type).
type TimestampType int8

// The two timestamp types.
const (
	CreateTime TimestampType = iota
	LogAppendTime
)

// CheckCRC reports whether raw is at least a header long and its CRC-32C
// matches its content.
func CheckCRC(raw []byte) bool {
	return len(raw) >= HeaderSize &&
		crc32.Checksum(raw[attributesAt:], castagnoli) == binary.BigEndian.Uint32(raw[crcAt:])
}
