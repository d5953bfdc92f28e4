package dump

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weir/record"
	storage "weir/segment"
	"weir/vfs"
)

// TestCompressedSegmentsLookPlain: a dump of a compressed segment is that of the plain one, and a damaged one is told.
func TestCompressedSegmentsLookPlain(t *testing.T) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	s, err := storage.Create(vfs.OS(), dir, 40, storage.Config{IndexIntervalBytes: 4096, IndexMaxBytes: 1 << 20})
	must(err)
	for range 50 {
		b := record.NewBuilder(record.Options{BaseOffset: s.NextOffset()})
		for i := range 20 {
			b.Append(1000, []byte("key"), fmt.Appendf(nil, "value %d that compresses", i))
		}
		x := b.Build()
		_, err := s.Append(&x)
		must(err)
	}
	must(s.Seal())
	plain := s.Path()
	show := func(path string) string {
		t.Helper()
		var out bytes.Buffer
		must(Run(&out, path, Options{Records: true}))
		return strings.ReplaceAll(out.String(), path, "")
	}
	want := show(plain)
	st, err := s.Compress(storage.Compression{Level: 3}, func(int) error { return nil })
	must(err)
	_, err = st.Adopt()
	must(err)
	if got := show(s.Path()); got != want || filepath.Ext(s.Path()) != ".zst" {
		t.Errorf("the dump of %s is\n%s\nwant\n%s", s.Path(), got, want)
	}
	b, err := os.ReadFile(s.Path())
	must(err)
	b[100] ^= 1
	must(os.WriteFile(s.Path(), b, 0o600))
	if err := Run(&bytes.Buffer{}, s.Path(), Options{}); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a damaged file gives %v", err)
	}
}
