package segment

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"weir/bench/flights"
	"weir/record"
	"weir/vfs"
)

// The benchmarks that docs/segment-compression.md quotes. They count the process's CPU time: a shared machine says
// little by the clock.

// benchBytes is the size of the segments.
const benchBytes = 64 << 20

// payloads are what the records hold: flights of January 2013 as JSON events and as the rows of the file, and random
// bytes.
func payloads(b *testing.B) map[string]func() []byte {
	b.Helper()
	var events, rows [][]byte
	for row, err := range flights.January() {
		must(b, err)
		events, rows = append(events, row.JSON()), append(rows, []byte(row.Line))
	}
	cycle := func(all [][]byte) func() []byte {
		i := -1
		return func() []byte { i++; return all[i%len(all)] }
	}
	rng := rand.NewChaCha8([32]byte{1})
	return map[string]func() []byte{"json": cycle(events), "rows": cycle(rows), "random": func() []byte {
		v := make([]byte, 1000)
		_, _ = rng.Read(v)
		return v
	}}
}

// full makes a sealed segment of batches of about 16 KiB.
func full(b *testing.B, next func() []byte) *Segment {
	b.Helper()
	s, err := Create(vfs.OS(), b.TempDir(), 0, testConfig)
	must(b, err)
	for s.Size() < benchBytes {
		x := record.NewBuilder(record.Options{BaseOffset: s.NextOffset(), LeaderEpoch: 1})
		for n := 0; n < 16<<10; {
			v := next()
			x.Append(1_357_000_000_000+s.NextOffset(), nil, v)
			n += len(v)
		}
		batch := x.Build()
		_, err := s.Append(&batch)
		must(b, err)
	}
	must(b, s.Seal())
	return s
}

// cpu is the CPU time that the process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u unix.Rusage
	must(b, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// perCore reports record bytes per second of CPU.
func perCore(b *testing.B, s *Segment, began time.Duration) {
	b.Helper()
	used := cpu(b) - began
	b.ReportMetric(float64(s.Size())*float64(b.N)/(1<<20)/used.Seconds(), "MiB/cpu-s")
	b.ReportMetric(used.Seconds()/(float64(s.Size())*float64(b.N)/(1<<30)), "cpu-s/GiB")
}

func BenchmarkCompress(b *testing.B) {
	for name, next := range payloads(b) {
		s := full(b, next)
		for _, level := range []int{1, 3, 7, 11} {
			b.Run(fmt.Sprintf("payload=%s/level=%d", name, level), func(b *testing.B) {
				benchCompress(b, s, Compression{Level: level})
			})
		}
	}
}

func benchCompress(b *testing.B, s *Segment, c Compression) {
	b.Helper()
	b.SetBytes(s.Size())
	began, smaller := cpu(b), 1.0
	for b.Loop() {
		st, err := s.Compress(c, atOnce)
		if errors.Is(err, ErrNotSmaller) {
			continue
		}
		must(b, err)
		smaller = float64(s.Size()) / float64(st.StoredSize())
		must(b, st.Discard())
	}
	perCore(b, s, began)
	b.ReportMetric(smaller, "x-smaller")
}

func BenchmarkColdRead(b *testing.B) {
	for name, next := range payloads(b) {
		s := full(b, next)
		b.Run("payload="+name+"/form=plain", func(b *testing.B) { benchColdRead(b, s) })
		if adopt(b, s, Compression{Level: 3}) {
			b.Run("payload="+name+"/form=zstd", func(b *testing.B) { benchColdRead(b, s) })
		}
	}
}

// adopt compresses the segment; false when that is not worth while.
func adopt(b *testing.B, s *Segment, c Compression) bool {
	b.Helper()
	st, err := s.Compress(c, atOnce)
	if errors.Is(err, ErrNotSmaller) {
		return false
	}
	must(b, err)
	_, err = st.Adopt()
	must(b, err)
	return true
}

// benchColdRead reads a segment from end to end as fetches of 1 MiB do. Neither the page cache nor the segment remembers
// anything of it.
func benchColdRead(b *testing.B, s *Segment) {
	b.Helper()
	b.SetBytes(s.Size())
	buf := make([]byte, 64<<10)
	began := cpu(b)
	for b.Loop() {
		b.StopTimer()
		cold(b, s)
		b.StartTimer()
		for offset := int64(0); offset < s.NextOffset(); {
			sl, err := s.Read(offset, -1, math.MaxInt64, 1<<20, true)
			must(b, err)
			for at := 0; at < sl.Len(); {
				n, err := sl.ReadAt(buf[:min(len(buf), sl.Len()-at)], int64(at))
				must(b, err)
				at += n
			}
			offset = s.nextAt(b, offset, sl.End())
			sl.Release()
		}
	}
	perCore(b, s, began)
}

// nextAt is the offset of the batch that a reader asks for when it has got the bytes up to end.
func (s *Segment) nextAt(b *testing.B, offset, end int64) int64 {
	b.Helper()
	must(b, s.Scan(s.lastEntryBefore(b, end), func(h record.Header, pos int64) (bool, error) {
		if pos+int64(h.Size()) > end {
			return false, nil
		}
		offset = h.LastOffset() + 1
		return true, nil
	}))
	return offset
}

func (s *Segment) lastEntryBefore(b *testing.B, pos int64) int64 {
	b.Helper()
	at := int64(0)
	for lo, hi := 0, s.offsets.Count(); lo < hi; {
		mid := (lo + hi) / 2
		e, err := s.offsets.Entry(mid)
		must(b, err)
		if e.Position <= pos-64<<10 {
			at, lo = e.Position, mid+1
		} else {
			hi = mid
		}
	}
	return at
}

// cold makes the segment as it is when it was just opened, with nothing of it in memory.
func cold(b *testing.B, s *Segment) {
	b.Helper()
	must(b, s.CloseIdle())
	if !s.Compressed() {
		s.cold.end.Store(s.Size())
		s.cold.verified = nil
	}
	f, err := os.Open(s.Path())
	must(b, err)
	must(b, unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED))
	must(b, f.Close())
}

// BenchmarkFrames compares sizes of frames: bytes at rest, sealing, reading everything, reading one record.
func BenchmarkFrames(b *testing.B) {
	next := payloads(b)["json"]
	for _, frame := range []int{64 << 10, 128 << 10, 256 << 10, 512 << 10, 1 << 20} {
		c := Compression{Level: 3, FrameBytes: frame}
		s := full(b, next)
		name := fmt.Sprintf("frame=%dKiB", frame>>10)
		b.Run(name+"/compress", func(b *testing.B) { benchCompress(b, s, c) })
		adopt(b, s, c)
		b.Run(name+"/all", func(b *testing.B) { benchColdRead(b, s) })
		b.Run(name+"/one", func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 1))
			began := cpu(b)
			for b.Loop() {
				sl, err := s.Read(rng.Int64N(s.NextOffset()), -1, math.MaxInt64, 1, true)
				must(b, err)
				_, err = sl.Bytes()
				must(b, err)
				sl.Release()
			}
			b.ReportMetric((cpu(b)-began).Seconds()*1e6/float64(b.N), "cpu-us/op")
		})
	}
}
