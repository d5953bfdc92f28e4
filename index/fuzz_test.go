package index

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

func FuzzOffset(f *testing.F) {
	f.Add(offsetBytes(OffsetEntry{1003, 7}, OffsetEntry{1009, 90}), int64(1005))
	f.Add(append(offsetBytes(OffsetEntry{1003, 7}), make([]byte, 64)...), int64(0))
	f.Add(bytes.Repeat([]byte{0xFF}, 8*300), int64(1<<40))
	f.Fuzz(func(t *testing.T, raw []byte, at int64) {
		x, err := OpenOffset(mem(t, name, raw), name, base, true)
		if err != nil {
			return
		}
		if e, ok, err := x.Floor(at); err != nil || ok && e.Offset > at && slices.IsSorted(raw) {
			t.Fatalf("floor: %+v, %v", e, err)
		}
		must(t, x.Truncate(at))
		must(t, x.Rebuild([]OffsetEntry{{base + 1, 1}}))
		if got, ok, err := x.Floor(base + 1); !ok || err != nil || got.Position != 1 {
			t.Fatalf("after rebuilding: %+v, %v, %v", got, ok, err)
		}
	})
}

func FuzzTime(f *testing.F) {
	f.Add(timeBytes(TimeEntry{5, 1003}, TimeEntry{6, 1009}), int64(5))
	f.Add(append(timeBytes(TimeEntry{5, 1003}), make([]byte, 48)...), int64(-1))
	f.Add(bytes.Repeat([]byte{0x7F}, 12*300), int64(1<<62))
	f.Fuzz(func(t *testing.T, raw []byte, ts int64) {
		x, err := OpenTime(mem(t, name, raw), name, base, true)
		if err != nil {
			return
		}
		e, ok, err := x.Before(ts, base+1000)
		if err != nil && !errors.Is(err, ErrCorrupt) ||
			ok && (e.Offset < base || e.Offset >= base+1000 || e.Timestamp > ts) {
			t.Fatalf("before: %+v, %v", e, err)
		}
		must(t, x.Truncate(ts))
		must(t, x.Rebuild([]TimeEntry{{1, base}, {2, base + 1}, {3, base + 2}}))
		if got, ok, err := x.Before(2, base+3); !ok || err != nil || got != (TimeEntry{1, base}) {
			t.Fatalf("after rebuilding: %+v, %v, %v", got, ok, err)
		}
	})
}

func FuzzTxn(f *testing.F) {
	f.Add(make([]byte, TxnEntrySize), int64(0), int64(5))
	f.Add([]byte("\x00\x00"+"\x00\x00\x00\x00\x00\x00\x00\x07"+"\x00\x00\x00\x00\x00\x00\x04\x00"+
		"\x00\x00\x00\x00\x00\x00\x04\x03"+"\x00\x00\x00\x00\x00\x00\x04\x04"), int64(1000), int64(2000))
	f.Fuzz(func(t *testing.T, raw []byte, from, to int64) {
		x, err := OpenTxn(mem(t, name, raw), name, base)
		must(t, err)
		got, _, err := x.Collect(from, to)
		if err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatal(err)
		}
		for _, a := range got {
			if a.LastOffset < from || a.FirstOffset >= to || a.LastOffset < base {
				t.Fatalf("collected %+v for [%d, %d)", a, from, to)
			}
		}
		must(t, x.Truncate(from))
	})
}
