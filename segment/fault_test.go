package segment

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"sync"
	"syscall"
	"testing"

	"weir/vfs"
)

var errnos = []error{syscall.EIO, syscall.ENOSPC, syscall.EDQUOT, syscall.EMFILE, syscall.EROFS,
	syscall.EINTR, &vfs.ShortWrite{N: 7}}

// script does everything once and returns what was appended with success before the first error.
func script(t *testing.T, fsys vfs.FS) (acked []byte, synced int, err error) {
	s, err := Create(fsys, testDir, 0, testConfig)
	if err != nil {
		return nil, 0, err
	}
	defer s.Retire()
	for i := range 12 {
		b := batch(s.NextOffset(), 2, 1500, int64(i*10))
		if _, err := s.Append(b); err != nil {
			return acked, synced, err
		}
		acked = append(acked, b.Raw...)
		if i%4 == 3 {
			if err := s.Sync(); err != nil {
				return acked, synced, err
			}
			synced = len(acked)
			if err := s.SyncIndexes(); err != nil {
				return acked, synced, err
			}
		}
	}
	for offset := int64(0); offset < s.NextOffset(); offset += 7 {
		sl, err := s.Read(offset, -1, unlimited, 10, true)
		if err != nil {
			return acked, synced, err
		}
		got, err := sl.Bytes()
		sl.Release()
		if err != nil {
			return acked, synced, err
		}
		if !bytes.Contains(acked, got) || int64(binary.BigEndian.Uint64(got)) != offset/2*2 {
			t.Fatalf("other bytes are read from offset %d", offset)
		}
		if _, _, err := s.LookupTime(offset); err != nil {
			return acked, synced, err
		}
	}
	if err := s.Seal(); err != nil {
		return acked, synced, err
	}
	return acked, len(acked), errors.Join(s.MarkDeleted(0), s.Remove())
}

// TestEveryOperationFails is D6 for a segment: each operation of the script fails once, with each errno.
// The error comes out, nothing panics, and a restart finds everything that was synced.
func TestEveryOperationFails(t *testing.T) {
	var total int64
	counting := vfs.Inject(newMem(t), func(op vfs.Op) error { total = op.Index; return nil })
	if _, _, err := script(t, counting); err != nil {
		t.Fatal(err)
	}
	for index := range total + 1 {
		for _, errno := range errnos {
			m := newMem(t)
			var hit vfs.Op
			fsys := vfs.Inject(m, func(op vfs.Op) error {
				if op.Index != index {
					return nil
				}
				hit = op
				return errno
			})
			acked, synced, err := script(t, fsys)
			what := fmt.Sprintf("op %d (%v) fails with %v", index, hit.Kind, errno)
			if err != nil && !errors.Is(err, errors.Unwrap(errno)) && !errors.Is(err, errno) {
				t.Fatalf("%s: another error comes out: %v", what, err)
			}
			if err == nil && hit.Kind == vfs.OpSync {
				t.Fatalf("%s: no error", what)
			}
			if synced == 0 || err == nil {
				continue
			}
			if _, serr := m.Stat(testDir + "/" + stem0 + ".log"); serr != nil {
				continue // renamed already
			}
			s, err := Open(m, testDir, 0, testConfig, OpenOptions{Active: true})
			if err != nil {
				t.Fatalf("%s: reopen: %v", what, err)
			}
			report, err := s.Recover(0, nil)
			if err != nil || report.ValidEnd < int64(synced) {
				t.Fatalf("%s: recovered %+v, %v; %d bytes were synced", what, report, err, synced)
			}
			if got := fileBytes(t, m, stem0+".log"); !bytes.HasPrefix(got, acked[:synced]) {
				t.Fatalf("%s: other bytes", what)
			}
		}
	}
}

func TestFailedSyncIsFinal(t *testing.T) {
	m := newMem(t)
	syncs := 0
	fsys := vfs.Inject(m, func(op vfs.Op) error {
		if op.Kind == vfs.OpSync {
			if syncs++; syncs == 2 {
				return syscall.EIO
			}
		}
		return nil
	})
	w := create(t, fsys, 0, testConfig)
	w.add(1, 10, 1)
	must(t, w.Sync())
	w.add(1, 10, 2)
	if err := w.Sync(); !errors.Is(err, ErrPoisoned) || !errors.Is(err, syscall.EIO) {
		t.Fatalf("failed sync: %v", err)
	}
	for what, err := range map[string]error{"sync": w.Sync(), "seal": w.Seal(), "truncate": w.Truncate(0)} {
		if !errors.Is(err, ErrPoisoned) {
			t.Fatalf("%s after a failed sync: %v", what, err)
		}
	}
	if _, err := w.Append(batch(2, 1, 10, 3)); !errors.Is(err, ErrPoisoned) {
		t.Fatalf("append after a failed sync: %v", err)
	}
	if syncs != 2 {
		t.Fatalf("%d syncs: the file was synced again", syncs)
	}
	w.checkAll(w.Segment) // readers are served what was written
}

func TestFailedAppendLeavesNoTrace(t *testing.T) {
	m := newMem(t)
	fail := error(nil)
	fsys := vfs.Inject(m, func(op vfs.Op) error {
		if op.Kind == vfs.OpWriteAt {
			return fail
		}
		return nil
	})
	w := create(t, fsys, 0, testConfig)
	w.fill(5, 30)
	size, max := w.Size(), w.MaxTimestamp()
	for _, fail = range []error{syscall.ENOSPC, &vfs.ShortWrite{N: 100, Err: syscall.ENOSPC}} {
		if _, err := w.Append(batch(w.NextOffset(), 3, 5000, 1<<40)); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("got %v", err)
		}
		if w.Size() != size || w.MaxTimestamp() != max || len(fileBytes(t, m, stem0+".log")) != int(size) {
			t.Fatal("a failed append left something behind")
		}
	}
	fail = nil
	w.fill(5, 31) // space has come back
	w.checkAll(w.Segment)
	// What cannot be undone must not be built upon.
	stuck := vfs.Inject(newMem(t), func(op vfs.Op) error {
		if op.Kind == vfs.OpWriteAt || op.Kind == vfs.OpTruncate {
			return syscall.EIO
		}
		return nil
	})
	w = create(t, stuck, 0, testConfig)
	if _, err := w.Append(batch(0, 1, 1, 1)); !errors.Is(err, ErrPoisoned) {
		t.Fatalf("got %v", err)
	}
}

// TestReadersHoldTheFile deletes a segment under slices that are out.
func TestReadersHoldTheFile(t *testing.T) {
	for name, fsys := range map[string]vfs.FS{"mem": newMem(t), "os": vfs.OS()} {
		dir := testDir
		if name == "os" {
			dir = t.TempDir()
		}
		s, err := Create(fsys, dir, 0, testConfig)
		must(t, err)
		b := batch(0, 3, 100, 1)
		_, err = s.Append(b)
		must(t, err)
		must(t, s.Seal())
		if !s.Acquire() {
			t.Fatal("a fresh segment cannot be acquired")
		}
		sl, err := s.Read(0, -1, unlimited, math.MaxInt32, true)
		must(t, err)
		must(t, s.MarkDeleted(0))
		must(t, s.MarkDeleted(0))
		again, err := s.Read(0, -1, unlimited, math.MaxInt32, true)
		must(t, err)
		again.Release()
		s.Retire()
		must(t, s.Remove())
		s.Release()
		if s.Acquire() {
			t.Fatal("acquired after the last reference went")
		}
		if got, err := sl.Bytes(); err != nil || !bytes.Equal(got, b.Raw) {
			t.Fatalf("%s: slice of a removed segment: %d bytes, %v", name, len(got), err)
		}
		client, server := net.Pipe()
		go func() {
			_, _ = sl.SendTo(server)
			server.Close()
		}()
		if got, err := io.ReadAll(client); err != nil || !bytes.Equal(got, b.Raw) {
			t.Fatalf("%s: sent %d bytes, %v", name, len(got), err)
		}
		sl.Release()
		if _, err := s.Read(0, -1, unlimited, 100, true); !errors.Is(err, ErrRetired) {
			t.Fatalf("%s: read of a retired segment: %v", name, err)
		}
		if names, err := fsys.List(dir); err != nil || len(names) != 0 {
			t.Fatalf("%s: files left: %v, %v", name, names, err)
		}
	}
}

// TestReadWhileAppending reads and looks up while the segment grows; with -race it also shows that
// publishing by one number is enough.
func TestReadWhileAppending(t *testing.T) {
	w := create(t, newMem(t), 0, testConfig)
	var batches [400][]byte
	for base, i := int64(0), 0; i < len(batches); i++ {
		b := batch(base, 1+i%4, 200, int64(i))
		batches[i], base = b.Raw, b.LastOffset()+1
	}
	want := bytes.Join(batches[:], nil)
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				next := w.NextOffset()
				got, damage := served(t, w.Segment, 0, 3000)
				if damage != nil || !bytes.HasPrefix(want, got) {
					t.Errorf("%d bytes served, damage %v", len(got), damage)
					return
				}
				if next > 0 {
					if _, _, ok, err := w.PositionOf(next - 1); !ok || err != nil {
						t.Errorf("offset %d was published and is not found: %v", next-1, err)
						return
					}
				}
				if _, _, err := w.LookupTime(next / 2); err != nil {
					t.Error(err)
					return
				}
				_ = w.MaxTimestamp()
				if err := w.Sync(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range batches {
		w.add(1+i%4, 200, int64(i))
	}
	close(done)
	wg.Wait()
	w.checkAll(w.Segment)
}

func TestPreallocate(t *testing.T) {
	fsys, dir := vfs.OS(), t.TempDir()
	c := testConfig
	c.Preallocate = 1 << 20
	s, err := Create(fsys, dir, 0, c)
	must(t, err)
	b := batch(0, 3, 100, 1)
	_, err = s.Append(b)
	must(t, err)
	size := func() int64 {
		info, err := fsys.Stat(s.Path())
		must(t, err)
		return info.Size
	}
	if size() != int64(b.Size()) {
		t.Fatalf("size %d: preallocation changed it", size())
	}
	var st syscall.Stat_t
	must(t, syscall.Stat(s.Path(), &st))
	if st.Blocks*512 < 1<<20 {
		t.Skipf("the file system of %s does not preallocate", dir)
	}
	must(t, s.Close())
	must(t, syscall.Stat(s.Path(), &st))
	if size() != int64(b.Size()) || st.Blocks*512 >= 1<<20 {
		t.Fatalf("after closing: size %d, %d bytes on disk", size(), st.Blocks*512)
	}
}
