package log

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weir/record"
	"weir/segment"
	"weir/vfs"
)

// compressedConfig has small segments that compress.
func compressedConfig() Config {
	c := smallConfig()
	c.CompressSegments = true
	return c
}

// settleForms waits until every sealed segment has the form that the settings ask for.
func (r *rig) settleForms() {
	r.Helper()
	must(r, r.l.SettleForms())
}

func (r *rig) names(suffix string) []string {
	r.Helper()
	names, err := r.fs.List(r.l.path)
	must(r, err)
	return slices.DeleteFunc(names, func(n string) bool { return !strings.HasSuffix(n, suffix) })
}

func raws(all []record.Batch) []byte {
	var b []byte
	for _, x := range all {
		b = append(b, x.Raw...)
	}
	return b
}

func newFastRig(t testing.TB, cfg Config) *rig {
	r := newRig(t, cfg)
	r.d.compression.throttle.set(0)
	return r
}

func TestSealedSegmentsAreCompressed(t *testing.T) {
	r := newFastRig(t, compressedConfig())
	r.fill(5)
	r.sync()
	before := raws(batches(t, r.l, 0))
	r.settleForms()
	var plain, stored int64
	for _, s := range r.l.Segments() {
		if s.Compressed == s.Active {
			t.Errorf("segment %d: compressed %v, active %v", s.BaseOffset, s.Compressed, s.Active)
		}
		if plain, stored = plain+s.Size, stored+s.StoredSize; s.Compressed && s.StoredSize >= s.Size {
			t.Errorf("segment %d: %d bytes on disk of %d", s.BaseOffset, s.StoredSize, s.Size)
		}
	}
	if r.l.Size() != stored || stored >= plain {
		t.Errorf("size %d; %d on disk of %d", r.l.Size(), stored, plain)
	}
	if n := len(r.names(".log.zst")); n != 4 {
		t.Errorf("%d compressed files, %v", n, r.names(""))
	}
	same := func(when string) {
		t.Helper()
		if !bytes.Equal(raws(batches(t, r.l, 0)), before) {
			t.Fatalf("%s: other bytes are read", when)
		}
	}
	same("compressed")
	r.clk.Advance(2 * time.Second)
	r.restart(1)
	if left := append(r.names(".deleted"), r.names(".tmp")...); len(left) > 0 || len(r.names(".log")) != 1 {
		t.Errorf("after a restart there are %v", r.names(""))
	}
	same("after a restart")
	r.crash(2)
	same("after a crash")
	r.append(data(3, r.nowMs()))
}

// TestSettingChangesOnALivingTopic: what the setting says is what the sealed segments come to, both ways, while readers
// read.
func TestSettingChangesOnALivingTopic(t *testing.T) {
	r := newFastRig(t, smallConfig())
	r.fill(5)
	r.sync()
	before := raws(batches(t, r.l, 0))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				all, err := readBatches(r.l, 0)
				if err != nil || !bytes.Equal(raws(all), before) {
					t.Errorf("a reader beside the change: %d batches, %v", len(all), err)
					return
				}
			}
		})
	}
	for i := range 10 {
		c := smallConfig()
		c.CompressSegments = i%2 == 0
		r.l.SetConfig(c)
		r.settleForms()
		if n := len(r.names(".log.zst")); n != map[bool]int{true: 4, false: 0}[c.CompressSegments] {
			t.Errorf("change %d: %v", i, r.names(""))
		}
		r.clk.Advance(2 * time.Second)
	}
	close(stop)
	wg.Wait()
}

func TestWhatDoesNotCompressStaysPlain(t *testing.T) {
	c := compressedConfig()
	r := newFastRig(t, c)
	for len(r.l.Segments()) < 3 {
		b := record.NewBuilder(record.Options{})
		b.Append(r.nowMs(), nil, randomBytes(300, r.l.EndOffset()))
		x := b.Build()
		r.append(&x)
	}
	r.settleForms()
	if r.l.Segments()[0].Compressed || len(r.names(".plain")) != 2 || len(r.names(".tmp")) > 0 {
		t.Fatalf("there are %v", r.names(""))
	}
	var tries atomic.Int64
	r.fs = vfs.Inject(r.fs, func(op vfs.Op) error {
		if op.Kind == vfs.OpCreate && strings.HasSuffix(op.Name, ".log.zst.tmp") {
			tries.Add(1)
		}
		return nil
	})
	r.restart(1)
	r.settleForms()
	if n := tries.Load(); n != 0 {
		t.Errorf("after a restart it is tried again, %d times", n)
	}
	c.CompressionLevel = 9
	r.l.SetConfig(c)
	r.settleForms()
	if tries.Load() == 0 {
		t.Error("a higher level is not tried")
	}
	_, err := r.l.DeleteRecords(r.l.EndOffset(), r.l.EndOffset())
	must(t, err)
	r.clk.Advance(2 * time.Second)
	r.restart(2)
	if left := r.names(".plain"); len(left) > 0 {
		t.Errorf("notes of deleted segments are left: %v", left)
	}
}

func randomBytes(n int, seed int64) []byte {
	b := make([]byte, n)
	x := uint64(seed)*2654435761 + 88172645463325252
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x >> 24)
	}
	return b
}

// TestTruncateIntoACompressedSegment: it is plain and active after that, and takes appends.
func TestTruncateIntoACompressedSegment(t *testing.T) {
	for _, after := range []string{"nothing", "a restart", "a crash"} {
		t.Run(after, func(t *testing.T) {
			r := newFastRig(t, compressedConfig())
			r.fill(5)
			r.sync()
			r.settleForms()
			before := batches(t, r.l, 0)
			to := r.l.Segments()[1].BaseOffset + 3
			must(t, r.l.Truncate(to))
			added := r.append(data(2, r.nowMs()))
			if added.BaseOffset != to {
				t.Fatalf("appended at %d; want %d", added.BaseOffset, to)
			}
			r.sync()
			switch after {
			case "a restart":
				r.restart(1)
			case "a crash":
				r.crash(1)
			}
			got := batches(t, r.l, 0)
			whole(t, got, 0, to+2)
			for i, b := range got[:len(got)-1] {
				if !bytes.Equal(b.Raw, before[i].Raw) {
					t.Fatalf("batch %d has other bytes", i)
				}
			}
		})
	}
}

// TestRetentionCountsWhatIsOnDisk: retention.bytes bounds the disk, so that more records stay where they are compressed.
func TestRetentionCountsWhatIsOnDisk(t *testing.T) {
	left := map[bool]int64{}
	for _, compress := range []bool{false, true} {
		c := compressedConfig()
		c.CompressSegments = compress
		r := newFastRig(t, c)
		r.fill(40)
		r.sync()
		r.settleForms()
		c.RetentionBytes = 6000
		r.l.SetConfig(c)
		_, err := r.l.Retain(r.clk.Now(), r.l.EndOffset())
		must(t, err)
		if r.l.Size() < 6000 || r.l.Size() > 6000+2100 {
			t.Errorf("compressed %v: %d bytes are left of 6000", compress, r.l.Size())
		}
		left[compress] = r.l.EndOffset() - r.l.StartOffset()
		whole(t, batches(t, r.l, r.l.StartOffset()), r.l.StartOffset(), r.l.EndOffset())
		r.clk.Advance(2 * time.Second)
		r.restart(1)
		whole(t, batches(t, r.l, r.l.StartOffset()), r.l.StartOffset(), r.l.EndOffset())
	}
	if left[true] <= left[false] {
		t.Errorf("%d records stay compressed, %d plain", left[true], left[false])
	}
}

// TestDamagedFrameTakesThePartitionOffline: and is not cut as a torn tail, whatever was known to be durable.
func TestDamagedFrameTakesThePartitionOffline(t *testing.T) {
	for _, clean := range []bool{true, false} {
		r := newFastRig(t, compressedConfig())
		r.fill(4)
		r.sync()
		r.settleForms()
		must(t, r.d.Close(context.Background()))
		name := r.l.path + "/" + r.names(".log.zst")[1]
		f, err := r.fs.OpenReadWrite(name)
		must(t, err)
		var b [1]byte
		_, err = f.ReadAt(b[:], 60)
		must(t, err)
		b[0] ^= 4
		_, err = f.WriteAt(b[:], 60)
		must(t, err)
		must(t, f.Sync())
		if !clean { // everything is recovered then
			must(t, r.fs.Remove(dataDir+"/"+cleanMarkerFile))
			must(t, r.fs.Remove(dataDir+"/"+recoveryPointFile))
		}
		size, err := f.Size()
		must(t, err)
		r.d, err = openDir(r.fs, r.clk)
		must(t, err)
		r.l, err = r.d.Open(testID(0), r.cfg, 1)
		must(t, err)
		_, err = r.l.Read(0, math.MaxInt64, 1<<20, true)
		if !isDamage(err) || !isDamage(r.l.Err()) {
			t.Errorf("clean stop %v: reading gave %v, the log says %v", clean, err, r.l.Err())
		}
		if now, err := f.Size(); err != nil || now != size {
			t.Errorf("the damaged file was changed from %d to %d bytes, %v", size, now, err)
		}
	}
}

func isDamage(err error) bool {
	var damage *segment.DamageError
	return errors.As(err, &damage)
}

// TestActiveSegmentIsGone: the newest segment had nothing durable and a crash took it; the compressed one before it is
// appended to again.
func TestActiveSegmentIsGone(t *testing.T) {
	r := newFastRig(t, compressedConfig())
	r.fill(3)
	r.sync()
	r.settleForms()
	segs := r.l.Segments()
	end := segs[2].BaseOffset
	must(t, r.l.Truncate(end))
	must(t, r.d.Close(context.Background()))
	for _, suffix := range []string{".log", ".index", ".timeindex"} {
		must(t, r.fs.Remove(r.l.path+"/"+offsetName(end, suffix)))
	}
	r.open(1)
	if r.l.EndOffset() != end {
		t.Fatalf("end %d; want %d", r.l.EndOffset(), end)
	}
	r.append(data(1, r.nowMs()))
	whole(t, batches(t, r.l, 0), 0, end+1)
}

// TestCompressedTwin reads a log and one of the same batches whose sealed segments are compressed, at random: every
// answer is the same.
func TestCompressedTwin(t *testing.T) {
	plain, twin := newFastRig(t, smallConfig()), newFastRig(t, compressedConfig())
	rng := rand.New(rand.NewPCG(7, 7))
	for len(plain.l.Segments()) < 30 {
		n, ms := 1+rng.IntN(6), testStart.UnixMilli()+int64(rng.IntN(5000))
		for _, r := range []*rig{plain, twin} {
			r.append(data(n, ms))
		}
	}
	twin.settleForms()
	end := plain.l.EndOffset()
	for range 3000 {
		offset, limit := rng.Int64N(end), rng.Int64N(end+10)
		most, minOne := rng.IntN(9000), rng.IntN(2) == 0
		want, err := readOnce(plain.l, offset, limit, most, minOne)
		must(t, err)
		got, err := readOnce(twin.l, offset, limit, most, minOne)
		must(t, err)
		if !bytes.Equal(got, want) {
			t.Fatalf("read(%d, %d, %d, %v): %d bytes; want %d, or other ones", offset, limit, most, minOne, len(got), len(want))
		}
		ts := testStart.UnixMilli() + int64(rng.IntN(5200)) - 100
		at, ok, err := plain.l.LookupTime(ts)
		must(t, err)
		at2, ok2, err := twin.l.LookupTime(ts)
		must(t, err)
		if at != at2 || ok != ok2 {
			t.Fatalf("time %d: %+v %v; want %+v %v", ts, at2, ok2, at, ok)
		}
		from, to := min(offset, limit), max(offset, limit)
		n, err := plain.l.BytesBetween(from, to)
		must(t, err)
		n2, err := twin.l.BytesBetween(from, to)
		must(t, err)
		if n != n2 {
			t.Fatalf("bytes between %d and %d: %d; want %d", from, to, n2, n)
		}
	}
}

func readOnce(l *Log, offset, limit int64, maxBytes int, minOne bool) ([]byte, error) {
	all, err := l.Read(offset, limit, maxBytes, minOne)
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	var out []byte
	for _, s := range all {
		b, err := s.Bytes()
		s.Release()
		if err != nil {
			return nil, err
		}
		out = append(out, b...)
	}
	return out, nil
}
