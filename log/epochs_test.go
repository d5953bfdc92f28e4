package log

import (
	"slices"
	"testing"
)

func TestEpochEnds(t *testing.T) {
	var e epochs
	for _, x := range []epochEntry{{1, 0}, {1, 5}, {3, 10}, {6, 10}, {7, 20}} { // 3 wrote nothing
		e.assign(x.epoch, x.start)
	}
	if want := []epochEntry{{1, 0}, {6, 10}, {7, 20}}; !slices.Equal(e.entries, want) {
		t.Fatalf("got %v; want %v", e.entries, want)
	}
	for _, c := range []struct {
		epoch, found int32
		end          int64
	}{{-1, -1, -1}, {0, 0, 0}, {1, 1, 10}, {4, 1, 10}, {6, 6, 20}, {7, 7, 33}, {8, -1, -1}} {
		if found, end := e.endOf(c.epoch, 33); found != c.found || end != c.end {
			t.Errorf("end of %d: got %d, %d; want %d, %d", c.epoch, found, end, c.found, c.end)
		}
	}
	for offset, want := range map[int64]int32{0: 1, 9: 1, 10: 6, 19: 6, 20: 7, 99: 7} {
		if got := e.of(offset); got != want {
			t.Errorf("epoch of %d: got %d; want %d", offset, got, want)
		}
	}
	e.cutStart(12)
	e.cutEnd(20)
	if want := []epochEntry{{6, 12}}; !slices.Equal(e.entries, want) {
		t.Fatalf("got %v; want %v", e.entries, want)
	}
}

func TestEpochFileIsKafkas(t *testing.T) {
	const file = "0\n2\n0 0\n5 21\n"
	entries, err := decodeEpochs([]byte(file))
	must(t, err)
	if got := string(encodeEpochs(entries)); got != file {
		t.Fatalf("got %q; want %q", got, file)
	}
	for _, bad := range []string{"1\n0\n", "0\n", "0\n2\n0 0\n", "0\n1\n0 0 0\n", "0\n2\n5 0\n4 9\n",
		"0\n2\n1 9\n2 9\n",
		"0\n1\n-1 0\n", "0\n1\nx 0\n", "0\n1\n1 99999999999999999999\n"} {
		if got, err := decodeEpochs([]byte(bad)); err == nil {
			t.Errorf("%q was read as %v", bad, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("0\n2\n0 0\n5 21\n"))
	f.Add(encodeOffsets(nil))
	var s producers
	for seq := range int32(3) {
		h := idempotent(1, 0, seq, 1, 5).Header
		s.applyData(&h, 7)
	}
	f.Add(encodeSnapshot(&s))
	f.Fuzz(func(t *testing.T, b []byte) {
		if entries, err := decodeEpochs(b); err == nil {
			again, err := decodeEpochs(encodeEpochs(entries))
			if err != nil || !slices.Equal(again, entries) {
				t.Fatalf("epochs %v became %v, %v", entries, again, err)
			}
		}
		if offsets, err := decodeOffsets(b); err == nil {
			if again, err := decodeOffsets(encodeOffsets(offsets)); err != nil || len(again) != len(offsets) {
				t.Fatalf("offsets %v became %v, %v", offsets, again, err)
			}
		}
		if s, err := decodeSnapshot(b); err == nil {
			again, err := decodeSnapshot(encodeSnapshot(&s))
			if err != nil || !slices.Equal(again.describe(), s.describe()) {
				t.Fatalf("snapshot %v became %v, %v", s.describe(), again.describe(), err)
			}
		}
	})
}
