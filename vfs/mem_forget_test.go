package vfs

import "testing"

func TestForgetDirty(t *testing.T) {
	m := NewMem()
	f, err := m.Create("/f")
	if err != nil {
		t.Fatal(err)
	}
	write := func(at int64, s string) {
		t.Helper()
		if _, err := f.WriteAt([]byte(s), at); err != nil {
			t.Fatal(err)
		}
	}
	write(0, "first")
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	if err := m.SyncDir("/"); err != nil {
		t.Fatal(err)
	}
	write(5, " second")
	if err := m.ForgetDirty("/f"); err != nil {
		t.Fatal(err)
	}
	var b [12]byte
	if _, err := f.ReadAt(b[:], 0); err != nil || string(b[:]) != "first second" {
		t.Fatalf("the running program reads %q, %v", b, err)
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	left, err := m.CrashClone(CrashOptions{}).Open("/f")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := left.ReadAt(b[:], 0); err != nil || string(b[:]) != "first\x00\x00\x00\x00\x00\x00\x00" {
		t.Fatalf("after a crash there is %q, %v", b, err)
	}
	write(5, " second")
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	if left, err = m.CrashClone(CrashOptions{}).Open("/f"); err != nil {
		t.Fatal(err)
	}
	if _, err := left.ReadAt(b[:], 0); err != nil || string(b[:]) != "first second" {
		t.Fatalf("after it was written anew there is %q, %v", b, err)
	}
}
