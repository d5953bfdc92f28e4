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
	// mu admits one round, fence or switch at a time. It is held across the journal's fsync, and taken before a
	// log's mu.
	mu  sync.Mutex
	j   *journal.Journal // nil until it is needed
	off bool             // not made, or broken: every log is synced by itself until the next start
	// logs have bytes in a file of the journal that their own files may not hold yet. A file takes entries anew
	// only when it has none.
	logs   [2]map[*Log]bool
	settle chan int // files whose logs are to be synced by themselves
	done   chan struct{}
}

// Synced is the outcome of SyncSmall for one log.
type Synced struct {
	OK  bool  // it was made durable; else it is to be synced by Sync
	End int64 // the end offset up to which the log is durable
}

// SyncSmall makes everything durable that was appended to the logs before the call, with one fsync, for those
// that have little to sync; it says which. All logs are of one directory. It never fails: a log for which it is
// not OK is to be synced by itself.
func SyncSmall(logs []*Log) []Synced {
	out := make([]Synced, len(logs))
	if len(logs) == 0 {
		return out
	}
	d := logs[0].d
	d.journal.mu.Lock()
	defer d.journal.mu.Unlock()
	if !d.openJournal() {
		return out
	}
	round := make([]dirty, 0, len(logs))
	d.journal.j.Begin()
	for i, l := range logs {
		r := dirty{at: i}
		switch more, ok := r.look(l); {
		case !ok:
		case !more:
			out[i] = Synced{OK: true, End: l.durable.Load()}
		default:
			taken, err := d.journal.add(&r)
			if err != nil {
				d.journalFailed(err)
				return make([]Synced, len(logs))
			}
			if taken {
				round = append(round, r)
			}
		}
	}
	if len(round) == 0 {
		return out
	}
	if err := d.journal.j.Commit(); err != nil {
		d.journalFailed(err)
		return make([]Synced, len(logs))
	}
	for _, r := range round {
		out[r.at] = r.publish()
	}
	return out
}

// dirty is the bytes of a log that are to become durable.
type dirty struct {
	at    int // index of the log in the round
	l     *Log
	tail  *entry
	from  int64 // position in the active segment
	bytes int64
	end   int64 // the log's end with them
}

// look finds what is not durable of a log. ok says that the journal may take it: only little, of a file whose
// name is durable and whose bytes before it are.
func (r *dirty) look(l *Log) (more, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.l, r.tail, r.end, r.from = l, l.list.Load().active(), l.end.Load(), l.durablePos
	r.bytes = r.tail.seg.Size() - r.from
	if l.Err() != nil || l.truncating || l.dirDirty || r.tail.seg.BaseOffset() != l.durableBase {
		return false, false
	}
	return r.end > l.durable.Load(), r.bytes <= smallBytes
}

// add writes a log's bytes into the journal, if there is room.
func (s *shared) add(r *dirty) (taken bool, err error) {
	e := journal.Entry{Partition: r.l.id, Segment: r.tail.seg.BaseOffset(), Position: r.from, End: r.end}
	taken, err = s.j.Add(e, int(r.bytes), func(p []byte) bool { return r.tail.seg.CopyTo(p, r.from) == nil })
	if taken {
		s.logs[s.j.Current()][r.l] = true
		r.l.journaled.Store(true)
	}
	return taken, err
}

// publish notes that the bytes are durable.
func (r *dirty) publish() Synced {
	l := r.l
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.Err() != nil || l.truncating {
		return Synced{}
	}
	l.noteDurableBytesLocked(r.tail.seg.BaseOffset(), r.from+r.bytes)
	if r.end > l.durable.Load() {
		l.durable.Store(r.end)
	}
	return Synced{OK: true, End: l.durable.Load()}
}
