package segment

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"weir/vfs"
)

const stem0 = "00000000000000000000"

// sealed writes a sealed segment whose files are on the disk.
func sealed(t testing.TB, batches int, seed uint64) (*written, *vfs.Mem) {
	t.Helper()
	m := newMem(t)
	w := create(t, m, 0, testConfig)
	w.fill(batches, seed)
	must(t, w.Close())
	must(t, m.SyncDir(testDir))
	return w, m
}

// served reads from offset as a consumer does, batch after batch, and returns the bytes up to the end or to
// damage.
func served(t testing.TB, s *Segment, offset int64, maxBytes int) ([]byte, *DamageError) {
	t.Helper()
	var out []byte
	var damage *DamageError
	for {
		sl, err := s.Read(offset, -1, unlimited, maxBytes, true)
		if errors.As(err, &damage) {
			return out, damage
		}
		must(t, err)
		b, err := sl.Bytes()
		must(t, err)
		sl.Release()
		n := 0
		for len(b)-n >= 61 {
			size := 12 + int(uint32(b[n+8])<<24|uint32(b[n+9])<<16|uint32(b[n+10])<<8|uint32(b[n+11]))
			if size > len(b)-n {
				break
			}
			var base int64
			for _, c := range b[n : n+8] {
				base = base<<8 | int64(c)
			}
			offset = base + int64(b[n+23])<<24 + int64(b[n+24])<<16 + int64(b[n+25])<<8 + int64(b[n+26]) + 1
			n += size
		}
		if n == 0 {
			return out, nil
		}
		out = append(out, b[:n]...)
	}
}

// TestNoWrongByteIsServed flips bits all over a segment at rest and reads it through: every byte that is
// served is one that was written, and what is missing is missing because of a DamageError.
func TestNoWrongByteIsServed(t *testing.T) {
	w, m := sealed(t, 30, 6)
	log := fileBytes(t, m, stem0+".log")
	rng := rand.New(rand.NewPCG(7, 7))
	bits := make([]int, 0, 20_000)
	for _, i := range []int{0, 1, 15, 29} { // all of the headers at both ends and in between
		for b := range 61 * 8 {
			bits = append(bits, int(w.pos[i])*8+b)
		}
	}
	for range 1_000 {
		bits = append(bits, rng.IntN(len(log)*8))
	}
	for _, bit := range bits {
		flipped := bytes.Clone(log)
		flipped[bit/8] ^= 1 << (bit % 8)
		c := m.CrashClone(vfs.CrashOptions{})
		putFile(t, c, stem0+".log", flipped)
		s, err := Open(c, testDir, 0, testConfig, OpenOptions{Clean: true, NextOffset: w.NextOffset()})
		var damage *DamageError
		if errors.As(err, &damage) {
			continue
		}
		must(t, err)
		got, damage := served(t, s, 0, 2000+rng.IntN(5000))
		if at := w.batchAt(int64(bit / 8)); w.inEpoch(bit) && (at == 0 || at == w.pos[len(w.pos)-1]) &&
			bytes.Equal(got, flipped) {
			continue // a leader epoch is known only by its neighbours, and this one has but one
		}
		if !bytes.HasPrefix(log, got) {
			t.Fatalf("bit %d: wrong bytes served", bit)
		}
		if len(got) < len(log) && damage == nil {
			t.Fatalf("bit %d: %d of %d bytes served and no error", bit, len(got), len(log))
		}
		if damage == nil {
			t.Fatalf("bit %d: all bytes served, none was seen to be wrong", bit)
		}
		if damage.Position > int64(bit/8) && damage.Position > w.batchAt(int64(bit/8)) {
			t.Fatalf("bit %d: damage is said to be at %d", bit, damage.Position)
		}
	}
}

// inEpoch reports whether the bit is one of a leader epoch, which no checksum covers.
func (w *written) inEpoch(bit int) bool {
	in := int64(bit/8) - w.batchAt(int64(bit/8))
	return in >= 12 && in < 16
}

func (w *written) batchAt(pos int64) int64 {
	at := int64(0)
	for _, p := range w.pos {
		if p <= pos {
			at = p
		}
	}
	return at
}

// TestReadsFromEveryOffsetOfADamagedLog starts at random offsets, where no batch before gives the context.
func TestReadsFromEveryOffsetOfADamagedLog(t *testing.T) {
	w, m := sealed(t, 60, 8)
	log := fileBytes(t, m, stem0+".log")
	rng := rand.New(rand.NewPCG(8, 8))
	for range 600 {
		victim := rng.IntN(len(w.pos))
		bit := int(w.pos[victim])*8 + rng.IntN(61*8)
		if w.inEpoch(bit) {
			continue
		}
		flipped := bytes.Clone(log)
		flipped[bit/8] ^= 1 << (bit % 8)
		c := m.CrashClone(vfs.CrashOptions{})
		putFile(t, c, stem0+".log", flipped)
		s, err := Open(c, testDir, 0, testConfig, OpenOptions{Clean: true, NextOffset: w.NextOffset()})
		if err != nil {
			continue
		}
		for range 5 {
			offset := rng.Int64N(w.NextOffset())
			got, damage := served(t, s, offset, 3000)
			want := w.bytesFrom(offset)
			if !bytes.HasPrefix(want, got) || len(got) < len(want) && damage == nil {
				t.Fatalf("bit %d (batch %d), from offset %d: %d bytes of %d served, damage %v", bit, victim, offset,
					len(got), len(want), damage)
			}
		}
	}
}

// TestLyingIndexes flips every bit of the indexes, and puts other damage in: reads and lookups answer as if
// nothing had happened.
func TestLyingIndexes(t *testing.T) {
	w, m := sealed(t, 120, 9)
	rng := rand.New(rand.NewPCG(9, 9))
	for _, suffix := range []string{".index", ".timeindex"} {
		good := fileBytes(t, m, stem0+suffix)
		if len(good) < 80 {
			t.Fatalf("%s: %d bytes: too few for the test", suffix, len(good))
		}
		var bad [][]byte
		step := 1
		if testing.Short() {
			step = 7
		}
		for bit := 0; bit < len(good)*8; bit += step {
			b := bytes.Clone(good)
			b[bit/8] ^= 1 << (bit % 8)
			bad = append(bad, b)
		}
		page := func(c byte) []byte {
			b := bytes.Clone(good)
			copy(b[24:72], bytes.Repeat([]byte{c}, 48))
			return b
		}
		bad = append(bad, nil, good[:len(good)-1], good[:24], page(0), page(0xFF), make([]byte, len(good)),
			bytes.Repeat([]byte{0xFF}, len(good)), append(bytes.Clone(good), make([]byte, 24_000)...))
		for i, b := range bad {
			c := m.CrashClone(vfs.CrashOptions{})
			putFile(t, c, stem0+suffix, b)
			w.answersRight(t, c, OpenOptions{Clean: true}, rng, fmt.Sprintf("%s, damage %d", suffix, i))
		}
		c := m.CrashClone(vfs.CrashOptions{})
		must(t, c.Remove(testDir+"/"+stem0+suffix))
		w.answersRight(t, c, OpenOptions{Clean: true}, rng, suffix+" missing")
		w.answersRight(t, c, OpenOptions{Active: true, Clean: true}, rng, suffix+" missing, active")
	}
}

func (w *written) answersRight(t *testing.T, fsys vfs.FS, o OpenOptions, rng *rand.Rand, what string) {
	t.Helper()
	s, err := Open(fsys, testDir, 0, testConfig, o)
	if err != nil {
		t.Fatalf("%s: open: %v", what, err)
	}
	defer s.Retire()
	last := w.batches[len(w.batches)-1]
	if s.MaxTimestamp() != (TimestampOffset{last.MaxTimestamp, last.LastOffset()}) {
		t.Fatalf("%s: max timestamp %+v", what, s.MaxTimestamp())
	}
	for range 4 {
		b := w.batches[rng.IntN(len(w.batches))]
		if got := readBytes(t, s, b.BaseOffset, b.Size()); !bytes.Equal(got, b.Raw) {
			t.Fatalf("%s: other bytes for offset %d", what, b.BaseOffset)
		}
		sl, err := s.Read(b.BaseOffset, -1, math.MaxInt64, b.Size(), true)
		must(t, err)
		if after, ok := s.After(sl); ok && after <= b.LastOffset() {
			t.Fatalf("%s: offset %d is said to come after the batch that ends with %d", what, after, b.LastOffset())
		}
		sl.Release()
		got, ok, err := s.LookupTime(b.MaxTimestamp)
		if err != nil || !ok || got != w.lookup(b.MaxTimestamp) {
			t.Fatalf("%s: lookup of %d: %+v, %v, %v; want %+v", what, b.MaxTimestamp, got, ok, err,
				w.lookup(b.MaxTimestamp))
		}
	}
}

// lookup is LookupTime by looking at everything.
func (w *written) lookup(ts int64) TimestampOffset {
	for _, b := range w.batches {
		if b.MaxTimestamp < ts {
			continue
		}
		for r := range b.Records(1 << 20) {
			if r.Timestamp >= ts {
				return TimestampOffset{r.Timestamp, r.Offset}
			}
		}
	}
	return TimestampOffset{}
}

// TestLyingIndexIsMended makes sure that the search does not go through the whole log each time.
func TestLyingIndexIsMended(t *testing.T) {
	w, m := sealed(t, 200, 10)
	good := fileBytes(t, m, stem0+".index")
	bad := bytes.Clone(good)
	for i := 4; i < len(bad)-8; i += 8 { // every position but the newest, which is looked at when opened
		bad[i+3] ^= 1
	}
	putFile(t, m, stem0+".index", bad)
	s := reopen(t, m, 0, OpenOptions{Clean: true})
	b := w.batches[100]
	if got := readBytes(t, s, b.BaseOffset, b.Size()); !bytes.Equal(got, b.Raw) {
		t.Fatal("other bytes")
	}
	if !bytes.Equal(fileBytes(t, m, stem0+".index"), good) {
		t.Fatal("the index was not rebuilt")
	}
}

func TestVerifiedOnce(t *testing.T) {
	w, m := sealed(t, 100, 11)
	counted, ops := vfs.Count(m)
	s, err := Open(counted, testDir, 0, testConfig, OpenOptions{Clean: true})
	must(t, err)
	read := func() int64 {
		before := ops.Bytes(vfs.OpReadAt)
		sl, err := s.Read(0, -1, unlimited, math.MaxInt32, true)
		must(t, err)
		sl.Release()
		return ops.Bytes(vfs.OpReadAt) - before
	}
	if first := read(); first < w.Size() {
		t.Fatalf("first read looked at %d of %d bytes", first, w.Size())
	}
	if second := read(); second > 20_000 {
		t.Fatalf("second read looked at %d bytes", second)
	}
	// In pieces that end within batches, from the middle on, all is seen once and remembered as one range.
	s, err = Open(counted, testDir, 0, testConfig, OpenOptions{Clean: true})
	must(t, err)
	for _, from := range []int64{w.batches[60].BaseOffset, w.batches[20].BaseOffset, 0} {
		if got, damage := served(t, s, from, 3333); damage != nil || !bytes.Equal(got, w.bytesFrom(from)) {
			t.Fatalf("from %d: %d bytes, %v", from, len(got), damage)
		}
	}
	if v := s.cold.verified; len(v) != 1 || v[0] != (span{0, w.Size()}) {
		t.Fatalf("verified: %v", v)
	}
}

func TestColdSpans(t *testing.T) {
	rng := rand.New(rand.NewPCG(12, 12))
	for range 200 {
		var c coldBytes
		const n = 200
		c.end.Store(n)
		var seen [n]bool
		for range 30 {
			from := rng.Int64N(n)
			to := min(n, from+rng.Int64N(20))
			c.add(from, to)
			for i := from; i < to; i++ {
				seen[i] = true
			}
			if rng.IntN(20) == 0 {
				cut := rng.Int64N(n)
				c.cut(cut)
				for i := cut; i < n; i++ {
					seen[i] = false
				}
				c.end.Store(n) // so that the test goes on
			}
			for pos := range int64(n) {
				want := pos
				for want < n && seen[want] {
					want++
				}
				if got := c.known(pos); got != want {
					t.Fatalf("known(%d) = %d; want %d; %v", pos, got, want, c.verified)
				}
			}
		}
	}
	var c coldBytes
	c.end.Store(1 << 40)
	for i := range int64(1000) {
		c.add(i*10, i*10+1+i%5)
	}
	if len(c.verified) > maxVerified {
		t.Fatalf("%d ranges are kept", len(c.verified))
	}
}
