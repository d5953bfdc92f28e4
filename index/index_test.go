package index

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"slices"
	"sort"
	"syscall"
	"testing"

	"weir/vfs"
)

// TestOffsetAgainstAModel does random things to an index and to a sorted slice, over every way of holding
// entries: all pending, partly in the file, reopened, sealed.
func TestOffsetAgainstAModel(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		m := vfs.NewMem()
		x, err := CreateOffset(m, name, base)
		must(t, err)
		var model []OffsetEntry
		for range 60 {
			switch rng.IntN(8) {
			case 0:
				must(t, x.Sync())
				if got := content(t, m, name); !bytes.Equal(got, offsetBytes(model...)) {
					t.Fatalf("seed %d: %d bytes in the file, want %d entries", seed, len(got), len(model))
				}
			case 1:
				must(t, x.Sync())
				must(t, x.Close())
				x, err = OpenOffset(m, name, base, rng.IntN(4) > 0)
				must(t, err)
			case 2:
				at := base + rng.Int64N(int64(len(model))*3+3)
				must(t, x.Truncate(at))
				model = slices.DeleteFunc(model, func(e OffsetEntry) bool { return e.Offset >= at })
			default:
				for range rng.IntN(200) {
					e := OffsetEntry{base, 0}
					if len(model) > 0 {
						e = model[len(model)-1]
					}
					e.Offset += 1 + rng.Int64N(5)
					e.Position += 1 + rng.Int64N(5000)
					x.Append(e)
					model = append(model, e)
				}
			}
			checkOffset(t, x, model, rng)
		}
	}
}

func checkOffset(t *testing.T, x *Offset, model []OffsetEntry, rng *rand.Rand) {
	t.Helper()
	if x.Count() != len(model) {
		t.Fatalf("%d entries; want %d", x.Count(), len(model))
	}
	last, ok := x.Last()
	if want := len(model) > 0; ok != want || want && last != model[len(model)-1] ||
		!want && last.Offset != base {
		t.Fatalf("last %+v, %v", last, ok)
	}
	for range 10 {
		at := base - 2 + rng.Int64N(int64(len(model))*4+5)
		i := sort.Search(len(model), func(i int) bool { return model[i].Offset > at })
		got, ok, err := x.Floor(at)
		must(t, err)
		if ok != (i > 0) || ok && got != model[i-1] {
			t.Fatalf("floor of %d: %+v, %v; %d entries", at, got, ok, len(model))
		}
		if len(model) > 0 {
			n := rng.IntN(len(model))
			if got, err := x.Entry(n); err != nil || got != model[n] {
				t.Fatalf("entry %d: %+v, %v", n, got, err)
			}
		}
	}
	if _, err := x.Entry(len(model)); !errors.Is(err, ErrCorrupt) {
		t.Fatalf("entry past the end: %v", err)
	}
}

func TestTimeAgainstAModel(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 2))
		m := vfs.NewMem()
		x, err := CreateTime(m, name, base)
		must(t, err)
		var model []TimeEntry
		last := TimeEntry{-1, base}
		for range 40 {
			switch rng.IntN(6) {
			case 0:
				must(t, x.Sync())
				must(t, x.Close())
				x, err = OpenTime(m, name, base, rng.IntN(4) > 0)
				must(t, err)
			case 1:
				at := base + rng.Int64N(int64(len(model))*3+3)
				must(t, x.Truncate(at))
				model = slices.DeleteFunc(model, func(e TimeEntry) bool { return e.Offset >= at })
			default:
				for range rng.IntN(200) {
					last = TimeEntry{-1, base}
					if len(model) > 0 {
						last = model[len(model)-1]
					}
					e := TimeEntry{last.Timestamp + rng.Int64N(4) - 1, last.Offset + 1 + rng.Int64N(4)}
					x.MaybeAppend(e)
					if e.Timestamp > last.Timestamp {
						model = append(model, e)
					}
				}
			}
			must(t, x.Flush())
			if got := content(t, m, name); !bytes.Equal(got, timeBytes(model...)) {
				t.Fatalf("seed %d: %d bytes in the file, want %d entries", seed, len(got), len(model))
			}
			checkTime(t, x, model, rng)
		}
	}
}

// checkTime holds Before to its promise: everything before the entry's offset is older than ts.
func checkTime(t *testing.T, x *Time, model []TimeEntry, rng *rand.Rand) {
	t.Helper()
	for range 10 {
		ts := rng.Int64N(int64(len(model))*3+5) - 2
		i := sort.Search(len(model), func(i int) bool { return model[i].Timestamp > ts })
		got, ok, err := x.Before(ts, 1<<40)
		must(t, err)
		if ok != (i > 1) || ok && got != model[i-2] {
			t.Fatalf("before %d: %+v, %v; %d entries", ts, got, ok, len(model))
		}
	}
}

func TestSanityChecks(t *testing.T) {
	e := func(o, p int64) OffsetEntry { return OffsetEntry{o, p} }
	long := make([]OffsetEntry, 1000)
	for i := range long {
		long[i] = e(base+int64(i)+1, int64(i+1)*10)
	}
	for what, c := range map[string]struct {
		raw  []byte
		want int // entries; -1 for ErrCorrupt
	}{
		"empty":                      {nil, 0},
		"one":                        {offsetBytes(e(1003, 7)), 1},
		"not a multiple":             {offsetBytes(e(1003, 7))[:7], -1},
		"last before base":           {offsetBytes(e(1003, 7), e(999, 9)), -1},
		"negative position":          {offsetBytes(e(1003, 7), e(1004, -9)), -1},
		"all zeros":                  {make([]byte, 8192), 0},
		"preallocated":               {append(offsetBytes(e(1003, 7), e(1005, 9)), make([]byte, 4096)...), 2},
		"preallocated, many entries": {append(offsetBytes(long...), make([]byte, 10<<20-8000)...), 1000},
	} {
		for _, writable := range []bool{true, false} {
			m := mem(t, name, c.raw)
			x, err := OpenOffset(m, name, base, writable)
			if c.want < 0 {
				if !errors.Is(err, ErrCorrupt) {
					t.Errorf("%s: %v", what, err)
				}
				continue
			}
			if err != nil || x.Count() != c.want {
				t.Errorf("%s: %v, %d entries; want %d", what, err, x.Count(), c.want)
				continue
			}
			if size := len(content(t, m, name)); writable && size != c.want*8 {
				t.Errorf("%s: %d bytes are left of a file that will be written", what, size)
			}
		}
	}
	for what, c := range map[string]struct {
		raw  []byte
		want int
	}{
		"one":                {timeBytes(TimeEntry{5, 1003}), 1},
		"not a multiple":     {timeBytes(TimeEntry{5, 1003})[:8], -1},
		"last before base":   {timeBytes(TimeEntry{5, 1003}, TimeEntry{6, 990}), -1},
		"last before first":  {timeBytes(TimeEntry{5, 1003}, TimeEntry{4, 1004}), -1},
		"preallocated":       {append(timeBytes(TimeEntry{5, 1003}), make([]byte, 1200)...), 1},
		"nothing but a size": {make([]byte, 1200), 0},
	} {
		x, err := OpenTime(mem(t, name, c.raw), name, base, false)
		if c.want < 0 != errors.Is(err, ErrCorrupt) || c.want >= 0 && (err != nil || x.Count() != c.want) {
			t.Errorf("time, %s: %v", what, err)
		}
	}
	if _, err := OpenOffset(vfs.NewMem(), name, base, true); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// TestBeforeSeesOneLie damages one entry at a time: Before either refuses or names a start that misses
// nothing.
func TestBeforeSeesOneLie(t *testing.T) {
	var good []TimeEntry
	for i := range int64(40) {
		good = append(good, TimeEntry{100 + i*10, base + 5 + i*7})
	}
	raw := timeBytes(good...)
	for bit := range len(raw) * 8 {
		bad := bytes.Clone(raw)
		bad[bit/8] ^= 1 << (bit % 8)
		x, err := OpenTime(mem(t, name, bad), name, base, false)
		if errors.Is(err, ErrCorrupt) {
			continue
		}
		must(t, err)
		for ts := int64(95); ts < 510; ts += 5 {
			got, ok, err := x.Before(ts, base+5+40*7)
			if err != nil || !ok {
				continue
			}
			// Records before the first good entry with a timestamp >= ts may not be skipped.
			for _, g := range good {
				if g.Timestamp >= ts {
					if got.Offset > g.Offset {
						t.Fatalf("bit %d, %d: start at %d skips the entry %+v", bit, ts, got.Offset, g)
					}
					break
				}
			}
		}
	}
}

func TestFailedWritesStayPending(t *testing.T) {
	var fail error
	m := vfs.NewMem()
	fsys := vfs.Inject(m, func(op vfs.Op) error {
		if op.Kind == vfs.OpWriteAt {
			return fail
		}
		return nil
	})
	x, err := CreateOffset(fsys, name, base)
	must(t, err)
	var want []OffsetEntry
	fail = &vfs.ShortWrite{N: 13, Err: syscall.ENOSPC}
	for i := range int64(3 * flushEntries) {
		want = append(want, OffsetEntry{base + 1 + i, 1 + i})
		x.Append(want[i])
	}
	if err := x.Sync(); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("sync on a full disk: %v", err)
	}
	checkOffset(t, x, want, rand.New(rand.NewPCG(1, 1)))
	fail = nil
	must(t, x.Sync()) // a full disk is no failed sync: space came back
	if !bytes.Equal(content(t, m, name), offsetBytes(want...)) {
		t.Fatal("other entries in the file")
	}
	failSync := errors.New("gone")
	fsync := vfs.Inject(m, func(op vfs.Op) error {
		if op.Kind == vfs.OpSync {
			err := failSync
			failSync = nil
			return err
		}
		return nil
	})
	y, err := OpenOffset(fsync, name, base, true)
	must(t, err)
	y.Append(OffsetEntry{base + 5001, 5001})
	for range 2 {
		if y.Sync() == nil {
			t.Fatal("a failed sync must stay failed")
		}
	}
}

func TestTxn(t *testing.T) {
	m := vfs.NewMem()
	file := name + ".txnindex"
	x, err := OpenTxn(m, file, base)
	must(t, err)
	if got, done, err := x.Collect(0, 1<<40); len(got) != 0 || done || err != nil {
		t.Fatalf("empty: %v, %v, %v", got, done, err)
	}
	must(t, x.Sync())
	if _, err := m.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("an empty index has a file: %v", err)
	}
	var all []AbortedTxn
	for i := range int64(300) {
		a := AbortedTxn{ProducerID: i % 7, FirstOffset: base + i*10 - 15, LastOffset: base + i*10 + 5,
			LastStableOffset: base + i*10 - 5}
		must(t, x.Append(a))
		all = append(all, a)
	}
	if err := x.Append(all[299]); !errors.Is(err, ErrCorrupt) {
		t.Fatalf("an entry that does not ascend: %v", err)
	}
	must(t, x.Sync())
	rng := rand.New(rand.NewPCG(3, 3))
	check := func() {
		t.Helper()
		for range 200 {
			from := base - 20 + rng.Int64N(3100)
			to := from + rng.Int64N(200)
			var want []AbortedTxn
			wantDone := false
			for _, a := range all { // Kafka's collectAbortedTxns
				if a.LastOffset >= from && a.FirstOffset < to {
					want = append(want, a)
				}
				if wantDone = a.LastStableOffset >= to; wantDone {
					break
				}
			}
			got, done, err := x.Collect(from, to)
			if err != nil || !slices.Equal(got, want) || done != wantDone {
				t.Fatalf("[%d, %d): %v, %v, %v; want %v, %v", from, to, got, done, err, want, wantDone)
			}
		}
	}
	check()
	must(t, x.Close())
	raw := content(t, m, file)
	x, err = OpenTxn(mem(t, file, append(bytes.Clone(raw), 1, 2, 3)), file, base) // the last write was torn
	must(t, err)
	check()
	must(t, x.Truncate(all[200].LastOffset))
	all = all[:200]
	check()
	must(t, x.Append(AbortedTxn{1, all[199].LastOffset + 1, all[199].LastOffset + 2, all[199].LastOffset + 3}))
	must(t, x.Reset())
	if got, err := x.All(); len(got) != 0 || err != nil {
		t.Fatalf("after reset: %v, %v", got, err)
	}
	raw[1] = 1 // a version that does not exist yet
	x, err = OpenTxn(mem(t, file, raw), file, base)
	must(t, err)
	if _, _, err := x.Collect(0, 1<<40); !errors.Is(err, ErrCorrupt) {
		t.Fatalf("unknown version: %v", err)
	}
}
