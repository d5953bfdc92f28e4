// Package log is one partition's log: append, read, roll, retain, recover, producer state, leader epochs.
//
// A [Directory] owns the logs of one data directory. A [Log] is an ordered list of segments, of which the
// last is active. Appends take the log's append lock; reads take none: they load an immutable list of
// segments and hold references. What is written here is durable only once [Log.Sync] has returned an end
// offset past it.
//
// Locks, in the order in which they are taken: Directory.checkpointMu, Log.formsMu, Log.filesMu, Directory.startsMu,
// Log.syncMu, the journal's, Directory.cleanedMu, Log.mu, Directory.mu, then the small ones of epochs and transactions.
package log

import (
	"log/slog"
	"sync"
	"sync/atomic"

	"weir/internal/clock"
	"weir/metadata"
	"weir/vfs"
)

// Log is one partition's log. All methods are safe for concurrent use.
type Log struct {
	id   metadata.PartitionID
	path string
	d    *Directory
	fs   vfs.FS
	clk  clock.Clock
	lg   *slog.Logger

	// made is the number of the log's directory among those that this process made, 0 for one that was there.
	made int64

	cfg atomic.Pointer[Config]
	// list is replaced whole, under mu. Readers load it without a lock and take references to the segments in
	// it.
	list atomic.Pointer[segments]
	// end is the next offset to be given out. It is stored after the bytes, the index entry and the state of
	// producers and transactions, so whoever has seen it can read everything below it, by either isolation.
	end atomic.Int64
	// start is the first offset that may be read; it never falls except by Truncate.
	start atomic.Int64
	// durable is the offset up to which a power cut loses nothing: a sync that began after the write has
	// returned, of the log's own files or of the journal.
	durable atomic.Int64
	// journaled says that the journal has had bytes of the log since it was opened.
	journaled atomic.Bool
	// compacted says that compaction may have left gaps between the offsets, now or in an earlier life.
	compacted atomic.Bool
	// pointed is the recovery point as it is on the disk: nothing before it comes back out of the journal.
	pointed atomic.Int64
	// uncompactable is why the log is not compacted before the next start.
	uncompactable atomic.Pointer[error]
	failure       atomic.Pointer[failure]
	txns          *transactions
	epochs        epochs

	// formsMu admits one pass at a time that compresses or expands segments. It is held for as long as that takes.
	formsMu sync.Mutex
	// filesMu guards the files of sealed segments and of snapshots: sealing, deleting, truncating, closing.
	filesMu   sync.Mutex
	discarded int // segments marked as deleted; guarded by filesMu
	// syncMu admits one sync of the log's own files at a time. It is held across fsync; mu never is.
	syncMu sync.Mutex

	// mu is the append lock. It guards the fields below and every change of list, end and start.
	mu        sync.Mutex
	producers producers
	guards    map[int64]guarded // by producer id, those that may open a transaction
	lastGuard uint64
	epoch     int32             // newest leader epoch; an append with an older one is refused
	rolled    []*entry          // sealed for appends, not yet sealed on disk; oldest first
	pending   []pendingSnapshot // encoded, not yet written; oldest first
	snapshots []int64           // offsets of the snapshot files, rising
	opened    int64             // the end when the log was opened
	unsnapped int64             // bytes appended since the newest of them
	mustRoll  bool              // a roll failed half-way; see rollLocked
	txnDirty  bool              // the active segment's transaction index has entries that were not synced
	dirDirty  bool              // segment files were created since the directory was last synced
	// truncating keeps syncs from moving the durable end up again while the log is being cut.
	truncating bool
	cuts       int64 // how often the log was truncated since it was opened
	// settled is the offset up to which the log's own files are durable; durable may be past it.
	settled int64
	// durablePos is up to where the bytes of the segment that begins at durableBase are durable.
	durableBase, durablePos int64
	// roundPos is up to where rounds of the journal have the bytes of the segment that begins at roundBase, whether they have ended or
	// not, and roundEnd the end offset there.
	roundBase, roundPos, roundEnd int64
}

// failure is why a log takes no more requests.
type failure struct{ err error }

type pendingSnapshot struct {
	offset int64
	data   []byte
}

// ID returns the partition whose log it is.
func (l *Log) ID() metadata.PartitionID { return l.id }

// StartOffset is the first offset that may be read.
func (l *Log) StartOffset() int64 { return l.start.Load() }

// EndOffset is the offset that the next record gets.
func (l *Log) EndOffset() int64 { return l.end.Load() }

// DurableEnd is the offset up to which a power cut loses nothing.
func (l *Log) DurableEnd() int64 { return l.durable.Load() }

// LastStable is the offset below which every transaction is decided, given the high watermark hw.
func (l *Log) LastStable(hw int64) int64 { return min(hw, l.txns.firstUnstable(hw)) }

// Config returns the settings in force.
func (l *Log) Config() Config { return *l.cfg.Load() }

// SetConfig replaces the settings. Those of a segment take effect with the next one, but for its compression: sealed
// segments are compressed or expanded in the background.
func (l *Log) SetConfig(c Config) {
	before := l.cfg.Swap(&c)
	if before.CompressSegments != c.CompressSegments || before.CompressionLevel != c.CompressionLevel {
		l.d.noteForms(l)
	}
}

// Err says why the log takes no requests: ErrOffline with its cause, or ErrClosed. Nil while it does.
func (l *Log) Err() error {
	if f := l.failure.Load(); f != nil {
		return f.err
	}
	return nil
}

// fail takes the log out of service until the next start, once; the first cause stays. It returns what
// callers get.
func (l *Log) fail(cause error) error {
	err := error(&offlineError{cause: cause})
	if l.failure.CompareAndSwap(nil, &failure{err}) {
		l.lg.Error("partition is offline", "partition", l.id.String(), "path", l.path, "cause", cause)
		return err
	}
	return l.Err()
}

// Size is the bytes that all segments' records take on disk: less than were appended where segments are compressed.
func (l *Log) Size() int64 {
	var n int64
	for _, e := range *l.list.Load() {
		n += e.seg.StoredSize()
	}
	return n
}

// SegmentInfo describes one segment.
type SegmentInfo struct {
	BaseOffset, Size int64
	StoredSize       int64 // bytes on disk
	Active           bool
	Compressed       bool
}

// Segments describes the segments, oldest first.
func (l *Log) Segments() []SegmentInfo {
	list := *l.list.Load()
	out := make([]SegmentInfo, len(list))
	for i, e := range list {
		out[i] = SegmentInfo{BaseOffset: e.seg.BaseOffset(), Size: e.seg.Size(), StoredSize: e.seg.StoredSize(),
			Active: i == len(list)-1, Compressed: e.seg.Compressed()}
	}
	return out
}

// LatestEpoch is the newest leader epoch of the log, -1 when there is none.
func (l *Log) LatestEpoch() int32 { return l.epochs.latest() }

// EpochOf is the leader epoch that an offset was written in, -1 when unknown.
func (l *Log) EpochOf(offset int64) int32 { return l.epochs.of(offset) }

// EpochEnd returns the largest leader epoch not above the one asked for, and the offset where the next one
// begins, or the log's end; (-1, -1) when unknown (KIP-279).
func (l *Log) EpochEnd(epoch int32) (int32, int64) { return l.epochs.endOf(epoch, l.EndOffset()) }

// BeginEpoch notes that a leader epoch begins at the log's end. From here on appends of older epochs are
// refused.
func (l *Log) BeginEpoch(epoch int32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.beginEpochLocked(epoch, l.end.Load())
}

func (l *Log) beginEpochLocked(epoch int32, start int64) {
	if epoch > l.epoch {
		l.epochs.assign(epoch, start)
		l.epoch = epoch
	}
}
