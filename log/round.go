package log

import (
	"sync"

	"weir/log/journal"
)

// smallBytes is how much of a log may be unsynced for its bytes to go into the journal, where they are written a
// second time.
const smallBytes = 64 << 10

// shared is a data directory's journal. A round in it makes the newest bytes of many logs durable with one
// fsync; their own files are synced later, when one of its two files is full.
type shared struct {
	// mu admits one round that is written, fence or switch at a time, and guards the fields below. It is not held across the
	// fsync of a round, and taken before a log's mu.
	mu  sync.Mutex
	j   *journal.Journal // nil until it is needed
	off bool             // not made, or broken: every log is synced by itself until the next start
	// begun and ended count rounds. They end in the order in which they began, because an entry is read only behind all before
	// it; turn is told of each end.
	begun, ended uint64
	turn         sync.Cond
	failed       bool // a write or a sync has failed: no round that has not ended is durable
	// logs have bytes in a file of the journal that their own files may not hold yet. A file takes entries anew
	// only when it has none.
	logs [2]map[*Log]bool
	// turns counts how often each file has begun anew; over says that its turn is over, and that its logs are to be synced by
	// themselves.
	turns  [2]uint64
	over   [2]bool
	settle chan struct{} // tells the settler that a turn is over; one slot, whoever fills it need not wait
	done   chan struct{}
}

// Synced is the outcome of a round for one log.
type Synced struct {
	At  int   // its index among the logs
	OK  bool  // it was made durable; else it is to be synced by Sync
	End int64 // the end offset up to which the log is durable
}

// Round is the newest bytes of some logs on their way into the journal. Begin it, Sync it, End it; all three are needed.
// Several rounds may be under way at once, journal.MaxRounds at most: one more waits to begin.
type Round struct {
	d     *Directory
	logs  []dirty
	n     uint64 // its number
	write journal.Unsynced
	empty bool // it wrote nothing
	err   error
}

// BeginRound writes into the journal what was appended to logs of one directory and is not durable, of those that have little. It
// returns the indexes of the others, rising, which are to be synced by themselves; the round is nil when those are all.
func BeginRound(logs []*Log) (r *Round, left []int) {
	if len(logs) == 0 {
		return nil, nil
	}
	d := logs[0].d
	s := &d.journal
	s.mu.Lock()
	defer s.mu.Unlock()
	if !d.openJournal() {
		return nil, indexes(logs)
	}
	r = &Round{d: d, empty: true, logs: make([]dirty, 0, len(logs))}
	s.j.Begin()
	for i, l := range logs {
		b := dirty{at: i}
		more, ok := b.look(l)
		if ok && more {
			var err error
			if ok, err = s.add(&b); err != nil {
				d.journalFailed(err)
				return nil, indexes(logs)
			}
			b.added, r.empty = ok, r.empty && !ok
		}
		if ok {
			r.logs = append(r.logs, b)
		} else {
			left = append(left, i)
		}
	}
	if len(r.logs) == 0 {
		return nil, left
	}
	if !r.empty {
		var err error
		if r.write, err = s.j.Write(); err != nil {
			d.journalFailed(err)
			return nil, indexes(logs)
		}
	}
	r.n = s.beginRound()
	return r, left
}

func indexes(logs []*Log) []int {
	all := make([]int, len(logs))
	for i := range all {
		all[i] = i
	}
	return all
}

// Sync waits for the disk. False when there was nothing to wait for: all of the logs is in rounds before.
func (r *Round) Sync() bool {
	if !r.empty {
		r.err = r.write.Sync()
	}
	return !r.empty
}

// End waits until the rounds before have ended and tells the outcome for the logs that are in the round. None of them is durable by it
// when it or one before it has failed.
func (r *Round) End() []Synced {
	s := &r.d.journal
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.err != nil {
		r.d.journalFailed(r.err)
	}
	if !mutantRoundEndsEarly {
		s.waitFor(r.n - 1)
	}
	out := make([]Synced, len(r.logs))
	for i := range r.logs {
		if !s.failed || mutantRoundEndsEarly && r.err == nil {
			out[i] = r.logs[i].publish()
		}
		out[i].At = r.logs[i].at
	}
	s.endRound(r.n)
	return out
}

// beginRound gives a round its number. Needs mu, as do the next two.
func (s *shared) beginRound() uint64 {
	s.begun++
	return s.begun
}

// waitFor returns when the round with a number has ended, and all before it. Others may have begun meanwhile.
func (s *shared) waitFor(n uint64) {
	for s.ended < n {
		s.turn.Wait()
	}
}

func (s *shared) endRound(n uint64) {
	s.ended = max(s.ended, n)
	s.turn.Broadcast()
}

// dirty is the bytes of a log that are to become durable.
type dirty struct {
	at    int // index of the log in the round
	l     *Log
	tail  *entry
	from  int64 // position in the active segment
	bytes int64
	end   int64 // the log's end with them
	added bool  // they are in this round; else all is durable, or in a round before
}

// look finds what is not durable of a log, nor in a round that is under way. ok says that the journal may take it: only little, of a
// file whose name is durable and whose bytes before it are, or will be when the round ends.
func (r *dirty) look(l *Log) (more, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.l, r.tail, r.end, r.from = l, l.list.Load().active(), l.end.Load(), l.durablePos
	base := r.tail.seg.BaseOffset()
	if l.roundBase == base {
		r.from = max(r.from, l.roundPos)
	}
	r.bytes = r.tail.seg.Size() - r.from
	if l.Err() != nil || l.truncating || l.dirDirty || base != l.durableBase {
		return false, false
	}
	return r.end > max(l.durable.Load(), l.roundEnd), r.bytes <= smallBytes
}

// add writes a log's bytes into the journal, if there is room.
func (s *shared) add(r *dirty) (taken bool, err error) {
	base := r.tail.seg.BaseOffset()
	e := journal.Entry{Partition: r.l.id, Segment: base, Position: r.from, End: r.end}
	taken, err = s.j.Add(e, int(r.bytes), func(p []byte) bool { return r.tail.seg.CopyTo(p, r.from) == nil })
	if taken {
		s.logs[s.j.Current()][r.l] = true
		r.l.journaled.Store(true)
		r.l.noteRound(base, r.from+r.bytes, r.end)
	}
	return taken, err
}

// noteRound notes that a round has the bytes of a segment up to a position, with which the log ends at end. The journal does not take
// any more when the round fails, so that is never taken back.
func (l *Log) noteRound(base, pos, end int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.truncating {
		return // the fence that is to come makes it void
	}
	l.roundBase, l.roundPos, l.roundEnd = base, pos, end
}

// publish notes that the bytes are durable.
func (r *dirty) publish() Synced {
	l := r.l
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.Err() != nil || l.truncating {
		return Synced{}
	}
	if r.added {
		l.noteDurableBytesLocked(r.tail.seg.BaseOffset(), r.from+r.bytes)
		if r.end > l.durable.Load() {
			l.durable.Store(r.end)
		}
	}
	return Synced{OK: l.durable.Load() >= r.end, End: l.durable.Load()}
}
