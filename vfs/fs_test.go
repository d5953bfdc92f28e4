package vfs

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"syscall"
	"testing"
)

// both runs a test against the machine's file system and against the one in memory: they must behave alike.
func both(t *testing.T, test func(t *testing.T, fsys FS, dir string)) {
	t.Run("os", func(t *testing.T) { test(t, OS(), t.TempDir()) })
	t.Run("mem", func(t *testing.T) {
		m := NewMem()
		if err := m.MkdirAll("/tmp/x"); err != nil {
			t.Fatal(err)
		}
		test(t, m, "/tmp/x")
	})
	t.Run("wrapped", func(t *testing.T) {
		fsys, _ := Count(OS())
		test(t, fsys, t.TempDir())
	})
}

func TestFiles(t *testing.T) {
	both(t, func(t *testing.T, fsys FS, dir string) {
		name := dir + "/f"
		if _, err := fsys.Open(name); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("open a file that is not there: %v", err)
		}
		if _, err := fsys.OpenReadWrite(name); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("open a file that is not there: %v", err)
		}
		f, err := fsys.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt([]byte("weir"), 10_000); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(f.Preallocate(1<<20), f.Sync()); err != nil {
			t.Fatal(err)
		}
		if size, err := f.Size(); size != 10_004 || err != nil {
			t.Fatalf("size %d, %v: preallocation must not change it", size, err)
		}
		b := make([]byte, 8)
		if n, err := f.ReadAt(b, 9_998); n != 6 || err != io.EOF || string(b[:6]) != "\x00\x00weir" {
			t.Fatalf("read at the end: %d, %v, %q", n, err, b)
		}
		if err := errors.Join(f.Truncate(10_002), f.Truncate(10_003)); err != nil {
			t.Fatal(err)
		}
		if n, err := f.ReadAt(b[:3], 10_000); n != 3 || err != nil || string(b[:3]) != "we\x00" {
			t.Fatalf("read after cut and growth: %d, %v, %q", n, err, b[:3])
		}
		r, err := fsys.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.WriteAt(b, 0); err == nil {
			t.Fatal("write to a file opened for reading: no error")
		}
		if err := fsys.Remove(name); err != nil {
			t.Fatal(err)
		}
		if n, err := r.ReadAt(b[:2], 10_000); n != 2 || err != nil || string(b[:2]) != "we" {
			t.Fatalf("read an open file that was removed: %d, %v", n, err)
		}
		if err := errors.Join(r.Close(), f.Close()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestDirectories(t *testing.T) {
	both(t, func(t *testing.T, fsys FS, dir string) {
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(fsys.MkdirAll(dir + "/a/b"))
		for _, name := range []string{"/a/2", "/a/1", "/a/b/3"} {
			f, err := fsys.Create(dir + name)
			must(err)
			must(f.Close())
		}
		must(fsys.SyncDir(dir + "/a"))
		names, err := fsys.List(dir + "/a")
		if err != nil || !slices.Equal(names, []string{"1", "2", "b"}) {
			t.Fatalf("list: %v, %v", names, err)
		}
		if info, err := fsys.Stat(dir + "/a/b"); err != nil || !info.IsDir {
			t.Fatalf("stat: %+v, %v", info, err)
		}
		if err := fsys.Remove(dir + "/a"); err == nil {
			t.Fatal("remove of a directory that is not empty: no error")
		}
		must(fsys.Rename(dir+"/a/1", dir+"/a/b/3"))
		must(fsys.Rename(dir+"/a", dir+"/c"))
		if names, err = fsys.List(dir + "/c/b"); err != nil || !slices.Equal(names, []string{"3"}) {
			t.Fatalf("list after renames: %v, %v", names, err)
		}
		must(fsys.RemoveAll(dir + "/c"))
		must(fsys.RemoveAll(dir + "/c"))
		if _, err := fsys.Stat(dir + "/c/b/3"); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("stat of what was removed: %v", err)
		}
		if _, err := fsys.List(dir + "/c"); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("list of what was removed: %v", err)
		}
		if free, err := fsys.Free(dir); err != nil || free <= 0 {
			t.Fatalf("free: %d, %v", free, err)
		}
	})
}

func TestLockIsExclusive(t *testing.T) {
	both(t, func(t *testing.T, fsys FS, dir string) {
		l, err := fsys.Lock(dir + "/.lock")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fsys.Lock(dir + "/.lock"); !errors.Is(err, ErrLocked) {
			t.Fatalf("second lock: %v", err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if l, err = fsys.Lock(dir + "/.lock"); err != nil {
			t.Fatalf("lock after it was given up: %v", err)
		}
		l.Close()
	})
}

func TestMemCapacity(t *testing.T) {
	m := NewMem()
	m.SetCapacity(1000)
	f, err := m.Create("/f")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := f.WriteAt(make([]byte, 1200), 0); n != 1000 || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("write past the limit: %d, %v", n, err)
	}
	if free, _ := m.Free("/"); free != 0 {
		t.Fatalf("free: %d", free)
	}
	if _, err := f.WriteAt(make([]byte, 1000), 0); err != nil {
		t.Fatalf("overwriting takes no space: %v", err)
	}
	if err := m.Remove("/f"); err != nil {
		t.Fatal(err)
	}
	if free, _ := m.Free("/"); free != 1000 {
		t.Fatalf("free after removal: %d", free)
	}
	g, _ := m.Create("/g")
	if err := g.Preallocate(1001); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("preallocate past the limit: %v", err)
	}
}

func TestInject(t *testing.T) {
	boom := syscall.EIO
	var ops []Op
	fail := map[int64]error{2: boom, 3: &ShortWrite{N: 2, Err: syscall.EDQUOT}}
	fsys := Inject(NewMem(), func(op Op) error {
		ops = append(ops, op)
		return fail[op.Index]
	})
	f, err := fsys.Create("/f") // 0
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("abcd"), 0); err != nil { // 1
		t.Fatal(err)
	}
	if n, err := f.WriteAt([]byte("efgh"), 0); n != 0 || !errors.Is(err, boom) { // 2
		t.Fatalf("failed write: %d, %v", n, err)
	}
	if n, err := f.WriteAt([]byte("ijkl"), 0); n != 2 || !errors.Is(err, syscall.EDQUOT) { // 3
		t.Fatalf("short write: %d, %v", n, err)
	}
	b := make([]byte, 4)
	if _, err := f.ReadAt(b, 0); err != nil || string(b) != "ijcd" { // 4
		t.Fatalf("read: %q, %v", b, err)
	}
	want := Op{Kind: OpWriteAt, Name: "/f", Index: 3, KindIndex: 2, Off: 0, Len: 4}
	if len(ops) != 5 || ops[3] != want {
		t.Fatalf("ops %+v; want the fourth %+v", ops, want)
	}
	if ops[0].Kind.String() != "create" || !ops[0].Kind.Writes() || ops[4].Kind.Writes() {
		t.Fatalf("kinds: %v, %v", ops[0].Kind, ops[4].Kind)
	}
}

// TestEveryOperationCanFail holds the wrapper to passing every kind to the injector and its error to the
// caller.
func TestEveryOperationCanFail(t *testing.T) {
	boom := errors.New("boom")
	for _, kind := range OpKinds() {
		fsys := Inject(NewMem(), func(op Op) error {
			if op.Kind == kind {
				return boom
			}
			return nil
		})
		if err := touchEverything(fsys); !errors.Is(err, boom) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func touchEverything(fsys FS) error {
	if err := fsys.MkdirAll("/d"); err != nil {
		return err
	}
	f, err := fsys.Create("/d/f")
	if err != nil {
		return err
	}
	_, werr := f.WriteAt([]byte("x"), 0)
	_, rerr := f.ReadAt(make([]byte, 1), 0)
	_, zerr := f.Size()
	_, serr := SendFile(nil, f, 0, 0)
	err = errors.Join(werr, rerr, zerr, serr, f.Truncate(1), f.Sync(), f.Preallocate(1), f.Close())
	for _, open := range []func(string) (File, error){fsys.Open, fsys.OpenReadWrite} {
		_, oerr := open("/d/f")
		err = errors.Join(err, oerr)
	}
	_, lerr := fsys.List("/d")
	_, sterr := fsys.Stat("/d")
	_, kerr := fsys.Lock("/d/l")
	_, ferr := fsys.Free("/d")
	return errors.Join(err, lerr, sterr, kerr, ferr, fsys.Rename("/d/f", "/d/g"), fsys.SyncDir("/d"),
		fsys.Remove("/d/g"), fsys.RemoveAll("/d"))
}

func TestCount(t *testing.T) {
	fsys, c := Count(NewMem())
	f, err := fsys.Create("/f")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := f.WriteAt(make([]byte, 10), 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Size(); err != nil {
		t.Fatal(err)
	}
	if c.Get(OpWriteAt) != 3 || c.Bytes(OpWriteAt) != 30 || c.Get(OpSync) != 1 ||
		c.Total() != 6 || c.Writes() != 5 {
		t.Fatalf("writes %d (%d bytes), syncs %d, total %d, changing %d", c.Get(OpWriteAt), c.Bytes(OpWriteAt),
			c.Get(OpSync), c.Total(), c.Writes())
	}
}
