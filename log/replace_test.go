package log

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"weir/internal/clock"
	"weir/record"
	"weir/segment"
	"weir/vfs"
)

// rewrite copies a run of segments into one, as replace is given it.
func (r *rig) rewrite(run segments) *segment.Segment {
	r.Helper()
	seg, err := segment.CreateAside(r.fs, r.l.path, run[0].seg.BaseOffset(), cleanedSuffix, r.l.segmentConfig())
	must(r, err)
	for _, e := range run {
		must(r, e.seg.Scan(0, func(h record.Header, _ int64) (bool, error) {
			b, err := readBatch(e.seg, h)
			if err != nil {
				return false, err
			}
			_, err = seg.Append(&b)
			return true, err
		}))
	}
	must(r, seg.Seal())
	return seg
}

// sealed makes sure that all rolled segments are sealed and below the recovery point.
func (r *rig) sealed() {
	r.Helper()
	r.sync()
	must(r, r.l.finishRolls())
	must(r, r.d.Checkpoint())
}

func bases(l *Log) (out []int64) {
	for _, s := range l.Segments() {
		out = append(out, s.BaseOffset)
	}
	return out
}

func TestReplace(t *testing.T) {
	r := newRig(t, smallConfig())
	r.fill(6)
	r.sealed()
	before := batches(t, r.l, 0)
	held, err := r.l.Read(0, 1<<60, 1<<20, true)
	must(t, err)
	list := *r.l.list.Load()
	run := list[1:4]
	must(t, r.l.replace(run, []*segment.Segment{r.rewrite(run)}, 0))
	if got := bases(r.l); len(got) != 4 || got[1] != run[0].seg.BaseOffset() || got[2] != list[4].seg.BaseOffset() {
		t.Fatalf("segments after it: %v", got)
	}
	same := func(what string) {
		t.Helper()
		after := batches(t, r.l, 0)
		if len(after) != len(before) {
			t.Fatalf("%s: %d batches; want %d", what, len(after), len(before))
		}
		for i := range after {
			if string(after[i].Raw) != string(before[i].Raw) {
				t.Fatalf("%s: batch %d differs", what, i)
			}
		}
	}
	same("replaced")
	r.clk.Advance(2 * time.Second) // file.delete.delay.ms is over
	var old []byte
	for _, s := range held {
		raw, err := s.Bytes()
		must(t, err)
		old = append(old, raw...)
		s.Release()
	}
	if len(old) < 4*1024 {
		t.Fatalf("a read that was under way got %d bytes", len(old))
	}
	r.restart(1)
	same("after a restart")
}

func TestReplaceRefusesWhatChanged(t *testing.T) {
	r := newRig(t, smallConfig())
	r.fill(6)
	r.sealed()
	list := *r.l.list.Load()
	run := list[1:3]
	made := r.rewrite(run)
	must(t, r.l.Truncate(list[5].seg.BaseOffset()))
	if err := r.l.replace(run, []*segment.Segment{made}, 0); !errors.Is(err, errReplaced) {
		t.Fatalf("after a truncation: %v", err)
	}
	list = *r.l.list.Load()
	must(t, r.l.Err())
	if err := r.l.replace(list[len(list)-1:], []*segment.Segment{made}, 1); !errors.Is(err, errReplaced) {
		t.Fatalf("of the active segment: %v", err)
	}
	must(t, r.l.Err())
}

// hook is called before every operation that changes the disk, one at a time.
type hook struct {
	mu sync.Mutex // guards do, and is held while it runs
	do func(op vfs.Op)
}

func (h *hook) set(do func(op vfs.Op)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.do = do
}

// hooked is a rig whose file system asks a hook, once it is set.
func hooked(t *testing.T, cfg Config) (r *rig, m *vfs.Mem, h *hook) {
	m, h = vfs.NewMem(), &hook{}
	fsys := vfs.Inject(m, func(op vfs.Op) error {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.do != nil && op.Kind.Writes() {
			h.do(op)
		}
		return nil
	})
	r = &rig{TB: t, fs: fsys, clk: clock.NewManual(testStart), cfg: cfg}
	r.open(0)
	t.Cleanup(func() { _ = r.d.Close(context.Background()) })
	return r, m, h
}

// crashes calls look with what a crash before the operation can leave.
func crashes(m *vfs.Mem, op vfs.Op, percents []int, look func(left *vfs.Mem, at string)) {
	for _, percent := range percents {
		rng := rand.New(rand.NewPCG(uint64(op.Index), uint64(percent)))
		left := m.CrashClone(vfs.CrashOptions{UnsyncedPercent: percent, Rand: rng})
		look(left, fmt.Sprintf("crash before %s %s (%d %%)", op.Kind, op.Name, percent))
	}
}

// lookTwice opens what a crash left, and what a second crash leaves during that start.
func lookTwice(left *vfs.Mem, at string, look func(fsys vfs.FS, at string)) {
	look(vfs.Inject(left, func(op vfs.Op) error {
		if op.Kind.Writes() {
			crashes(left, op, []int{100}, func(again *vfs.Mem, then string) { look(again, at+", "+then) })
		}
		return nil
	}), at)
}

// TestReplaceCrash cuts a replacement, and then the start after it, before every operation that changes the disk: the
// log is always the old one or the new one.
func TestReplaceCrash(t *testing.T) {
	r, m, h := hooked(t, smallConfig())
	r.fill(6)
	r.sealed()
	want, old := batches(t, r.l, 0), bases(r.l)
	fresh := slices.Concat(old[:2], old[4:])
	points := 0
	var mu sync.Mutex // guards points
	look := func(fsys vfs.FS, at string) {
		mu.Lock()
		points++
		mu.Unlock()
		d, err := openDir(fsys, clock.NewManual(testStart))
		must(t, err)
		defer d.Close(gone)
		l, err := d.Open(testID(0), r.cfg, 5)
		must(t, errors.Join(err, l.Err()))
		if got := bases(l); !slices.Equal(got, old) && !slices.Equal(got, fresh) {
			t.Fatalf("%s: segments %v; old %v, new %v", at, got, old, fresh)
		}
		got, err := readBatches(l, 0)
		must(t, err)
		if len(got) != len(want) {
			t.Fatalf("%s: %d batches; want %d", at, len(got), len(want))
		}
	}
	run := (*r.l.list.Load())[1:4]
	made := r.rewrite(run)
	h.set(func(op vfs.Op) {
		crashes(m, op, []int{0, 50, 100}, func(left *vfs.Mem, at string) { lookTwice(left, at, look) })
	})
	must(t, r.l.replace(run, []*segment.Segment{made}, 0))
	h.set(nil)
	lookTwice(m.CrashClone(vfs.CrashOptions{}), "at the end", look)
	if points < 100 {
		t.Fatalf("%d crash points", points)
	}
}

// gone closes a directory without finishing anything.
var gone = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()
