package record

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"slices"
	"strings"
	"testing"
)

// resum gives raw a matching checksum after an edit.
func resum(raw []byte) []byte {
	binary.BigEndian.PutUint32(raw[crcAt:], crc32.Checksum(raw[attributesAt:], castagnoli))
	return raw
}

// put32 edits four bytes and the checksum.
func put32(raw []byte, at int, v int32) []byte {
	binary.BigEndian.PutUint32(raw[at:], uint32(v))
	return resum(raw)
}

// withRecords is an uncompressed batch with the given bytes for records.
func withRecords(count int32, records ...byte) []byte {
	h := Header{Length: int32(HeaderSize - logOverhead + len(records)), Magic: MagicV2,
		LastOffsetDelta: count - 1,
		BaseTimestamp:   testNow, MaxTimestamp: testNow, ProducerID: NoProducerID, ProducerEpoch: NoProducerEpoch,
		BaseSequence: NoSequence, Count: count}
	raw := append(make([]byte, HeaderSize), records...)
	h.put(raw)
	return raw
}

func TestValidateRefuses(t *testing.T) {
	good := func() []byte { return sample(None, 3).Raw }
	huge := []byte{0xfe, 0xff, 0xff, 0xff, 0x0f} // 2^31-1
	for _, c := range []struct {
		name string
		raw  []byte
		want error
	}{
		{"nothing", nil, ErrInvalid},
		{"a few bytes", good()[:16], ErrInvalid},
		{"two batches", append(good(), good()...), ErrInvalid},
		{"a second batch with damaged length", append(good(), make([]byte, 40)...), ErrCorrupt},
		{"magic 0", edit(good(), magicAt, 0), ErrUnsupportedMagic},
		{"magic 1", edit(good(), magicAt, 1), ErrUnsupportedMagic},
		{"magic 3", edit(good(), magicAt, 3), ErrCorrupt},
		{"magic -1", edit(good(), magicAt, 0xff), ErrCorrupt},
		{"length 0", put32(good(), lengthAt, 0), ErrCorrupt},
		{"length 48", put32(good(), lengthAt, 48), ErrCorrupt},
		{"length -1", put32(good(), lengthAt, -1), ErrCorrupt},
		{"length 2^31-1", put32(good(), lengthAt, math.MaxInt32), ErrCorrupt},
		{"cut off", good()[:len(good())-1], ErrCorrupt},
		{"checksum", edit(good(), crcAt, 9), ErrCorrupt},
		{"payload bit", edit(good(), HeaderSize+9, 9), ErrCorrupt},
		{"base offset", edit(good(), baseOffsetAt+7, 5), ErrInvalid},
		{"last offset delta", put32(good(), lastOffsetDeltaAt, 3), ErrInvalid},
		{"last offset delta -1", put32(good(), lastOffsetDeltaAt, -1), ErrInvalid},
		{"count -1", put32(good(), countAt, -1), ErrInvalid},
		{"count 0", put32(good(), countAt, 0), ErrInvalid},
		{"count 2^31-1", put32(put32(good(), countAt, math.MaxInt32), lastOffsetDeltaAt, math.MaxInt32-1),
			ErrInvalid},
		{"count too low", put32(put32(good(), countAt, 2), lastOffsetDeltaAt, 1), ErrInvalid},
		{"control batch", resum(edit(good(), attributesAt+1, attrControl)), ErrInvalid},
		{"sequence -1 with producer id", put32(good(), producerIDAt, 0), ErrInvalid},
		{"codec 5", resum(edit(good(), attributesAt+1, 5)), ErrUnsupportedCodec},
		{"codec 7", resum(edit(good(), attributesAt+1, 7)), ErrUnsupportedCodec},
		{"gzip of nothing", resum(edit(withRecords(1), attributesAt+1, 1)), ErrInvalid},
		{"not gzip", resum(edit(good(), attributesAt+1, 1)), ErrInvalid},
		{"not snappy", resum(edit(good(), attributesAt+1, 2)), ErrInvalid},
		{"not lz4", resum(edit(good(), attributesAt+1, 3)), ErrInvalid},
		{"not zstd", resum(edit(good(), attributesAt+1, 4)), ErrInvalid},
		{"no records", withRecords(1), ErrInvalid},
		{"record size -1", withRecords(1, 1, 0, 0, 0, 1, 1, 0), ErrInvalid},
		{"record size past the end", withRecords(1, 14, 0, 0, 0, 1, 1, 0), ErrInvalid},
		{"record size short", withRecords(1, 10, 0, 0, 0, 1, 1, 0), ErrInvalid},
		{"record size huge", withRecords(1, append(huge, 0, 0, 0, 1, 1, 0)...), ErrInvalid},
		{"key past the end", withRecords(1, 12, 0, 0, 0, 20, 1, 0), ErrInvalid},
		{"value past the end", withRecords(1, 12, 0, 0, 0, 1, 20, 0), ErrInvalid},
		{"headers -1", withRecords(1, 12, 0, 0, 0, 1, 1, 1), ErrInvalid},
		{"headers > remaining", withRecords(1, 12, 0, 0, 0, 1, 1, 4), ErrInvalid},
		{"headers 2^31-1", withRecords(1, append([]byte{20, 0, 0, 0, 1, 1}, huge...)...), ErrInvalid},
		{"header key -1", withRecords(1, 16, 0, 0, 0, 1, 1, 2, 1, 1), ErrInvalid},
		{"varint of 6 bytes", withRecords(1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00), ErrInvalid},
		{"varlong of 11 bytes", withRecords(1, slices.Concat([]byte{40, 0}, slices.Repeat([]byte{0x80}, 11),
			make([]byte, 9))...), ErrInvalid},
		{"a record more", withRecords(1, 12, 0, 0, 0, 1, 1, 0, 12, 0, 0, 2, 1, 1, 0), ErrInvalid},
	} {
		if _, err := Validate(c.raw, clientRules()); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func edit(raw []byte, at int, v byte) []byte { raw[at] = v; return raw }

func TestValidateAccepts(t *testing.T) {
	for _, c := range []struct {
		name string
		raw  []byte
	}{
		{"smallest record", withRecords(1, 12, 0, 0, 0, 1, 1, 0)},
		{"null header value", withRecords(1, 18, 0, 0, 0, 1, 1, 2, 2, 'k', 1)},
		{"lengths below -1 are null, as in Kafka", withRecords(1, 12, 0, 0, 0, 3, 3, 0)},
		{"stray bytes behind the batch", append(sample(None, 2).Raw, 1, 2, 3)},
	} {
		if _, err := Validate(c.raw, clientRules()); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestValidateSizes(t *testing.T) {
	b := sample(None, 50)
	r := clientRules()
	r.MaxBytes = len(b.Raw)
	if _, err := Validate(b.Raw, r); err != nil {
		t.Fatal(err)
	}
	r.MaxBytes--
	if _, err := Validate(b.Raw, r); !errors.Is(err, ErrTooLarge) {
		t.Fatalf("too large: %v", err)
	}
	for _, c := range allCodecs[1:] {
		big := NewBuilder(Options{Codec: c})
		big.Append(testNow, nil, make([]byte, 100_000))
		raw := big.Build().Raw
		r := clientRules()
		r.MaxDecompressed = 100_000
		if _, err := Validate(raw, r); !errors.Is(err, ErrTooLargeDecompressed) {
			t.Errorf("%s: a record over max.decompressed.message.bytes: %v", c, err)
		}
		r.MaxDecompressed = 100_020
		if _, err := Validate(raw, r); err != nil {
			t.Errorf("%s: a record within max.decompressed.message.bytes: %v", c, err)
		}
	}
	r = clientRules()
	r.Compression = Compression{Recompress: true, Codec: None}
	r.MaxBytes = 2000
	if _, err := Validate(sample(Zstd, 300).Raw, r); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large once stored uncompressed: %v", err)
	}
}

func TestValidateTimestamps(t *testing.T) {
	const hour = 3_600_000
	for _, c := range []struct {
		name          string
		before, after int64
		timestamp     int64
		ok            bool
	}{
		{"now", hour, hour, testNow, true},
		{"none", hour, hour, NoTimestamp, true},
		{"first allowed", hour, hour, testNow - hour, true},
		{"too early", hour, hour, testNow - hour - 1, false},
		{"last allowed", hour, hour, testNow + hour, true},
		{"too late", hour, hour, testNow + hour + 1, false},
		{"epoch, no bound before", math.MaxInt64, hour, 0, true},
		{"year 292 million", math.MaxInt64, hour, math.MaxInt64, false},
		{"year 292 million, no bounds", math.MaxInt64, math.MaxInt64, math.MaxInt64, true},
		{"negative", math.MaxInt64, hour, -2, false},
		{"least", math.MaxInt64, math.MaxInt64, math.MinInt64, false},
	} {
		b := NewBuilder(Options{})
		b.Append(testNow, nil, nil)
		b.Append(c.timestamp, nil, nil)
		r := clientRules()
		r.BeforeMaxMs, r.AfterMaxMs = c.before, c.after
		_, err := Validate(b.Build().Raw, r)
		if ok := err == nil; ok != c.ok || !ok && !errors.Is(err, ErrInvalidTimestamp) {
			t.Errorf("%s: %v", c.name, err)
		}
		var one *RecordError
		if !c.ok && (!errors.As(err, &one) || one.Index != 1 || !strings.Contains(one.Message, "out of range")) {
			t.Errorf("%s: record error %+v", c.name, one)
		}
	}
}

func TestValidateKeys(t *testing.T) {
	b := NewBuilder(Options{Codec: Snappy})
	for i := range 500 {
		var key []byte
		if i%2 == 0 {
			key = []byte{}
		}
		b.Append(testNow, key, nil)
	}
	r := clientRules()
	r.RequireKeys = true
	_, err := Validate(b.Build().Raw, r)
	var all *RejectedError
	if !errors.Is(err, ErrInvalid) || !errors.As(err, &all) {
		t.Fatalf("null keys: %v", err)
	}
	if all.Total != 250 || len(all.Records) != maxRecordErrors || all.Records[1].Index != 3 {
		t.Fatalf("rejected %d, listed %d", all.Total, len(all.Records))
	}
}

// A client that numbers its records wrongly is taken, as Kafka takes it, but
// what is stored has consecutive offsets.
func TestOffsetsAreRenumbered(t *testing.T) {
	records := []byte{12, 0, 0, 6, 1, 1, 0, 16, 0, 2, 6, 4, 'a', 'b', 1, 0}
	for _, c := range allCodecs {
		plain := withRecords(2, records...)
		h, err := ParseHeader(plain)
		if err != nil {
			t.Fatal(err)
		}
		b := Batch{Header: h, Raw: plain}
		if c != None {
			if err := rebuild(&b, c, DefaultLevel, true); err != nil {
				t.Fatal(err)
			}
			b.setMaxTimestamp(testNow)
		}
		got, err := Validate(b.Raw, clientRules())
		if err != nil {
			t.Fatalf("%s: %v", c, err)
		}
		rs := collect(t, got)
		if len(rs) != 2 || rs[0].Offset != 0 || rs[1].Offset != 1 || string(rs[1].Key) != "ab" ||
			rs[1].Timestamp != testNow+1 {
			t.Fatalf("%s: %v", c, rs)
		}
	}
}

func TestSaturatedArithmetic(t *testing.T) {
	const lo, hi = math.MinInt64, math.MaxInt64
	for _, c := range []struct{ a, b, difference, sum int64 }{
		{3, 5, -2, 8}, {hi, -1, hi, hi - 1}, {lo, 1, lo, lo + 1}, {hi, hi, 0, hi}, {lo, lo, 0, lo},
		{0, lo, hi, lo}, {-1, lo, hi, lo}, {hi, 1, hi - 1, hi}, {lo, -1, lo + 1, lo},
	} {
		if got := subtract(c.a, c.b); got != c.difference {
			t.Errorf("%d - %d = %d, want %d", c.a, c.b, got, c.difference)
		}
		if got := add(c.a, c.b); got != c.sum {
			t.Errorf("%d + %d = %d, want %d", c.a, c.b, got, c.sum)
		}
	}
}

func TestBatchStamps(t *testing.T) {
	b := sample(LZ4, 3)
	b.Stamp(1000, 7)
	b.StampLogAppendTime(testNow + 5)
	h, err := ParseHeader(b.Raw)
	if err != nil || h != b.Header || !CheckCRC(b.Raw) {
		t.Fatalf("%+v, %v; want %+v", h, err, b.Header)
	}
	if h.BaseOffset != 1000 || h.LastOffset() != 1002 || h.LeaderEpoch != 7 || !h.LogAppendTime() ||
		h.MaxTimestamp != testNow+5 || h.HasDeleteHorizon() {
		t.Fatalf("%+v", h)
	}
}

// TestEqualTimestamps holds that a timestamp which records share is judged like one of a single record.
func TestEqualTimestamps(t *testing.T) {
	for _, ms := range []int64{math.MinInt64, -2, 0, 1, testNow, math.MaxInt64} {
		var errs [2]error
		for i, n := range []int{1, 3} {
			bl := NewBuilder(Options{})
			for range n {
				bl.Append(ms, nil, []byte("v"))
			}
			rules := clientRules()
			rules.BeforeMaxMs, rules.AfterMaxMs = 1000, 1000
			_, errs[i] = Validate(bl.Build().Raw, rules)
		}
		if (errs[0] == nil) != (errs[1] == nil) || (errs[0] == nil) != (ms == testNow) {
			t.Errorf("%d: one record: %v; three: %v", ms, errs[0], errs[1])
		}
	}
}
