package segment

import (
	"errors"
	"fmt"
	"testing"

	"weir/vfs"
)

func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{100, 1_000, 16_000} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			s, err := Create(vfs.OS(), b.TempDir(), 0, testConfig)
			must(b, err)
			x := batch(0, 1, size, 1)
			b.SetBytes(int64(x.Size()))
			b.ReportAllocs()
			for b.Loop() {
				x.Stamp(s.NextOffset(), 1)
				if _, err = s.Append(x); errors.Is(err, ErrFull) {
					err = s.Truncate(0)
				}
				must(b, err)
			}
			must(b, s.Close())
		})
	}
}

func BenchmarkRead(b *testing.B) {
	s, err := Create(vfs.OS(), b.TempDir(), 0, testConfig)
	must(b, err)
	for i := range int64(50_000) {
		_, err := s.Append(batch(i, 1, 1000, i))
		must(b, err)
	}
	for at, offset := range map[string]int64{"tail": 49_990, "middle": 25_000} {
		b.Run("at="+at, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sl, err := s.Read(offset, -1, unlimited, 10_000, true)
				must(b, err)
				sl.Release()
			}
		})
	}
}
