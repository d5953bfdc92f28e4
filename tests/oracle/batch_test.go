package oracle

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// baseTime is the timestamp of records made here, milliseconds; brokers take it as it is.
const baseTime = 1_700_000_000_000

// batch is a record batch in the making; every field may be set wrong on purpose.
type batch struct {
	kmsg.RecordBatch
	body    []byte // the records, encoded and maybe compressed
	badCRC  bool
	trailer []byte // bytes behind the batch
}

// newBatch holds records with the given values, keys k0, k1, ... and timestamps one millisecond apart.
func newBatch(values ...string) *batch {
	b := &batch{}
	b.PartitionLeaderEpoch, b.Magic = -1, 2
	b.LastOffsetDelta, b.NumRecords = int32(len(values)-1), int32(len(values))
	b.FirstTimestamp, b.MaxTimestamp = baseTime, baseTime+int64(len(values)-1)
	b.ProducerID, b.ProducerEpoch, b.FirstSequence = -1, -1, -1
	for i, v := range values {
		b.body = append(b.body, oneRecord(i, []byte(fmt.Sprintf("k%d", i)), []byte(v))...)
	}
	return b
}

// oneRecord encodes a record of format v2; a nil key is null.
func oneRecord(i int, key, value []byte, headers ...string) []byte {
	r := kmsg.NewRecord()
	r.OffsetDelta, r.TimestampDelta64 = int32(i), int64(i)
	r.Key, r.Value = key, value
	for _, h := range headers {
		k, v, _ := strings.Cut(h, "=")
		r.Headers = append(r.Headers, kmsg.Header{Key: k, Value: []byte(v)})
	}
	r.Length = 0
	body := r.AppendTo(nil)[1:] // behind the one byte of the zero length
	return append(binary.AppendVarint(nil, int64(len(body))), body...)
}

// bytes is the batch as it goes over the wire, with its length and checksum right unless told otherwise.
func (b *batch) bytes() []byte {
	b.Records = b.body
	if b.Length == 0 {
		b.Length = int32(49 + len(b.body))
	}
	raw := b.AppendTo(nil)
	crc := crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli))
	if b.badCRC {
		crc ^= 0x55
	}
	binary.BigEndian.PutUint32(raw[17:], crc)
	return append(raw, b.trailer...)
}

// batches is the comparable text of fetched records: what each batch header says, without the clock.
func batches(raw []byte) string {
	var out []string
	for len(raw) >= 61 {
		size := 12 + int(binary.BigEndian.Uint32(raw[8:]))
		if size > len(raw) {
			out = append(out, "cut")
			break
		}
		crc := binary.BigEndian.Uint32(raw[17:])
		state := "ok"
		if crc != crc32.Checksum(raw[21:size], crc32.MakeTable(crc32.Castagnoli)) {
			state = "BAD CRC"
		}
		out = append(out, fmt.Sprintf("offset %d +%d magic %d attributes %d records %d size %d crc %s",
			binary.BigEndian.Uint64(raw), binary.BigEndian.Uint32(raw[23:]), raw[16],
			binary.BigEndian.Uint16(raw[21:]), binary.BigEndian.Uint32(raw[57:]), size, state))
		raw = raw[size:]
	}
	if len(raw) > 0 && len(raw) < 61 {
		out = append(out, "cut")
	}
	return "{" + strings.Join(out, "; ") + "}"
}
