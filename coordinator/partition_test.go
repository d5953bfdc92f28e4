package coordinator

import (
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"weir/internal/clock"
	"weir/log"
	"weir/metadata"
	"weir/partition"
	"weir/vfs"
)

// disk is a partition over a memory file system whose fsyncs can be held and whose writes can fail.
type disk struct {
	gate  atomic.Pointer[chan struct{}] // an fsync of records waits for it to be closed
	write atomic.Pointer[error]         // what a write of records answers
	sync  atomic.Pointer[error]         // what an fsync of records answers
	p     *partition.Partition
}

func openDisk(t *testing.T) *disk {
	d := &disk{}
	fs := vfs.Inject(vfs.NewMem(), func(op vfs.Op) error {
		if !strings.HasSuffix(op.Name, ".log") {
			return nil
		}
		fault := map[vfs.OpKind]*atomic.Pointer[error]{vfs.OpSync: &d.sync, vfs.OpWriteAt: &d.write}[op.Kind]
		if gate := d.gate.Load(); gate != nil && op.Kind == vfs.OpSync {
			<-*gate
		}
		if fault != nil && fault.Load() != nil {
			return *fault.Load()
		}
		return nil
	})
	quiet := slog.New(slog.DiscardHandler)
	dir, err := log.OpenDirectory(fs, "/data", log.DirectoryConfig{BallastBytes: -1}, clock.Real(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	l, err := dir.Open(metadata.PartitionID{Topic: metadata.NewTopicID()}, log.DefaultConfig(), 1)
	if err != nil {
		t.Fatal(err)
	}
	flusher := partition.NewSyncCommitter(partition.SyncConfig{Alone: true}, clock.Real()) // syncs of .log files
	d.p = partition.New(l, flusher, 1, clock.Real())
	t.Cleanup(func() {
		flusher.Close()
		_ = dir.Close(t.Context())
	})
	return d
}

func startOn(t *testing.T, d *disk) *rig {
	clk := clock.NewManual(time.UnixMilli(0))
	r := &rig{t, nil, clk, New(Config{}, newCounters, clk, slog.New(slog.DiscardHandler))}
	r.BecomeLeader(0, OnPartition(d.p))
	<-r.Loaded(0)
	t.Cleanup(func() { r.Resign(0) })
	return r
}

func TestPartitionHoldsAnswersBack(t *testing.T) {
	d := openDisk(t)
	r := startOn(t, d)
	r.want(r.set("a", "1"), "")
	gate := make(chan struct{})
	d.gate.Store(&gate)
	write, read := r.set("a", "2"), r.get("a")
	r.want(r.get("b"), "")
	r.settled()
	r.wantOpen(write)
	r.wantOpen(read)
	close(gate)
	r.want(write, "1")
	r.want(read, "2")
}

// What an earlier leadership left on its way to the disk is part of what the next one loads.
func TestMovedShardLoadsEverything(t *testing.T) {
	d := openDisk(t)
	r := startOn(t, d)
	r.want(r.set("a", "1"), "")
	gate := make(chan struct{})
	d.gate.Store(&gate)
	write := r.set("a", "2")
	r.settled()
	d.p.Resign()
	r.wantErr(write, ErrNotCoordinator)
	r.Resign(0)
	d.p.BecomeLeader(2)
	r.BecomeLeader(0, OnPartition(d.p))
	read := r.get("a")
	r.wantOpen(read)
	close(gate)
	r.want(read, "2")
	r.want(r.set("a", "3"), "2")
}

// A shard that is told to stop while it waits for the disk stops.
func TestStopWhileLoading(t *testing.T) {
	d := openDisk(t)
	r := startOn(t, d)
	gate := make(chan struct{})
	d.gate.Store(&gate)
	r.set("a", "1")
	r.settled()
	r.BecomeLeader(0, OnPartition(d.p))
	r.Resign(0)
	close(gate)
}

func TestFullDiskIsSurvived(t *testing.T) {
	d := openDisk(t)
	r := startOn(t, d)
	r.want(r.set("a", "1"), "")
	full := error(syscall.ENOSPC)
	d.write.Store(&full)
	r.wantErr(r.set("a", "2"), ErrNotAvailable)
	r.want(r.get("a"), "1")
	d.write.Store(nil)
	for deadline := time.Now().Add(10 * time.Second); ; { // the log looks for space again by itself
		got, err := r.set("a", "3").Result()
		if err == nil && got == "1" {
			break
		}
		if !errors.Is(err, ErrNotAvailable) || time.Now().After(deadline) {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	r.want(r.get("a"), "3")
}

func TestFailedSyncEndsTheShard(t *testing.T) {
	d := openDisk(t)
	r := startOn(t, d)
	broken := error(syscall.EIO)
	d.sync.Store(&broken)
	r.wantErr(r.set("a", "1"), ErrNotCoordinator)
	r.wantErr(r.get("a"), ErrNotCoordinator)
	r.BecomeLeader(0, OnPartition(d.p))
	<-r.Loaded(0)
	r.wantErr(r.get("a"), ErrNotCoordinator)
}

// An append in the name of an older leadership is refused, and ends the shard that made it.
func TestOlderLeadershipCannotWrite(t *testing.T) {
	d := openDisk(t)
	r := startOn(t, d)
	r.want(r.set("a", "1"), "")
	d.p.BecomeLeader(2)
	r.wantErr(r.set("a", "2"), ErrNotCoordinator)
	r.wantErr(r.get("a"), ErrNotCoordinator)
}
