package log

import (
	"context"
	"fmt"
	"math"
	"testing"

	"weir/internal/clock"
	"weir/record"
	"weir/vfs"
)

// benchLog opens a log on the machine's disk.
func benchLog(b *testing.B, cfg Config) *Log {
	b.Helper()
	d, err := OpenDirectory(vfs.OS(), b.TempDir(), DirectoryConfig{}, clock.Real(), quiet)
	must(b, err)
	b.Cleanup(func() { must(b, d.Close(context.Background())) })
	l, err := d.Open(testID(0), cfg, 0)
	must(b, err)
	must(b, l.Err())
	return l
}

func benchBatch(bytes int, producer bool) *record.Batch {
	o := record.Options{}
	if producer {
		o = record.Options{HasProducer: true, ProducerID: 1}
	}
	x := record.NewBuilder(o)
	for x.Size() < bytes {
		x.Append(1, nil, make([]byte, 100))
	}
	out := x.Build()
	return &out
}

func BenchmarkAppend(b *testing.B) {
	for _, bytes := range []int{1 << 10, 16 << 10, 256 << 10} {
		for _, producer := range []bool{false, true} {
			b.Run(fmt.Sprintf("batch=%dk/idempotent=%v", bytes>>10, producer), func(b *testing.B) {
				cfg := DefaultConfig()
				cfg.RetentionBytes = 1 << 30
				l := benchLog(b, cfg)
				batch := benchBatch(bytes, producer)
				b.SetBytes(int64(batch.Size()))
				b.ReportAllocs()
				for b.Loop() {
					_, err := l.Append(batch, 0)
					must(b, err)
					if producer { // sequences are under the checksum, which the log does not look at
						batch.BaseSequence = record.NextSequence(batch.BaseSequence, batch.LastOffsetDelta)
						batch.BaseSequence = record.NextSequence(batch.BaseSequence, 1)
					}
				}
			})
		}
	}
}

func BenchmarkAppendSync(b *testing.B) {
	l := benchLog(b, DefaultConfig())
	batch := benchBatch(16<<10, false)
	b.SetBytes(int64(batch.Size()))
	b.ReportAllocs()
	for b.Loop() {
		_, err := l.Append(batch, 0)
		must(b, err)
		_, err = l.Sync()
		must(b, err)
	}
}

func BenchmarkRead(b *testing.B) {
	l := benchLog(b, DefaultConfig())
	batch := benchBatch(16<<10, false)
	for range 4096 { // 64 MiB
		_, err := l.Append(batch, 0)
		must(b, err)
	}
	for _, bytes := range []int{1 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("max=%dk", bytes>>10), func(b *testing.B) {
			b.ReportAllocs()
			offset, step := int64(0), int64(7919)
			for b.Loop() {
				slices, err := l.Read(offset, math.MaxInt64, bytes, true)
				must(b, err)
				release(slices)
				offset = (offset + step) % l.EndOffset()
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, clean := range []bool{true, false} {
		b.Run(fmt.Sprintf("partitions=1000/clean=%v", clean), func(b *testing.B) {
			dir := b.TempDir()
			open := func() *Directory {
				d, err := OpenDirectory(vfs.OS(), dir, DirectoryConfig{}, clock.Real(), quiet)
				must(b, err)
				for n := range 1000 {
					l, err := d.Open(testID(n), DefaultConfig(), 0)
					must(b, err)
					must(b, l.Err())
				}
				return d
			}
			d := open()
			for _, l := range d.Logs() {
				_, err := l.Append(benchBatch(1<<10, true), 0)
				must(b, err)
			}
			must(b, d.Close(context.Background()))
			for b.Loop() {
				d := open()
				b.StopTimer()
				must(b, d.Close(context.Background()))
				if !clean {
					must(b, d.fs.Remove(join(dir, cleanMarkerFile)))
				}
				b.StartTimer()
			}
		})
	}
}

func BenchmarkClose(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		b.StopTimer()
		d, err := OpenDirectory(vfs.OS(), dir, DirectoryConfig{}, clock.Real(), quiet)
		must(b, err)
		for n := range 1000 {
			l, err := d.Open(testID(n), DefaultConfig(), 0)
			must(b, err)
			must(b, l.Err())
		}
		b.StartTimer()
		must(b, d.Close(context.Background()))
	}
}
