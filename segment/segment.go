// Package segment is one log file with its indexes: append, read, recover, seal.
//
// The .log file is record batches end to end, as Apache Kafka writes them, and is the truth; the indexes
// beside it are derived and are checked whenever they are used. A segment is active (one goroutine appends,
// cuts and recovers, any number read) or sealed (any number read). Bytes that this process neither wrote
// nor recovered are cold: each batch's checksum is verified once, before it is first served.
package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"sync"
	"sync/atomic"
	"time"

	"weir/index"
	"weir/vfs"
)

// Config holds what a segment is told about how to behave.
type Config struct {
	IndexIntervalBytes int   // bytes of batches between two index entries (index.interval.bytes)
	IndexMaxBytes      int   // size of the indexes at which the segment is full (segment.index.bytes)
	Preallocate        int64 // bytes reserved on disk when the segment is created (preallocate); 0 = off
	// Contiguous says that appends leave no gaps between offsets, so that Recover ends before one. Reads allow
	// gaps: compaction, now or under an earlier cleanup.policy, makes them in what is durable.
	Contiguous bool
	// NoGaps says that no batch was ever taken out: then a gap that is met while cold bytes are verified is
	// damage too.
	NoGaps bool
	// Frames is where frames of compressed segments are kept while they are read; nil: each open file has its own.
	Frames *FrameCache
}

// OpenOptions says what is known about a segment that is opened.
type OpenOptions struct {
	Active bool // it will be appended to
	Clean  bool // all of it is known to be durable: after a clean stop, or before the recovery point
	// NextOffset, when > 0, is the base offset of the following segment: no offset at or past it belongs here.
	NextOffset int64
}

// TimestampOffset is a timestamp in ms and the offset that has it; {-1, base offset} when there is none.
type TimestampOffset struct {
	Timestamp int64
	Offset    int64
}

// noTimestamp is Kafka's "no timestamp".
const noTimestamp = -1

// Segment is one log file with its indexes.
//
// Append, Recover, Truncate, Seal and Close belong to one goroutine at a time; everything else may be
// called by any number at any time.
type Segment struct {
	fs        vfs.FS
	dir       string
	base      int64
	bound     int64 // no offset at or past it belongs here; math.MaxInt64 when unknown
	c         Config
	createdAt time.Time

	offsets *index.Offset
	times   *index.Time
	txns    *index.Txn

	// size publishes what may be read: the bytes before it are whole batches that never change again, and the
	// index entries for them are in place. That holds because the appender writes the bytes first, then adds
	// the index entry, then stores size, and a reader loads size before it looks at anything else; the atomic
	// store and load order the rest. A batch that was written in part lies past size and is overwritten by the
	// next.
	size atomic.Int64
	// next is the offset after the last one; stored after size, so whoever sees an offset below next finds its
	// bytes.
	next atomic.Int64

	// written counts changes of the .log, synced how many of them a sync has covered.
	written, synced atomic.Int64

	poison atomic.Pointer[poisoned] // set once, by the first failed sync or an append that could not be undone
	refs   atomic.Int64             // the owner's and those of Acquire; at 0 the files are closed
	file   atomic.Pointer[handle]   // the open .log, nil until needed

	// appender is touched only by the appending goroutine.
	appender indexer

	mu      sync.Mutex // guards the fields below and opening the file
	suffix  string     // of the file names: "", or what they are called on their way (Create, Rename)
	sealed  bool
	removed bool
	// compressed says that the .log is stored as zstd frames: sealed then, and the plain file was last written at
	// modTime. stray says that the other form may lie beside it.
	compressed, stray bool
	modTime           time.Time
	stored            int64 // size of the compressed file
	max               TimestampOffset
	first             int64 // the first batch's largest timestamp, -1 when empty

	cold      coldBytes
	reindexMu sync.Mutex // held while a reader rebuilds indexes that lied
}

// Names returns the base names of the files of the segment that begins at baseOffset, the .log first.
func Names(baseOffset int64) []string {
	stem := fmt.Sprintf("%020d", baseOffset)
	return []string{stem + ".log", stem + ".index", stem + ".timeindex", stem + ".txnindex"}
}

func newSegment(fsys vfs.FS, dir string, baseOffset int64, c Config) *Segment {
	s := &Segment{fs: fsys, dir: dir, base: baseOffset, bound: math.MaxInt64, c: c}
	s.max = TimestampOffset{noTimestamp, baseOffset}
	s.first = noTimestamp
	s.appender = indexer{s: s, max: s.max}
	s.next.Store(baseOffset)
	s.refs.Store(1)
	return s
}

// path returns the name of the i-th file of Names.
func (s *Segment) path(i int) string { return path.Join(s.dir, Names(s.base)[i]) }

// Create makes the empty files of an active segment in dir, which the caller syncs. It refuses to empty a
// log that holds bytes.
func Create(fsys vfs.FS, dir string, baseOffset int64, c Config) (*Segment, error) {
	return createAs(fsys, dir, baseOffset, "", c)
}

func createAs(fsys vfs.FS, dir string, baseOffset int64, suffix string, c Config) (*Segment, error) {
	s := newSegment(fsys, dir, baseOffset, c)
	s.suffix = suffix
	info, err := fsys.Stat(s.pathLocked())
	if err == nil && info.Size > 0 {
		return nil, fmt.Errorf("create segment %s: %d bytes are in it: %w", s.pathLocked(), info.Size, fs.ErrExist)
	}
	if err := s.create(); err != nil {
		return nil, fmt.Errorf("create segment: %w", err)
	}
	return s, nil
}

func (s *Segment) create() error {
	f, err := s.fs.Create(s.path(0) + s.suffix)
	if err != nil {
		return err
	}
	h := newHandle(f)
	if s.c.Preallocate > 0 {
		if err := f.Preallocate(s.c.Preallocate); err != nil {
			return errors.Join(err, h.release())
		}
	}
	if s.offsets, err = index.CreateOffset(s.fs, s.path(1)+s.suffix, s.base); err != nil {
		return errors.Join(err, h.release())
	}
	if s.times, err = index.CreateTime(s.fs, s.path(2)+s.suffix, s.base); err != nil {
		return errors.Join(err, h.release())
	}
	// One of an earlier segment of this name that was cut away must not live on.
	if err := s.fs.Remove(s.path(3) + s.suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, h.release())
	}
	if s.txns, err = index.OpenTxn(s.fs, s.path(3)+s.suffix, s.base); err != nil {
		return errors.Join(err, h.release())
	}
	info, err := s.fs.Stat(s.path(0) + s.suffix)
	if err != nil {
		return errors.Join(err, h.release())
	}
	s.createdAt = info.ModTime
	s.file.Store(h)
	return nil
}

// BaseOffset returns the offset in the file names: no offset before it belongs here.
func (s *Segment) BaseOffset() int64 { return s.base }

// NextOffset returns the offset after the last record's; BaseOffset when the segment is empty.
func (s *Segment) NextOffset() int64 { return s.next.Load() }

// Size returns the length in bytes of the whole batches that may be read.
func (s *Segment) Size() int64 { return s.size.Load() }

// CreatedAt returns when the file was made, or last written before it was opened.
func (s *Segment) CreatedAt() time.Time { return s.createdAt }

// StoredSize returns the bytes that the .log takes on disk: less than Size where it is compressed.
func (s *Segment) StoredSize() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.compressed {
		return s.stored
	}
	return s.size.Load()
}

// Compressed reports whether the .log is stored as zstd frames.
func (s *Segment) Compressed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.compressed
}

// ModTime returns when the file was last written, before it was compressed.
func (s *Segment) ModTime() (time.Time, error) {
	s.mu.Lock()
	if s.compressed {
		defer s.mu.Unlock()
		return s.modTime, nil
	}
	s.mu.Unlock()
	info, err := s.fs.Stat(s.Path())
	return info.ModTime, err
}

// Path returns the name of the .log file as it is now.
func (s *Segment) Path() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pathLocked()
}

func (s *Segment) pathLocked() string { return s.logName(s.compressed) + s.suffix }

// logName returns the name of the .log in one of its forms.
func (s *Segment) logName(compressed bool) string {
	if compressed {
		return s.path(0) + CompressedSuffix
	}
	return s.path(0)
}

// MaxTimestamp returns the largest timestamp and the last offset of the first batch that has it.
func (s *Segment) MaxTimestamp() TimestampOffset {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.max
}

// FirstTimestamp returns the first batch's largest timestamp in ms (what segment.ms is measured from), -1
// when the segment is empty.
func (s *Segment) FirstTimestamp() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.first
}

// TxnIndex returns the index of aborted transactions. The appender writes it, anyone may collect from it.
func (s *Segment) TxnIndex() *index.Txn { return s.txns }

// IndexFull reports whether one of the indexes has no room for another entry below segment.index.bytes:
// roll first. As in Kafka, the time index keeps its last slot for the entry that is added when the segment
// is sealed.
func (s *Segment) IndexFull() bool {
	return s.offsets.Count() >= s.c.IndexMaxBytes/index.OffsetEntrySize ||
		s.times.Count() >= s.c.IndexMaxBytes/index.TimeEntrySize-1
}
