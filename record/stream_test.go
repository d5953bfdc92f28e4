package record

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"testing"
)

// streamed reads a batch as a stream: every record, or every nth and the others only by their offsets.
func streamed(b Batch, nth int) (all []Record, err error) {
	s, err := NewStream(b)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	for i := 0; ; i++ {
		offset, size, err := s.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		if i%nth > 0 {
			continue
		}
		r, err := s.Record()
		if err != nil {
			return all, err
		}
		if r.Offset != offset || int64(len(r.Key)+len(r.Value)) > size {
			return all, fmt.Errorf("record %d of %d bytes came as %d of %d", offset, size, r.Offset, len(r.Key)+len(r.Value))
		}
		r.Key, r.Value = slices.Clone(r.Key), slices.Clone(r.Value)
		for i := range r.Headers {
			r.Headers[i].Value = slices.Clone(r.Headers[i].Value)
		}
		all = append(all, r)
	}
}

// wantStreamed asserts that a stream has the records of a batch.
func wantStreamed(t *testing.T, b Batch) {
	t.Helper()
	want := collect(t, b)
	for _, nth := range []int{1, 3} {
		var some []Record
		for i := 0; i < len(want); i += nth {
			some = append(some, want[i])
		}
		if got, err := streamed(b, nth); err != nil || !equalRecords(got, some) {
			t.Fatalf("a stream of %s, every %d: %v; %d records, want %d", b.Codec(), nth, err, len(got), len(some))
		}
	}
}

// TestStreamHoldsOneRecord: what a stream takes does not grow with what the batch decompresses to.
func TestStreamHoldsOneRecord(t *testing.T) {
	const records, size = 120, mib / 2
	for _, c := range allCodecs[1:] {
		bld := NewBuilder(Options{Codec: c})
		for i := range records {
			bld.Append(testNow, nil, slices.Repeat([]byte{byte('a' + i%26)}, size))
		}
		b := bld.Build()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s, err := NewStream(b)
		if err != nil {
			t.Fatal(err)
		}
		for i := range records {
			_, _, err := s.Next()
			r, err2 := s.Record()
			if err = errors.Join(err, err2); err != nil || len(r.Value) != size || r.Value[size-1] != byte('a'+i%26) {
				t.Fatalf("%s: record %d: %v, %d bytes", c, i, err, len(r.Value))
			}
		}
		s.Close()
		runtime.ReadMemStats(&after)
		taken, most := after.TotalAlloc-before.TotalAlloc, uint64(12*mib)
		if raceEnabled { // the pools of package sync drop much on purpose then
			most *= 3
		}
		t.Logf("%s: %d KiB hold %d MiB, read with %d KiB", c, len(b.Raw)>>10, records*size/mib, taken>>10)
		if taken > most {
			t.Errorf("%s: allocated %d bytes", c, taken)
		}
	}
}
