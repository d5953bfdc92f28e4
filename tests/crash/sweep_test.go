package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weir/internal/clock"
	"weir/vfs"
)

// image is what one crash left, and what the world knew then.
type image struct {
	mem     *vfs.Mem
	all     []known
	at      string
	percent int
	seed    uint64
}

func (i image) String() string {
	return fmt.Sprintf("crash before %s, %d %% of what was unsynced survives, seed %d", i.at, i.percent, i.seed)
}

// survivals are the crashes tried at every point: what was not synced is lost, survives in part, survives.
var survivals = []struct {
	percent int
	seeds   []uint64
}{{0, []uint64{0}}, {10, []uint64{1, 2, 3}}, {50, []uint64{1, 2, 3}}, {100, []uint64{0}}}

// shoot takes an image for each kind of crash.
func shoot(m *vfs.Mem, all func() []known, op vfs.Op, each func(image)) {
	if op.Index%thin != 0 {
		return
	}
	before := all() // first: what is acknowledged after this need not be in the images
	for _, s := range survivals {
		for _, seed := range s.seeds {
			rng := rand.New(rand.NewPCG(seed, uint64(op.Index)))
			clone := m.CrashClone(vfs.CrashOptions{UnsyncedPercent: s.percent, Rand: rng})
			at := fmt.Sprintf("operation %d (%s %s)", op.Index, op.Kind, op.Name)
			each(image{clone, before, at, s.percent, seed})
		}
	}
}

// workers runs the checks of images on both cores, and stops taking more after some have failed.
type workers struct {
	t      *testing.T
	in     chan image
	wg     sync.WaitGroup
	points atomic.Int64
	failed atomic.Int64
}

func newWorkers(t *testing.T, check func(image) error) *workers {
	w := &workers{t: t, in: make(chan image, 16)}
	for range 2 {
		w.wg.Go(func() {
			for i := range w.in {
				if w.failed.Load() > 5 {
					continue
				}
				w.points.Add(1)
				if err := check(i); err != nil {
					w.failed.Add(1)
					t.Errorf("%v:\n%v", i, err)
				}
			}
		})
	}
	return w
}

func (w *workers) wait() int64 {
	close(w.in)
	w.wg.Wait()
	return w.points.Load()
}

// runAll runs the workload with clean stops in between, calling hook before each operation that changes the
// disk.
func runAll(t *testing.T, how mode, rounds int, hook func(m *vfs.Mem, r *run, op vfs.Op)) {
	t.Helper()
	m := vfs.NewMem()
	m.SetNow(func() time.Time { return start })
	r := newRun(how)
	r.fs = vfs.Inject(m, func(op vfs.Op) error {
		if op.Kind.Writes() {
			hook(m, r, op)
		}
		return nil
	})
	for life := range 2 {
		if err := r.start(); err != nil {
			t.Fatal(err)
		}
		if life == 1 && !r.d.WasClean() {
			t.Fatal("the first life ended cleanly, the second does not know")
		}
		if err := r.script(rounds); err != nil {
			t.Fatal(err)
		}
		if err := r.stop(context.Background()); err != nil {
			t.Fatal(err)
		}
		clear(r.parts)
	}
	hook(m, r, vfs.Op{Kind: vfs.OpSync, Name: "(after the last stop)"})
}

// TestCrashBeforeEveryOperation is D1: at least 5,000 crash points.
func TestCrashBeforeEveryOperation(t *testing.T) { everyWay(t, crashBeforeEveryOperation) }

func crashBeforeEveryOperation(t *testing.T, how mode) {
	w := newWorkers(t, func(i image) error { return check(i.mem, i.all) })
	began := time.Now()
	var mu sync.Mutex // one shot at a time: hooks run on several goroutines
	compressed := 0   // images with a compressed segment in them
	runAll(t, how, 12/min(how.share(), 2), func(m *vfs.Mem, r *run, op vfs.Op) {
		mu.Lock()
		defer mu.Unlock()
		if compressedFiles(m) > 0 {
			compressed++
		}
		shoot(m, r.known, op, func(i image) { w.in <- i })
	})
	points := w.wait()
	t.Logf("%d crash points in %v", points, time.Since(began).Round(time.Millisecond))
	if how.compress && compressed == 0 {
		t.Error("nothing was ever compressed")
	}
	if points < 5000/thin && !t.Failed() {
		t.Errorf("%d crash points; want at least 5,000", points)
	}
}

// TestCrashDuringRecovery is D2: recovery of 200 images is itself cut before every operation that changes the
// disk.
func TestCrashDuringRecovery(t *testing.T) { everyWay(t, crashDuringRecovery) }

func crashDuringRecovery(t *testing.T, how mode) {
	w := newWorkers(t, func(i image) error { return check(i.mem, i.all) })
	var images []image
	var mu sync.Mutex
	n := 0
	runAll(t, how, 6, func(m *vfs.Mem, r *run, op vfs.Op) {
		mu.Lock()
		defer mu.Unlock()
		if n++; n%(3*thin) == 0 {
			before := r.known()
			rng := rand.New(rand.NewPCG(uint64(n), 2))
			clone := m.CrashClone(vfs.CrashOptions{UnsyncedPercent: []int{0, 50, 100}[n/(3*thin)%3], Rand: rng})
			images = append(images, image{mem: clone, all: before, at: fmt.Sprintf("operation %d", op.Index)})
		}
	})
	rng := rand.New(rand.NewPCG(1, 1))
	rng.Shuffle(len(images), func(i, j int) { images[i], images[j] = images[j], images[i] })
	if len(images) > 200 {
		images = images[:200]
	}
	began := time.Now()
	for _, first := range images {
		cutRecovery(t, first, func(second image) { w.in <- second })
	}
	t.Logf("%d crash points in the recovery of %d images, %v", w.wait(), len(images),
		time.Since(began).Round(time.Millisecond))
}

// cutRecovery recovers an image, crashing it before every operation.
func cutRecovery(t *testing.T, first image, each func(image)) {
	t.Helper()
	var mu sync.Mutex
	done := false
	fsys := vfs.Inject(first.mem, func(op vfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if !op.Kind.Writes() || done {
			return nil
		}
		for _, percent := range []int{0, 50, 100} {
			rng := rand.New(rand.NewPCG(uint64(op.Index), 7))
			clone := first.mem.CrashClone(vfs.CrashOptions{UnsyncedPercent: percent, Rand: rng})
			at := fmt.Sprintf("%s, then recovery's operation %d (%s %s)", first.at, op.Index, op.Kind, op.Name)
			each(image{clone, first.all, at, percent, 7})
		}
		return nil
	})
	d, err := openDirectory(fsys, clock.NewManual(start.Add(time.Minute)))
	if err != nil {
		t.Errorf("%v: %v", first, err)
		return
	}
	ids, err := d.List()
	if err != nil {
		t.Error(err)
	}
	for _, id := range ids {
		l, err := d.Open(id, logConfig(), 100)
		if err == nil {
			err = l.Err()
		}
		if err != nil {
			t.Errorf("%v: %v", first, err)
		}
	}
	mu.Lock()
	done = true
	mu.Unlock()
	_ = d.Close(gone)
}
