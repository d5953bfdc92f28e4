package index

import (
	"math/rand/v2"
	"testing"

	"weir/vfs"
)

// benchEntries are as many as a segment of 1 GiB has.
const benchEntries = 1 << 18

// BenchmarkFloor looks up offsets all over a sealed segment's index, which is on disk, and in an active one.
func BenchmarkFloor(b *testing.B) {
	fsys, file := vfs.OS(), b.TempDir()+"/"+name
	x, err := CreateOffset(fsys, file, base)
	must(b, err)
	for i := range benchEntries {
		x.Append(OffsetEntry{base + int64(i)*40, int64(i) * 4096})
	}
	find := func(b *testing.B, x *Offset) {
		random := rand.New(rand.NewPCG(1, 1))
		b.ReportAllocs()
		for b.Loop() {
			_, found, err := x.Floor(base + random.Int64N(benchEntries*40))
			must(b, err)
			if !found {
				b.Fatal("no entry before an offset of the segment")
			}
		}
	}
	b.Run("active", func(b *testing.B) { find(b, x) })
	must(b, x.Seal())
	must(b, x.Close())
	x, err = OpenOffset(fsys, file, base, false)
	must(b, err)
	b.Run("sealed", func(b *testing.B) { find(b, x) })
	must(b, x.Close())
}

func BenchmarkAppend(b *testing.B) {
	x, err := CreateOffset(vfs.OS(), b.TempDir()+"/"+name, base)
	must(b, err)
	b.ReportAllocs()
	for i := int64(0); b.Loop(); i++ {
		x.Append(OffsetEntry{base + i%(1<<31), i % (1 << 31)})
	}
	must(b, x.Close())
}
