package log

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"syscall"
	"testing"
	"time"

	"weir/internal/clock"
	"weir/record"
	"weir/segment"
	"weir/vfs"
)

// TestDamageEndsCompactionOnly: a pass that meets damage leaves the log as it is, in service, and does not come back.
// Reading the damage still takes the partition out of service.
func TestDamageEndsCompactionOnly(t *testing.T) {
	r := newRig(t, compactConfig())
	r.fill(4)
	r.seal()
	e := (*r.l.list.Load())[1]
	before := bases(r.l)
	f, err := r.fs.OpenReadWrite(e.seg.Path())
	must(t, err)
	_, err = f.WriteAt([]byte{0xff}, 100)
	must(t, errors.Join(err, f.Close()))
	if done, did := r.d.CompactNext(); did {
		t.Fatalf("compacted damage: %+v", done)
	}
	var damage *segment.DamageError
	if s := r.l.Compaction(); !errors.As(s.Err, &damage) || damage.Path != e.seg.Path() || damage.Position != 0 {
		t.Fatalf("it says %+v", s)
	}
	must(t, r.l.Err())
	if got := bases(r.l); fmt.Sprint(got) != fmt.Sprint(before) {
		t.Fatalf("segments %v; before %v", got, before)
	}
	if _, did := r.d.CompactNext(); did {
		t.Fatal("it came back")
	}
	r.put(kv{"a", "1"})
	leftovers(t, r)
	r.restart(1)
	if _, err := readBatches(r.l, 0); !errors.Is(err, ErrOffline) {
		t.Fatalf("reading the damage: %v", err)
	}
}

func leftovers(t *testing.T, r *rig) {
	t.Helper()
	names, err := r.fs.List(r.l.path)
	must(t, err)
	for _, name := range names {
		if _, ok := leadingOffset(name); ok && (len(name) > 32 || name[len(name)-4:] == swapSuffix[:4]) {
			t.Fatalf("%s is left", name)
		}
	}
}

// TestCompactionSurvivesErrors: whatever operation of a pass fails, the log holds the old records or the new ones, and
// a start after it too.
func TestCompactionSurvivesErrors(t *testing.T) {
	for _, cause := range []error{syscall.ENOSPC, syscall.EIO} {
		for fail := int64(0); ; fail++ {
			m := vfs.NewMem()
			n, armed := int64(0), false
			var mu sync.Mutex
			fsys := vfs.Inject(m, func(op vfs.Op) error {
				mu.Lock()
				defer mu.Unlock()
				if !armed || !op.Kind.Writes() {
					return nil
				}
				n++
				if n == fail+1 {
					return cause
				}
				return nil
			})
			cfg := compactConfig()
			r := &rig{TB: t, fs: fsys, clk: clock.NewManual(testStart), cfg: cfg}
			r.open(0)
			for i := range 40 {
				r.put(kv{fmt.Sprint("k", i%5), fmt.Sprint(i)})
			}
			r.seal()
			want := fmt.Sprint(committed(t, r.l)[35:])
			mu.Lock()
			armed = true
			mu.Unlock()
			_, did := r.d.CompactNext()
			mu.Lock()
			hit := n > fail
			armed = false
			mu.Unlock()
			tail := func() string {
				all := committed(t, r.l)
				return fmt.Sprint(all[len(all)-5:])
			}
			if r.l.Err() == nil && tail() != want {
				t.Fatalf("%v at operation %d: %v; want %v", cause, fail, tail(), want)
			}
			_ = r.d.Close(context.Background())
			r.fs = m
			r.open(1)
			if tail() != want {
				t.Fatalf("%v at operation %d, after a start: %v; want %v", cause, fail, tail(), want)
			}
			r.put(kv{"z", "1"})
			r.compact()
			must(t, r.d.Close(context.Background()))
			if !hit {
				if !did {
					t.Fatal("nothing failed, and there was no pass")
				}
				break
			}
		}
	}
}

// TestReadersAreUndisturbed reads all the time while segments are replaced and their files removed.
func TestReadersAreUndisturbed(t *testing.T) {
	cfg := compactConfig()
	cfg.FileDeleteDelayMs = 1
	r := newRig(t, cfg)
	stop := make(chan struct{})
	var readers sync.WaitGroup
	rounds := 0
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				last := int64(-1)
				for at, end := int64(0), r.l.EndOffset(); at < end; {
					slices, err := r.l.Read(at, math.MaxInt64, 3000, true)
					if err != nil {
						t.Errorf("read at %d: %v", at, err)
						return
					}
					for _, s := range slices {
						all, err := parse(s)
						s.Release()
						if err != nil {
							t.Errorf("read at %d: %v", at, err)
							return
						}
						for _, b := range all {
							if b.BaseOffset <= last && b.LastOffset() <= last {
								t.Errorf("batch at %d after %d", b.BaseOffset, last)
							}
							last = b.LastOffset()
						}
					}
					at = max(at, last) + 1
				}
			}
		})
	}
	for round := range 30 {
		for i := range 40 {
			r.put(kv{fmt.Sprint("k", i%7), fmt.Sprint(round)})
		}
		r.compact()
		r.clk.Advance(time.Second)
		rounds++
	}
	close(stop)
	readers.Wait()
	must(t, r.l.Err())
}

// TestThrottle: work is spread over time so that it stays below log.cleaner.io.max.bytes.per.second, whoever does it;
// time that nobody used is not made up for.
func TestThrottle(t *testing.T) {
	r := newRig(t, compactConfig())
	x := &r.d.compactor.throttle
	x.set(1000)
	if d := x.delay(r.d, 50); d != 0 {
		t.Fatalf("50 bytes wait %v; small ones are put together", d)
	}
	if d := x.delay(r.d, 450); d != 500*time.Millisecond {
		t.Fatalf("500 bytes wait %v", d)
	}
	if d := x.delay(r.d, 1000); d != 1500*time.Millisecond {
		t.Fatalf("1000 more bytes wait %v", d)
	}
	r.clk.Advance(time.Minute)
	if d := x.delay(r.d, 1000); d != time.Second {
		t.Fatalf("1000 bytes after a pause wait %v", d)
	}
	x.set(math.MaxFloat64)
	if d := x.delay(r.d, 1<<30); d != 0 {
		t.Fatalf("without a limit: %v", d)
	}
}

// TestCompactorRuns: the goroutines pick up what becomes dirty after the backoff, end when there are to be fewer, and
// with the directory, even in the middle of a pass.
func TestCompactorRuns(t *testing.T) {
	r := newRig(t, compactConfig())
	for i := range 50 {
		r.put(kv{"a", fmt.Sprint(i)})
	}
	r.seal()
	pending := r.clk.Pending()
	r.d.SetCompaction(CompactionConfig{Threads: 2, Backoff: time.Minute})
	r.clk.WaitForTimers(pending + 2) // both rest: what was dirty is done
	if s := r.l.Compaction(); s.To != 50 || s.DirtyBytes != 0 {
		t.Fatalf("%+v", s)
	}
	r.put(kv{"a", "x"})
	r.seal()
	r.clk.Advance(time.Minute)
	for r.l.Compaction().To != 51 {
		r.clk.WaitForTimers(pending + 1)
	}
	r.d.SetCompaction(CompactionConfig{})
	r.d.compactor.group.Wait()
	r.d.SetCompaction(CompactionConfig{Threads: 1, BytesPerSecond: 1, Backoff: time.Minute})
	for i := range 50 {
		r.put(kv{"a", fmt.Sprint(i)})
	}
	r.seal()
	r.clk.WaitForTimers(pending + 1)
	r.clk.Advance(time.Minute)
	for !r.l.Compaction().Running {
	}
	must(t, r.d.Close(context.Background()))
	leftovers(t, r)
}

// TestKeylessRecordsGo: records without keys, from before the topic was compacted, go as in Kafka.
func TestKeylessRecordsGo(t *testing.T) {
	r := newRig(t, compactConfig())
	r.append(kvBatch(record.Options{}, r.nowMs(), kv{"", "1"}, kv{"a", "1"}))
	done := r.compact()
	if done.Keyless != 1 {
		t.Fatalf("%+v", done)
	}
	wantHeld(t, r.l, "1:a=1")
}

// TestMaxTimestampOfEmptiedBatches: a batch that was left without records does not count for the largest timestamp.
func TestMaxTimestampOfEmptiedBatches(t *testing.T) {
	r := newRig(t, compactConfig())
	o := record.Options{HasProducer: true, ProducerID: 5}
	r.append(kvBatch(o, r.nowMs()+5000, kv{"a", "1"}))
	r.append(kvBatch(record.Options{}, r.nowMs(), kv{"a", "2"}))
	r.compact()
	at, ok, err := r.l.MaxTimestamp()
	if err != nil || !ok || at.Offset != 1 || at.Timestamp != r.nowMs() {
		t.Fatalf("%+v %v %v", at, ok, err)
	}
}

// TestEpochsOutliveCompaction: the file of leader epochs stays as it is when the batches are gone at which epochs begin.
func TestEpochsOutliveCompaction(t *testing.T) {
	r := newRig(t, compactConfig())
	for epoch := range int32(4) {
		r.l.BeginEpoch(epoch)
		for i := range 5 {
			r.append(kvBatch(record.Options{}, r.nowMs(), kv{fmt.Sprint("k", i%3), fmt.Sprint(epoch, i)}))
		}
	}
	r.compact()
	want := fmt.Sprint(r.l.epochs.entries[:4])
	for epoch := range int32(2) {
		r.restart(10 + epoch)
		if got := fmt.Sprint(r.l.epochs.entries[:4]); got != want {
			t.Fatalf("epochs %v; want %v", got, want)
		}
		r.put(kv{"z", "1"})
	}
}
