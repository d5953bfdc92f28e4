package segment

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"weir/record"
	"weir/vfs"
)

// tornLog is an active segment after a power cut: what came before the last two batches was synced.
type tornLog struct {
	*written
	mem     *vfs.Mem
	log     []byte
	durable int64 // first offset that was not synced
	at      int64 // its position
	images  int
}

func newTornLog(t *testing.T, lastBytes int) *tornLog {
	m := newMem(t)
	w := create(t, m, 50, testConfig)
	w.fill(12, 20)
	must(t, w.Sync())
	must(t, w.SyncIndexes())
	durable := w.NextOffset()
	w.add(3, lastBytes/3, 2_000_000)
	w.add(2, lastBytes/2, 2_000_100)
	must(t, w.Sync()) // so that the images begin with everything
	must(t, m.SyncDir(testDir))
	return &tornLog{written: w, mem: m, log: fileBytes(t, m, "00000000000000000050.log"), durable: durable,
		at: w.pos[12]}
}

// recovers opens the image and checks that exactly the leading whole batches survive, that the segment then
// goes on, and that a second recovery changes nothing.
func (l *tornLog) recovers(what string, image []byte) {
	l.t.Helper()
	l.images++
	keep := 0
	for keep < len(l.pos) && bytes.HasPrefix(image[min(int(l.pos[keep]), len(image)):], l.batches[keep].Raw) {
		keep++
	}
	if keep < 12 {
		l.t.Fatalf("%s: the image damages what was synced", what)
	}
	end := int64(len(l.log))
	next := l.batches[len(l.batches)-1].LastOffset() + 1
	if keep < len(l.pos) {
		end, next = l.pos[keep], l.batches[keep].BaseOffset
	}
	c := l.mem.CrashClone(vfs.CrashOptions{})
	putFile(l.t, c, "00000000000000000050.log", image)
	s, err := Open(c, testDir, 50, testConfig, OpenOptions{Active: true})
	if err != nil {
		l.t.Fatalf("%s: open: %v", what, err)
	}
	seen := l.durable
	report, err := s.Recover(l.durable, func(b record.Batch) error {
		if b.BaseOffset != seen || !record.CheckCRC(b.Raw) {
			return fmt.Errorf("visited offset %d, not %d", b.BaseOffset, seen)
		}
		seen = b.LastOffset() + 1
		return nil
	})
	want := RecoverReport{ValidEnd: end, Cut: int64(len(image)) - end, NextOffset: next}
	if err != nil || report != want || seen != next || s.NextOffset() != next || s.Size() != end {
		l.t.Fatalf("%s: recovered %+v, %v, visited to %d; want %+v", what, report, err, seen, want)
	}
	more := batch(next, 2, 50, 3_000_000)
	if _, err := s.Append(more); err != nil {
		l.t.Fatalf("%s: append: %v", what, err)
	}
	must(l.t, s.Close())
	got := fileBytes(l.t, c, "00000000000000000050.log")
	if !bytes.Equal(got, append(bytes.Clone(l.log[:end]), more.Raw...)) {
		l.t.Fatalf("%s: other bytes in the file after recovery", what)
	}
	s = reopen(l.t, c, 50, OpenOptions{Active: true, Clean: true})
	if s.NextOffset() != next+2 || s.MaxTimestamp().Timestamp != more.MaxTimestamp {
		l.t.Fatalf("%s: reopened at %d, %+v", what, s.NextOffset(), s.MaxTimestamp())
	}
}

// TestTornTails is D3: every way in which the last two appends can be on the disk in part.
func TestTornTails(t *testing.T) {
	images := 0
	for lastBytes, step := range map[int]int{900: 1, 5_000: 2} {
		l := newTornLog(t, lastBytes)
		rng := rand.New(rand.NewPCG(21, uint64(lastBytes)))
		if testing.Short() {
			step = 37
		}
		for cut := int(l.at); cut <= len(l.log); cut += step {
			l.recovers(fmt.Sprint("cut at ", cut), l.log[:cut])
			zero := make([]byte, len(l.log)+rng.IntN(2)*4096)
			copy(zero, l.log[:cut])
			l.recovers(fmt.Sprint("zeros from ", cut), zero)
			garbage := bytes.Clone(l.log[:cut])
			for range 1 + rng.IntN(300) {
				garbage = append(garbage, byte(rng.Uint32()))
			}
			l.recovers(fmt.Sprint("garbage from ", cut), garbage)
		}
		for _, sector := range []int{512, 4096} {
			l.sectors(sector, rng)
		}
		second := bytes.Clone(l.log)
		clear(second[l.pos[12]:l.pos[13]])
		l.recovers("second append without the first", second)
		images += l.images
	}
	if !testing.Short() && images < 10_000 {
		t.Fatalf("only %d images", images)
	}
	t.Logf("%d images", images)
}

// sectors leaves out each sector of the last two batches, each pair, and each single one that made it.
func (l *tornLog) sectors(size int, rng *rand.Rand) {
	first, n := int(l.at)/size, (len(l.log)+size-1)/size
	wipe := func(image []byte, sector int) {
		from, to := max(sector*size, int(l.at)), min((sector+1)*size, len(image))
		if rng.IntN(2) == 0 {
			clear(image[from:to])
			return
		}
		for i := from; i < to; i++ {
			image[i] = byte(rng.Uint32()) // what the disk held before
		}
	}
	for a := first; a < n; a++ {
		only := bytes.Clone(l.log)
		for b := first; b < n; b++ {
			both := bytes.Clone(l.log)
			wipe(both, a)
			wipe(both, b)
			l.recovers(fmt.Sprintf("without the %d-byte sectors %d and %d", size, a, b), both)
			if b != a {
				wipe(only, b)
			}
		}
		l.recovers(fmt.Sprintf("only the %d-byte sector %d", size, a), only)
	}
}

// TestCrashWhileAppending cuts the power between and after appends and syncs; what was synced is always
// there.
func TestCrashWhileAppending(t *testing.T) {
	for seed := range uint64(80) {
		rng := rand.New(rand.NewPCG(seed, 22))
		m := newMem(t)
		w := create(t, m, 0, testConfig)
		must(t, m.SyncDir(testDir))
		durable, point := int64(0), int64(0)
		for range 60 {
			switch rng.IntN(5) {
			case 0:
				must(t, w.Sync())
				durable = w.NextOffset()
			case 1:
				if rng.IntN(3) == 0 {
					must(t, w.SyncIndexes())
					point = durable // as log does: both synced, then the recovery point
				}
			default:
				w.add(1+rng.IntN(4), rng.IntN(1500), 1_000+w.NextOffset())
			}
			c := m.CrashClone(vfs.CrashOptions{UnsyncedPercent: rng.IntN(101), Rand: rng})
			s, err := Open(c, testDir, 0, testConfig, OpenOptions{Active: true})
			must(t, err)
			report, err := s.Recover(point, nil)
			must(t, err)
			if report.NextOffset < durable {
				t.Fatalf("seed %d: recovered up to %d, %d were durable", seed, report.NextOffset, durable)
			}
			kept := w.bytesFrom(0)[:report.ValidEnd]
			if !bytes.Equal(fileBytes(t, c, stem0+".log"), kept) {
				t.Fatalf("seed %d: other bytes after recovery", seed)
			}
			w.lookupsAgree(s, rng)
		}
	}
}

// lookupsAgree compares the recovered segment's answers with what was written.
func (w *written) lookupsAgree(s *Segment, rng *rand.Rand) {
	w.t.Helper()
	if s.NextOffset() == 0 {
		return
	}
	o := rng.Int64N(s.NextOffset())
	_, h, ok, err := s.PositionOf(o)
	if err != nil || !ok || h.BaseOffset > o || h.LastOffset() < o {
		w.t.Fatalf("position of %d: %+v, %v, %v", o, h, ok, err)
	}
	to, ok, err := s.LookupTime(h.MaxTimestamp)
	if err != nil || !ok || to != w.lookup(h.MaxTimestamp) {
		w.t.Fatalf("lookup of %d: %+v, %v, %v; want %+v", h.MaxTimestamp, to, ok, err, w.lookup(h.MaxTimestamp))
	}
}

// TestRecoverRewritesWhatItKeeps: bytes that a failed sync left in the page cache must be dirtied, or the
// next sync would write nothing.
func TestRecoverRewritesWhatItKeeps(t *testing.T) {
	l := newTornLog(t, 900)
	fsys, ops := vfs.Count(l.mem.CrashClone(vfs.CrashOptions{}))
	s, err := Open(fsys, testDir, 50, testConfig, OpenOptions{Active: true})
	must(t, err)
	before := ops.Bytes(vfs.OpWriteAt)
	_, err = s.Recover(l.durable, nil)
	must(t, err)
	if got, want := ops.Bytes(vfs.OpWriteAt)-before, int64(len(l.log))-l.at; got != want {
		t.Fatalf("%d bytes were written, want the %d of the last two batches", got, want)
	}
}

func TestRecoverNeverCutsWhatIsDurable(t *testing.T) {
	l := newTornLog(t, 900)
	refuse := func(what string, image []byte, from int64) {
		t.Helper()
		c := l.mem.CrashClone(vfs.CrashOptions{})
		putFile(t, c, "00000000000000000050.log", image)
		s, err := Open(c, testDir, 50, testConfig, OpenOptions{Active: true})
		var damage *DamageError
		if err == nil {
			_, err = s.Recover(from, nil)
		}
		if !errors.As(err, &damage) {
			t.Fatalf("%s: %v", what, err)
		}
		if !bytes.Equal(fileBytes(t, c, "00000000000000000050.log"), image) {
			t.Fatalf("%s: the log was changed", what)
		}
	}
	refuse("shorter than what is durable", l.log[:l.at-1], l.durable)
	refuse("nothing left", nil, l.durable)
	refuse("recovery point past the end", l.log, l.NextOffset()+1)
	for _, i := range []int{0, 11} { // where recovery looks
		bad := bytes.Clone(l.log)
		bad[l.pos[i]+16] ^= 4 // the magic byte
		refuse(fmt.Sprint("bad header of batch ", i), bad, l.durable)
	}
	bad := bytes.Clone(l.log) // and where it does not: readers find it
	bad[l.pos[1]+16] ^= 4
	c := l.mem.CrashClone(vfs.CrashOptions{})
	putFile(t, c, "00000000000000000050.log", bad)
	cold := reopen(t, c, 50, OpenOptions{Active: true})
	if report, err := cold.Recover(l.durable, nil); err != nil || report.Cut != 0 {
		t.Fatalf("recovered %+v, %v", report, err)
	}
	var damage *DamageError
	if _, err := cold.Read(l.batches[1].BaseOffset, -1, unlimited, 100, true); !errors.As(err, &damage) {
		t.Fatalf("read of a damaged batch: %v", err)
	}
	s := reopen(t, l.mem.CrashClone(vfs.CrashOptions{}), 50, OpenOptions{Active: true})
	want := errors.New("enough")
	if _, err := s.Recover(50, func(record.Batch) error { return want }); !errors.Is(err, want) {
		t.Fatalf("the visitor's error: %v", err)
	}
}
