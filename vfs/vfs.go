// Package vfs is the only way to the disk.
//
// [OS] is the machine's file system. [Mem] is one in memory that can be cut at any moment and then loses
// exactly what was not synced. [Inject] and [Count] wrap either: the first makes operations fail, the
// second counts them.
package vfs

import (
	"errors"
	"io"
	"time"
)

// ErrLocked is returned by FS.Lock when another process, or another holder in this one, has the lock.
var ErrLocked = errors.New("lock is held by another process")

// FS is a file system. Names are slash-separated paths. Methods are safe for concurrent use.
type FS interface {
	// Create makes the file, or empties the one that exists, and opens it for reading and writing.
	Create(name string) (File, error)
	// Open opens an existing file for reading only; errors.Is(err, fs.ErrNotExist) when there is none.
	Open(name string) (File, error)
	// OpenReadWrite opens an existing file for reading and writing.
	OpenReadWrite(name string) (File, error)
	// Remove removes a file or an empty directory.
	Remove(name string) error
	// RemoveAll removes name and all below it; it is no error when there is nothing.
	RemoveAll(name string) error
	// Rename replaces newname by oldname at once; both are in directories of this file system.
	Rename(oldname, newname string) error
	// MkdirAll makes dir and its missing parents.
	MkdirAll(dir string) error
	// SyncDir makes creates, renames and removes in dir durable.
	SyncDir(dir string) error
	// List returns the base names in dir, sorted.
	List(dir string) ([]string, error)
	// Stat describes a file or directory.
	Stat(name string) (Info, error)
	// Lock takes an exclusive lock on name, creating the file; closing the result gives it up, and so does the
	// death of the process. ErrLocked when it is held.
	Lock(name string) (io.Closer, error)
	// Free returns how many bytes may still be written to the file system that holds dir.
	Free(dir string) (bytes int64, err error)
}

// File is an open file. There is no cursor: every access names its position, so one File serves many readers.
// ReadAt, WriteAt and Sync may be called concurrently; Close only after all other calls have returned.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	// Truncate cuts or (with zeros) extends the file to size bytes.
	Truncate(size int64) error
	// Sync makes the file's data and size durable. A failed Sync must never be retried: the bytes may be gone
	// from the page cache while marked clean.
	Sync() error
	// Size returns the file's length in bytes.
	Size() (int64, error)
	// Preallocate reserves disk space for the first size bytes without changing Size. Where the file system
	// cannot, it does nothing and succeeds; it fails when the space is known not to be there.
	Preallocate(size int64) error
	// Name returns the name that the file was opened by.
	Name() string
}

// Info describes a file.
type Info struct {
	Size    int64 // bytes
	ModTime time.Time
	IsDir   bool
}
