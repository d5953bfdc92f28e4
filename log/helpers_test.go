package log

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"testing"
	"time"

	"weir/internal/clock"
	"weir/metadata"
	"weir/record"
	"weir/segment"
	"weir/vfs"
)

const dataDir = "/data"

var (
	testStart = time.Date(2013, 1, 1, 5, 0, 0, 0, time.UTC)
	quiet     = slog.New(slog.DiscardHandler)
)

func testID(n int) metadata.PartitionID {
	var id metadata.PartitionID
	binary.BigEndian.PutUint64(id.Topic[:], 0x5eed000000004000)
	binary.BigEndian.PutUint64(id.Topic[8:], 0x8000000000000000+uint64(n))
	return id
}

func smallConfig() Config {
	c := DefaultConfig()
	c.SegmentBytes, c.IndexIntervalBytes, c.FileDeleteDelayMs = 2048, 256, 1000
	return c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// rig is a directory with one log on a file system.
type rig struct {
	testing.TB
	fs  vfs.FS
	clk *clock.Manual
	d   *Directory
	l   *Log
	cfg Config
}

func newRig(t testing.TB, cfg Config) *rig {
	t.Helper()
	r := &rig{TB: t, fs: vfs.NewMem(), clk: clock.NewManual(testStart), cfg: cfg}
	r.open(0)
	t.Cleanup(func() { _ = r.d.Close(context.Background()) })
	return r
}

func openDir(fsys vfs.FS, clk clock.Clock) (*Directory, error) {
	return OpenDirectory(fsys, dataDir, DirectoryConfig{BallastBytes: 4096}, clk, quiet)
}

func (r *rig) open(epoch int32) {
	r.Helper()
	var err error
	r.d, err = openDir(r.fs, r.clk)
	must(r, err)
	r.l, err = r.d.Open(testID(0), r.cfg, epoch)
	must(r, err)
	must(r, r.l.Err())
}

// restart stops cleanly and opens again.
func (r *rig) restart(epoch int32) {
	r.Helper()
	must(r, r.d.Close(context.Background()))
	r.open(epoch)
	if !r.d.WasClean() {
		r.Fatal("the stop was clean, the start does not know")
	}
}

// crash loses what was not synced and opens what is left.
func (r *rig) crash(epoch int32) {
	r.Helper()
	left := r.fs.(*vfs.Mem).CrashClone(vfs.CrashOptions{})
	_ = r.d.Close(context.Background())
	r.fs = left
	r.open(epoch)
	if r.d.WasClean() {
		r.Fatal("the stop was a crash, the start says clean")
	}
}

// data builds a plain batch of n records at the time ms.
func data(n int, ms int64) *record.Batch { return build(record.Options{}, n, ms) }

func build(o record.Options, n int, ms int64) *record.Batch {
	b := record.NewBuilder(o)
	for i := range n {
		b.Append(ms, fmt.Appendf(nil, "key-%d", i), fmt.Appendf(nil, "value-%d-%d-%032d", ms, i, o.BaseSequence))
	}
	out := b.Build()
	return &out
}

// idempotent builds a producer's batch.
func idempotent(pid int64, epoch int16, seq int32, n int, ms int64) *record.Batch {
	return build(record.Options{HasProducer: true, ProducerID: pid, ProducerEpoch: epoch,
		BaseSequence: seq}, n, ms)
}

func transactional(pid int64, epoch int16, seq int32, n int, ms int64) *record.Batch {
	return build(record.Options{HasProducer: true, Transactional: true, ProducerID: pid, ProducerEpoch: epoch,
		BaseSequence: seq}, n, ms)
}

func (r *rig) nowMs() int64 { return r.clk.Now().UnixMilli() }

func (r *rig) append(b *record.Batch) Appended {
	r.Helper()
	a, err := r.l.Append(b, r.l.LatestEpoch())
	must(r, err)
	return a
}

func (r *rig) appendErr(b *record.Batch, want error) {
	r.Helper()
	if _, err := r.l.Append(b, r.l.LatestEpoch()); !errors.Is(err, want) {
		r.Fatalf("append: got %v; want %v", err, want)
	}
}

// fill appends batches of 3 records until the log has n segments.
func (r *rig) fill(segments int) {
	r.Helper()
	for len(r.l.Segments()) < segments {
		r.append(data(3, r.nowMs()))
	}
}

func (r *rig) sync() {
	r.Helper()
	end, err := r.l.Sync()
	must(r, err)
	if end != r.l.EndOffset() {
		r.Fatalf("durable end: got %d; want %d", end, r.l.EndOffset())
	}
}

// batches reads everything from offset on, batch by batch, checking checksums.
func batches(t testing.TB, l *Log, offset int64) []record.Batch {
	t.Helper()
	all, err := readBatches(l, offset)
	must(t, err)
	return all
}

func readBatches(l *Log, offset int64) ([]record.Batch, error) {
	var all []record.Batch
	for offset < l.EndOffset() {
		slices, err := l.Read(offset, math.MaxInt64, 900, true)
		if err != nil {
			return all, err
		}
		if len(slices) == 0 {
			return all, fmt.Errorf("nothing at %d, the end is %d", offset, l.EndOffset())
		}
		for _, s := range slices {
			got, err := parse(s)
			s.Release()
			if err != nil {
				return all, err
			}
			all = append(all, got...)
		}
		if last := all[len(all)-1].LastOffset() + 1; last > offset {
			offset = last
		} else {
			return all, fmt.Errorf("no progress at %d", offset)
		}
	}
	return all, nil
}

// parse cuts a slice into whole batches.
func parse(s segment.Slice) ([]record.Batch, error) {
	raw, err := s.Bytes()
	if err != nil {
		return nil, err
	}
	var all []record.Batch
	for len(raw) >= record.HeaderSize {
		h, err := record.ParseHeader(raw)
		if err != nil {
			return all, err
		}
		if h.Size() > len(raw) {
			break
		}
		if !record.CheckCRC(raw[:h.Size()]) {
			return all, fmt.Errorf("served a batch at %d with a wrong checksum", h.BaseOffset)
		}
		all = append(all, record.Batch{Header: h, Raw: raw[:h.Size()]})
		raw = raw[h.Size():]
	}
	return all, nil
}

// whole checks that batches cover [start, end) without gaps.
func whole(t testing.TB, all []record.Batch, start, end int64) {
	t.Helper()
	for _, b := range all {
		if b.BaseOffset > start {
			t.Fatalf("records %d to %d are missing", start, b.BaseOffset)
		}
		start = b.LastOffset() + 1
	}
	if start != end {
		t.Fatalf("batches end at %d; want %d", start, end)
	}
}
