// Package journal is the shared journal of a data directory: the newest bytes of many logs in one file, so that
// one fsync makes all of them durable.
//
// Two files are written in turn. While one takes entries, the logs that have bytes in the other are synced by
// themselves, and then it begins anew under the next generation: bytes that an earlier generation left behind
// are never taken for entries. After a crash [Read] gives back what the files hold, oldest first.
//
// The format is in docs/format/journal.md. A [Journal] belongs to one goroutine at a time, but for syncs of rounds that
// it has written: several may run at once.
package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"

	"weir/metadata"
	"weir/vfs"
)

// Files are the names of the two files, in a data directory.
var Files = [2]string{".weir-journal.0", ".weir-journal.1"}

const (
	// pageBytes is where a round begins: no sync ever writes a block again that an earlier one made durable.
	pageBytes = 4096
	// minFileBytes is the least that a file takes.
	minFileBytes = 4 * fenceReserve
	// bufferBytes is what is gathered before it is written.
	bufferBytes = 1 << 20
	// fenceReserve is room that only fences may take: deleting and cutting work when the journal is full.
	fenceReserve = 64 << 10
	// MaxEntryBytes is how many bytes of a log one entry may hold.
	MaxEntryBytes = 256 << 10
	// MaxRounds is how many rounds may be synced at once.
	MaxRounds = 8
)

// Entry says which bytes of which file follow, or that none before it of a partition count any more.
type Entry struct {
	Partition metadata.PartitionID
	Segment   int64 // base offset of the segment
	Position  int64 // of the bytes in the segment's .log file
	End       int64 // the log's end offset with these bytes
	Fence     bool  // earlier entries of the partition are void: it was deleted or cut
}

// Journal is the two files, open for writing.
type Journal struct {
	fs    vfs.FS
	dir   string
	size  int64 // of each file, in bytes
	files [2]vfs.File
	// syncers are more descriptors of the files, for syncs that run at once: the kernel tells an error of the disk once to each
	// descriptor, so with one of its own no sync misses what another was told.
	syncers [2][MaxRounds]vfs.File
	rounds  int // written since the files were made
	// current is the file that takes entries, generation its number, never given twice in a data directory's
	// lifetime but by chance of one in 2^63.
	current    int
	generation uint64
	written    int64  // bytes of the current file that were written
	buf        []byte // what follows them
	begun      bool   // the file's header has been written or is in buf
}

// Create makes the two files, empty, with size bytes of disk reserved for each. Those of an earlier process are
// overwritten: Read them first.
func Create(fsys vfs.FS, dir string, size int64) (*Journal, error) {
	size = max(size, minFileBytes)
	j := &Journal{fs: fsys, dir: dir, size: size, generation: rand.Uint64() >> 1}
	for i, name := range Files {
		f, err := fsys.Create(path.Join(dir, name))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("create journal: %w", err), j.Close())
		}
		j.files[i] = f
		if err := f.Preallocate(size); err != nil {
			return nil, errors.Join(fmt.Errorf("create journal: %w", err), j.Close())
		}
		for n := range j.syncers[i] {
			if j.syncers[i][n], err = fsys.OpenReadWrite(path.Join(dir, name)); err != nil {
				return nil, errors.Join(fmt.Errorf("create journal: %w", err), j.Close())
			}
		}
	}
	if err := fsys.SyncDir(dir); err != nil {
		return nil, errors.Join(fmt.Errorf("create journal: sync directory: %w", err), j.Close())
	}
	j.buf = make([]byte, 0, bufferBytes)
	return j, nil
}

// Current is the index in Files of the file that takes entries.
func (j *Journal) Current() int { return j.current }

// Switch lets the other file take entries, from its beginning: what it held is void, so all of it must be
// durable elsewhere.
func (j *Journal) Switch() {
	j.current = 1 - j.current
	j.generation++
	j.written, j.buf, j.begun = 0, j.buf[:0], false
}

// Begin starts a round: entries that one Commit makes durable.
func (j *Journal) Begin() {
	at := j.written
	if !j.begun {
		at, j.begun = 0, true
		j.buf = appendHeader(j.buf[:0], j.generation)
	}
	j.buf = append(j.buf, make([]byte, pad(at+int64(len(j.buf)), pageBytes))...)
}

// Add puts an entry of n bytes into the round; fill writes the bytes, and false is its word to leave the entry
// out. Add reports whether the entry is in the round: also not when the file has no room for it. After an error
// the journal takes no more.
func (j *Journal) Add(e Entry, n int, fill func(p []byte) bool) (bool, error) {
	room := j.size
	if !e.Fence {
		room -= fenceReserve
	}
	need := entryBytes(n)
	if n > MaxEntryBytes || j.end()+int64(need) > room {
		return false, nil
	}
	if len(j.buf)+need > bufferBytes {
		if err := j.write(); err != nil {
			return false, err
		}
	}
	at := len(j.buf)
	j.buf = j.buf[:at+need]
	b := j.buf[at:]
	if !fill(b[headBytes : headBytes+n]) {
		j.buf = j.buf[:at]
		return false, nil
	}
	clear(b[headBytes+n:])
	encodeHead(b, e, j.generation, j.written+int64(at), b[headBytes:headBytes+n])
	return true, nil
}

// end is where the next entry begins.
func (j *Journal) end() int64 { return j.written + int64(len(j.buf)) }

// Written is how many bytes of the file that takes entries are used.
func (j *Journal) Written() int64 { return j.end() }

// Full reports whether a round may find no room: it is time to Switch.
func (j *Journal) Full() bool { return j.size-j.end() < min(bufferBytes, j.size/2)+fenceReserve }

// Tight is Full with less room still: the next round should wait for a Switch.
func (j *Journal) Tight() bool { return j.size-j.end() < min(bufferBytes, j.size/2)/2+fenceReserve }

// write puts what was gathered into the file.
func (j *Journal) write() error {
	if len(j.buf) == 0 {
		return nil
	}
	if _, err := j.files[j.current].WriteAt(j.buf, j.written); err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	j.written += int64(len(j.buf))
	j.buf = j.buf[:0]
	return nil
}

// Unsynced is a round that is in the file and not yet durable.
type Unsynced struct{ f vfs.File }

// Write puts the round into the file. Of the MaxRounds written last all may be synced at once. After an error the journal
// takes no more: what the file holds past the last round is not known.
func (j *Journal) Write() (Unsynced, error) {
	if err := j.write(); err != nil {
		return Unsynced{}, err
	}
	j.rounds++
	return Unsynced{j.syncers[j.current][j.rounds%MaxRounds]}, nil
}

// Sync makes the round durable. It counts for nothing unless all rounds before it are: reading ends at the first entry that is not
// whole. After an error the journal takes no more.
func (u Unsynced) Sync() error {
	if mutantAckBeforeJournal {
		return nil
	}
	if err := u.f.Sync(); err != nil {
		return fmt.Errorf("sync journal: %w", err)
	}
	return nil
}

// Close gives the descriptors up and leaves the files.
func (j *Journal) Close() error {
	var err error
	for i, f := range j.files {
		for _, f := range append(j.syncers[i][:], f) {
			if f != nil {
				err = errors.Join(err, f.Close())
			}
		}
	}
	return err
}

// Remove deletes the files of a data directory, if there are any, durably. All that they hold must be durable
// elsewhere.
func Remove(fsys vfs.FS, dir string) error {
	removed := false
	for _, name := range Files {
		err := fsys.Remove(path.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove journal: %w", err)
		}
		removed = removed || err == nil
	}
	if !removed {
		return nil
	}
	if err := fsys.SyncDir(dir); err != nil {
		return fmt.Errorf("remove journal: sync directory: %w", err)
	}
	return nil
}
