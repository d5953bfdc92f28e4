package segment

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"

	"weir/record"
	"weir/vfs"
)

func atOnce(int) error { return nil }

// text appends n batches that compress, of mixed sizes; some are larger than a frame of 2 KiB.
func (w *written) text(n int, seed uint64) {
	w.t.Helper()
	rng := rand.New(rand.NewPCG(seed, 5))
	for i := range n {
		b := record.NewBuilder(record.Options{BaseOffset: w.NextOffset(), LeaderEpoch: 3})
		for range 1 + rng.IntN(30) {
			b.Append(1000+int64(i)*7+int64(rng.IntN(20)), []byte("key"), fmt.Appendf(nil, "value %d of a kind that compresses well",
				rng.IntN(1000)))
		}
		if i%17 == 9 {
			b.Append(1000, nil, bytes.Repeat([]byte("large "), 1200))
		}
		x := b.Build()
		pos, err := w.Append(&x)
		must(w.t, err)
		w.batches, w.pos = append(w.batches, &x), append(w.pos, pos)
	}
}

// smallFrames makes every path of the frames be taken.
var smallFrames = Compression{Level: 3, FrameBytes: 2 << 10}

// compressed makes a sealed segment of which the .log is compressed, and keeps what was written.
func compressed(t testing.TB, fsys vfs.FS, batches int) *written {
	t.Helper()
	w := create(t, fsys, 100, testConfig)
	w.text(batches, 1)
	must(t, w.Seal())
	w.toFrames(smallFrames)
	return w
}

func (w *written) toFrames(c Compression) {
	w.t.Helper()
	st, err := w.Compress(c, atOnce)
	must(w.t, err)
	replaced, err := st.Adopt()
	must(w.t, err)
	must(w.t, w.fs.Remove(replaced))
}

func (w *written) toPlain() {
	w.t.Helper()
	st, err := w.Expand(atOnce)
	must(w.t, err)
	replaced, err := st.Adopt()
	must(w.t, err)
	must(w.t, w.fs.Remove(replaced))
}

const (
	plainName  = "00000000000000000100.log"
	framesName = plainName + CompressedSuffix
)

// TestAnyToolDecompresses: a decoder that knows nothing of seek tables gives the plain file.
func TestAnyToolDecompresses(t *testing.T) {
	m := newMem(t)
	w := compressed(t, m, 60)
	d, err := zstd.NewReader(bytes.NewReader(fileBytes(t, m, framesName)))
	must(t, err)
	defer d.Close()
	got, err := io.ReadAll(d)
	must(t, err)
	if !bytes.Equal(got, w.bytesFrom(0)) {
		t.Fatalf("got %d bytes; want %d, or other ones", len(got), len(w.bytesFrom(0)))
	}
}

func TestThereAndBack(t *testing.T) {
	m := newMem(t)
	w := create(t, m, 100, testConfig)
	w.text(80, 1)
	must(t, w.Seal())
	plain := fileBytes(t, m, plainName)
	mod, err := w.ModTime()
	must(t, err)
	w.toFrames(smallFrames)
	w.checkAll(w.Segment)
	if w.StoredSize() >= w.Size() || int(w.Size()) != len(plain) || int(w.StoredSize()) != len(fileBytes(t, m, framesName)) {
		t.Errorf("%d bytes on disk of %d", w.StoredSize(), w.Size())
	}
	s := reopen(t, m, 100, OpenOptions{Clean: true})
	w.checkAll(s)
	if got, err := s.ModTime(); err != nil || got.UnixMilli() != mod.UnixMilli() || s.MaxTimestamp() != w.MaxTimestamp() ||
		s.FirstTimestamp() != w.FirstTimestamp() || s.NextOffset() != w.NextOffset() || s.Size() != w.Size() ||
		s.StoredSize() != w.StoredSize() || !s.Compressed() {
		t.Errorf("opened again it differs: modified %v, want %v (%v)", got, mod, err)
	}
	must(t, s.Close())
	w.toPlain()
	w.checkAll(w.Segment)
	if got := fileBytes(t, m, plainName); !bytes.Equal(got, plain) {
		t.Fatalf("expanded: %d bytes; want %d, or other ones", len(got), len(plain))
	}
}

// TestFrameTwin asks a compressed segment and its plain twin the same, at random.
func TestFrameTwin(t *testing.T) {
	plain := create(t, newMem(t), 100, testConfig)
	plain.text(120, 1)
	must(t, plain.Seal())
	twin := compressed(t, newMem(t), 120)
	rng := rand.New(rand.NewPCG(1, 1))
	for range 1500 {
		offset, limitOffset := 90+rng.Int64N(plain.NextOffset()), 100+rng.Int64N(plain.NextOffset())
		limit, most, minOne := int64(-1), rng.IntN(20_000), rng.IntN(2) == 0
		if rng.IntN(3) == 0 {
			limit = plain.pos[rng.IntN(len(plain.pos))]
		}
		want, wantErr := plain.Read(offset, limit, limitOffset, most, minOne)
		got, err := twin.Read(offset, limit, limitOffset, most, minOne)
		must(t, errors.Join(wantErr, err))
		a, err := want.Bytes()
		must(t, err)
		b := sent(t, got)
		if !bytes.Equal(a, b) || want.FirstOffset() != got.FirstOffset() || want.End() != got.End() {
			t.Fatalf("Read(%d, %d, %d, %d, %v): %d bytes from %d; want %d from %d", offset, limit, limitOffset, most, minOne,
				len(b), got.FirstOffset(), len(a), want.FirstOffset())
		}
		want.Release()
		got.Release()
		ts := 900 + rng.Int64N(1000)
		at, ok, err := plain.LookupTime(ts)
		must(t, err)
		at2, ok2, err := twin.LookupTime(ts)
		must(t, err)
		if at != at2 || ok != ok2 {
			t.Fatalf("LookupTime(%d): %+v %v; want %+v %v", ts, at2, ok2, at, ok)
		}
	}
}

// sent gives what a slice sends to a connection.
func sent(t testing.TB, s Slice) []byte {
	t.Helper()
	near, far := net.Pipe()
	got := make(chan []byte)
	go func() {
		b, _ := io.ReadAll(far)
		got <- b
	}()
	n, err := s.SendTo(near)
	must(t, err)
	must(t, near.Close())
	b := <-got
	if int(n) != len(b) || len(b) != s.Len() {
		t.Fatalf("sent %d bytes, %d came, the slice has %d", n, len(b), s.Len())
	}
	return b
}

// TestReadersWhileTheFormChanges: slices that are out and reads that begin get the same bytes, whichever form is in use.
func TestReadersWhileTheFormChanges(t *testing.T) {
	w := create(t, newMem(t), 100, testConfig)
	w.text(60, 1)
	must(t, w.Seal())
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for seed := range uint64(4) {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, 1))
			for {
				select {
				case <-stop:
					return
				default:
				}
				i := rng.IntN(len(w.batches))
				sl, err := w.Read(w.batches[i].BaseOffset, -1, unlimited, 5000, true)
				if err != nil {
					t.Error(err)
					return
				}
				all := w.bytesFrom(w.batches[i].BaseOffset)
				got, err := sl.Bytes()
				if err != nil || !bytes.Equal(got, all[:len(got)]) || len(got) == 0 {
					t.Errorf("read of batch %d: %d bytes, %v", i, len(got), err)
				}
				sl.Release()
				if rng.IntN(20) == 0 {
					if err := w.CloseIdle(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	for range 6 {
		w.toFrames(smallFrames)
		w.toPlain()
	}
	close(stop)
	wg.Wait()
}

// TestSequentialReadsDecompressOnce: the frames of a segment that is read from end to end are each read from the disk
// once to be checked and once to be sent.
func TestSequentialReadsDecompressOnce(t *testing.T) {
	w := compressed(t, newMem(t), 200)
	fsys, counts := vfs.Count(w.fs)
	s, err := Open(fsys, testDir, 100, testConfig, OpenOptions{Clean: true})
	must(t, err)
	must(t, s.CloseIdle())
	before := counts.Bytes(vfs.OpReadAt)
	for i := 0; i < len(w.batches); {
		sl, err := s.Read(w.batches[i].BaseOffset, -1, unlimited, 6000, true)
		must(t, err)
		_, err = sl.Bytes()
		must(t, err)
		for i < len(w.batches) && w.pos[i]+int64(w.batches[i].Size()) <= sl.End() {
			i++
		}
		sl.Release()
	}
	read := counts.Bytes(vfs.OpReadAt) - before
	index := int64(s.offsets.Count() * 8 * 200) // looked up at every read
	if most := 2*s.StoredSize() + tailBytes(int64(maxFrames))/100 + index; read > most {
		t.Errorf("%d bytes are read of a file of %d, read once from end to end; want at most %d", read, s.StoredSize(), most)
	}
}

func TestNotWorthwhile(t *testing.T) {
	m := newMem(t)
	w := create(t, m, 100, testConfig)
	w.fill(100, 2) // random bytes
	must(t, w.Seal())
	_, err := w.Compress(smallFrames, atOnce)
	if !errors.Is(err, ErrNotSmaller) {
		t.Fatalf("got %v; want ErrNotSmaller", err)
	}
	names, err := m.List(testDir)
	must(t, err)
	if len(names) != 4-1 { // no transactions
		t.Errorf("there are %v", names)
	}
	w.checkAll(w.Segment)
}

// TestPaceEndsTheWork: nothing is left behind, in either direction.
func TestPaceEndsTheWork(t *testing.T) {
	enough := errors.New("enough")
	m := newMem(t)
	w := create(t, m, 100, testConfig)
	w.text(60, 1)
	must(t, w.Seal())
	for _, change := range []func(func(int) error) (*Staged, error){
		func(pace func(int) error) (*Staged, error) { return w.Compress(smallFrames, pace) }, w.Expand,
	} {
		n := 0
		_, err := change(func(int) error {
			if n++; n == 4 {
				return enough
			}
			return nil
		})
		if !errors.Is(err, enough) {
			t.Fatalf("got %v; want the pace's error", err)
		}
		if names, err := m.List(testDir); err != nil || len(names) != 3 {
			t.Fatalf("there are %v, %v", names, err)
		}
		w.checkAll(w.Segment)
		if !w.Compressed() {
			w.toFrames(smallFrames)
		}
	}
}

// TestDamageIsNotCompressed: a bad batch is found before the file that has it could go.
func TestDamageIsNotCompressed(t *testing.T) {
	for _, at := range []int{3, 17, 30, 70, 5000} {
		m := newMem(t)
		w := create(t, m, 100, testConfig)
		w.text(60, 1)
		must(t, w.Seal())
		b := fileBytes(t, m, plainName)
		b[at] ^= 1
		putFile(t, m, plainName, b)
		_, err := w.Compress(smallFrames, atOnce)
		var damage *DamageError
		if !errors.As(err, &damage) {
			t.Errorf("byte %d: got %v; want a DamageError", at, err)
		}
	}
}

// TestRecoverCompressed: recovery reads it, visits its batches, and cuts nothing.
func TestRecoverCompressed(t *testing.T) {
	w := compressed(t, newMem(t), 60)
	for _, from := range []int64{0, 100, w.batches[30].BaseOffset, w.NextOffset()} {
		s := reopen(t, w.fs, 100, OpenOptions{Active: true})
		var visited int
		report, err := s.Recover(from, func(record.Batch) error { visited++; return nil })
		must(t, err)
		if report.Cut != 0 || report.ValidEnd != w.Size() || report.NextOffset != w.NextOffset() {
			t.Errorf("from %d: %+v", from, report)
		}
		if from <= 100 && visited != len(w.batches) || from == w.NextOffset() && visited != 0 {
			t.Errorf("from %d: %d batches visited", from, visited)
		}
		w.checkAll(s)
		if _, err := s.Append(batch(s.NextOffset(), 1, 10, 1)); !errors.Is(err, ErrSealed) {
			t.Errorf("append: %v; want ErrSealed", err)
		}
		if err := s.Truncate(110); !errors.Is(err, ErrSealed) {
			t.Errorf("truncate: %v; want ErrSealed", err)
		}
		must(t, s.Seal())
		must(t, s.Close())
	}
}
