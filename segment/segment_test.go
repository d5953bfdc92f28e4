package segment

import (
	"bytes"
	"errors"
	"io/fs"
	"math"
	"runtime"
	"testing"

	"weir/record"
	"weir/vfs"
)

func TestAppendReadReopen(t *testing.T) {
	m := newMem(t)
	w := create(t, m, 100, testConfig)
	if w.NextOffset() != 100 || w.Size() != 0 || w.FirstTimestamp() != -1 || w.MaxTimestamp().Timestamp != -1 {
		t.Fatal("an empty segment is not empty")
	}
	if sl, err := w.Read(100, -1, unlimited, 1000, true); err != nil || sl.Len() != 0 {
		t.Fatalf("read of an empty segment: %d bytes, %v", sl.Len(), err)
	}
	w.fill(200, 1)
	w.checkAll(w.Segment)
	last := w.batches[len(w.batches)-1]
	check := func(s *Segment) {
		t.Helper()
		if s.NextOffset() != last.LastOffset()+1 || s.Size() != int64(len(w.bytesFrom(0))) {
			t.Fatalf("next offset %d, size %d", s.NextOffset(), s.Size())
		}
		if got := s.MaxTimestamp(); got != (TimestampOffset{last.MaxTimestamp, last.LastOffset()}) {
			t.Fatalf("max timestamp %+v", got)
		}
		if s.FirstTimestamp() != w.batches[0].MaxTimestamp {
			t.Fatalf("first timestamp %d", s.FirstTimestamp())
		}
	}
	check(w.Segment)
	must(t, w.Close())
	for _, o := range []OpenOptions{{Active: true, Clean: true}, {Clean: true}, {}, {Active: true}} {
		s := reopen(t, m, 100, o)
		check(s)
		w.checkAll(s)
		must(t, s.Close())
	}
	if got := fileBytes(t, m, "00000000000000000100.log"); !bytes.Equal(got, w.bytesFrom(0)) {
		t.Fatal("the .log is not the batches end to end")
	}
}

// TestIdleSegmentsAreCheap opens a thousand segments, as a broker does that starts: no descriptors, little
// memory.
func TestIdleSegmentsAreCheap(t *testing.T) {
	m := newMem(t)
	w := create(t, m, 0, testConfig)
	w.fill(100, 40)
	must(t, w.Close())
	counted, ops := vfs.Count(m)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	all := make([]*Segment, 1000)
	for i := range all {
		s, err := Open(counted, testDir, 0, testConfig, OpenOptions{Active: i%2 == 0, Clean: true})
		must(t, err)
		all[i] = s
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if opened := ops.Get(vfs.OpOpen) + ops.Get(vfs.OpOpenReadWrite); opened != ops.Get(vfs.OpClose) {
		t.Fatalf("%d of %d files are still open", opened-ops.Get(vfs.OpClose), opened)
	}
	if each := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / int64(len(all)); each > 2048 {
		t.Fatalf("%d bytes of memory for each", each)
	}
	runtime.KeepAlive(all)
}

func TestReadLimits(t *testing.T) {
	w := create(t, newMem(t), 0, testConfig)
	w.fill(100, 2)
	all := w.bytesFrom(0)
	b0, b5 := w.batches[0], w.batches[5]
	end5 := w.pos[6]
	cases := []struct {
		name               string
		offset             int64
		limit, limitOffset int64
		max                int
		minOne             bool
		from, to           int64 // expected positions
	}{
		{"all", 0, -1, unlimited, math.MaxInt32, false, 0, int64(len(all))},
		{"cut short", 0, -1, unlimited, b0.Size() + 10, false, 0, int64(b0.Size() + 10)},
		{"less than one batch", 0, -1, unlimited, 10, false, 0, 10},
		{"at least one batch", 0, -1, unlimited, 10, true, 0, int64(b0.Size())},
		{"nothing wanted", 0, -1, unlimited, 0, false, 0, 0},
		{"nothing wanted, at least one", 0, -1, unlimited, 0, true, 0, int64(b0.Size())},
		{"before a position", 0, end5, unlimited, math.MaxInt32, true, 0, end5},
		{"limit offset at a batch", 0, -1, b5.BaseOffset, math.MaxInt32, true, 0, w.pos[5]},
		{"limit offset within a batch", 0, -1, b5.LastOffset(), math.MaxInt32, true, 0, w.pos[5]},
		{"limit offset after a batch", 0, -1, b5.LastOffset() + 1, math.MaxInt32, true, 0, end5},
		{"limit offset at the start", 0, -1, 0, math.MaxInt32, true, 0, 0},
		{"limit offset below the start", b5.BaseOffset, -1, 1, math.MaxInt32, true, 0, 0},
		{"limit offset at the end", 0, -1, w.NextOffset(), math.MaxInt32, true, 0, int64(len(all))},
		{"limit offset behind max bytes", 0, -1, w.NextOffset() - 1, b0.Size(), false, 0, int64(b0.Size())},
		{"at the end", w.NextOffset(), -1, unlimited, math.MaxInt32, true, 0, 0},
		{"past a position", b5.LastOffset() + 1, end5, unlimited, math.MaxInt32, true, 0, 0},
	}
	for _, c := range cases {
		sl, err := w.Read(c.offset, c.limit, c.limitOffset, c.max, c.minOne)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got, err := sl.Bytes()
		if err != nil || !bytes.Equal(got, all[c.from:c.to]) {
			t.Errorf("%s: %d bytes, %v; want %d", c.name, len(got), err, c.to-c.from)
		}
		sl.Release()
	}
}

// TestThrough cuts slices behind every offset, also where there are gaps, and refuses what a slice does not have.
func TestThrough(t *testing.T) {
	m := newMem(t)
	w := create(t, m, 0, testConfig)
	w.fill(60, 3)
	for _, base := range []int64{w.NextOffset() + 40, w.NextOffset() + 5_000} { // as compaction leaves them
		b := batch(base, 5, 700, base)
		pos, err := w.Append(b)
		must(t, err)
		w.batches, w.pos = append(w.batches, b), append(w.pos, pos)
	}
	all := w.bytesFrom(0)
	begin := 7
	from := w.pos[begin]
	for _, most := range []int{math.MaxInt32, 9000} {
		sl, err := w.Read(w.batches[begin].BaseOffset, -1, unlimited, most, true)
		must(t, err)
		defer sl.Release()
		for last := int64(0); last <= w.NextOffset(); last++ {
			want := int64(-1) // where the last batch ends that begins at or before it
			for i, b := range w.batches {
				if b.BaseOffset <= last {
					want = w.pos[i] + int64(b.Size())
				}
			}
			got, ok := w.Through(sl, last)
			if has := want > from && want <= sl.End() && last < w.NextOffset(); ok != has {
				t.Fatalf("through %d: %v; want %v", last, ok, has)
			}
			if !ok {
				continue
			}
			if raw, err := got.Bytes(); err != nil || !bytes.Equal(raw, all[from:want]) {
				t.Fatalf("through %d: %d bytes, %v; want %d", last, len(raw), err, want-from)
			}
		}
	}
	sl, err := w.Read(0, -1, unlimited, math.MaxInt32, true)
	must(t, err)
	defer sl.Release()
	other := create(t, newMem(t), 0, testConfig)
	other.fill(60, 3)
	if _, ok := other.Through(sl, 5); ok {
		t.Error("a slice of another file was cut")
	}
}

func TestAppendRefuses(t *testing.T) {
	w := create(t, newMem(t), 10, testConfig)
	w.add(3, 10, 1)
	refused := func(b *record.Batch, want error) {
		t.Helper()
		if _, err := w.Append(b); !errors.Is(err, want) {
			t.Fatalf("got %v; want %v", err, want)
		}
	}
	refused(batch(12, 1, 10, 1), ErrOutOfOrder)
	far := batch(13, 1, 10, 1)
	far.Stamp(10+math.MaxInt32+1, 3)
	refused(far, ErrFull)
	short := batch(13, 1, 10, 1)
	short.Raw = short.Raw[:len(short.Raw)-1]
	refused(short, ErrOutOfOrder)
	must(t, w.Seal())
	refused(batch(13, 1, 10, 1), ErrSealed)
	w.checkAll(w.Segment)
}

func TestCreateDoesNotEmptyALog(t *testing.T) {
	m := newMem(t)
	w := create(t, m, 0, testConfig)
	w.add(1, 1, 1)
	if _, err := Create(m, testDir, 0, testConfig); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("got %v", err)
	}
}

func TestOffsetGapsAreRead(t *testing.T) {
	m := newMem(t)
	w := create(t, m, 0, testConfig)
	for _, base := range []int64{0, 100, 5_000, 5_010} { // as compaction leaves them
		b := batch(base, 5, 3000, base)
		pos, err := w.Append(b)
		must(t, err)
		w.batches, w.pos = append(w.batches, b), append(w.pos, pos)
	}
	w.checkAll(w.Segment)
	if got := readBytes(t, w.Segment, 50, math.MaxInt32); !bytes.Equal(got, w.bytesFrom(50)) {
		t.Fatal("read from within a gap must begin at the next batch")
	}
	must(t, w.Close())
	s := reopen(t, m, 0, OpenOptions{Clean: true})
	w.checkAll(s)
	c := testConfig
	c.Contiguous = true
	s, err := Open(m, testDir, 0, c, OpenOptions{Active: true})
	must(t, err)
	w.checkAll(s)
	// Past the recovery point nothing was compacted yet: a gap means that a batch before it is missing.
	report, err := s.Recover(105, nil)
	if err != nil || report.NextOffset != 105 || report.ValidEnd != w.pos[2] {
		t.Fatalf("recovered %+v, %v", report, err)
	}
}

func TestLookupTime(t *testing.T) {
	m := newMem(t)
	w := create(t, m, 0, testConfig)
	// Timestamps that rise, fall and stand still.
	ts := []int64{100, 200, 150, 150, 300, 300, 250, 400, 100, 400, 500, 90, 501}
	for i := range 260 {
		base := ts[i%len(ts)] + int64(i/len(ts))*7
		w.add(1+i%3, 300, base)
	}
	want := func(target int64) (TimestampOffset, bool) {
		for _, b := range w.batches {
			for r, err := range b.Records(1 << 20) {
				must(t, err)
				if r.Timestamp >= target {
					return TimestampOffset{r.Timestamp, r.Offset}, true
				}
			}
		}
		return TimestampOffset{}, false
	}
	check := func(s *Segment) {
		t.Helper()
		for target := int64(-1); target < 700; target++ {
			wantTO, wantOK := want(target)
			got, ok, err := s.LookupTime(target)
			if err != nil || ok != wantOK || got != wantTO {
				t.Fatalf("lookup %d: %+v, %v, %v; want %+v, %v", target, got, ok, err, wantTO, wantOK)
			}
		}
	}
	check(w.Segment)
	must(t, w.Close())
	check(reopen(t, m, 0, OpenOptions{Clean: true}))
	check(reopen(t, m, 0, OpenOptions{Active: true, Clean: true}))
}

func TestTruncate(t *testing.T) {
	for _, keep := range []int{0, 1, 7, 50, 99} {
		m := newMem(t)
		w := create(t, m, 0, testConfig)
		w.fill(100, 3)
		first := w.batches[keep]
		must(t, w.Truncate(first.LastOffset())) // within the batch: all of it goes
		w.batches, w.pos = w.batches[:keep], w.pos[:keep]
		if w.NextOffset() != first.BaseOffset || w.Size() != int64(len(w.bytesFrom(0))) {
			t.Fatalf("keep %d: next offset %d, size %d", keep, w.NextOffset(), w.Size())
		}
		wantMax := TimestampOffset{-1, 0}
		for _, b := range w.batches {
			wantMax = TimestampOffset{b.MaxTimestamp, b.LastOffset()}
		}
		if w.MaxTimestamp() != wantMax {
			t.Fatalf("keep %d: max timestamp %+v; want %+v", keep, w.MaxTimestamp(), wantMax)
		}
		w.fill(60, 4)
		w.checkAll(w.Segment)
		must(t, w.Close())
		w.checkAll(reopen(t, m, 0, OpenOptions{Clean: true}))
	}
}

func TestScanAndPositionOf(t *testing.T) {
	w := create(t, newMem(t), 0, testConfig)
	w.fill(50, 5)
	i := 10
	must(t, w.Scan(w.pos[10], func(h record.Header, pos int64) (bool, error) {
		if pos != w.pos[i] || h != w.batches[i].Header {
			t.Fatalf("batch %d: position %d, %+v", i, pos, h)
		}
		i++
		return i < 40, nil
	}))
	if i != 40 {
		t.Fatalf("visited up to %d", i)
	}
	var damage *DamageError
	err := w.Scan(w.pos[10]+1, func(record.Header, int64) (bool, error) { return true, nil })
	if !errors.As(err, &damage) || damage.Position != w.pos[10]+1 {
		t.Fatalf("scan from within a batch: %v", err)
	}
	for i, b := range w.batches {
		pos, h, ok, err := w.PositionOf(b.LastOffset())
		if err != nil || !ok || pos != w.pos[i] || h != b.Header {
			t.Fatalf("position of %d: %d, %v, %v", b.LastOffset(), pos, ok, err)
		}
	}
	if _, _, ok, err := w.PositionOf(w.NextOffset()); ok || err != nil {
		t.Fatalf("position of the end: %v, %v", ok, err)
	}
}
