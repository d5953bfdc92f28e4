package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"weir/metadata"
	"weir/vfs"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// commit writes the round and makes it durable.
func commit(t testing.TB, j *Journal) {
	t.Helper()
	u, err := j.Write()
	must(t, err)
	must(t, u.Sync())
}

func part(n int32) metadata.PartitionID { return metadata.PartitionID{Index: n} }

// content is what the i-th entry holds: lengths of all remainders.
func content(i int) []byte { return bytes.Repeat([]byte{byte(i)}, 1+i*37%3000) }

// add puts the i-th entry, of partition i%5, into the round.
func add(t testing.TB, j *Journal, i int) bool {
	t.Helper()
	b := content(i)
	e := Entry{Partition: part(int32(i % 5)), Segment: int64(i / 50), Position: int64(i), End: int64(i + 1)}
	ok, err := j.Add(e, len(b), func(p []byte) bool { return copy(p, b) == len(b) })
	must(t, err)
	return ok
}

func open(t testing.TB, size int64) (*vfs.Mem, *Journal) {
	t.Helper()
	m := vfs.NewMem()
	must(t, vfs.MakeDirs(m, "/d"))
	j, err := Create(m, "/d", size)
	must(t, err)
	return m, j
}

// entries returns which entries are read back, and makes sure that they are what was written.
func entries(t testing.TB, fsys vfs.FS) map[int]bool {
	t.Helper()
	c, err := Read(fsys, "/d")
	must(t, err)
	defer c.Close()
	got := map[int]bool{}
	for id, all := range c.Entries {
		last := int64(-1)
		for _, f := range all {
			i := int(f.Position)
			b, err := f.Data()
			must(t, err)
			want := Entry{Partition: part(int32(i % 5)), Segment: int64(i / 50), Position: int64(i), End: int64(i + 1)}
			if f.Entry != want || id != want.Partition || !bytes.Equal(b, content(i)) || f.Position <= last {
				t.Fatalf("read %+v with %d bytes after %d; want %+v", f.Entry, len(b), last, want)
			}
			last = f.Position
			got[i] = true
		}
	}
	return got
}

// TestRoundsAreReadBack writes rounds over both files, begun anew several times, and crashes after each: at least
// the entries since the last switch but one are there, and none from before it.
func TestRoundsAreReadBack(t *testing.T) {
	m, j := open(t, minFileBytes)
	n, first := 0, [2]int{} // of the file that takes entries, and of the one before
	for round := range 120 {
		if j.Full() {
			j.Switch()
			first = [2]int{n, first[0]}
		}
		began := n
		j.Begin()
		for range 1 + round%7 {
			if !add(t, j, n) {
				t.Fatalf("round %d: no room, but it is not full", round)
			}
			n++
		}
		lost := entries(t, m.CrashClone(vfs.CrashOptions{}))
		commit(t, j)
		left := entries(t, m.CrashClone(vfs.CrashOptions{}))
		for i := range n {
			if want := i >= first[1]; left[i] != want {
				t.Fatalf("round %d, entry %d of %d: %v; the files begin with %v", round, i, n, left[i], first)
			}
			if i >= first[1] && i < began && began > first[0] && !lost[i] {
				t.Fatalf("round %d: entry %d was durable and is gone while the next round is written", round, i)
			}
		}
	}
	if first[1] == 0 {
		t.Fatal("the files were not begun anew")
	}
}

// TestOldGenerationsAreNotRead begins a file anew and crashes when only part of it is overwritten.
func TestOldGenerationsAreNotRead(t *testing.T) {
	m, j := open(t, minFileBytes)
	for i := range 20 {
		j.Begin()
		add(t, j, i)
		commit(t, j)
	}
	j.Switch()
	j.Switch()
	j.Begin()
	add(t, j, 20)
	commit(t, j)
	if got := entries(t, m); len(got) != 1 || !got[20] {
		t.Fatalf("read %v; want the one entry of this generation", got)
	}
}

func TestFences(t *testing.T) {
	m, j := open(t, minFileBytes)
	fence := func(n int32) {
		ok, err := j.Add(Entry{Partition: part(n), Fence: true}, 0, func([]byte) bool { return true })
		must(t, err)
		if !ok {
			t.Fatal("no room for a fence")
		}
	}
	j.Begin()
	for i := range 10 {
		add(t, j, i)
	}
	commit(t, j)
	j.Switch()
	j.Begin()
	fence(3)
	commit(t, j)
	j.Begin()
	add(t, j, 13)
	commit(t, j)
	if got := entries(t, m); len(got) != 9 || got[3] || got[8] || !got[13] {
		t.Fatalf("read %v; want all but 3 and 8", got)
	}
	for i := 15; add(t, j, i); i += 5 {
	}
	j.Begin()
	fence(0)
	commit(t, j)
	for i := range entries(t, m) {
		if i%5 == 0 {
			t.Fatalf("entry %d of a fenced partition", i)
		}
	}
}

// TestDamagedFiles flips bits of the first pages and cuts the file in many places: what is read is what was
// written, up to some entry.
func TestDamagedFiles(t *testing.T) {
	m, j := open(t, minFileBytes)
	for i := range 6 {
		j.Begin()
		add(t, j, i)
		commit(t, j)
	}
	prefix := func(what string, fsys vfs.FS) {
		t.Helper()
		got := entries(t, fsys)
		for i := range 6 {
			if got[i] && i > 0 && !got[i-1] {
				t.Fatalf("%s: read %v, not a prefix", what, got)
			}
		}
	}
	name := "/d/" + Files[0]
	for bit := int64(0); bit < 8*(2*pageBytes+200); bit += 29 {
		c := m.CrashClone(vfs.CrashOptions{})
		f, err := c.OpenReadWrite(name)
		must(t, err)
		b := make([]byte, 1)
		_, err = f.ReadAt(b, bit/8)
		must(t, err)
		b[0] ^= 1 << (bit % 8)
		_, err = f.WriteAt(b, bit/8)
		must(t, err)
		prefix(fmt.Sprintf("bit %d", bit), c)
	}
	for size := int64(0); size < 6*pageBytes; size += 61 {
		c := m.CrashClone(vfs.CrashOptions{})
		f, err := c.OpenReadWrite(name)
		must(t, err)
		must(t, f.Truncate(size))
		prefix(fmt.Sprintf("cut to %d", size), c)
	}
}

func TestRemove(t *testing.T) {
	m, j := open(t, minFileBytes)
	must(t, j.Close())
	must(t, Remove(m, "/d"))
	must(t, Remove(m, "/d"))
	for _, name := range Files {
		if _, err := m.CrashClone(vfs.CrashOptions{}).Stat("/d/" + name); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if got := entries(t, m); len(got) != 0 {
		t.Fatalf("read %v from nothing", got)
	}
}

func FuzzRead(f *testing.F) {
	m := vfs.NewMem()
	_ = m.MkdirAll("/d")
	j, err := Create(m, "/d", minFileBytes)
	must(f, err)
	for i := range 3 {
		j.Begin()
		add(f, j, i)
		commit(f, j)
	}
	file, err := m.Open("/d/" + Files[0])
	must(f, err)
	raw := make([]byte, 3*pageBytes)
	_, err = file.ReadAt(raw, 0)
	must(f, err)
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := vfs.NewMem()
		must(t, m.MkdirAll("/d"))
		file, err := m.Create("/d/" + Files[1])
		must(t, err)
		_, err = file.WriteAt(raw, 0)
		must(t, err)
		c, err := Read(m, "/d")
		must(t, err)
		defer c.Close()
		for _, all := range c.Entries {
			for _, e := range all {
				if b, err := e.Data(); err != nil || len(b) != e.Len() {
					t.Fatalf("%d bytes of %d, %v", len(b), e.Len(), err)
				}
			}
		}
	})
}
