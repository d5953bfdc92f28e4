package vfs

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"
	"sync"
	"syscall"
	"time"
)

// memEpoch is what a new Mem's clock shows until SetNow gives it another.
var memEpoch = time.Date(2013, 1, 1, 0, 0, 0, 0, time.UTC)

// Mem is a file system in memory that knows what has been synced and what has not. [Mem.CrashClone] gives
// the file system that a power cut at this moment could leave behind. It survives nothing that POSIX does
// not promise: file bytes and size need File.Sync, and names need FS.SyncDir of the directory that holds
// them.
//
// Safe for concurrent use.
type Mem struct {
	mu       sync.RWMutex // guards everything below and all nodes
	root     *memNode
	pending  []dirOp // directory operations since their directory was last synced, oldest first
	locks    map[*memNode]bool
	capacity int64 // bytes of file content that fit; -1 = no limit
	used     int64
	writes   int64 // operations done that change what a crash would leave behind
	now      func() time.Time
}

// memNode is a directory or a file. A file lives while a directory or an open handle points to it.
type memNode struct {
	dir     bool
	entries map[string]*memNode // of a directory, as a running program sees it
	durable map[string]*memNode // of a directory, as it is on the disk
	content memContent          // of a file
	modTime time.Time
}

// dirOp makes name in dir point to node (nil: to nothing), and for a rename also clears oldName in oldDir.
type dirOp struct {
	dir     *memNode
	name    string
	node    *memNode
	oldDir  *memNode // nil unless a rename
	oldName string
}

// NewMem returns an empty file system without a size limit.
func NewMem() *Mem {
	return &Mem{
		root:     newMemDir(memEpoch),
		locks:    make(map[*memNode]bool),
		capacity: -1,
		now:      func() time.Time { return memEpoch },
	}
}

func newMemDir(now time.Time) *memNode {
	return &memNode{dir: true, entries: map[string]*memNode{}, durable: map[string]*memNode{}, modTime: now}
}

// SetNow gives the clock that modification times are taken from.
func (m *Mem) SetNow(now func() time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = now
}

// SetCapacity limits the bytes that all files may hold together; writes past it fail with ENOSPC. -1 = no
// limit.
func (m *Mem) SetCapacity(bytes int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.capacity = bytes
}

// Writes returns how many operations were done that change what a crash would leave behind (see
// OpKind.Writes).
func (m *Mem) Writes() int64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.writes
}

func splitPath(name string) []string {
	clean := strings.Trim(path.Clean("/"+name), "/")
	if clean == "" {
		return nil
	}
	return strings.Split(clean, "/")
}

func pathError(op, name string, err error) error { return &fs.PathError{Op: op, Path: name, Err: err} }

func (m *Mem) lookupLocked(name string) *memNode {
	n := m.root
	for _, part := range splitPath(name) {
		if n = n.entries[part]; n == nil {
			return nil
		}
	}
	return n
}

// parentLocked returns the directory that holds name, and name's last part; dir is nil when there is none.
func (m *Mem) parentLocked(name string) (dir *memNode, base string) {
	parts := splitPath(name)
	if len(parts) == 0 {
		return nil, ""
	}
	dir = m.root
	for _, part := range parts[:len(parts)-1] {
		if dir = dir.entries[part]; dir == nil || !dir.dir {
			return nil, ""
		}
	}
	return dir, parts[len(parts)-1]
}

// setLocked does a directory operation in the running view and remembers it as not yet durable.
func (m *Mem) setLocked(op dirOp) {
	if op.oldDir != nil {
		delete(op.oldDir.entries, op.oldName)
	}
	if old := op.dir.entries[op.name]; old != nil && !old.dir && old != op.node {
		m.used -= old.content.size // an open handle may still hold it; its space counts as free at once
		old.content.unlinked = true
	}
	if op.node == nil {
		delete(op.dir.entries, op.name)
	} else {
		op.dir.entries[op.name] = op.node
	}
	op.dir.modTime = m.now()
	m.pending = append(m.pending, op)
}

// Create implements FS.
func (m *Mem) Create(name string) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	dir, base := m.parentLocked(name)
	if dir == nil {
		return nil, pathError("create", name, fs.ErrNotExist)
	}
	n := dir.entries[base]
	switch {
	case n == nil:
		n = &memNode{content: newMemContent(), modTime: m.now()}
		m.setLocked(dirOp{dir: dir, name: base, node: n})
	case n.dir:
		return nil, pathError("create", name, syscall.EISDIR)
	default:
		m.resizeLocked(n, 0)
	}
	return &memFile{fs: m, node: n, name: name, writable: true}, nil
}

// Open implements FS.
func (m *Mem) Open(name string) (File, error) { return m.open(name, false) }

// OpenReadWrite implements FS.
func (m *Mem) OpenReadWrite(name string) (File, error) { return m.open(name, true) }

func (m *Mem) open(name string, writable bool) (File, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	n := m.lookupLocked(name)
	if n == nil {
		return nil, pathError("open", name, fs.ErrNotExist)
	}
	if n.dir {
		return nil, pathError("open", name, syscall.EISDIR)
	}
	return &memFile{fs: m, node: n, name: name, writable: writable}, nil
}

// Remove implements FS.
func (m *Mem) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	dir, base := m.parentLocked(name)
	if dir == nil || dir.entries[base] == nil {
		return pathError("remove", name, fs.ErrNotExist)
	}
	if len(dir.entries[base].entries) > 0 {
		return pathError("remove", name, syscall.ENOTEMPTY)
	}
	m.setLocked(dirOp{dir: dir, name: base})
	return nil
}

// RemoveAll implements FS.
func (m *Mem) RemoveAll(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	dir, base := m.parentLocked(name)
	if dir != nil && dir.entries[base] != nil {
		m.removeTreeLocked(dir, base)
	}
	return nil
}

// removeTreeLocked removes depth first, as rm -r does, so that a crash in between leaves no unreachable
// files.
func (m *Mem) removeTreeLocked(dir *memNode, base string) {
	n := dir.entries[base]
	for _, child := range sortedNames(n.entries) {
		m.removeTreeLocked(n, child)
	}
	m.setLocked(dirOp{dir: dir, name: base})
}

// Rename implements FS.
func (m *Mem) Rename(oldname, newname string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	from, fromBase := m.parentLocked(oldname)
	to, toBase := m.parentLocked(newname)
	if from == nil || from.entries[fromBase] == nil || to == nil {
		return pathError("rename", oldname, fs.ErrNotExist)
	}
	n := from.entries[fromBase]
	if target := to.entries[toBase]; target != nil {
		switch {
		case target == n:
			return nil
		case target.dir && len(target.entries) > 0:
			return pathError("rename", newname, syscall.ENOTEMPTY)
		case target.dir != n.dir:
			return pathError("rename", newname, syscall.EEXIST)
		}
	}
	m.setLocked(dirOp{dir: to, name: toBase, node: n, oldDir: from, oldName: fromBase})
	return nil
}

// MkdirAll implements FS.
func (m *Mem) MkdirAll(dir string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	n := m.root
	for _, part := range splitPath(dir) {
		next := n.entries[part]
		if next == nil {
			next = newMemDir(m.now())
			m.setLocked(dirOp{dir: n, name: part, node: next})
		}
		if n = next; !n.dir {
			return pathError("mkdir", dir, syscall.ENOTDIR)
		}
	}
	return nil
}

// SyncDir implements FS.
func (m *Mem) SyncDir(dir string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	n := m.lookupLocked(dir)
	if n == nil || !n.dir {
		return pathError("sync", dir, fs.ErrNotExist)
	}
	m.pending = slices.DeleteFunc(m.pending, func(op dirOp) bool {
		if op.dir != n && op.oldDir != n {
			return false
		}
		op.apply(op.dir.durable, op.oldDurable())
		return true
	})
	return nil
}

func (op dirOp) oldDurable() map[string]*memNode {
	if op.oldDir == nil {
		return nil
	}
	return op.oldDir.durable
}

// apply does the operation in one view of the directories.
func (op dirOp) apply(dir, oldDir map[string]*memNode) {
	if op.oldDir != nil {
		delete(oldDir, op.oldName)
	}
	if op.node == nil {
		delete(dir, op.name)
		return
	}
	dir[op.name] = op.node
}

// List implements FS.
func (m *Mem) List(dir string) ([]string, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	n := m.lookupLocked(dir)
	if n == nil {
		return nil, pathError("list", dir, fs.ErrNotExist)
	}
	if !n.dir {
		return nil, pathError("list", dir, syscall.ENOTDIR)
	}
	return sortedNames(n.entries), nil
}

func sortedNames(entries map[string]*memNode) []string {
	names := make([]string, 0, len(entries))
	for name := range entries {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Stat implements FS.
func (m *Mem) Stat(name string) (Info, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	n := m.lookupLocked(name)
	if n == nil {
		return Info{}, pathError("stat", name, fs.ErrNotExist)
	}
	return Info{Size: n.content.size, ModTime: n.modTime, IsDir: n.dir}, nil
}

// Lock implements FS. A crash clone starts without locks, as a machine does.
func (m *Mem) Lock(name string) (io.Closer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, base := m.parentLocked(name)
	if dir == nil {
		return nil, pathError("lock", name, fs.ErrNotExist)
	}
	n := dir.entries[base]
	if n == nil {
		n = &memNode{content: newMemContent(), modTime: m.now()}
		m.setLocked(dirOp{dir: dir, name: base, node: n})
	}
	if m.locks[n] {
		return nil, fmt.Errorf("lock %s: %w", name, ErrLocked)
	}
	m.locks[n] = true
	return &memLock{fs: m, node: n}, nil
}

type memLock struct {
	fs   *Mem
	node *memNode
}

func (l *memLock) Close() error {
	l.fs.mu.Lock()
	defer l.fs.mu.Unlock()
	delete(l.fs.locks, l.node)
	return nil
}

// Free implements FS; a Mem without a limit says 1 TiB.
func (m *Mem) Free(string) (int64, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.capacity < 0 {
		return 1 << 40, nil
	}
	return max(m.capacity-m.used, 0), nil
}
