package index

import (
	"encoding/binary"
	"fmt"
	"math"

	"weir/internal/invariant"
	"weir/vfs"
)

// TimeEntrySize is the length in bytes of an entry of a time index.
const TimeEntrySize = 12

// noTimestamp is the timestamp of records that have none, and of the "last entry" of an empty time index.
const noTimestamp = -1

// TimeEntry says that Timestamp (ms) is the largest of all batches up to and with the one whose last offset
// is Offset, and that this batch is the first to have it.
type TimeEntry struct {
	Timestamp int64
	Offset    int64
}

// Time is the sparse index from timestamps to offsets of one segment (Kafka's TimeIndex). Both fields of
// its entries ascend strictly. One goroutine appends and cuts; any number look up.
type Time struct {
	t    *table
	base int64
	last TimeEntry // the newest entry, {-1, base} when there is none; guarded by t.mu
}

// CreateTime makes an empty index for the segment that begins at baseOffset.
func CreateTime(fs vfs.FS, name string, baseOffset int64) (*Time, error) {
	t, err := createTable(fs, name, TimeEntrySize)
	if err != nil {
		return nil, err
	}
	return &Time{t: t, base: baseOffset, last: TimeEntry{noTimestamp, baseOffset}}, nil
}

// OpenTime opens an index and checks what Kafka checks: a whole number of entries, the last neither before
// baseOffset nor with a smaller timestamp than the first. ErrCorrupt when that does not hold,
// fs.ErrNotExist when there is no file: rebuild it in both cases.
func OpenTime(fs vfs.FS, name string, baseOffset int64, writable bool) (*Time, error) {
	t, err := openTable(fs, name, TimeEntrySize, writable)
	if err != nil {
		return nil, err
	}
	x := &Time{t: t, base: baseOffset}
	if err := x.loadLastLocked(); err != nil {
		return nil, err
	}
	if t.count() == 0 {
		return x, nil
	}
	first, err := x.entryLocked(0)
	if err != nil {
		return nil, err
	}
	if x.last.Offset < baseOffset || x.last.Timestamp < first.Timestamp {
		return nil, fmt.Errorf("open index %s: first entry %+v, last entry %+v, base offset %d: %w",
			name, first, x.last, baseOffset, ErrCorrupt)
	}
	return x, nil
}

func (x *Time) parse(b []byte) TimeEntry {
	return TimeEntry{
		Timestamp: int64(binary.BigEndian.Uint64(b)),
		Offset:    x.base + int64(int32(binary.BigEndian.Uint32(b[8:]))),
	}
}

func (x *Time) entryLocked(i int) (TimeEntry, error) {
	var b [TimeEntrySize]byte
	if err := x.t.entry(i, b[:]); err != nil {
		return TimeEntry{}, err
	}
	return x.parse(b[:]), nil
}

func (x *Time) loadLastLocked() error {
	x.last = TimeEntry{noTimestamp, x.base}
	n := x.t.count()
	if n == 0 {
		return nil
	}
	last, err := x.entryLocked(n - 1)
	if err != nil {
		return err
	}
	x.last = last
	return nil
}

// MaybeAppend adds an entry if its timestamp is larger than the last entry's (Kafka's maybeAppend).
func (x *Time) MaybeAppend(e TimeEntry) {
	x.t.mu.Lock()
	defer x.t.mu.Unlock()
	x.maybeAppendLocked(e)
}

func (x *Time) maybeAppendLocked(e TimeEntry) {
	if e.Timestamp <= x.last.Timestamp {
		return
	}
	rel := e.Offset - x.base
	invariant.Check(rel >= 0 && rel <= math.MaxInt32,
		"time index entry out of range: got %+v; base %d", e, x.base)
	invariant.Check(x.t.count() == 0 || e.Offset > x.last.Offset,
		"time index entry out of order: got %+v; last %+v", e, x.last)
	var b [TimeEntrySize]byte
	binary.BigEndian.PutUint64(b[:], uint64(e.Timestamp))
	binary.BigEndian.PutUint32(b[8:], uint32(rel))
	x.t.append(b[:])
	x.last = e
}

// Before returns an entry from which a search for the first record with a timestamp >= ts may begin: the
// one before the last entry whose timestamp is <= ts; false when the search must begin at the start of the
// segment.
//
// One entry earlier than needed, because an entry whose offset was damaged cannot be told from a good one:
// whichever of two neighbours is the wrong one, as long as both fields ascend from the first to the second,
// beginning at the first misses nothing. ErrCorrupt when they do not ascend, or lie outside [base offset,
// next).
func (x *Time) Before(ts, next int64) (TimeEntry, bool, error) {
	x.t.mu.RLock()
	defer x.t.mu.RUnlock()
	i, err := x.t.search(func(b []byte) bool { return x.parse(b).Timestamp > ts })
	if err != nil || i == 0 {
		return TimeEntry{}, false, err
	}
	second, err := x.entryLocked(i - 1)
	if err != nil {
		return TimeEntry{}, false, err
	}
	first := TimeEntry{noTimestamp, x.base - 1}
	if i > 1 {
		if first, err = x.entryLocked(i - 2); err != nil {
			return TimeEntry{}, false, err
		}
	}
	if second.Timestamp > ts || first.Timestamp >= second.Timestamp || first.Offset >= second.Offset ||
		first.Offset < x.base-1 || second.Offset >= next {
		return TimeEntry{}, false, fmt.Errorf("time index entries %d and %d: %+v, %+v, segment [%d, %d): %w",
			i-2, i-1, first, second, x.base, next, ErrCorrupt)
	}
	return first, i > 1, nil
}

// Last returns the newest entry; false when there is none.
func (x *Time) Last() (TimeEntry, bool) {
	x.t.mu.RLock()
	defer x.t.mu.RUnlock()
	return x.last, x.t.count() > 0
}

// Entry returns the i-th entry, from 0.
func (x *Time) Entry(i int) (TimeEntry, error) {
	x.t.mu.RLock()
	defer x.t.mu.RUnlock()
	if i < 0 || i >= x.t.count() {
		return TimeEntry{}, fmt.Errorf("time index entry %d of %d: %w", i, x.t.count(), ErrCorrupt)
	}
	return x.entryLocked(i)
}

// Count returns the number of entries.
func (x *Time) Count() int {
	x.t.mu.RLock()
	defer x.t.mu.RUnlock()
	return x.t.count()
}

// Truncate drops the entries whose offset is >= offset.
func (x *Time) Truncate(offset int64) error {
	x.t.mu.Lock()
	defer x.t.mu.Unlock()
	i, err := x.t.search(func(b []byte) bool { return x.parse(b).Offset >= offset })
	if err != nil {
		return err
	}
	if err := x.t.cut(i); err != nil {
		return err
	}
	return x.loadLastLocked()
}

// Rebuild replaces all entries by those given, in order, and writes them to the file. Lookups and
// MaybeAppend wait meanwhile. It does not sync: an index lost in a crash is rebuilt again.
func (x *Time) Rebuild(entries []TimeEntry) error {
	x.t.mu.Lock()
	defer x.t.mu.Unlock()
	if err := x.t.cut(0); err != nil {
		return err
	}
	x.last = TimeEntry{noTimestamp, x.base}
	for _, e := range entries {
		x.maybeAppendLocked(e)
	}
	return x.t.settle()
}

// Flush writes what is pending, without a sync.
func (x *Time) Flush() error { return x.t.flushNow() }

// Sync makes all entries durable. After a failed Sync every later one fails: the index must be rebuilt
// elsewhere.
func (x *Time) Sync() error { return x.t.sync() }

// Seal makes all entries durable and gives the descriptor up; no entry is added afterwards.
func (x *Time) Seal() error { return x.t.seal() }

// Close gives the descriptor up without writing what is pending.
func (x *Time) Close() error { return x.t.shut() }

// Rename moves the file.
func (x *Time) Rename(name string) error { return x.t.rename(name) }

// Remove deletes the file; the index is empty afterwards.
func (x *Time) Remove() error { return x.t.remove() }
