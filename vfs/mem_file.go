package vfs

import (
	"io"
	"io/fs"
	"sync/atomic"
	"syscall"
)

const (
	memPageBytes   = 4096
	memSectorBytes = 512 // the unit in which a disk writes all or nothing
)

// memPage is a page of a file. Only the content whose generation it carries may write it in place; everyone
// else who holds it (the durable view, crash clones) relies on it never changing.
type memPage struct {
	gen  uint64
	data [memPageBytes]byte
}

// memGenerations hands out content generations; they only need to differ.
var memGenerations atomic.Uint64

// memContent is a file's bytes, twice: as a running program sees them and as they are on the disk. Both are
// lists of shared pages; a nil page is all zeros.
type memContent struct {
	gen      uint64
	pages    []*memPage
	size     int64
	durable  []*memPage
	durSize  int64
	dirtyLo  int // pages [dirtyLo, dirtyHi) may differ between the two lists
	dirtyHi  int
	unlinked bool // no name points here: its bytes do not count as used
}

func newMemContent() memContent { return memContent{gen: memGenerations.Add(1)} }

func (c *memContent) touch(page int) {
	if c.dirtyHi == c.dirtyLo {
		c.dirtyLo, c.dirtyHi = page, page+1
		return
	}
	c.dirtyLo, c.dirtyHi = min(c.dirtyLo, page), max(c.dirtyHi, page+1)
}

// writable returns page i as one that may be changed in place.
func (c *memContent) writable(i int) *memPage {
	for len(c.pages) <= i {
		c.pages = append(c.pages, nil)
	}
	p := c.pages[i]
	switch {
	case p == nil:
		p = &memPage{gen: c.gen}
	case p.gen != c.gen:
		p = &memPage{gen: c.gen, data: p.data}
	default:
		c.touch(i)
		return p
	}
	c.pages[i] = p
	c.touch(i)
	return p
}

// setSize cuts or extends; what is cut off reads as zeros if the file grows again.
func (c *memContent) setSize(size int64) {
	if size < c.size {
		keep := int((size + memPageBytes - 1) / memPageBytes)
		for i := keep; i < len(c.pages); i++ {
			c.touch(i)
		}
		if keep < len(c.pages) {
			c.pages = c.pages[:keep]
		}
		if in := int(size % memPageBytes); in > 0 && keep > 0 && keep <= len(c.pages) && c.pages[keep-1] != nil {
			clear(c.writable(keep - 1).data[in:])
		}
	}
	c.size = size
}

// sync makes the durable view equal to the running one and freezes the pages of both.
func (c *memContent) sync() {
	if len(c.durable) > len(c.pages) {
		c.durable = c.durable[:len(c.pages)]
	}
	for len(c.durable) < len(c.pages) {
		c.durable = append(c.durable, c.pages[len(c.durable)])
	}
	for i := c.dirtyLo; i < min(c.dirtyHi, len(c.pages)); i++ {
		c.durable[i] = c.pages[i]
	}
	c.durSize, c.dirtyLo, c.dirtyHi = c.size, 0, 0
	c.gen = memGenerations.Add(1)
}

func (c *memContent) readAt(p []byte, off int64) int {
	if off >= c.size {
		return 0
	}
	p = p[:min(int64(len(p)), c.size-off)]
	for n := 0; n < len(p); {
		at := off + int64(n)
		i, in := int(at/memPageBytes), int(at%memPageBytes)
		part := p[n:min(len(p), n+memPageBytes-in)]
		if i < len(c.pages) && c.pages[i] != nil {
			copy(part, c.pages[i].data[in:])
		} else {
			clear(part)
		}
		n += len(part)
	}
	return len(p)
}

func (c *memContent) writeAt(p []byte, off int64) {
	for n := 0; n < len(p); {
		at := off + int64(n)
		in := int(at % memPageBytes)
		n += copy(c.writable(int(at / memPageBytes)).data[in:], p[n:])
	}
	c.size = max(c.size, off+int64(len(p)))
}

// resizeLocked changes a file's size and the space in use. The file system's lock is held for writing.
func (m *Mem) resizeLocked(n *memNode, size int64) {
	if !n.content.unlinked {
		m.used += size - n.content.size
	}
	n.content.setSize(size)
	n.modTime = m.now()
}

// memFile is an open handle.
type memFile struct {
	fs       *Mem
	node     *memNode
	name     string
	writable bool
	closed   atomic.Bool
}

func (f *memFile) Name() string { return f.name }

func (f *memFile) check(op string, write bool) error {
	if f.closed.Load() {
		return pathError(op, f.name, fs.ErrClosed)
	}
	if write && !f.writable {
		return pathError(op, f.name, syscall.EBADF)
	}
	return nil
}

func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.check("read", false); err != nil {
		return 0, err
	}
	if off < 0 {
		return 0, pathError("read", f.name, syscall.EINVAL)
	}
	f.fs.mu.RLock()
	defer f.fs.mu.RUnlock()
	n := f.node.content.readAt(p, off)
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) WriteAt(p []byte, off int64) (int, error) {
	if err := f.check("write", true); err != nil {
		return 0, err
	}
	if off < 0 {
		return 0, pathError("write", f.name, syscall.EINVAL)
	}
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	m, c := f.fs, &f.node.content
	m.writes++
	var err error
	if grow := off + int64(len(p)) - c.size; grow > 0 && !c.unlinked {
		if m.capacity >= 0 && m.used+grow > m.capacity {
			// As a disk does: what still fits is written.
			fits := max(0, int64(len(p))-(m.used+grow-m.capacity))
			p, err = p[:fits], pathError("write", f.name, syscall.ENOSPC)
		}
		m.used += max(0, off+int64(len(p))-c.size)
	}
	if len(p) > 0 {
		c.writeAt(p, off)
	}
	f.node.modTime = m.now()
	return len(p), err
}

func (f *memFile) Truncate(size int64) error {
	if err := f.check("truncate", true); err != nil {
		return err
	}
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.fs.writes++
	f.fs.resizeLocked(f.node, size)
	return nil
}

func (f *memFile) Sync() error {
	if err := f.check("sync", false); err != nil {
		return err
	}
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.fs.writes++
	f.node.content.sync()
	return nil
}

func (f *memFile) Size() (int64, error) {
	if err := f.check("stat", false); err != nil {
		return 0, err
	}
	f.fs.mu.RLock()
	defer f.fs.mu.RUnlock()
	return f.node.content.size, nil
}

// Preallocate only checks that the space is there: memory has no blocks to reserve.
func (f *memFile) Preallocate(size int64) error {
	if err := f.check("preallocate", true); err != nil {
		return err
	}
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.fs.writes++
	if m := f.fs; m.capacity >= 0 && m.used+size-f.node.content.size > m.capacity {
		return pathError("preallocate", f.name, syscall.ENOSPC)
	}
	return nil
}

func (f *memFile) Close() error {
	if f.closed.Swap(true) {
		return pathError("close", f.name, fs.ErrClosed)
	}
	return nil
}
