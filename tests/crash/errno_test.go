package crash

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"weir/internal/clock"
	"weir/vfs"
)

// errnos are what a disk can say. The last is a write of which half is done.
var errnos = []error{syscall.EIO, syscall.ENOSPC, syscall.EDQUOT, syscall.EMFILE, syscall.EROFS,
	syscall.EINTR, &vfs.ShortWrite{N: 20, Err: syscall.EIO}}

// fault makes the operation with the given number fail, once.
type fault struct {
	index int64
	err   error
}

func (f fault) String() string { return fmt.Sprintf("%v at operation %d", f.err, f.index) }

// faulty runs body in its own goroutine and reports a hang as one.
func faulty(t *testing.T, what string, body func() error) {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("panic: %v", p)
			}
		}()
		done <- body()
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	case <-time.After(10 * time.Second):
		t.Fatalf("%s: hangs for 10 s", what)
	}
}

// liveWith runs the workload on m with one fault, then checks what a crash at the end leaves, with and
// without what was not synced, and what a restart of the process finds.
func liveWith(m *vfs.Mem, how mode, rounds int, f fault) (ops int64, err error) {
	r := newRun(how)
	r.lenient = true
	var count atomic.Int64
	var hit atomic.Pointer[vfs.Op]
	defer func() {
		if op := hit.Load(); err != nil && op != nil {
			err = fmt.Errorf("%s %s: %w", op.Kind, op.Name, err)
		}
	}()
	r.fs = vfs.Inject(m, func(op vfs.Op) error {
		count.Store(op.Index + 1)
		if op.Index == f.index {
			hit.Store(&op)
			return f.err
		}
		return nil
	})
	if err := r.start(); err == nil {
		_ = r.script(rounds)
		known := r.known()
		for _, percent := range []int{0, 100} {
			if err := check(m.CrashClone(vfs.CrashOptions{UnsyncedPercent: percent}), known); err != nil {
				return 0, fmt.Errorf("crash, %d %% of what was unsynced survives: %w", percent, err)
			}
		}
		_ = r.stop(context.Background())
	}
	if err := check(m.CrashClone(vfs.CrashOptions{}), r.known()); err != nil {
		return 0, fmt.Errorf("crash after the stop: %w", err)
	}
	return count.Load(), check(m, r.known())
}

// TestErrorsAtEveryOperation is D6: every errno at every operation of a run, start and stop included.
func TestErrorsAtEveryOperation(t *testing.T) { everyWay(t, errorsAtEveryOperation) }

func errorsAtEveryOperation(t *testing.T, how mode) {
	const rounds = 6
	ops, err := liveWith(newMem(), how, rounds, fault{index: -1})
	if err != nil {
		t.Fatal(err)
	}
	ops += ops / 20 // the housekeeper makes their number vary
	var faults []fault
	for index := range ops {
		for _, err := range errnos {
			faults = append(faults, fault{index, err})
		}
	}
	rng := rand.New(rand.NewPCG(6, 6))
	rng.Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
	faults = faults[:len(faults)/thin/how.share()]
	began := time.Now()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(faults)) && !t.Failed(); i = next.Add(1) - 1 {
				faulty(t, faults[i].String(), func() error {
					_, err := liveWith(newMem(), how, rounds, faults[i])
					return err
				})
			}
		})
	}
	wg.Wait()
	t.Logf("%d faults over %d operations in %v", len(faults), ops, time.Since(began).Round(time.Millisecond))
}

func newMem() *vfs.Mem {
	m := vfs.NewMem()
	m.SetNow(func() time.Time { return start })
	return m
}

// TestErrorsDuringRecovery has every operation of an unclean start fail: the start is refused or the
// partition is out of service, and the next start has everything.
func TestErrorsDuringRecovery(t *testing.T) { everyWay(t, errorsDuringRecovery) }

func errorsDuringRecovery(t *testing.T, how mode) {
	image, known := crashed(t, how)
	recoverWith := func(f fault) (int64, error) {
		m := image.CrashClone(vfs.CrashOptions{UnsyncedPercent: 100})
		var count atomic.Int64
		fsys := vfs.Inject(m, func(op vfs.Op) error {
			count.Store(op.Index + 1)
			if op.Index == f.index {
				return f.err
			}
			return nil
		})
		if d, err := openDirectory(fsys, clock.NewManual(start.Add(time.Minute))); err == nil {
			for _, k := range known {
				if k.phase == live {
					_, _ = d.Open(k.id, logConfig(), 50)
				}
			}
			_ = d.Close(context.Background())
		}
		if err := check(m.CrashClone(vfs.CrashOptions{}), known); err != nil {
			return 0, fmt.Errorf("crash: %w", err)
		}
		return count.Load(), check(m, known)
	}
	ops, err := recoverWith(fault{index: -1})
	if err != nil {
		t.Fatal(err)
	}
	for index := int64(0); index < ops; index += thin {
		for _, errno := range errnos {
			f := fault{index, errno}
			faulty(t, f.String(), func() error { _, err := recoverWith(f); return err })
		}
	}
	t.Logf("%d faults", ops*int64(len(errnos)))
}

// crashed is what a crash in the middle of the workload left.
func crashed(t *testing.T, how mode) (*vfs.Mem, []known) {
	t.Helper()
	m := newMem()
	r := newRun(how)
	r.fs = m
	must(t, r.start())
	must(t, r.script(3))
	known := r.known()
	left := m.CrashClone(vfs.CrashOptions{UnsyncedPercent: 100})
	_ = r.stop(gone)
	return left, known
}

// syncFault makes syncs fail: the one with the given number among all syncs of files and directories, or that
// one and all after it. The pages that were to be written count as clean afterwards, as they do in Linux.
type syncFault struct {
	mem        *vfs.Mem
	index      int64
	persistent bool

	count  atomic.Int64
	mu     sync.Mutex       // guards broken
	broken map[string]int64 // by partition: what was durable when a sync of its records failed
	run    *run
}

func (f *syncFault) inject(op vfs.Op) error {
	if op.Kind != vfs.OpSync && op.Kind != vfs.OpSyncDir {
		return nil
	}
	n := f.count.Add(1) - 1
	if n != f.index && !(f.persistent && n > f.index) {
		return nil
	}
	if op.Kind == vfs.OpSync {
		_ = f.mem.ForgetDirty(op.Name)
	}
	if strings.HasSuffix(op.Name, ".log") {
		for _, l := range f.run.d.Logs() {
			if strings.Contains(op.Name, l.ID().String()) {
				f.mu.Lock()
				if _, ok := f.broken[l.ID().String()]; !ok {
					f.broken[l.ID().String()] = l.DurableEnd()
				}
				f.mu.Unlock()
			}
		}
	}
	return syscall.EIO
}

// TestFailedSyncs is D7: every sync fails, once and for good. Nothing is acknowledged after it; what a
// restart of the process still finds in memory is really on the disk before it is served.
func TestFailedSyncs(t *testing.T) { everyWay(t, failedSyncs) }

func failedSyncs(t *testing.T, how mode) {
	syncs := int64(1)
	for index := int64(0); index < syncs+3; index++ {
		for _, persistent := range []bool{false, true} {
			what := fmt.Sprintf("sync %d fails, persistently %v", index, persistent)
			faulty(t, what, func() error {
				n, err := failSync(index, persistent, how)
				if !persistent {
					syncs = max(syncs, n)
				}
				return err
			})
		}
	}
	t.Logf("%d places where a sync fails, each once and for good", syncs)
	if syncs < 50 && !t.Failed() {
		t.Errorf("only %d syncs", syncs)
	}
}

func failSync(index int64, persistent bool, how mode) (syncs int64, err error) {
	m := newMem()
	r := newRun(how)
	r.lenient = true
	f := &syncFault{mem: m, index: index, persistent: persistent, broken: map[string]int64{}, run: r}
	r.fs = vfs.Inject(m, f.inject)
	if err := r.start(); err == nil {
		_ = r.script(4)
		for _, k := range r.known() {
			if durable, ok := f.broken[k.id.String()]; ok && k.ackedEnd > durable && !how.journal {
				return 0, fmt.Errorf("acknowledged up to %d after a sync failed at %d", k.ackedEnd, durable)
			}
		}
		if err := check(m.CrashClone(vfs.CrashOptions{}), r.known()); err != nil {
			return 0, fmt.Errorf("crash: %w", err)
		}
		_ = r.stop(gone)
	}
	return f.count.Load(), servedIsDurable(m, r.known())
}

// servedIsDurable restarts the process on m, reads everything, and makes sure that a power cut then takes
// none of it.
func servedIsDurable(m *vfs.Mem, known []known) error {
	d, err := openDirectory(m, clock.NewManual(start.Add(time.Minute)))
	if err != nil {
		return fmt.Errorf("restart: %w", err)
	}
	defer d.Close(gone)
	ends := map[string]int64{}
	for _, k := range known {
		if k.phase != live {
			continue
		}
		l, err := d.Open(k.id, logConfig(), 60)
		if err = errors.Join(err, l.Err()); err != nil {
			return fmt.Errorf("restart: %w", err)
		}
		if _, err := readAll(l); err != nil {
			return fmt.Errorf("restart: %w", err)
		}
		ends[k.id.String()] = l.EndOffset()
	}
	for i, k := range known {
		known[i].ackedEnd = max(k.ackedEnd, ends[k.id.String()])
	}
	if err := check(m.CrashClone(vfs.CrashOptions{}), known); err != nil {
		return fmt.Errorf("power cut after the restart: %w", err)
	}
	return nil
}
