package index

import (
	"encoding/binary"
	"testing"

	"weir/vfs"
)

const name = "/00000000000000001000"

const base = 1000

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// mem returns a file system with one file of these bytes.
func mem(t testing.TB, file string, b []byte) *vfs.Mem {
	t.Helper()
	m := vfs.NewMem()
	f, err := m.Create(file)
	must(t, err)
	_, err = f.WriteAt(b, 0)
	must(t, err)
	must(t, f.Sync())
	must(t, f.Close())
	must(t, m.SyncDir("/"))
	return m
}

func content(t testing.TB, fsys vfs.FS, file string) []byte {
	t.Helper()
	f, err := fsys.Open(file)
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

func offsetBytes(entries ...OffsetEntry) []byte {
	var b []byte
	for _, e := range entries {
		b = binary.BigEndian.AppendUint32(b, uint32(e.Offset-base))
		b = binary.BigEndian.AppendUint32(b, uint32(e.Position))
	}
	return b
}

func timeBytes(entries ...TimeEntry) []byte {
	var b []byte
	for _, e := range entries {
		b = binary.BigEndian.AppendUint64(b, uint64(e.Timestamp))
		b = binary.BigEndian.AppendUint32(b, uint32(e.Offset-base))
	}
	return b
}
