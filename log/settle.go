package log

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"weir/log/journal"
)

// settleWorkers is how many logs are synced at once to free a file of the journal. Many small fsyncs at once share
// the commits of the file system's own journal.
const settleWorkers = 16

// A turn of a file of the journal ends after turnBytes, or turnBytesPerLog for each log that has bytes in it if that
// is more: the syncs of their own files that follow are few beside the rounds. The file may hold more, but where it has been
// written before, a sync costs about half: few logs come round to its beginning soon.
const (
	turnBytes       = 4 << 20
	turnBytesPerLog = 64 << 10
)

// openJournal makes sure that the journal can take a round, making it at the first and going on to its other
// file when one has had its turn. False when it cannot: then logs are synced by themselves. The other file begins when no round is
// under way, because what a file holds must be durable before the next has anything; for that it waits only where a turn is
// long over. It waits too while as many rounds as may be are under way. Needs journal.mu.
func (d *Directory) openJournal() bool {
	s := &d.journal
	for {
		switch {
		case s.off:
			return false
		case s.j == nil:
			return d.createJournal()
		}
		current := s.j.Current()
		turn := max(turnBytes, int64(len(s.logs[current]))*turnBytesPerLog)
		free := len(s.logs[1-current]) == 0
		underWay := s.begun - s.ended
		switch {
		case free && underWay == 0 && (s.j.Full() || s.j.Written() >= turn):
			s.switchFiles()
			return true
		case free && (s.j.Tight() || s.j.Written() >= 2*turn):
			s.waitFor(s.begun)
		case !free && s.j.Full():
			return false // the disk is behind: who asks now waits for it
		case underWay == journal.MaxRounds:
			s.waitFor(s.ended + 1)
		default:
			return true
		}
	}
}

// switchFiles ends the turn of a file of the journal and begins one of the other, which has no logs. Needs mu.
func (s *shared) switchFiles() {
	current := s.j.Current()
	s.j.Switch()
	s.turns[1-current]++
	s.over[current], s.over[1-current] = true, false // fences may have freed the other before the settler came to it
	s.callSettler()
}

func (s *shared) callSettler() {
	select {
	case s.settle <- struct{}{}:
	default: // it is about to look
	}
}

func (d *Directory) createJournal() bool {
	s := &d.journal
	d.mu.Lock()
	s.off = s.off || d.closed
	d.mu.Unlock()
	if s.off {
		return false
	}
	j, err := journal.Create(d.fs, d.path, d.cfg.JournalBytes)
	if err != nil {
		s.off = true
		err = errors.Join(err, journal.Remove(d.fs, d.path)) // nothing was written: they may stay as well
		d.lg.Warn("no journal: every log is synced by itself", "path", d.path, "cause", err)
		return false
	}
	s.j = j
	s.logs = [2]map[*Log]bool{{}, {}}
	s.settle, s.done = make(chan struct{}, 1), make(chan struct{})
	go d.settler()
	return true
}

// journalFailed gives the journal up for this life of the directory: a write or a sync of it failed, which is
// final. What earlier rounds made durable stays in it until the logs' own files have it. Needs journal.mu.
func (d *Directory) journalFailed(err error) {
	if d.journal.failed {
		return
	}
	d.journal.failed, d.journal.off = true, true
	d.lg.Error("the journal has failed: every log is synced by itself from now on", "path", d.path, "cause", err)
	d.journal.over = [2]bool{true, true}
	d.journal.callSettler()
}

// settler frees the files of the journal whose turn is over, until the directory is closed.
func (d *Directory) settler() {
	defer close(d.journal.done)
	for {
		select {
		case <-d.stop:
			return
		case <-d.journal.settle:
			for file := range journal.Files {
				if err := d.settleFile(file); err != nil {
					d.lg.Error("the journal is kept until the next start: a log could not be synced", "path", d.path, "cause", err)
				}
			}
		}
	}
}

// settleFile syncs the logs that have bytes in a file of the journal, if its turn is over. If one cannot be
// synced, the file is kept: its bytes are needed after the next start.
func (d *Directory) settleFile(file int) error {
	s := &d.journal
	s.mu.Lock()
	over, turn := s.over[file], s.turns[file]
	logs := slices.Collect(maps.Keys(s.logs[file]))
	s.mu.Unlock()
	if !over {
		return nil
	}
	if err := settleLogs(logs); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.turns[file] != turn {
		return nil // fences had freed it, and its logs are those of another turn now
	}
	clear(s.logs[file])
	s.over[file] = false
	if !s.off || len(s.logs[0])+len(s.logs[1]) > 0 {
		return nil
	}
	return d.removeJournal()
}

// removeJournal ends the journal: all that it holds is in the logs' own files. Needs journal.mu.
func (d *Directory) removeJournal() error {
	s := &d.journal
	s.off = true
	s.waitFor(s.begun)
	if s.j == nil {
		return nil
	}
	if err := errors.Join(s.j.Close(), journal.Remove(d.fs, d.path)); err != nil {
		return err
	}
	s.j = nil
	return nil
}

// closeJournal ends the journal when the directory is closed: after a failure its files stay for the next
// start.
func (d *Directory) closeJournal(failed error) error {
	s := &d.journal
	s.mu.Lock()
	defer s.mu.Unlock()
	if failed == nil {
		return d.removeJournal()
	}
	if s.j == nil {
		return failed
	}
	s.off = true
	s.waitFor(s.begun)
	return errors.Join(failed, s.j.Close())
}

// settleLogs syncs the files of logs that may have bytes only in the journal.
func settleLogs(logs []*Log) error {
	next := make(chan *Log)
	var wg sync.WaitGroup
	var mu sync.Mutex // guards errs
	var errs []error
	for range min(settleWorkers, len(logs)) {
		wg.Go(func() {
			for l := range next {
				if err := l.syncOwnFiles(); err != nil {
					mu.Lock()
					errs = append(errs, err)
					mu.Unlock()
				}
			}
		})
	}
	for _, l := range logs {
		next <- l
	}
	close(next)
	wg.Wait()
	return errors.Join(errs...)
}

// syncOwnFiles makes the log's own files hold what the journal made durable. A log that was deleted needs nothing.
func (l *Log) syncOwnFiles() error {
	l.mu.Lock()
	err, due := l.Err(), l.settled < l.durable.Load()
	l.mu.Unlock()
	if err == nil && due {
		_, err = l.sync(true)
	}
	if errors.Is(err, ErrClosed) {
		return nil
	}
	return err
}

// settleAll syncs the files of all logs that have bytes only in the journal, so that their recovery points follow.
func (d *Directory) settleAll() {
	var logs []*Log
	for _, l := range d.Logs() {
		if l.journaled.Load() {
			logs = append(logs, l)
		}
	}
	_ = settleLogs(logs) // a log that fails is offline now, and said so
}

// fence makes void what the journal holds of a log, durably: it is deleted or will be cut. All of it that is to
// stay must be in the log's own files.
func (d *Directory) fence(l *Log) error {
	s := &d.journal
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.begun-s.ended >= journal.MaxRounds {
		s.waitFor(s.ended + 1)
	}
	if !l.journaled.Load() || s.j == nil { // in no round, or removed meanwhile
		return nil
	}
	if s.off {
		return fmt.Errorf("fence %s: the journal has failed: %w", l.id, ErrStorage)
	}
	s.j.Begin()
	taken, err := s.j.Add(journal.Entry{Partition: l.id, Fence: true}, 0, func([]byte) bool { return true })
	if err == nil && taken {
		err = s.commitFence()
	}
	if err != nil {
		d.journalFailed(err)
		return fmt.Errorf("fence %s: %w: %w", l.id, ErrStorage, err)
	}
	if !taken {
		return fmt.Errorf("fence %s: the journal is full: %w", l.id, ErrStorage)
	}
	delete(s.logs[0], l)
	delete(s.logs[1], l)
	return nil
}

// commitFence ends what was added as a round of its own. Needs mu, which it keeps while it syncs: fences are rare.
func (s *shared) commitFence() error {
	u, err := s.j.Write()
	if err != nil {
		return err
	}
	n := s.beginRound()
	err = u.Sync()
	s.waitFor(n - 1)
	if s.failed && err == nil {
		err = errors.New("a round before it has failed")
	}
	s.endRound(n)
	return err
}
