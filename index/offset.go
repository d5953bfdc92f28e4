package index

import (
	"encoding/binary"
	"fmt"
	"math"

	"weir/internal/invariant"
	"weir/vfs"
)

// OffsetEntrySize is the length in bytes of an entry of an offset index.
const OffsetEntrySize = 8

// OffsetEntry says that the batch whose last offset is Offset begins at byte Position of the log file.
type OffsetEntry struct {
	Offset   int64
	Position int64
}

// Offset is the sparse index from offsets to positions of one segment (Kafka's OffsetIndex). One goroutine
// appends and cuts; any number look up.
type Offset struct {
	t    *table
	base int64
	last OffsetEntry // the newest entry, {base, 0} when there is none; guarded by t.mu
}

// CreateOffset makes an empty index for the segment that begins at baseOffset.
func CreateOffset(fs vfs.FS, name string, baseOffset int64) (*Offset, error) {
	t, err := createTable(fs, name, OffsetEntrySize)
	if err != nil {
		return nil, err
	}
	return &Offset{t: t, base: baseOffset, last: OffsetEntry{Offset: baseOffset}}, nil
}

// OpenOffset opens an index and checks what Kafka checks: a whole number of entries, the last not before
// baseOffset. ErrCorrupt when that does not hold, fs.ErrNotExist when there is no file: rebuild it in both
// cases.
func OpenOffset(fs vfs.FS, name string, baseOffset int64, writable bool) (*Offset, error) {
	t, err := openTable(fs, name, OffsetEntrySize, writable)
	if err != nil {
		return nil, err
	}
	x := &Offset{t: t, base: baseOffset}
	if err := x.loadLastLocked(); err != nil {
		return nil, err
	}
	if n := t.count(); n > 0 && (x.last.Offset < baseOffset || x.last.Position < 0) {
		return nil, fmt.Errorf("open index %s: last entry has offset %d, position %d; base offset is %d: %w",
			name, x.last.Offset, x.last.Position, baseOffset, ErrCorrupt)
	}
	return x, nil
}

func (x *Offset) parse(b []byte) OffsetEntry {
	return OffsetEntry{
		Offset:   x.base + int64(int32(binary.BigEndian.Uint32(b))),
		Position: int64(int32(binary.BigEndian.Uint32(b[4:]))),
	}
}

func (x *Offset) loadLastLocked() error {
	x.last = OffsetEntry{Offset: x.base}
	n := x.t.count()
	if n == 0 {
		return nil
	}
	var b [OffsetEntrySize]byte
	if err := x.t.entry(n-1, b[:]); err != nil {
		return err
	}
	x.last = x.parse(b[:])
	return nil
}

// Append adds an entry. Its offset and position are larger than the last entry's and fit 32 bits once the
// base offset is taken off.
func (x *Offset) Append(e OffsetEntry) {
	x.t.mu.Lock()
	defer x.t.mu.Unlock()
	x.appendLocked(e)
}

func (x *Offset) appendLocked(e OffsetEntry) {
	rel := e.Offset - x.base
	invariant.Check(rel >= 0 && rel <= math.MaxInt32 && e.Position >= 0 && e.Position <= math.MaxInt32,
		"offset index entry out of range: got %+v; base %d", e, x.base)
	invariant.Check(x.t.count() == 0 || (e.Offset > x.last.Offset && e.Position > x.last.Position),
		"offset index entry out of order: got %+v; last %+v", e, x.last)
	var b [OffsetEntrySize]byte
	binary.BigEndian.PutUint32(b[:], uint32(rel))
	binary.BigEndian.PutUint32(b[4:], uint32(e.Position))
	x.t.append(b[:])
	x.last = e
}

// Floor returns the last entry whose offset is <= offset; false when there is none.
func (x *Offset) Floor(offset int64) (OffsetEntry, bool, error) {
	x.t.mu.RLock()
	defer x.t.mu.RUnlock()
	var b [OffsetEntrySize]byte
	ok, err := x.t.floor(func(b []byte) bool { return x.parse(b).Offset > offset }, b[:])
	if err != nil || !ok {
		return OffsetEntry{}, false, err
	}
	return x.parse(b[:]), true, nil
}

// AtOrAfter returns the first entry whose position is >= position; false when there is none.
func (x *Offset) AtOrAfter(position int64) (OffsetEntry, bool, error) {
	x.t.mu.RLock()
	defer x.t.mu.RUnlock()
	i, err := x.t.search(func(b []byte) bool { return x.parse(b).Position >= position })
	if err != nil || i >= x.t.count() {
		return OffsetEntry{}, false, err
	}
	var b [OffsetEntrySize]byte
	if err := x.t.entry(i, b[:]); err != nil {
		return OffsetEntry{}, false, err
	}
	return x.parse(b[:]), true, nil
}

// Last returns the newest entry; false when there is none.
func (x *Offset) Last() (OffsetEntry, bool) {
	x.t.mu.RLock()
	defer x.t.mu.RUnlock()
	return x.last, x.t.count() > 0
}

// Entry returns the i-th entry, from 0.
func (x *Offset) Entry(i int) (OffsetEntry, error) {
	x.t.mu.RLock()
	defer x.t.mu.RUnlock()
	if i < 0 || i >= x.t.count() {
		return OffsetEntry{}, fmt.Errorf("offset index entry %d of %d: %w", i, x.t.count(), ErrCorrupt)
	}
	var b [OffsetEntrySize]byte
	if err := x.t.entry(i, b[:]); err != nil {
		return OffsetEntry{}, err
	}
	return x.parse(b[:]), nil
}

// Count returns the number of entries.
func (x *Offset) Count() int {
	x.t.mu.RLock()
	defer x.t.mu.RUnlock()
	return x.t.count()
}

// Truncate drops the entries whose offset is >= offset.
func (x *Offset) Truncate(offset int64) error {
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

// Rebuild replaces all entries by those given, in order, and writes them to the file. Lookups and Append wait
// meanwhile. It does not sync: an index lost in a crash is rebuilt again.
func (x *Offset) Rebuild(entries []OffsetEntry) error {
	x.t.mu.Lock()
	defer x.t.mu.Unlock()
	if err := x.t.cut(0); err != nil {
		return err
	}
	x.last = OffsetEntry{Offset: x.base}
	for _, e := range entries {
		x.appendLocked(e)
	}
	return x.t.settle()
}

// Flush writes what is pending, without a sync.
func (x *Offset) Flush() error { return x.t.flushNow() }

// Sync makes all entries durable. After a failed Sync every later one fails: the index must be rebuilt
// elsewhere.
func (x *Offset) Sync() error { return x.t.sync() }

// Seal makes all entries durable and gives the descriptor up; no entry is added afterwards.
func (x *Offset) Seal() error { return x.t.seal() }

// Close gives the descriptor up without writing what is pending.
func (x *Offset) Close() error { return x.t.shut() }

// Rename moves the file.
func (x *Offset) Rename(name string) error { return x.t.rename(name) }

// Remove deletes the file; the index is empty afterwards.
func (x *Offset) Remove() error { return x.t.remove() }
