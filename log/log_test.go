package log

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"weir/record"
	"weir/vfs"
)

func TestAppendReadAcrossSegments(t *testing.T) {
	r := newRig(t, smallConfig())
	r.fill(6)
	whole(t, batches(t, r.l, 0), 0, r.l.EndOffset())
	slices, err := r.l.Read(0, math.MaxInt64, 1<<20, false)
	must(t, err)
	if len(slices) != len(r.l.Segments()) {
		t.Fatalf("one read of everything: got %d slices; want %d", len(slices), len(r.l.Segments()))
	}
	release(slices)
	mid := r.l.EndOffset() / 2
	got, err := r.l.Read(mid, mid+1, 1<<20, true)
	must(t, err)
	for _, s := range got {
		bs, err := parse(s)
		must(t, err)
		if last := bs[len(bs)-1].LastOffset(); last > mid {
			t.Fatalf("read past the limit %d: up to %d", mid+1, last)
		}
		s.Release()
	}
	for _, offset := range []int64{-1, r.l.EndOffset() + 1} {
		if _, err := r.l.Read(offset, math.MaxInt64, 100, true); !errors.Is(err, ErrOffsetOutOfRange) {
			t.Fatalf("read at %d: got %v", offset, err)
		}
	}
	if got, err := r.l.Read(r.l.EndOffset(), math.MaxInt64, 100, true); err != nil || len(got) != 0 {
		t.Fatalf("read at the end: got %v, %v", got, err)
	}
}

func TestRollRules(t *testing.T) {
	c := smallConfig()
	c.SegmentBytes = 1 << 20
	c.SegmentMs = 1000
	r := newRig(t, c)
	r.append(data(1, 5000))
	r.append(data(1, 5900))
	if n := len(r.l.Segments()); n != 1 {
		t.Fatalf("within segment.ms: %d segments", n)
	}
	r.append(data(1, 6001))
	if n := len(r.l.Segments()); n != 2 {
		t.Fatalf("past segment.ms: %d segments", n)
	}
	c.SegmentMs, c.SegmentIndexBytes, c.IndexIntervalBytes = math.MaxInt64, 16, 1
	r.l.SetConfig(c)
	must(t, r.l.Roll())
	before := len(r.l.Segments())
	for range 6 {
		r.append(data(1, 6001))
	}
	if n := len(r.l.Segments()); n == before {
		t.Fatal("a full index did not roll the segment")
	}
	must(t, r.l.Roll())
	n := len(r.l.Segments())
	must(t, r.l.Roll())
	if len(r.l.Segments()) != n {
		t.Fatal("rolled an empty segment")
	}
	c.SegmentBytes = 100
	r.l.SetConfig(c)
	r.appendErr(data(3, 0), ErrSegmentTooSmall)
}

func TestLogAppendTime(t *testing.T) {
	c := smallConfig()
	c.TimestampType = record.LogAppendTime
	r := newRig(t, c)
	a := r.append(data(2, 77))
	if a.AppendTimeMs != r.nowMs() {
		t.Fatalf("append time: got %d; want %d", a.AppendTimeMs, r.nowMs())
	}
	b := batches(t, r.l, 0)[0]
	if !b.LogAppendTime() || b.MaxTimestamp != r.nowMs() {
		t.Fatalf("stamped %v %d", b.LogAppendTime(), b.MaxTimestamp)
	}
}

func TestCleanRestart(t *testing.T) {
	r := newRig(t, smallConfig())
	r.fill(4)
	r.append(idempotent(7, 0, 0, 2, r.nowMs()))
	end, start := r.l.EndOffset(), r.l.StartOffset()
	r.restart(1)
	if r.l.EndOffset() != end || r.l.StartOffset() != start {
		t.Fatalf("after restart %d to %d; want %d to %d", r.l.StartOffset(), r.l.EndOffset(), start, end)
	}
	whole(t, batches(t, r.l, start), start, end)
	if a := r.append(idempotent(7, 0, 0, 2, 1)); !a.Duplicate {
		t.Fatal("producer state was lost")
	}
	if epoch, at := r.l.EpochEnd(0); epoch != 0 || at != end {
		t.Fatalf("epoch 0 ends at %d %d; want %d", epoch, at, end)
	}
}

func TestCrashKeepsWhatWasSynced(t *testing.T) {
	r := newRig(t, smallConfig())
	for range 5 {
		r.fill(len(r.l.Segments()) + 1)
		r.append(idempotent(7, 0, int32(r.l.EndOffset()%2), 1, 0))
		r.sync()
		durable := r.l.EndOffset()
		r.append(data(1, 0))
		r.crash(r.l.LatestEpoch() + 1)
		if got := r.l.EndOffset(); got != durable {
			t.Fatalf("end after crash: got %d; want %d", got, durable)
		}
		whole(t, batches(t, r.l, 0), 0, durable)
	}
}

func TestRetention(t *testing.T) {
	c := smallConfig()
	c.RetentionMs = 10_000
	r := newRig(t, c)
	r.fill(4)
	r.sync()
	n, err := r.l.Retain(r.clk.Now(), r.l.EndOffset())
	must(t, err)
	if n != 0 {
		t.Fatalf("nothing is due, %d segments went", n)
	}
	held, err := r.l.Read(0, math.MaxInt64, 1<<20, true)
	must(t, err)
	r.clk.Advance(11 * time.Second)
	if n, err = r.l.Retain(r.clk.Now(), 5); err != nil || n != 0 {
		t.Fatalf("past the high watermark nothing goes: %d %v", n, err)
	}
	n, err = r.l.Retain(r.clk.Now(), r.l.EndOffset())
	must(t, err)
	if n != 4 || len(r.l.Segments()) != 1 || r.l.StartOffset() != r.l.EndOffset() {
		t.Fatalf("all were due: %d went, %d left, start %d of %d", n, len(r.l.Segments()), r.l.StartOffset(),
			r.l.EndOffset())
	}
	if n, err = r.l.Retain(r.clk.Now(), r.l.EndOffset()); err != nil || n != 0 {
		t.Fatalf("an empty active segment stays: %d %v", n, err)
	}
	if _, err := r.l.Read(0, math.MaxInt64, 10, true); !errors.Is(err, ErrOffsetOutOfRange) {
		t.Fatalf("read of deleted records: %v", err)
	}
	r.clk.Advance(time.Hour)
	for _, s := range held { // a fetch that began before still reads
		if _, err := parse(s); err != nil {
			t.Fatal(err)
		}
		s.Release()
	}
	end := r.l.EndOffset()
	r.crash(1)
	if r.l.StartOffset() != end || r.l.EndOffset() != end {
		t.Fatalf("after crash %d to %d; want %d", r.l.StartOffset(), r.l.EndOffset(), end)
	}
}

func TestRetentionBySize(t *testing.T) {
	c := smallConfig()
	r := newRig(t, c)
	r.fill(6)
	c.RetentionBytes = r.l.Size() - r.l.Segments()[0].Size - r.l.Segments()[1].Size
	c.RetentionMs = -1
	r.l.SetConfig(c)
	second := r.l.Segments()[2].BaseOffset
	n, err := r.l.Retain(r.clk.Now(), r.l.EndOffset())
	must(t, err)
	if n != 2 || r.l.StartOffset() != second {
		t.Fatalf("got %d segments, start %d; want 2, %d", n, r.l.StartOffset(), second)
	}
	c.CleanupDelete, c.RetentionBytes = false, 0
	r.l.SetConfig(c)
	if n, err := r.l.Retain(r.clk.Now(), r.l.EndOffset()); err != nil || n != 0 {
		t.Fatalf("without the delete policy: %d %v", n, err)
	}
}

func TestDeleteRecords(t *testing.T) {
	r := newRig(t, smallConfig())
	r.fill(4)
	r.sync()
	hw := r.l.EndOffset()
	for _, offset := range []int64{-2, hw + 1} {
		if _, err := r.l.DeleteRecords(offset, hw); !errors.Is(err, ErrOffsetOutOfRange) {
			t.Fatalf("delete before %d: %v", offset, err)
		}
	}
	mid := r.l.Segments()[2].BaseOffset + 1
	start, err := r.l.DeleteRecords(mid, hw)
	must(t, err)
	if start != mid || len(r.l.Segments()) != 2 {
		t.Fatalf("start %d of %d, %d segments", start, mid, len(r.l.Segments()))
	}
	if start, err = r.l.DeleteRecords(0, hw); err != nil || start != mid {
		t.Fatalf("a lower offset changes nothing: %d %v", start, err)
	}
	r.crash(1)
	if r.l.StartOffset() != mid || r.l.EndOffset() != hw {
		t.Fatalf("after crash %d to %d; want %d to %d", r.l.StartOffset(), r.l.EndOffset(), mid, hw)
	}
	at, ok, err := r.l.LookupTime(0)
	if err != nil || !ok || at.Offset != mid {
		t.Fatalf("lookup by time: %+v %v %v; want %d", at, ok, err, mid)
	}
	must(t, func() error { _, err := r.l.DeleteRecords(hw, hw); return err }())
	r.restart(2)
	if r.l.StartOffset() != hw || r.l.EndOffset() != hw {
		t.Fatalf("after restart %d to %d; want %d", r.l.StartOffset(), r.l.EndOffset(), hw)
	}
}

func TestTruncate(t *testing.T) {
	r := newRig(t, smallConfig())
	for seq := int32(0); len(r.l.Segments()) < 4; seq++ {
		r.append(idempotent(9, 0, seq, 1, r.nowMs()))
	}
	r.sync()
	to := r.l.Segments()[1].BaseOffset + 2
	must(t, r.l.Truncate(to))
	if r.l.EndOffset() != to || len(r.l.Segments()) != 2 {
		t.Fatalf("end %d; want %d; %d segments", r.l.EndOffset(), to, len(r.l.Segments()))
	}
	r.append(idempotent(9, 0, int32(to), 1, r.nowMs()))
	r.sync()
	r.crash(1)
	whole(t, batches(t, r.l, 0), 0, to+1)
	if a := r.append(idempotent(9, 0, int32(to), 1, 0)); !a.Duplicate || a.BaseOffset != to {
		t.Fatalf("sequence state after truncation: %+v", a)
	}
}

func TestDeletePartition(t *testing.T) {
	r := newRig(t, smallConfig())
	r.fill(3)
	r.sync()
	held, err := r.l.Read(0, math.MaxInt64, 1<<20, true)
	must(t, err)
	must(t, r.d.Delete(testID(0)))
	r.appendErr(data(1, 0), ErrClosed)
	if _, err := r.l.Read(0, 1, 1, true); !errors.Is(err, ErrClosed) {
		t.Fatalf("read: %v", err)
	}
	for _, s := range held {
		if _, err := parse(s); err != nil {
			t.Fatal(err)
		}
		s.Release()
	}
	left := r.fs.(*vfs.Mem).CrashClone(vfs.CrashOptions{})
	d, err := openDir(left, r.clk)
	must(t, err)
	defer d.Close(context.Background())
	if ids, err := d.List(); err != nil || len(ids) != 0 {
		t.Fatalf("deleted partitions came back: %v %v", ids, err)
	}
	if err := d.Delete(testID(0)); !errors.Is(err, ErrUnknownLog) {
		t.Fatalf("delete twice: %v", err)
	}
}

func TestSecondHolderIsRefused(t *testing.T) {
	r := newRig(t, smallConfig())
	if _, err := openDir(r.fs, r.clk); !errors.Is(err, vfs.ErrLocked) {
		t.Fatalf("got %v", err)
	}
	if _, err := r.d.Open(testID(0), r.cfg, 0); !errors.Is(err, ErrExists) {
		t.Fatalf("got %v", err)
	}
}
