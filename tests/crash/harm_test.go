package crash

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"weir/vfs"
)

const recoveryPoints = dataDir + "/recovery-point-offset-checkpoint"

func readWhole(t *testing.T, m *vfs.Mem, name string) []byte {
	t.Helper()
	file, err := m.Open(name)
	must(t, err)
	size, err := file.Size()
	must(t, err)
	b := make([]byte, size)
	_, err = file.ReadAt(b, 0)
	must(t, errors.Join(err, file.Close()))
	return b
}

// replaceWhole gives a file a new content, durable at once.
func replaceWhole(m *vfs.Mem, name string, content []byte) error {
	file, err := m.OpenReadWrite(name)
	if err != nil {
		return err
	}
	_, err = file.WriteAt(content, 0)
	return errors.Join(err, file.Truncate(int64(len(content))), file.Sync(), file.Close())
}

func listFiles(t *testing.T, m *vfs.Mem) []string {
	t.Helper()
	var files []string
	names, err := m.List(dataDir)
	must(t, err)
	for _, name := range names {
		full := dataDir + "/" + name
		info, err := m.Stat(full)
		must(t, err)
		if !info.IsDir {
			files = append(files, full)
			continue
		}
		inner, err := m.List(full)
		must(t, err)
		for _, in := range inner {
			files = append(files, full+"/"+in)
		}
	}
	return files
}

// harm changes one file of a clone.
type harm struct {
	file string
	what string
	do   func(m *vfs.Mem, name string) error
}

func flip(file string, bit int64) harm {
	return harm{file, fmt.Sprintf("bit %d", bit), func(m *vfs.Mem, name string) error {
		return edit(m, name, bit/8, 1, func(b []byte) { b[0] ^= 1 << (bit % 8) })
	}}
}

func fill(file string, at int64, with byte) harm {
	return harm{file, fmt.Sprintf("512 bytes of %#x at %d", with, at), func(m *vfs.Mem, name string) error {
		return edit(m, name, at, 512, func(b []byte) { copy(b, bytes.Repeat([]byte{with}, len(b))) })
	}}
}

func edit(m *vfs.Mem, name string, at, n int64, change func([]byte)) error {
	file, err := m.OpenReadWrite(name)
	if err != nil {
		return err
	}
	size, err := file.Size()
	if err != nil {
		return err
	}
	b := make([]byte, min(n, size-at))
	if _, err := file.ReadAt(b, at); err != nil {
		return err
	}
	change(b)
	_, err = file.WriteAt(b, at)
	return errors.Join(err, file.Close())
}

var cutToNothing = func(m *vfs.Mem, name string) error {
	file, err := m.OpenReadWrite(name)
	if err != nil {
		return err
	}
	return errors.Join(file.Truncate(0), file.Close())
}
