package kafka

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"weir/bench"
)

// batchHeader is the size of a record batch's header; the length field covers what follows its first 12 bytes, the checksum what
// follows its first 21 (Kafka's record format, magic 2).
const (
	batchHeader  = 61
	lengthBefore = 12
	checkedFrom  = 21
)

// batchBytes is about how much is encoded before the clock starts: all producers send the same batches.
const batchBytes = 16 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// batches are made once for all producers of a run and only read after.
type batches struct {
	once sync.Once
	all  []batch
	err  error
}

// batch is an encoded record batch without a producer id.
type batch struct {
	wire    []byte
	records int
	payload int // bytes of keys and values
}

// get makes the batches of a Config on the first call.
func (b *batches) get(c bench.Config) ([]batch, error) {
	b.once.Do(func() { b.all, b.err = makeBatches(c) })
	return b.all, b.err
}

func makeBatches(c bench.Config) ([]batch, error) {
	values, err := bench.Values(c)
	if err != nil {
		return nil, err
	}
	if c.Keys != "none" {
		return nil, fmt.Errorf("client raw sends records without keys; keys %s needs franz-go", c.Keys)
	}
	z, err := Codec(c.Codec)
	if err != nil {
		return nil, err
	}
	press, err := kgo.DefaultCompressor(z)
	if err != nil {
		return nil, fmt.Errorf("make compressor: %w", err)
	}
	each := c.BatchRecords
	if each == 0 {
		each = max(1, (int(c.BatchBytes)-batchHeader)/(c.RecordBytes+recordOverhead))
	}
	n := min(max(batchBytes/(each*c.RecordBytes), 4), 4096)
	all := make([]batch, n)
	next := 0
	for i := range all {
		picked := make([][]byte, each)
		for k := range picked {
			picked[k] = values[next%len(values)]
			next++
		}
		all[i] = encode(picked, press)
	}
	return all, nil
}

// recordOverhead is about what a record has beside its value: lengths, deltas, no key, no headers.
const recordOverhead = 12

// encode makes one batch. press may be nil.
func encode(values [][]byte, press kgo.Compressor) batch {
	var records []byte
	b := batch{records: len(values)}
	for i, v := range values {
		b.payload += len(v)
		var head [3 * binary.MaxVarintLen64]byte
		rest := append(head[:0], 0) // attributes
		rest = binary.AppendVarint(rest, 0)
		rest = binary.AppendVarint(rest, int64(i))
		rest = binary.AppendVarint(rest, -1) // no key
		rest = binary.AppendVarint(rest, int64(len(v)))
		records = binary.AppendVarint(records, int64(len(rest)+len(v)+1))
		records = append(append(append(records, rest...), v...), 0) // no headers
	}
	attributes := int16(0)
	if press != nil {
		var out bytes.Buffer
		pressed, used := press.Compress(&out, records)
		records, attributes = bytes.Clone(pressed), int16(used)
	}
	now := uint64(time.Now().UnixMilli())
	w := make([]byte, 0, batchHeader+len(records))
	w = binary.BigEndian.AppendUint64(w, 0)
	w = binary.BigEndian.AppendUint32(w, uint32(batchHeader-lengthBefore+len(records)))
	w = binary.BigEndian.AppendUint32(w, ^uint32(0)) // leader epoch
	w = append(w, 2)
	w = binary.BigEndian.AppendUint32(w, 0) // checksum, below
	w = binary.BigEndian.AppendUint16(w, uint16(attributes))
	w = binary.BigEndian.AppendUint32(w, uint32(len(values)-1))
	w = binary.BigEndian.AppendUint64(w, now)
	w = binary.BigEndian.AppendUint64(w, now)
	w = binary.BigEndian.AppendUint64(w, ^uint64(0)) // no producer id, epoch, sequence
	w = binary.BigEndian.AppendUint16(w, ^uint16(0))
	w = binary.BigEndian.AppendUint32(w, ^uint32(0))
	w = binary.BigEndian.AppendUint32(w, uint32(len(values)))
	w = append(w, records...)
	binary.BigEndian.PutUint32(w[checkedFrom-4:], crc32.Checksum(w[checkedFrom:], castagnoli))
	b.wire = w
	return b
}
