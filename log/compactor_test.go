package log

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
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
		if strings.HasSuffix(name, cleanedSuffix) || strings.HasSuffix(name, swapSuffix) {
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

// told passes on what a directory says in its log lines.
type told chan string

func (c told) Enabled(context.Context, slog.Level) bool { return true }
func (c told) WithAttrs([]slog.Attr) slog.Handler       { return c }
func (c told) WithGroup(string) slog.Handler            { return c }
func (c told) Handle(_ context.Context, r slog.Record) error {
	c <- r.Message
	return nil
}

// wait reads lines until one is the message.
func (c told) wait(message string) {
	for m := range c {
		if m == message {
			return
		}
	}
}

// newToldRig is a rig of a compacted log that passes on what its directory says.
func newToldRig(t *testing.T) (*rig, told) {
	lines := make(told, 1000)
	r := &rig{TB: t, fs: vfs.NewMem(), clk: clock.NewManual(testStart), cfg: compactConfig()}
	var err error
	r.d, err = OpenDirectory(r.fs, dataDir, DirectoryConfig{BallastBytes: 512}, r.clk, slog.New(lines))
	must(t, err)
	r.l, err = r.d.Open(testID(0), r.cfg, 0)
	must(t, err)
	return r, lines
}

// TestCompactorRuns: the goroutines pick up what becomes dirty, rest in between, end when there are to be fewer, and with
// the directory, even in the middle of a pass.
func TestCompactorRuns(t *testing.T) {
	r, lines := newToldRig(t)
	dirty := func() {
		for i := range 50 {
			r.put(kv{"a", fmt.Sprint(i)})
		}
		r.seal()
	}
	dirty()
	r.d.SetCompaction(CompactionConfig{Threads: 2, Backoff: time.Minute})
	lines.wait("log compacted")
	dirty()
	r.d.SetCompaction(CompactionConfig{Threads: 1, Backoff: time.Hour}) // new settings are looked at at once
	for r.l.Compaction().To < 100 {                                     // the goroutines of before may have taken a part
		lines.wait("log compacted")
	}
	if s := r.l.Compaction(); s.To != 100 || s.DirtyBytes != 0 {
		t.Fatalf("%+v", s)
	}
	r.d.SetCompaction(CompactionConfig{})
	r.d.compactor.group.Wait()
	dirty()
	if _, did := r.d.CompactNext(); !did {
		t.Fatal("nobody else was to compact it")
	}
	dirty()
	r.d.SetCompaction(CompactionConfig{Threads: 1, BytesPerSecond: 1}) // it takes for ever
	must(t, r.d.Close(context.Background()))
	leftovers(t, r)
}

// TestLongPassesTell: a pass that takes long says how far it is.
func TestLongPassesTell(t *testing.T) {
	r, lines := newToldRig(t)
	for i := range 50 {
		r.put(kv{"a", fmt.Sprint(i)})
	}
	r.seal()
	r.d.SetCompaction(CompactionConfig{Threads: 1, BytesPerSecond: 100})
	r.clk.WaitForTimers(2) // the housekeeper's, and the pass's that waits for its next bytes
	r.clk.Advance(progressInterval)
	lines.wait("log is being compacted")
	must(t, r.d.Close(context.Background()))
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
