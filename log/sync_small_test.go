package log

import (
	"context"
	"errors"
	"io/fs"
	"syscall"
	"testing"

	"weir/internal/clock"
	"weir/log/journal"
	"weir/vfs"
)

// journalSync appends a batch and makes it durable through the journal.
func (r *rig) journalSync(ms int64) {
	r.Helper()
	r.append(data(2, ms))
	if s := SyncSmall([]*Log{r.l})[0]; !s.OK || s.End != r.l.EndOffset() || r.l.DurableEnd() != s.End {
		r.Fatalf("%+v, durable %d; the log ends at %d", s, r.l.DurableEnd(), r.l.EndOffset())
	}
}

func (r *rig) journalFiles() int {
	r.Helper()
	n := 0
	for _, name := range journal.Files {
		if _, err := r.fs.Stat(dataDir + "/" + name); err == nil {
			n++
		} else if !errors.Is(err, fs.ErrNotExist) {
			r.Fatal(err)
		}
	}
	return n
}

func TestJournalSurvivesACrash(t *testing.T) {
	r := newRig(t, smallConfig())
	r.append(data(1, 0))
	if SyncSmall([]*Log{r.l})[0].OK {
		t.Fatal("the journal took bytes of a file whose name is not durable")
	}
	r.sync()
	for ms := range int64(5) {
		r.journalSync(ms)
	}
	if point := r.l.recoveryPoint(); point != 1 {
		t.Fatalf("recovery point %d; the file was synced up to 1", point)
	}
	end := r.l.EndOffset()
	r.append(data(1, 9)) // not durable
	r.crash(1)
	whole(t, batches(t, r.l, 0), 0, end)
	if r.l.EndOffset() != end || r.journalFiles() != 0 {
		t.Fatalf("end %d; want %d; %d files of the journal", r.l.EndOffset(), end, r.journalFiles())
	}
}

func TestJournalIsGoneAfterACleanStop(t *testing.T) {
	r := newRig(t, smallConfig())
	r.append(data(1, 0))
	r.sync()
	r.journalSync(1)
	if r.journalFiles() != 2 {
		t.Fatal("there is no journal")
	}
	end := r.l.EndOffset()
	r.restart(1)
	if r.journalFiles() != 0 || r.l.EndOffset() != end {
		t.Fatalf("%d files of the journal, end %d; want none, %d", r.journalFiles(), r.l.EndOffset(), end)
	}
}

// TestCutAndDeletedStayGone crashes after a log with bytes in the journal was cut, and after it was deleted and
// made anew.
func TestCutAndDeletedStayGone(t *testing.T) {
	r := newRig(t, smallConfig())
	r.append(data(1, 0))
	r.sync()
	for ms := range int64(5) {
		r.journalSync(ms)
	}
	must(t, r.l.Truncate(5))
	r.crash(1)
	if r.l.EndOffset() != 5 {
		t.Fatalf("end %d after a crash; it was cut to 5", r.l.EndOffset())
	}
	r.journalSync(10)
	r.journalSync(11)
	must(t, r.d.Delete(testID(0)))
	var err error
	r.l, err = r.d.Open(testID(0), r.cfg, 2)
	must(t, err)
	r.append(data(1, 20))
	r.sync()
	r.crash(3)
	whole(t, batches(t, r.l, 0), 0, 1)
	if r.l.EndOffset() != 1 {
		t.Fatalf("end %d after a crash; the new log has one record", r.l.EndOffset())
	}
}

// TestFailedJournalIsFinal has a sync of the journal fail: nobody is answered by it, the journal is not used
// again, and logs are synced by themselves.
func TestFailedJournalIsFinal(t *testing.T) {
	mem := vfs.NewMem()
	var fail error
	failed := 0
	fsys := vfs.Inject(mem, func(op vfs.Op) error {
		if op.Kind == vfs.OpSync && op.Name == dataDir+"/"+journal.Files[0] && fail != nil {
			failed++
			return fail
		}
		return nil
	})
	r := &rig{TB: t, fs: fsys, clk: clock.NewManual(testStart), cfg: smallConfig()}
	r.open(0)
	r.append(data(1, 0))
	r.sync()
	r.journalSync(1)
	fail = syscall.EIO
	r.append(data(2, 2))
	if s := SyncSmall([]*Log{r.l})[0]; s.OK {
		t.Fatalf("%+v by a sync that failed", s)
	}
	r.sync()
	if SyncSmall([]*Log{r.l})[0].OK || failed != 1 {
		t.Fatalf("the journal is used after its sync has failed; %d syncs of it failed", failed)
	}
	left := mem.CrashClone(vfs.CrashOptions{})
	must(t, r.d.Close(context.Background()))
	d, err := openDir(left, clock.NewManual(testStart))
	must(t, err)
	l, err := d.Open(testID(0), r.cfg, 1)
	must(t, err)
	whole(t, batches(t, l, 0), 0, 5)
	must(t, d.Close(context.Background()))
}
