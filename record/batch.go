package record

import (
	"encoding/binary"
	"hash/crc32"
)

// Batch is one record batch: its header and its bytes. Raw aliases a buffer
// the caller owns and holds exactly one batch.
type Batch struct {
	Header
	Raw  []byte
	Bare bool // Validate found no record with headers; false where nobody looked
}

// Stamp writes the broker's two fields, in the header and in Raw. Neither is
// under the checksum.
func (b *Batch) Stamp(baseOffset int64, leaderEpoch int32) {
	b.BaseOffset, b.LeaderEpoch = baseOffset, leaderEpoch
	binary.BigEndian.PutUint64(b.Raw[baseOffsetAt:], uint64(baseOffset))
	binary.BigEndian.PutUint32(b.Raw[leaderEpochAt:], uint32(leaderEpoch))
}

// StampLogAppendTime gives every record the time nowMs, as
// message.timestamp.type=LogAppendTime asks: the attribute bit and
// MaxTimestamp are set and the checksum is computed anew.
func (b *Batch) StampLogAppendTime(nowMs int64) {
	b.Attributes |= attrLogAppendTime
	b.setMaxTimestamp(nowMs)
}

// setMaxTimestamp writes attributes and MaxTimestamp to Raw with a new CRC.
func (b *Batch) setMaxTimestamp(ms int64) {
	b.MaxTimestamp = ms
	binary.BigEndian.PutUint16(b.Raw[attributesAt:], uint16(b.Attributes))
	binary.BigEndian.PutUint64(b.Raw[maxTimestampAt:], uint64(ms))
	b.CRC = crc32.Checksum(b.Raw[attributesAt:], castagnoli)
	binary.BigEndian.PutUint32(b.Raw[crcAt:], b.CRC)
}

// setTimestampType sets or clears the attribute bit; setMaxTimestamp writes it.
func (b *Batch) setTimestampType(t TimestampType) {
	b.Attributes &^= attrLogAppendTime
	if t == LogAppendTime {
		b.Attributes |= attrLogAppendTime
	}
}
