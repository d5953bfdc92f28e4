// Package partition is the leadership of one log: epoch fencing, high watermark, last stable offset, tickets,
// waiters.
//
// An append goes to the log on the caller's goroutine and hands its end offset to the [Committer], which
// alone lets the high watermark move. Everyone who waits, waits for the high watermark: a producer holds a
// [Ticket], a fetch a [Waiter].
package partition

import (
	"fmt"
	"sync"
	"sync/atomic"

	"weir/internal/clock"
	"weir/log"
	"weir/metadata"
)

// Partition is one log with its leadership. All methods are safe for concurrent use.
type Partition struct {
	log       *log.Log
	committer Committer
	clk       clock.Clock

	lead atomic.Pointer[leadership]
	// hw is the high watermark: what consumers may see and producers were promised. It never falls.
	hw atomic.Int64
	// dedup is nil for topics without weir.dedup.window.ms.
	dedup atomic.Pointer[dedup]
	// used is when the partition was last read or written, in ms since the Unix epoch; nil unless that is asked for.
	used atomic.Pointer[atomic.Int64]
	bare bare

	mu       sync.Mutex          // guards the fields below
	sleepers []*sleeper          // of tickets that wait, in no order
	spare    []*sleeper          // to be used again
	watches  map[*watch]struct{} // of fetches that wait

	sync       syncState    // guarded by the SyncCommitter's mutex, as is the next
	waits      int          // appends that no sync has begun for
	fresh      atomic.Int64 // bytes appended since the last sync began, about
	flushArmed atomic.Bool  // a flush by time is pending (PageCacheCommitter)
	halted     atomic.Bool  // the committer has stopped: what is not committed never will be
}

// leadership is replaced whole.
type leadership struct {
	epoch  int32
	leader bool
}

// New takes over an open log and leads it at leaderEpoch. What the log holds was made durable when it was
// opened, so all of it is committed.
func New(l *log.Log, c Committer, leaderEpoch int32, clk clock.Clock) *Partition {
	p := &Partition{log: l, committer: c, clk: clk}
	p.lead.Store(&leadership{epoch: leaderEpoch, leader: true})
	p.hw.Store(l.EndOffset())
	p.bare.from.Store(l.EndOffset())
	return p
}

// ID names the partition.
func (p *Partition) ID() metadata.PartitionID { return p.log.ID() }

// Log is the log beneath, for admin reads.
func (p *Partition) Log() *log.Log { return p.log }

// Err says why the partition is out of service, nil while it is not.
func (p *Partition) Err() error { return p.log.Err() }

// LeaderEpoch is the epoch of the last leadership.
func (p *Partition) LeaderEpoch() int32 { return p.lead.Load().epoch }

// BecomeLeader begins a new leadership. Appends and tickets of older ones end with ErrNotLeader.
func (p *Partition) BecomeLeader(epoch int32) {
	p.log.BeginEpoch(epoch) // first: from here on no append of an older leadership gets into the log
	p.lead.Store(&leadership{epoch: epoch, leader: true})
	p.wake()
	p.committer.Submit(p, epoch, p.log.EndOffset()) // what the old leadership left uncommitted
}

// Resign ends the leadership: every request gets ErrNotLeader until BecomeLeader.
func (p *Partition) Resign() {
	p.lead.Store(&leadership{epoch: p.LeaderEpoch()})
	p.wake()
}

// leading returns the leadership, checked against the leader epoch that the client knows (-1 for none;
// KIP-320).
func (p *Partition) leading(clientEpoch int32) (*leadership, error) {
	lead := p.lead.Load()
	switch {
	case clientEpoch >= 0 && clientEpoch < lead.epoch:
		return lead, fmt.Errorf("%s: %w: %d, it is %d", p.ID(), ErrFencedEpoch, clientEpoch, lead.epoch)
	case clientEpoch > lead.epoch:
		return lead, fmt.Errorf("%s: %w: %d, it is %d", p.ID(), ErrUnknownEpoch, clientEpoch, lead.epoch)
	case !lead.leader:
		return lead, fmt.Errorf("%s: %w", p.ID(), ErrNotLeader)
	}
	return lead, nil
}

// HighWatermark is the offset below which records are committed.
func (p *Partition) HighWatermark() int64 { return p.hw.Load() }

// LastStable is the offset below which records are committed and every transaction is decided.
func (p *Partition) LastStable() int64 { return p.log.LastStable(p.hw.Load()) }

// StartOffset is the first offset that may be read.
func (p *Partition) StartOffset() int64 { return p.log.StartOffset() }

// EndOffset is the offset where readers stop: the high watermark, or the last stable offset for
// read_committed.
func (p *Partition) EndOffset(committed bool) int64 {
	if committed {
		return p.LastStable()
	}
	return p.HighWatermark()
}

// Size is the bytes of the partition's records.
func (p *Partition) Size() int64 { return p.log.Size() }

// SetConfig replaces the log's settings.
func (p *Partition) SetConfig(c log.Config) { p.log.SetConfig(c) }
