package crash

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"weir/internal/clock"
	"weir/log"
	"weir/partition"
	"weir/vfs"
)

// TestFullDisk is D8: appends are refused, reads and deletes go on, and appends are taken again by themselves
// within 5 s of space coming back, without a restart; nothing acknowledged is lost.
func TestFullDisk(t *testing.T) {
	for range 5 {
		synctest.Test(t, fullDisk)
	}
}

func fullDisk(t *testing.T) {
	m := vfs.NewMem()
	m.SetCapacity(200 << 10)
	d, err := log.OpenDirectory(m, dataDir, log.DirectoryConfig{BallastBytes: 32 << 10}, clock.Real(), quiet)
	must(t, err)
	flusher := partition.NewSyncCommitter(partition.SyncConfig{}, clock.Real())
	cfg := logConfig()
	cfg.SegmentBytes = 8 << 10
	var ps []*partition.Partition
	for n := range 3 {
		l, err := d.Open(partitionID(n), cfg, 1)
		must(t, err)
		ps = append(ps, partition.New(l, flusher, 1, clock.Real()))
	}
	acked := fillUp(t, ps)

	for i, p := range ps {
		if got, err := readAll(p.Log()); err != nil || int64(len(got)) < acked[i] {
			t.Fatalf("partition %d on a full disk: %d batches of %d, %v", i, len(got), acked[i], err)
		}
	}
	low, err := ps[0].DeleteRecords(-1)
	must(t, err)
	if low != ps[0].HighWatermark() {
		t.Fatalf("low watermark %d of %d", low, ps[0].HighWatermark())
	}
	must(t, d.Delete(partitionID(2)))
	time.Sleep(5 * time.Second) // the bubble's time: file.delete.delay.ms passes, the housekeeper probes
	for i, p := range ps[:2] {
		tk, err := p.Append(sent{pid: -1, n: 3}.batch(), appendAny)
		if err != nil {
			t.Fatalf("partition %d, 5 s after space came back: %v", i, err)
		}
		must(t, tk.Wait(nil))
	}

	m.SetCapacity(-1)
	left := m.CrashClone(vfs.CrashOptions{})
	flusher.Close()
	must(t, d.Close(context.Background()))
	d, err = log.OpenDirectory(left, dataDir, log.DirectoryConfig{BallastBytes: 512}, clock.Real(), quiet)
	must(t, err)
	defer d.Close(gone)
	l, err := d.Open(partitionID(1), cfg, 2)
	must(t, err)
	if got, err := readAll(l); err != nil || int64(len(got)) < acked[1]+1 {
		t.Fatalf("after a crash: %d batches of %d, %v", len(got), acked[1]+1, err)
	}
}

// fillUp appends to all partitions until the disk is full, and returns how many batches of each were
// acknowledged.
func fillUp(t *testing.T, ps []*partition.Partition) (acked [3]int64) {
	t.Helper()
	for round := int64(0); ; round++ {
		for i, p := range ps {
			tk, err := p.Append(sent{pid: -1, n: 20, ms: round}.batch(), appendAny)
			if errors.Is(err, log.ErrDiskFull) {
				return acked
			}
			must(t, err)
			must(t, tk.Wait(nil))
			acked[i]++
		}
	}
}
