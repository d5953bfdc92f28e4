package log

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"weir/internal/clock"
	"weir/metadata"
	"weir/segment"
	"weir/vfs"
)

func TestOffsetCheckpoint(t *testing.T) {
	want := map[metadata.PartitionID]int64{testID(0): 0, testID(1): 4711}
	file := encodeOffsets(want)
	if lines := strings.Split(string(file), "\n"); lines[0] != "0" || lines[1] != "3" || len(lines) != 6 {
		t.Fatalf("not Kafka's form: %q", file)
	}
	got, err := decodeOffsets(file)
	must(t, err)
	if len(got) != 2 || got[testID(1)] != 4711 {
		t.Fatalf("got %v", got)
	}
	for i := range file {
		for bit := range 8 {
			bad := slices.Clone(file)
			bad[i] ^= 1 << bit
			if _, err := decodeOffsets(bad); err == nil {
				t.Fatalf("bit %d of byte %d was not noticed: %q", bit, i, bad)
			}
		}
	}
	if _, err := decodeOffsets(nil); err == nil {
		t.Fatal("an empty file was read")
	}
}

func TestLeftoversAreTreatedAsKafkaDoes(t *testing.T) {
	r := newRig(t, smallConfig())
	r.fill(3)
	r.sync()
	must(t, r.d.Checkpoint())
	second := r.l.Segments()[1].BaseOffset
	mem := r.fs.(*vfs.Mem).CrashClone(vfs.CrashOptions{UnsyncedPercent: 100})
	dir := r.l.path
	put := func(name string, data []byte) { t.Helper(); must(t, writeFile(mem, join(dir, name), data)) }
	whole0, err := readFile(mem, join(dir, offsetName(0, logSuffix)))
	must(t, err)
	put(offsetName(0, logSuffix)+deletedSuffix, []byte("x"))
	put(offsetName(second, logSuffix)+cleanedSuffix, []byte("x"))
	put(offsetName(second+7, logSuffix)+swapSuffix, []byte("an unfinished split"))
	put(leaderEpochFile+tempSuffix, []byte("x"))
	put(offsetName(0, logSuffix)+swapSuffix, whole0) // a finished compaction of the first segment
	put(offsetName(1<<40, offsetIndexSuffix), []byte("no log"))
	d, err := openDir(mem, r.clk)
	must(t, err)
	defer d.Close(context.Background())
	l, err := d.Open(testID(0), r.cfg, 1)
	must(t, errors.Join(err, l.Err()))
	whole(t, batches(t, l, 0), 0, r.l.EndOffset())
	names, err := mem.List(dir)
	must(t, err)
	for _, name := range names {
		if strings.Contains(name, deletedSuffix) || strings.Contains(name, swapSuffix) ||
			strings.Contains(name, cleanedSuffix) || strings.Contains(name, tempSuffix) ||
			strings.Contains(name, "1099511627776") {
			t.Errorf("%s was left", name)
		}
	}
}

func TestMissingFilesAreDamage(t *testing.T) {
	for what, remove := range map[string]func(r *rig, m *vfs.Mem) error{
		"the directory": func(r *rig, m *vfs.Mem) error { return m.RemoveAll(r.l.path) },
		"first segment": func(r *rig, m *vfs.Mem) error {
			return m.Remove(join(r.l.path, offsetName(0, logSuffix)))
		},
		"middle segment": func(r *rig, m *vfs.Mem) error {
			return m.Remove(join(r.l.path, offsetName(r.l.Segments()[1].BaseOffset, logSuffix)))
		},
		"last segment": func(r *rig, m *vfs.Mem) error {
			return m.Remove(join(r.l.path, offsetName(r.l.Segments()[2].BaseOffset, logSuffix)))
		},
	} {
		for _, clean := range []bool{true, false} {
			r := newRig(t, smallConfig())
			r.fill(3)
			r.append(data(1, 0))
			r.sync()
			must(t, r.d.Checkpoint())
			mem := r.fs.(*vfs.Mem).CrashClone(vfs.CrashOptions{})
			if clean {
				must(t, r.d.Close(context.Background()))
				mem = r.fs.(*vfs.Mem)
			}
			must(t, remove(r, mem))
			d, err := openDir(mem, r.clk)
			must(t, err)
			l, err := d.Open(testID(0), r.cfg, 1)
			must(t, err)
			var damage *segment.DamageError
			if err := l.Err(); !errors.Is(err, ErrOffline) || !errors.As(err, &damage) && !errors.Is(err, errMissing) {
				t.Errorf("%s is missing, clean %v: %v", what, clean, err)
			}
			if err := d.Close(context.Background()); err == nil {
				t.Errorf("a stop with a damaged partition says that it is clean")
			}
		}
	}
}

func TestNeverOpenedPartitionKeepsTheStopUnclean(t *testing.T) {
	r := newRig(t, smallConfig())
	r.append(data(1, 0))
	mem := r.fs.(*vfs.Mem).CrashClone(vfs.CrashOptions{UnsyncedPercent: 100})
	for range 2 {
		d, err := openDir(mem, r.clk)
		must(t, err)
		if d.WasClean() {
			t.Fatal("a partition that was never recovered would be trusted")
		}
		must(t, d.Close(context.Background()))
	}
}

func TestCloseInTime(t *testing.T) {
	mem := vfs.NewMem()
	var stuck atomic.Bool
	never := make(chan struct{})
	defer close(never)
	fsys := vfs.Inject(mem, func(op vfs.Op) error {
		if stuck.Load() && op.Kind == vfs.OpSync {
			<-never
		}
		return nil
	})
	d, err := openDir(fsys, clock.NewManual(testStart))
	must(t, err)
	l, err := d.Open(testID(0), smallConfig(), 0)
	must(t, err)
	_, err = l.Append(data(1, 0), 0)
	must(t, err)
	stuck.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := d.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	if _, err := mem.Stat(join(dataDir, cleanMarkerFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("it was marked clean")
	}
}

// await advances the clock, a second at a time, until the housekeeper has done something.
func await(t *testing.T, clk *clock.Manual, what string, done func() bool) {
	t.Helper()
	for range 1200 {
		if done() {
			return
		}
		clk.WaitForTimers(1)
		clk.Advance(time.Second)
	}
	t.Fatalf("%s: not after 20 minutes", what)
}

func TestHousekeeping(t *testing.T) {
	c := smallConfig()
	c.ProducerIDExpirationMs = 30_000
	r := newRig(t, c)
	r.fill(3)
	r.append(idempotent(1, 0, 0, 1, r.nowMs()))
	r.sync()
	await(t, r.clk, "checkpoint", func() bool {
		points, err := readOffsets(r.fs, dataDir, recoveryPointFile)
		return err == nil && points[testID(0)] == r.l.EndOffset()
	})
	await(t, r.clk, "expiry", func() bool { return len(r.l.Producers()) == 0 })
	must(t, func() error { _, err := r.l.DeleteRecords(r.l.EndOffset(), r.l.EndOffset()); return err }())
	await(t, r.clk, "removal", func() bool {
		names, err := r.fs.List(r.l.path)
		marked := func(n string) bool { return strings.HasSuffix(n, deletedSuffix) }
		return err == nil && !slices.ContainsFunc(names, marked)
	})
}

func TestFullDirectoryRefusesAppendsOnly(t *testing.T) {
	var full atomic.Bool
	mem := vfs.NewMem()
	clk := clock.NewManual(testStart)
	r := &rig{TB: t, clk: clk, cfg: smallConfig(), fs: vfs.Inject(mem, func(op vfs.Op) error {
		if full.Load() && (op.Kind == vfs.OpWriteAt || op.Kind == vfs.OpCreate) {
			return syscall.ENOSPC
		}
		return nil
	})}
	r.open(0)
	defer r.d.Close(context.Background())
	r.fill(2)
	full.Store(true)
	r.appendErr(data(1, 0), ErrDiskFull)
	if !r.d.DiskFull() {
		t.Fatal("the directory does not know")
	}
	whole(t, batches(t, r.l, 0), 0, r.l.EndOffset())
	full.Store(false)
	await(t, clk, "space", func() bool { return !r.d.DiskFull() })
	r.append(data(1, 0))
}

func TestPreallocate(t *testing.T) {
	c := smallConfig()
	c.Preallocate = true
	r := newRig(t, c)
	r.fill(3)
	r.sync()
	end := r.l.EndOffset()
	whole(t, batches(t, r.l, 0), 0, end)
	r.crash(1)
	whole(t, batches(t, r.l, 0), 0, end)
	r.restart(2)
	whole(t, batches(t, r.l, 0), 0, end)
}

func TestMeasureSync(t *testing.T) {
	r := newRig(t, smallConfig())
	took, err := r.d.MeasureSync(3)
	if err != nil || len(took) != 3 {
		t.Fatalf("%v %v", took, err)
	}
	if _, err := r.fs.Stat(join(dataDir, probeFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("the probe file was left")
	}
}

// TestSyncBehindAFailedOne: one that waited while another failed must not take the failure for done.
func TestSyncBehindAFailedOne(t *testing.T) {
	var fail atomic.Bool
	mem := vfs.NewMem()
	r := &rig{TB: t, clk: clock.NewManual(testStart), cfg: smallConfig()}
	r.fs = vfs.Inject(mem, func(op vfs.Op) error {
		if fail.Load() && op.Kind == vfs.OpSyncDir {
			return syscall.EIO
		}
		return nil
	})
	r.open(0)
	defer r.d.Close(context.Background())
	r.append(data(1, 0))
	fail.Store(true)
	if _, err := r.l.Sync(); !errors.Is(err, ErrOffline) {
		t.Fatalf("the directory was not synced: %v", err)
	}
	fail.Store(false)
	if end, err := r.l.sync(true); !errors.Is(err, ErrOffline) || end != 0 { // past Sync's own check
		t.Fatalf("durable end %d, %v", end, err)
	}
}

// TestNamesAreDurableBeforeRecords crashes after the first acknowledged record of partitions whose directories
// were made by this process, or by one that was killed before it synced them.
func TestNamesAreDurableBeforeRecords(t *testing.T) {
	for _, killed := range []bool{false, true} {
		mem := vfs.NewMem()
		clk := clock.NewManual(testStart)
		d, err := openDir(mem, clk)
		must(t, err)
		_, err = d.Open(testID(1), smallConfig(), 0)
		must(t, err)
		if killed { // the process is gone, what it wrote is still in memory
			close(d.stop)
			<-d.done
			must(t, d.lock.Close())
			d, err = openDir(mem, clk)
			must(t, err)
		} else {
			must(t, d.Delete(testID(1)))
		}
		l, err := d.Open(testID(1), smallConfig(), 1)
		must(t, err)
		_, err = l.Append(data(3, 1), 1)
		must(t, err)
		end, err := l.Sync()
		must(t, err)
		left, err := openDir(mem.CrashClone(vfs.CrashOptions{}), clk)
		must(t, err)
		if l, err = left.Open(testID(1), smallConfig(), 2); err != nil || l.EndOffset() != end || end != 3 {
			t.Fatalf("killed %v: end %d after a power cut, %v; acknowledged up to %d", killed, l.EndOffset(), err, end)
		}
		must(t, left.Close(context.Background()))
		must(t, d.Close(context.Background()))
	}
}

// TestStartReadsLittleOfALogWithoutProducers counts what a clean start reads: not the headers of all batches.
func TestStartReadsLittleOfALogWithoutProducers(t *testing.T) {
	cfg := smallConfig()
	cfg.SegmentBytes = 64 << 20
	r := newRig(t, cfg)
	for ms := range int64(300) {
		r.append(data(1000, ms))
	}
	if r.l.Size() < 2*scanBytes {
		t.Fatalf("the log has %d bytes only", r.l.Size())
	}
	size := r.l.Size()
	for range 2 {
		must(t, r.d.Close(context.Background()))
		fsys, count := vfs.Count(r.fs)
		d, err := openDir(fsys, r.clk)
		must(t, err)
		l, err := d.Open(testID(0), cfg, 1)
		must(t, err)
		if read := count.Bytes(vfs.OpReadAt); read > size/2 || l.EndOffset() != 300_000 {
			t.Fatalf("%d bytes read of %d, end %d", read, size, l.EndOffset())
		}
		r.d, r.l = d, l
	}
}
