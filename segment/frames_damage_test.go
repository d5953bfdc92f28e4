package segment

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/zstd"

	"weir/vfs"
)

// TestHarmedFrames flips every bit of the tail of a compressed file and many of its frames, cuts it, and empties sectors
// of it: what is served is right, or a DamageError is.
func TestHarmedFrames(t *testing.T) {
	w := compressed(t, newMem(t), 40)
	whole := fileBytes(t, w.fs, framesName)
	table, err := readSeekTable(bytes.NewReader(whole), int64(len(whole)), 100)
	must(t, err)
	rng := rand.New(rand.NewPCG(3, 3))
	var harms [][]byte
	flip := func(bit int) {
		b := bytes.Clone(whole)
		b[bit/8] ^= 1 << (bit % 8)
		harms = append(harms, b)
	}
	for i := range table.frames { // header, first block, end of each frame
		from, to := table.place(i)
		for bit := 8 * from; bit < 8*min(from+16, to); bit += 7 {
			flip(int(bit))
		}
		for bit := 8 * (to - 5); bit < 8*to; bit += 7 {
			flip(int(bit))
		}
		flip(int(8*from + rng.Int64N(8*(to-from))))
	}
	for bit := int(8 * table.stored); bit < 8*len(whole); bit += 9 {
		flip(bit)
	}
	for range 100 {
		harms = append(harms, whole[:rng.IntN(len(whole))])
		b := bytes.Clone(whole)
		at := rng.IntN(len(b))
		clear(b[at:min(at+512, len(b))])
		harms = append(harms, b)
	}
	harms = append(harms, append(bytes.Clone(whole), 0), append(bytes.Clone(whole), whole...), nil, bytes.Repeat([]byte{0xff}, 4096))
	harmless := 0
	for i, b := range harms {
		m := newMem(t)
		putFile(t, m, framesName, b)
		err := w.judge(m)
		var damage *DamageError
		switch {
		case err == nil:
			harmless++
		case !errors.As(err, &damage):
			t.Errorf("harm %d: %v; want a DamageError", i, err)
		}
	}
	if harmless > len(harms)/50 { // the checksum that each frame has at its end for other tools
		t.Errorf("%d of %d harms were not noticed", harmless, len(harms))
	}
}

// judge opens what is there and reads all of it, with recovery and without.
func (w *written) judge(m *vfs.Mem) error {
	for _, clean := range []bool{true, false} {
		s, err := Open(m, testDir, 100, testConfig, OpenOptions{Clean: clean, Active: !clean})
		if err != nil {
			return err
		}
		if !clean {
			if _, err := s.Recover(100, nil); err != nil {
				return err
			}
		}
		for i := range w.batches {
			sl, err := s.Read(w.batches[i].BaseOffset, -1, unlimited, 9000, true)
			if err != nil {
				return err
			}
			got, err := sl.Bytes()
			if err != nil {
				return fmt.Errorf("promised, then not sent: %w", err)
			}
			if !bytes.HasPrefix(w.bytesFrom(w.batches[i].BaseOffset), got) {
				return fmt.Errorf("WRONG bytes served from batch %d on", i)
			}
			sl.Release()
		}
		if err := s.Close(); err != nil {
			return err
		}
	}
	return nil
}

// TestRotSincePromised: a frame that goes bad after it was checked breaks the connection, and the read after that
// finds the damage.
func TestRotSincePromised(t *testing.T) {
	w := compressed(t, newMem(t), 60)
	sl, err := w.Read(100, -1, unlimited, 100_000, true)
	must(t, err)
	b := fileBytes(t, w.fs, framesName)
	f, err := w.fs.OpenReadWrite(testDir + "/" + framesName)
	must(t, err)
	table, err := readSeekTable(bytes.NewReader(b), int64(len(b)), 100)
	must(t, err)
	at, _ := table.place(len(table.frames) / 2)
	_, err = f.WriteAt([]byte{b[at+9] ^ 1}, at+9)
	must(t, err)
	var damage *DamageError
	if _, err := sl.Bytes(); !errors.As(err, &damage) {
		t.Fatalf("the slice gave %v; want a DamageError", err)
	}
	sl.Release()
	from, _ := table.plain(len(table.frames) / 2)
	if _, err := w.Read(w.offsetAt(from), -1, unlimited, 100, true); !errors.As(err, &damage) {
		t.Fatalf("the next read gave %v; want a DamageError", err)
	}
}

// offsetAt is the first offset of the batch that holds a position.
func (w *written) offsetAt(pos int64) int64 {
	for i, p := range w.pos {
		if pos < p+int64(w.batches[i].Size()) {
			return w.batches[i].BaseOffset
		}
	}
	return w.NextOffset()
}

func FuzzSeekTable(f *testing.F) {
	w := compressed(f, newMem(f), 30)
	b := fileBytes(f, w.fs, framesName)
	f.Add(b)
	f.Add(b[len(b)-int(tailBytes(1)):])
	f.Add(bytes.Repeat([]byte{0xff}, 200))
	f.Fuzz(func(t *testing.T, b []byte) {
		table, err := readSeekTable(bytes.NewReader(b), int64(len(b)), 100)
		if err != nil {
			return
		}
		if tail := table.encode(); !bytes.Equal(tail, b[len(b)-len(tail):]) {
			t.Error("a table that is taken is not the one that would be written")
		}
		for i := range table.frames {
			from, to := table.place(i)
			first, end := table.plain(i)
			if from >= to || to > int64(len(b)) || end-first > maxFrameBytes || first >= end || table.find(first) != i {
				t.Fatalf("frame %d lies at %d to %d of %d, plain at %d to %d", i, from, to, len(b), first, end)
			}
		}
	})
}

func FuzzDecodeFrame(f *testing.F) {
	e, err := zstd.NewWriter(nil, zstd.WithSingleSegment(true))
	must(f, err)
	for _, plain := range [][]byte{bytes.Repeat([]byte("plain"), 300), bytes.Repeat([]byte{0}, 1<<20), []byte("x")} {
		f.Add(e.EncodeAll(plain, nil), len(plain), frameSum(plain))
	}
	f.Fuzz(func(t *testing.T, stored []byte, n int, sum uint32) {
		if n < 1 || n > maxFrameBytes || len(stored) > maxStoredBytes {
			return // the seek table has refused it
		}
		plain := make([]byte, n, n+decodeSlack)
		if err := decodeFrame(stored, plain, sum); err == nil && frameSum(plain) != sum {
			t.Error("bytes with another checksum were taken")
		}
	})
}
