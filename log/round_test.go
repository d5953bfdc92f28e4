package log

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"syscall"
	"testing"

	"weir/internal/clock"
	"weir/log/journal"
	"weir/vfs"
)

// syncSmall is a round from beginning to end.
func syncSmall(logs []*Log) []Synced {
	out := make([]Synced, len(logs))
	if r, _ := BeginRound(logs); r != nil {
		r.Sync()
		for _, s := range r.End() {
			out[s.At] = s
		}
	}
	return out
}

// journalSync appends a batch and makes it durable through the journal.
func (r *rig) journalSync(ms int64) {
	r.Helper()
	r.append(data(2, ms))
	if s := syncSmall([]*Log{r.l})[0]; !s.OK || s.End != r.l.EndOffset() || r.l.DurableEnd() != s.End {
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
	if syncSmall([]*Log{r.l})[0].OK {
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

// TestRoundsOverlap has two rounds under way at once, of which the second has only what is new, and cuts the log afterwards.
func TestRoundsOverlap(t *testing.T) {
	r := newRig(t, smallConfig())
	r.append(data(1, 0))
	r.sync()
	r.append(data(2, 1))
	first, _ := BeginRound([]*Log{r.l})
	r.append(data(2, 2))
	second, _ := BeginRound([]*Log{r.l})
	third, _ := BeginRound([]*Log{r.l}) // has nothing of its own
	if second.logs[0].from != first.logs[0].from+first.logs[0].bytes || second.empty || !third.empty {
		t.Fatalf("first %+v, second %+v, third %+v", first.logs, second.logs, third.logs)
	}
	second.Sync()
	if r.l.DurableEnd() != 1 {
		t.Fatalf("durable %d before a round has ended", r.l.DurableEnd())
	}
	first.Sync()
	for i, round := range []*Round{first, second, third} {
		want := []int64{3, 5, 5}[i]
		if s := round.End()[0]; !s.OK || s.End != want || r.l.DurableEnd() != want {
			t.Fatalf("round %d: %+v, durable %d; want %d", i, s, r.l.DurableEnd(), want)
		}
	}
	must(t, r.l.Truncate(3))
	r.journalSync(3)
	r.journalSync(4)
	r.crash(1)
	whole(t, batches(t, r.l, 0), 0, 7)
}

// TestRoundFailsWithTheOneBefore has a round's sync succeed while that of the one before fails: what is behind
// bytes that may be lost is lost with them.
func TestRoundFailsWithTheOneBefore(t *testing.T) {
	fail := false
	fsys := vfs.Inject(vfs.NewMem(), func(op vfs.Op) error {
		if op.Kind == vfs.OpSync && op.Name == dataDir+"/"+journal.Files[0] && fail {
			return syscall.EIO
		}
		return nil
	})
	r := &rig{TB: t, fs: fsys, clk: clock.NewManual(testStart), cfg: smallConfig()}
	r.open(0)
	defer func() { _ = r.d.Close(context.Background()) }()
	r.append(data(1, 0))
	r.sync()
	r.append(data(2, 1))
	first, _ := BeginRound([]*Log{r.l})
	r.append(data(2, 2))
	second, _ := BeginRound([]*Log{r.l})
	second.Sync()
	ended := make(chan Synced)
	go func() { ended <- second.End()[0] }()
	fail = true
	first.Sync()
	if s := first.End()[0]; s.OK {
		t.Fatalf("%+v by a sync that failed", s)
	}
	if s := <-ended; s.OK {
		t.Fatalf("%+v behind a round that failed", s)
	}
	r.sync()
	if r.l.DurableEnd() != 5 {
		t.Fatalf("durable %d by its own file", r.l.DurableEnd())
	}
}

// TestRoundsOfManyWriters has rounds of several goroutines overlap while a small journal goes from file to file and logs are cut:
// a crash leaves what each was promised.
func TestRoundsOfManyWriters(t *testing.T) {
	r := &rig{TB: t, fs: vfs.NewMem(), clk: clock.NewManual(testStart), cfg: smallConfig()}
	open := func(epoch int32) (logs []*Log) {
		var err error
		r.d, err = OpenDirectory(r.fs, dataDir, DirectoryConfig{BallastBytes: 4096, JournalBytes: 1}, r.clk, quiet)
		must(t, err)
		for n := range 2 * journal.MaxRounds {
			l, err := r.d.Open(testID(n), r.cfg, epoch)
			must(t, err)
			logs = append(logs, l)
		}
		return logs
	}
	logs := open(0)
	promised := make([]int64, len(logs))
	var wg sync.WaitGroup
	for n, l := range logs {
		wg.Go(func() {
			for i := range 150 {
				_, err := l.Append(data(1, int64(i)), 0)
				s := syncSmall([]*Log{l})[0]
				if err == nil && !s.OK {
					s.End, err = l.Sync()
				}
				if promised[n] = s.End; err == nil && i%50 == 49 {
					promised[n]--
					err = l.Truncate(promised[n])
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	left := r.fs.(*vfs.Mem).CrashClone(vfs.CrashOptions{})
	must(t, r.d.Close(context.Background()))
	r.fs = left
	for n, l := range open(1) {
		if l.Err() != nil || l.EndOffset() != promised[n] {
			t.Errorf("log %d ends at %d (%v); %d was promised", n, l.EndOffset(), l.Err(), promised[n])
		}
	}
	must(t, r.d.Close(context.Background()))
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
	if s := syncSmall([]*Log{r.l})[0]; s.OK {
		t.Fatalf("%+v by a sync that failed", s)
	}
	r.sync()
	if syncSmall([]*Log{r.l})[0].OK || failed != 1 {
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
