package vfs

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"testing"
)

// shadow is what a Mem must hold, kept in the plainest way.
type shadow struct{ now, synced map[string][]byte }

func readAll(t *testing.T, fsys FS, name string) []byte {
	t.Helper()
	f, err := fsys.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, size)
	if n, err := f.ReadAt(b, 0); n < len(b) {
		t.Fatalf("read %s: %d of %d: %v", name, n, size, err)
	}
	return b
}

// TestCrashLosesExactlyWhatWasNotSynced is the control for every crash test of the house: a file system
// that loses too little proves nothing, one that loses too much blames the innocent.
func TestCrashLosesExactlyWhatWasNotSynced(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { crashRun(t, rand.New(rand.NewPCG(seed, 1))) })
	}
}

func crashRun(t *testing.T, rng *rand.Rand) {
	m := NewMem()
	sh := shadow{map[string][]byte{}, map[string][]byte{}}
	files := map[string]File{}
	for _, name := range []string{"/a", "/b"} {
		f, err := m.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = f
	}
	if err := m.SyncDir("/"); err != nil {
		t.Fatal(err)
	}
	for range 150 {
		name := []string{"/a", "/b"}[rng.IntN(2)]
		switch f, was := files[name], sh.now[name]; rng.IntN(8) {
		case 0, 1, 2, 3:
			p := make([]byte, 1+rng.IntN(3000))
			for i := range p {
				p[i] = byte(rng.Uint32())
			}
			off := rng.IntN(len(was) + 2000)
			if n, err := f.WriteAt(p, int64(off)); n != len(p) || err != nil {
				t.Fatal(n, err)
			}
			sh.now[name] = overlay(was, p, off)
		case 4:
			size := rng.IntN(len(was) + 1000)
			if err := f.Truncate(int64(size)); err != nil {
				t.Fatal(err)
			}
			sh.now[name] = resize(was, size)
		case 5:
			if err := f.Sync(); err != nil {
				t.Fatal(err)
			}
			sh.synced[name] = was
		default:
			checkClones(t, m, sh, rng)
		}
	}
	checkClones(t, m, sh, rng)
}

func overlay(was, p []byte, off int) []byte {
	b := resize(was, max(len(was), off+len(p)))
	copy(b[off:], p)
	return b
}

func resize(was []byte, size int) []byte {
	b := make([]byte, size)
	copy(b, was)
	return b
}

func checkClones(t *testing.T, m *Mem, sh shadow, rng *rand.Rand) {
	t.Helper()
	none, all := m.CrashClone(CrashOptions{}), m.CrashClone(CrashOptions{UnsyncedPercent: 100})
	some := m.CrashClone(CrashOptions{UnsyncedPercent: 1 + rng.IntN(99), Rand: rng})
	again := some.CrashClone(CrashOptions{}) // in a clone everything is on the disk
	for name := range sh.now {
		if !bytes.Equal(readAll(t, m, name), sh.now[name]) {
			t.Fatalf("%s: the running file system was changed", name)
		}
		if !bytes.Equal(readAll(t, none, name), sh.synced[name]) {
			t.Fatalf("%s: 0 %%: not exactly what was synced", name)
		}
		if !bytes.Equal(readAll(t, all, name), sh.now[name]) {
			t.Fatalf("%s: 100 %%: something was lost", name)
		}
		got := readAll(t, some, name)
		if !bytes.Equal(got, readAll(t, again, name)) {
			t.Fatalf("%s: a crash of the clone lost something", name)
		}
		checkMix(t, name, got, sh.now[name], sh.synced[name])
	}
	// What the clone writes must not reach the original, nor its other clones.
	f, err := all.OpenReadWrite("/a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(bytes.Repeat([]byte{0xEE}, 5000), 100); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(readAll(t, m, "/a"), sh.now["/a"]) || !bytes.Equal(readAll(t, none, "/a"), sh.synced["/a"]) {
		t.Fatal("a write to a clone is seen elsewhere")
	}
}

// checkMix requires a size between the two and every sector to come from one of them.
func checkMix(t *testing.T, name string, got, now, synced []byte) {
	t.Helper()
	if lo, hi := min(len(now), len(synced)), max(len(now), len(synced)); len(got) < lo || len(got) > hi {
		t.Fatalf("%s: %d bytes after the crash, %d before, %d synced", name, len(got), len(now), len(synced))
	}
	for at := 0; at < len(got); at += memSectorBytes {
		end := min(at+memSectorBytes, len(got))
		want := func(b []byte) []byte { return resize(b, max(len(b), end))[at:end] }
		if s := got[at:end]; !bytes.Equal(s, want(now)) && !bytes.Equal(s, want(synced)) {
			t.Fatalf("%s: sector at %d is neither the old nor the new one", name, at)
		}
	}
}

func TestCrashForgetsNamesUntilTheDirectoryIsSynced(t *testing.T) {
	m := NewMem()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, s string) {
		t.Helper()
		f, err := m.Create(name)
		must(err)
		_, err = f.WriteAt([]byte(s), 0)
		must(errors.Join(err, f.Sync(), f.Close()))
	}
	list := func(percent int, want ...string) {
		t.Helper()
		got, err := m.CrashClone(CrashOptions{UnsyncedPercent: percent}).List("/d")
		if err != nil && !errors.Is(err, fs.ErrNotExist) || !slices.Equal(got, want) {
			t.Fatalf("%d %%: got %v, %v; want %v", percent, got, err, want)
		}
	}
	must(m.MkdirAll("/d"))
	write("/d/old", "old")
	list(0)
	list(100, "old")
	must(m.SyncDir("/d"))
	list(0) // /d itself is not in a synced directory
	must(m.SyncDir("/"))
	list(0, "old")

	write("/d/new", "new")
	must(m.Rename("/d/new", "/d/old"))
	list(0, "old")
	if got := readAll(t, m.CrashClone(CrashOptions{}), "/d/old"); string(got) != "old" {
		t.Fatalf("unsynced rename: %q", got)
	}
	must(m.SyncDir("/d"))
	if got := readAll(t, m.CrashClone(CrashOptions{}), "/d/old"); string(got) != "new" {
		t.Fatalf("synced rename: %q", got)
	}
	must(m.Remove("/d/old"))
	list(0, "old")
	list(100)
}

func TestCrashKeepsTheOrderOfDirectoryOperations(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(200) {
		m := NewMem()
		for _, name := range []string{"/1", "/2", "/3"} {
			if _, err := m.Create(name); err != nil {
				t.Fatal(err)
			}
		}
		half := CrashOptions{UnsyncedPercent: 50, Rand: rand.New(rand.NewPCG(seed, 2))}
		names, err := m.CrashClone(half).List("/")
		if err != nil {
			t.Fatal(err)
		}
		seen[fmt.Sprint(names)] = true
	}
	want := map[string]bool{"[]": true, "[1]": true, "[1 2]": true, "[1 2 3]": true}
	if fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Fatalf("got %v; want %v", seen, want)
	}
}

func BenchmarkCrashClone(b *testing.B) {
	m := NewMem()
	for i := range 50 {
		f, _ := m.Create(fmt.Sprintf("/%d", i))
		_, _ = f.WriteAt(make([]byte, 64<<10), 0)
		_ = f.Sync()
		_, _ = f.WriteAt(make([]byte, 1000), 64<<10)
	}
	_ = m.SyncDir("/")
	rng := rand.New(rand.NewPCG(1, 1))
	b.ReportAllocs()
	for b.Loop() {
		m.CrashClone(CrashOptions{UnsyncedPercent: 50, Rand: rng})
	}
}
