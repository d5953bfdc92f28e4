package index

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"

	"weir/vfs"
)

// TxnEntrySize is the length in bytes of an entry of a transaction index.
const TxnEntrySize = 34

// txnVersion is the only version of entries there is.
const txnVersion = 0

// AbortedTxn is one entry of a transaction index: a transaction that was aborted by a marker in this segment.
type AbortedTxn struct {
	ProducerID       int64
	FirstOffset      int64 // first offset of the transaction in this partition; may lie in an earlier segment
	LastOffset       int64 // offset of the abort marker
	LastStableOffset int64 // the partition's last stable offset once this transaction was completed
}

// Txn is the transaction index of one segment (Kafka's TransactionIndex); entries ascend by LastOffset. Its
// file exists from the first entry on. One goroutine appends and cuts; any number collect.
type Txn struct {
	t    *table
	base int64
	last int64 // LastOffset of the newest entry, base-1 when there is none; guarded by t.mu
}

// OpenTxn opens the index of the segment that begins at baseOffset; no file is an empty index. Bytes after
// the last whole entry are ignored, as Kafka does: the write of that entry was never finished.
func OpenTxn(fsys vfs.FS, name string, baseOffset int64) (*Txn, error) {
	t := &table{fs: fsys, width: TxnEntrySize, name: name}
	info, err := fsys.Stat(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open transaction index: %w", err)
	}
	t.flushed = int(info.Size / TxnEntrySize)
	x := &Txn{t: t, base: baseOffset}
	return x, x.loadLastLocked()
}

func (x *Txn) loadLastLocked() error {
	x.last = x.base - 1
	n := x.t.count()
	if n == 0 {
		return nil
	}
	var b [TxnEntrySize]byte
	if err := x.t.entry(n-1, b[:]); err != nil {
		return err
	}
	x.last = parseTxn(b[:]).LastOffset
	return nil
}

func parseTxn(b []byte) AbortedTxn {
	return AbortedTxn{
		ProducerID:       int64(binary.BigEndian.Uint64(b[2:])),
		FirstOffset:      int64(binary.BigEndian.Uint64(b[10:])),
		LastOffset:       int64(binary.BigEndian.Uint64(b[18:])),
		LastStableOffset: int64(binary.BigEndian.Uint64(b[26:])),
	}
}

// Append adds an entry and writes it; nothing is added when the write fails. LastOffset must ascend.
func (x *Txn) Append(a AbortedTxn) error {
	x.t.mu.Lock()
	defer x.t.mu.Unlock()
	if a.LastOffset <= x.last || a.FirstOffset > a.LastOffset {
		return fmt.Errorf("append to transaction index: %+v after last offset %d: %w", a, x.last, ErrCorrupt)
	}
	var b [TxnEntrySize]byte
	binary.BigEndian.PutUint16(b[:], txnVersion)
	binary.BigEndian.PutUint64(b[2:], uint64(a.ProducerID))
	binary.BigEndian.PutUint64(b[10:], uint64(a.FirstOffset))
	binary.BigEndian.PutUint64(b[18:], uint64(a.LastOffset))
	binary.BigEndian.PutUint64(b[26:], uint64(a.LastStableOffset))
	x.t.pending = append(x.t.pending, b[:]...)
	if err := x.t.flush(); err != nil {
		x.t.pending = nil
		return err
	}
	x.last = a.LastOffset
	return nil
}

// Collect returns the aborted transactions that overlap the offsets [from, to). done says that no later
// segment holds one: an entry was met after which everything below to was decided. ErrCorrupt when the
// entries cannot be true.
func (x *Txn) Collect(from, to int64) (txns []AbortedTxn, done bool, err error) {
	x.t.mu.RLock()
	defer x.t.mu.RUnlock()
	i, err := x.t.search(func(b []byte) bool { return parseTxn(b).LastOffset >= from })
	if err != nil {
		return nil, false, err
	}
	err = x.walkLocked(i, func(a AbortedTxn) bool {
		if a.LastOffset >= from && a.FirstOffset < to {
			txns = append(txns, a)
		}
		done = a.LastStableOffset >= to
		return !done
	})
	if err != nil {
		return nil, false, err
	}
	return txns, done, nil
}

// Count returns the number of entries.
func (x *Txn) Count() int {
	x.t.mu.RLock()
	defer x.t.mu.RUnlock()
	return x.t.count()
}

// All returns every entry, checked as Collect checks.
func (x *Txn) All() (txns []AbortedTxn, err error) {
	x.t.mu.RLock()
	defer x.t.mu.RUnlock()
	err = x.walkLocked(0, func(a AbortedTxn) bool {
		txns = append(txns, a)
		return true
	})
	return txns, err
}

// walkLocked visits entries from the i-th on, block by block, until visit returns false.
func (x *Txn) walkLocked(i int, visit func(AbortedTxn) bool) error {
	n := x.t.count()
	if i >= n {
		return nil
	}
	bp := blocks.Get().(*[]byte)
	defer blocks.Put(bp)
	last := x.base - 1
	for i < n {
		block := (*bp)[:min(n-i, blockEntries)*TxnEntrySize]
		if err := x.t.read(i, block); err != nil {
			return err
		}
		for ; len(block) > 0; block, i = block[TxnEntrySize:], i+1 {
			a := parseTxn(block)
			if v := binary.BigEndian.Uint16(block); v != txnVersion || a.LastOffset <= last ||
				a.FirstOffset > a.LastOffset || a.FirstOffset < 0 || a.LastStableOffset > a.LastOffset+1 {
				return fmt.Errorf("transaction index %s entry %d: version %d, %+v, after last offset %d: %w",
					x.t.name, i, v, a, last, ErrCorrupt)
			}
			last = a.LastOffset
			if !visit(a) {
				return nil
			}
		}
	}
	return nil
}

// Truncate drops the entries whose LastOffset is >= offset.
func (x *Txn) Truncate(offset int64) error {
	x.t.mu.Lock()
	defer x.t.mu.Unlock()
	i, err := x.t.search(func(b []byte) bool { return parseTxn(b).LastOffset >= offset })
	if err != nil || i == x.t.count() {
		return err
	}
	if err := x.t.cut(i); err != nil {
		return err
	}
	return x.loadLastLocked()
}

// Reset drops all entries and the file; recovery fills the index anew.
func (x *Txn) Reset() error {
	x.t.mu.Lock()
	x.last = x.base - 1
	x.t.mu.Unlock()
	return x.t.remove()
}

// Sync makes all entries durable; the file's name needs a sync of its directory.
func (x *Txn) Sync() error {
	x.t.mu.Lock()
	defer x.t.mu.Unlock()
	return x.t.syncLocked()
}

// Seal makes all entries durable and gives the descriptor up.
func (x *Txn) Seal() error {
	if err := x.Sync(); err != nil {
		return err
	}
	return x.t.shut()
}

// Close gives the descriptor up.
func (x *Txn) Close() error { return x.t.shut() }

// Rename moves the file, if there is one.
func (x *Txn) Rename(name string) error { return x.t.rename(name) }

// Remove deletes the file, if there is one.
func (x *Txn) Remove() error { return x.t.remove() }
