package record

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
)

// FuzzHeader: no header panics, and what parses can be written again.
func FuzzHeader(f *testing.F) {
	f.Add(sample(None, 1).Raw)
	f.Add(ControlBatch(ControlAbort, 1, 2, 3, 4).Raw)
	f.Add(make([]byte, 17))
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, err := ParseHeader(raw)
		CheckCRC(raw)
		if err != nil {
			return
		}
		again := make([]byte, HeaderSize)
		h.put(again)
		copy(again[crcAt:], raw[crcAt:attributesAt])
		if !bytes.Equal(again, raw[:HeaderSize]) {
			t.Fatalf("header %+v is written as %x, came from %x", h, again, raw[:HeaderSize])
		}
	})
}

// mend makes raw pass the checks that guesses hardly ever pass, so that the
// fuzzer reaches what lies behind.
func mend(raw []byte, c Codec) []byte {
	raw = slices.Clone(raw)
	if len(raw) < HeaderSize {
		raw = append(raw, make([]byte, HeaderSize-len(raw))...)
	}
	clear(raw[:lengthAt])
	binary.BigEndian.PutUint32(raw[lengthAt:], uint32(len(raw)-logOverhead))
	raw[magicAt] = MagicV2
	raw[attributesAt+1] = raw[attributesAt+1]&^attrCodec | byte(c)
	return resum(raw)
}

// fuzzValidate: whatever Validate lets through can be iterated, decompressed,
// rebuilt and validated again.
func fuzzValidate(f *testing.F, c Codec) {
	for _, n := range []int{1, 3, 60} {
		f.Add(sample(c, n).Raw, uint8(0))
	}
	f.Add(withRecords(1, 12, 0, 0, 0, 1, 1, 0), uint8(1))
	f.Fuzz(func(t *testing.T, raw []byte, target uint8) {
		rules := clientRules()
		rules.RequireKeys = target&8 != 0
		rules.Compression = Compression{Recompress: target&16 != 0, Codec: Codec(target&7) % 5}
		_, _ = Validate(raw, rules)
		b, err := Validate(mend(raw, c), rules)
		if err != nil {
			if h, err := ParseHeader(mend(raw, c)); err == nil && h.Size() == len(mend(raw, c)) {
				_, _ = streamed(Batch{Header: h, Raw: mend(raw, c)}, 1) // of no valid batch: it ends
			}
			return
		}
		n := int32(0)
		for r, err := range b.Records(0) {
			if err != nil {
				t.Fatalf("record %d of a valid batch: %v", n, err)
			}
			if r.Offset != int64(n) {
				t.Fatalf("record %d has offset %d", n, r.Offset)
			}
			n++
		}
		if n != b.Count {
			t.Fatalf("%d records of %d", n, b.Count)
		}
		wantStreamed(t, b)
		rules.TimestampType = CreateTime
		if _, err := Validate(b.Raw, rules); err != nil {
			t.Fatalf("not valid the second time: %v", err)
		}
	})
}

func FuzzValidateNone(f *testing.F)   { fuzzValidate(f, None) }
func FuzzValidateGzip(f *testing.F)   { fuzzValidate(f, Gzip) }
func FuzzValidateSnappy(f *testing.F) { fuzzValidate(f, Snappy) }
func FuzzValidateLZ4(f *testing.F)    { fuzzValidate(f, LZ4) }
func FuzzValidateZstd(f *testing.F)   { fuzzValidate(f, Zstd) }

// FuzzRecords: iterating damaged bytes ends with an error, not a panic, and
// gives no more records than the header says.
func FuzzRecords(f *testing.F) {
	for _, c := range allCodecs {
		f.Add(sample(c, 5).Raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, err := ParseHeader(raw)
		if err != nil || h.Size() > len(raw) {
			return
		}
		n := int32(0)
		for r, err := range (Batch{Header: h, Raw: raw[:h.Size()]}).Records(1 << 20) {
			if err != nil {
				return
			}
			_, _ = ParseControl(r)
			if n++; n > h.Count {
				t.Fatalf("%d records of %d", n, h.Count)
			}
		}
	})
}
