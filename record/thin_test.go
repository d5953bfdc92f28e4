package record

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
)

func thinBatch(codec Codec, n int) Batch {
	b := NewBuilder(Options{Codec: codec, BaseOffset: 100, HasProducer: true, ProducerID: 7, ProducerEpoch: 1, BaseSequence: 5})
	for i := range n {
		value := fmt.Appendf(nil, "value %d", i)
		if i%3 == 2 {
			value = nil
		}
		b.Append(1000+int64(i*i%7), fmt.Appendf(nil, "key %d", i), value, RecordHeader{Key: "h", Value: []byte{byte(i)}})
	}
	return b.Build()
}

// TestThin takes every subset of a batch's records out of it, in every codec, with a horizon and without: those that stay
// are as they were.
func TestThin(t *testing.T) {
	var th Thinner
	for codec := None; codec <= Zstd; codec++ {
		b := thinBatch(codec, 6)
		var all []Record
		for r, err := range b.Records(0) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, r)
		}
		for set := range 1 << len(all) {
			for _, horizon := range []int64{NoTimestamp, 0, 5_000_000_000_000} {
				in := func(offset int64) bool { return set>>(offset-100)&1 == 1 }
				out, err := th.Thin(b, horizon, func(k Keyed) bool { return in(k.Offset) })
				if err != nil {
					t.Fatal(err)
				}
				checkThinned(t, b, out, all, in, horizon)
			}
		}
	}
}

func checkThinned(t *testing.T, b Batch, out Thinned, all []Record, in func(int64) bool, horizon int64) {
	t.Helper()
	var want []Record
	tombstones, largest := false, NoTimestamp
	for _, r := range all {
		if in(r.Offset) {
			want, tombstones, largest = append(want, r), tombstones || r.Value == nil, max(largest, r.Timestamp)
		}
	}
	if out.Kept != len(want) || out.Dropped != len(all)-len(want) || (out.Batch.Raw == nil) != (len(want) == 0) {
		t.Fatalf("kept %d, dropped %d; want %d of %d", out.Kept, out.Dropped, len(want), len(all))
	}
	if len(want) == 0 {
		return
	}
	h, err := ParseHeader(out.Batch.Raw)
	if err != nil || h != out.Batch.Header || !CheckCRC(out.Batch.Raw) || h.MaxTimestamp != largest ||
		h.LastOffset() != b.LastOffset() || h.LastSequence() != b.LastSequence() || h.Codec() != b.Codec() ||
		h.HasDeleteHorizon() != (tombstones && horizon >= 0) || h.HasDeleteHorizon() && h.BaseTimestamp != horizon {
		t.Fatalf("header %+v, %v", h, err)
	}
	i := 0
	for r, err := range out.Batch.Records(0) {
		if err != nil {
			t.Fatal(err)
		}
		w := want[i]
		i++
		if r.Offset != w.Offset || r.Timestamp != w.Timestamp || !bytes.Equal(r.Key, w.Key) || !bytes.Equal(r.Value, w.Value) ||
			(r.Value == nil) != (w.Value == nil) || !slices.EqualFunc(r.Headers, w.Headers, func(a, b RecordHeader) bool {
			return a.Key == b.Key && bytes.Equal(a.Value, b.Value)
		}) {
			t.Fatalf("record %+v; want %+v", r, w)
		}
	}
}

func TestEmptied(t *testing.T) {
	b := thinBatch(Zstd, 4)
	e := Emptied(b.Header)
	h, err := ParseHeader(e.Raw)
	if err != nil || h != e.Header || !CheckCRC(e.Raw) || h.Count != 0 || h.LastOffset() != b.LastOffset() ||
		h.LastSequence() != b.LastSequence() || h.MaxTimestamp != b.MaxTimestamp || h.Codec() != None || len(e.Raw) != HeaderSize {
		t.Fatalf("%+v, %v", h, err)
	}
	for range e.Records(0) {
		t.Fatal("it has a record")
	}
}

// FuzzThin: whatever the records section holds, thinning fails or keeps what the strict reader reads.
func FuzzThin(f *testing.F) {
	for codec := None; codec <= Zstd; codec++ {
		f.Add(thinBatch(codec, 5).Raw, uint8(0b10110), int64(77))
	}
	var th Thinner
	f.Fuzz(func(t *testing.T, raw []byte, set uint8, horizon int64) {
		b, err := Validate(raw, Rules{BeforeMaxMs: 1 << 62, AfterMaxMs: 1 << 62})
		whole := err == nil
		if !whole {
			h, err := ParseHeader(raw)
			if err != nil || h.Size() != len(raw) || h.Count < 0 || h.Count > 1<<16 {
				return
			}
			b = Batch{Header: h, Raw: raw}
		}
		i, kept := 0, 0
		out, err := th.Thin(b, horizon, func(Keyed) bool {
			keep := set>>(i%8)&1 == 1
			if i++; keep {
				kept++
			}
			return keep
		})
		if err != nil {
			if whole {
				t.Fatalf("a valid batch: %v", err)
			}
			return
		}
		if !whole || kept == 0 {
			return
		}
		n := 0
		for _, err := range out.Batch.Records(0) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != kept || n != out.Kept || !CheckCRC(out.Batch.Raw) {
			t.Fatalf("%d records; %d were kept", n, kept)
		}
	})
}
