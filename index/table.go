package index

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"sync/atomic"

	"weir/vfs"
)

const (
	// flushEntries is how many entries are gathered before they are written: a write per kilobytes of log
	// would cost more than the log's own. What is lost with them in a crash is rebuilt by recovery.
	flushEntries = 256
	// blockEntries is the range below which a search reads all the rest at once instead of halving on.
	blockEntries = 256
	// nearEntries is how many entries of a table that keeps some at hand it keeps.
	nearEntries = 2 * blockEntries
	// maxWidth is the widest entry of any table, for buffers on the stack.
	maxWidth = 34
)

// table is a file of fixed-width entries that only grows at the end or is cut there. One goroutine appends
// and cuts; any number search.
type table struct {
	fs    vfs.FS
	width int

	// near is the stretch of the file that the last search by floor ended in: most searches end close to it.
	// Entries in the file never change, so it holds until they are cut off, under mu.
	near atomic.Pointer[stretch]

	mu       sync.RWMutex // guards everything below
	name     string
	file     vfs.File // of a writable table, from its first use on; a sealed one is opened for each search
	writable bool
	flushed  int    // entries in the file
	pending  []byte // entries after those, not yet in the file
	dirty    bool   // the file was changed since it was last synced
	syncErr  error  // the first failed sync; final, since the kernel may have dropped the bytes
}

// stretch is a run of entries of the file, from the one at index from on. It is immutable.
type stretch struct {
	from    int
	entries []byte
}

// createTable makes an empty file.
func createTable(fsys vfs.FS, name string, width int) (*table, error) {
	f, err := fsys.Create(name)
	if err != nil {
		return nil, fmt.Errorf("create index: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("create index: %w", err)
	}
	return &table{fs: fsys, width: width, name: name, writable: true}, nil
}

// openTable opens a file and counts its entries. Zeros at the end are the rest of a preallocated file whose
// writer died before it could trim it (Kafka makes such files): no entry is all zeros but for a useless
// first one.
func openTable(fsys vfs.FS, name string, width int, writable bool) (*table, error) {
	info, err := fsys.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("open index: %w", err)
	}
	if info.Size%int64(width) != 0 {
		return nil, fmt.Errorf("open index %s: %d bytes, not a multiple of %d: %w", name, info.Size, width,
			ErrCorrupt)
	}
	t := &table{fs: fsys, width: width, name: name, writable: writable, flushed: int(info.Size / int64(width))}
	all := t.flushed
	if t.flushed, err = t.countUsed(); err != nil {
		return nil, errors.Join(err, t.close())
	}
	if writable && t.flushed < all {
		if err := t.cutFile(t.flushed); err != nil {
			return nil, errors.Join(err, t.close())
		}
	}
	return t, nil
}

// countUsed returns the number of entries before the zeros at the end.
func (t *table) countUsed() (int, error) {
	if t.flushed == 0 {
		return 0, nil
	}
	var last [maxWidth]byte
	if err := t.read(t.flushed-1, last[:t.width]); err != nil {
		return 0, err
	}
	if !isZero(last[:t.width]) {
		return t.flushed, nil
	}
	return t.search(func(entry []byte) bool { return isZero(entry) })
}

func isZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// count returns how many entries there are. Callers hold mu or are alone.
func (t *table) count() int { return t.flushed + len(t.pending)/t.width }

// withFile calls do with the open file. Searches of a sealed table open and close it: descriptors are
// dearer than the two system calls, with thousands of segments.
func (t *table) withFile(do func(vfs.File) error) error {
	if t.file != nil {
		return do(t.file)
	}
	f, err := t.fs.Open(t.name)
	if err != nil {
		return fmt.Errorf("open index: %w", err)
	}
	return errors.Join(do(f), f.Close())
}

// read copies the entry at i, and those after it that fit, to p.
func (t *table) read(i int, p []byte) error {
	return t.withFile(func(f vfs.File) error { return t.readFrom(f, i, p) })
}

func (t *table) readFrom(f vfs.File, i int, p []byte) error {
	n, err := f.ReadAt(p, int64(i)*int64(t.width))
	if n == len(p) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read index %s entry %d: %w", t.name, i, err)
}

// entry copies entry i, which must exist, to p.
func (t *table) entry(i int, p []byte) error {
	if i >= t.flushed {
		copy(p[:t.width], t.pending[(i-t.flushed)*t.width:])
		return nil
	}
	return t.read(i, p[:t.width])
}

// search returns the first entry for which above is true, or count. As with sort.Search, above must be
// false up to some entry and true from there on; over a damaged file the result is some entry, and the
// caller finds out.
func (t *table) search(above func(entry []byte) bool) (int, error) {
	if n := len(t.pending) / t.width; n > 0 && !above(t.pending[:t.width]) {
		return t.flushed + searchBytes(t.pending, t.width, above), nil
	}
	if t.flushed == 0 {
		return 0, nil
	}
	lo, hi := 0, 0
	err := t.withFile(func(f vfs.File) (err error) {
		if lo, hi, err = t.narrow(f, above); err != nil {
			return err
		}
		bp := blocks.Get().(*[]byte)
		defer blocks.Put(bp)
		block := (*bp)[:(hi-lo)*t.width]
		if err := t.readFrom(f, lo, block); err != nil {
			return err
		}
		lo += searchBytes(block, t.width, above)
		return nil
	})
	return lo, err
}

// blocks holds read buffers that are in no use.
var blocks = sync.Pool{New: func() any { b := make([]byte, blockEntries*maxWidth); return &b }}

func searchBytes(b []byte, width int, above func([]byte) bool) int {
	lo, hi := 0, len(b)/width
	for lo < hi {
		mid := lo + (hi-lo)/2
		if above(b[mid*width : (mid+1)*width]) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// append adds one entry. It cannot fail: an entry that does not reach the file stays pending, and sync says
// so.
func (t *table) append(entry []byte) {
	t.pending = append(t.pending, entry...)
	if len(t.pending)%(flushEntries*t.width) == 0 {
		_ = t.flush() // tried again at the next multiple, and by sync, which returns the error
	}
}

// flush writes the pending entries. A failed or short write leaves them pending; the next one writes the
// same place.
func (t *table) flush() error {
	if len(t.pending) == 0 {
		return nil
	}
	if err := t.openForWrite(); err != nil {
		return err
	}
	t.dirty = true
	if _, err := t.file.WriteAt(t.pending, int64(t.flushed)*int64(t.width)); err != nil {
		return fmt.Errorf("write index %s: %w", t.name, err)
	}
	t.flushed += len(t.pending) / t.width
	t.pending = nil
	return nil
}

func (t *table) openForWrite() error {
	if t.file != nil {
		return nil
	}
	f, err := t.fs.OpenReadWrite(t.name)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = t.fs.Create(t.name)
	}
	if err != nil {
		return fmt.Errorf("open index: %w", err)
	}
	t.file = f
	return nil
}

// sync makes all entries durable. A failed sync is final.
func (t *table) sync() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.syncLocked()
}

func (t *table) syncLocked() error {
	if t.syncErr != nil {
		return t.syncErr
	}
	if err := t.flush(); err != nil {
		return err
	}
	if !t.dirty {
		return nil
	}
	if err := t.openForWrite(); err != nil {
		return err
	}
	if err := t.file.Sync(); err != nil {
		t.syncErr = fmt.Errorf("sync index: %w", err)
		return t.syncErr
	}
	t.dirty = false
	return nil
}

// cut keeps the first n entries. Callers hold mu for writing.
func (t *table) cut(n int) error {
	t.dirty = true // what an earlier process wrote and never synced counts as well
	t.near.Store(nil)
	if n >= t.flushed {
		t.pending = t.pending[:min(len(t.pending), (n-t.flushed)*t.width)]
		return nil
	}
	t.pending = nil
	return t.cutFile(n)
}

func (t *table) cutFile(n int) error {
	if err := t.openForWrite(); err != nil {
		return err
	}
	t.dirty = true
	if err := t.file.Truncate(int64(n) * int64(t.width)); err != nil {
		return fmt.Errorf("truncate index %s: %w", t.name, err)
	}
	t.flushed = n
	return nil
}

// seal syncs the entries and gives the descriptor up; the table is read-only from now on.
func (t *table) seal() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.syncLocked(); err != nil {
		return err
	}
	t.writable = false
	return t.close()
}

// settle writes the pending entries, and gives the descriptor of a sealed table up again.
func (t *table) settle() error {
	if err := t.flush(); err != nil {
		return err
	}
	if t.writable {
		return nil
	}
	return t.close()
}

// flushNow is settle for callers that do not hold mu.
func (t *table) flushNow() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.settle()
}

// shut is close for callers that do not hold mu.
func (t *table) shut() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.close()
}

// close gives the descriptor up.
func (t *table) close() error {
	if t.file == nil {
		return nil
	}
	f := t.file
	t.file = nil
	if err := f.Close(); err != nil {
		return fmt.Errorf("close index: %w", err)
	}
	return nil
}

// rename moves the file; it is no error when there is none.
func (t *table) rename(name string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.fs.Rename(t.name, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("rename index: %w", err)
	}
	t.name = name
	return nil
}

// remove deletes the file; it is no error when there is none.
func (t *table) remove() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flushed, t.pending = 0, nil
	t.near.Store(nil)
	err := t.close()
	if rerr := t.fs.Remove(t.name); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
		err = errors.Join(err, fmt.Errorf("remove index: %w", rerr))
	}
	return err
}
