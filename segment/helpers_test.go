package segment

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"weir/record"
	"weir/vfs"
)

const testDir = "/data/t-0"

var testConfig = Config{IndexIntervalBytes: 4096, IndexMaxBytes: 10 << 20}

func newMem(t testing.TB) *vfs.Mem {
	t.Helper()
	m := vfs.NewMem()
	must(t, m.MkdirAll(testDir))
	must(t, m.SyncDir("/data"))
	must(t, m.SyncDir("/"))
	return m
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// batch builds records at base, base+1 ... with values of valueBytes bytes and timestamps from ts on, 1 ms
// apart.
func batch(base int64, records, valueBytes int, ts int64) *record.Batch {
	b := record.NewBuilder(record.Options{BaseOffset: base, LeaderEpoch: 3})
	rng := rand.New(rand.NewPCG(uint64(base), 9))
	for i := range records {
		value := make([]byte, valueBytes)
		for j := range value {
			value[j] = byte(rng.Uint32())
		}
		b.Append(ts+int64(i), fmt.Appendf(nil, "k%d", base+int64(i)), value)
	}
	built := b.Build()
	return &built
}

// written is a segment with the batches that are in it.
type written struct {
	*Segment
	t       testing.TB
	fs      vfs.FS
	batches []*record.Batch
	pos     []int64
}

func create(t testing.TB, fsys vfs.FS, base int64, c Config) *written {
	t.Helper()
	s, err := Create(fsys, testDir, base, c)
	must(t, err)
	return &written{Segment: s, t: t, fs: fsys}
}

// add appends a batch at the next offset.
func (w *written) add(records, valueBytes int, ts int64) *record.Batch {
	w.t.Helper()
	b := batch(w.NextOffset(), records, valueBytes, ts)
	pos, err := w.Append(b)
	must(w.t, err)
	w.batches = append(w.batches, b)
	w.pos = append(w.pos, pos)
	return b
}

// fill appends n batches of mixed sizes with ascending timestamps.
func (w *written) fill(n int, seed uint64) {
	w.t.Helper()
	rng := rand.New(rand.NewPCG(seed, 4))
	ts := int64(1_000_000)
	for range n {
		b := w.add(1+rng.IntN(5), 20+rng.IntN(900), ts)
		ts = b.MaxTimestamp + int64(rng.IntN(50))
	}
}

// bytesFrom returns the bytes of all batches from the one that holds offset on.
func (w *written) bytesFrom(offset int64) []byte {
	var out []byte
	for _, b := range w.batches {
		if b.LastOffset() >= offset {
			out = append(out, b.Raw...)
		}
	}
	return out
}

const unlimited = int64(1) << 62

func readBytes(t testing.TB, s *Segment, offset int64, maxBytes int) []byte {
	t.Helper()
	sl, err := s.Read(offset, -1, unlimited, maxBytes, true)
	must(t, err)
	defer sl.Release()
	b, err := sl.Bytes()
	must(t, err)
	return b
}

// checkAll reads from every offset and compares.
func (w *written) checkAll(s *Segment) {
	w.t.Helper()
	all := w.bytesFrom(0)
	for i, b := range w.batches {
		want := all[w.pos[i]:min(len(all), int(w.pos[i])+b.Size()+5000)]
		for o := b.BaseOffset; o <= b.LastOffset(); o++ {
			if got := readBytes(w.t, s, o, b.Size()+5000); !bytes.Equal(got, want) {
				w.t.Fatalf("read from offset %d: %d bytes, want %d (or other bytes)", o, len(got), len(want))
			}
		}
	}
}

func reopen(t testing.TB, fsys vfs.FS, base int64, o OpenOptions) *Segment {
	t.Helper()
	s, err := Open(fsys, testDir, base, testConfig, o)
	must(t, err)
	return s
}

// fileBytes returns the content of a file of testDir.
func fileBytes(t testing.TB, fsys vfs.FS, name string) []byte {
	t.Helper()
	f, err := fsys.Open(testDir + "/" + name)
	must(t, err)
	defer f.Close()
	size, err := f.Size()
	must(t, err)
	b := make([]byte, size)
	if size > 0 {
		_, err = f.ReadAt(b, 0)
		must(t, err)
	}
	return b
}

// putFile replaces a file of testDir.
func putFile(t testing.TB, fsys vfs.FS, name string, b []byte) {
	t.Helper()
	f, err := fsys.Create(testDir + "/" + name)
	must(t, err)
	_, err = f.WriteAt(b, 0)
	must(t, err)
	must(t, f.Sync())
	must(t, f.Close())
}
