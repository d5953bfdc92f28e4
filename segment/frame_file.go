package segment

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"weir/vfs"
)

// frameFile is an open compressed .log that reads like the plain one, for everyone who reads a segment: positions
// are the plain file's, and of the frames only those are decompressed that a read needs. It cannot be written.
type frameFile struct {
	f      vfs.File
	table  *seekTable
	stored int64 // size of the compressed file
	cache  *FrameCache
	// checked says of each frame that its compressed bytes were found to be good since the file was opened.
	checked []atomic.Bool
}

// openFrames opens a compressed .log. A *DamageError when its seek table is not good.
func openFrames(fsys vfs.FS, name string, base int64, cache *FrameCache) (*frameFile, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open segment: %w", err)
	}
	t, stored, err := openSeekTable(f, base)
	if err != nil {
		if errors.Is(err, errTable) || errors.Is(err, errNoFrames) {
			err = &DamageError{Path: name, Position: 0, Offset: base, Err: err}
		}
		return nil, errors.Join(err, f.Close())
	}
	if cache == nil {
		cache = NewFrameCache(4 * maxFrameBytes)
	}
	return &frameFile{f: f, table: t, stored: stored, cache: cache, checked: make([]atomic.Bool, len(t.frames))}, nil
}

// OpenCompressed opens a compressed .log, of the segment that begins at baseOffset, for who wants its plain bytes and
// no segment. Writes to the file fail.
func OpenCompressed(fsys vfs.FS, name string, baseOffset int64) (vfs.File, error) {
	return openFrames(fsys, name, baseOffset, nil)
}

func (f *frameFile) damage(i int, err error) error {
	from, _ := f.table.plain(i)
	return &DamageError{Path: f.f.Name(), Position: from, Offset: f.table.base, Err: fmt.Errorf("frame %d: %w", i, err)}
}

// ReadAt implements io.ReaderAt over the plain bytes.
func (f *frameFile) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 || off >= f.table.size {
		return 0, io.EOF
	}
	for i := f.table.find(off); n < len(p); i++ {
		if i == len(f.table.frames) {
			return n, io.EOF
		}
		frame, err := f.cache.get(f, i)
		if err != nil {
			return n, err
		}
		from, _ := f.table.plain(i)
		n += copy(p[n:], frame.plain[off+int64(n)-from:])
		f.cache.put(frame)
	}
	return n, nil
}

// verify makes sure of the compressed bytes of the frames that hold [from, to) of the plain file, without
// decompressing them, and returns how far they are good: to, or the beginning of the first bad frame and what is wrong.
// The frames were compressed from batches that had been verified, so that these need no look.
func (f *frameFile) verify(from, to int64) (int64, error) {
	for i := f.table.find(from); i < len(f.table.frames); i++ {
		first, _ := f.table.plain(i)
		if first >= to {
			break
		}
		if f.checked[i].Load() {
			continue
		}
		stored, err := f.readFrame(i)
		if err != nil {
			return max(first, from), err
		}
		good := mutantSkipFrameSum || frameCRC(stored) == f.table.frames[i].crc
		storedBuffers.Put(&stored)
		if !good {
			return max(first, from), f.damage(i, fmt.Errorf("%w: %w", errFrame, errChecksum))
		}
		f.checked[i].Store(true)
	}
	return to, nil
}

// Close implements io.Closer.
func (f *frameFile) Close() error {
	f.cache.forget(f)
	return f.f.Close()
}

// Size returns the length of the plain file.
func (f *frameFile) Size() (int64, error) { return f.table.size, nil }

// Name returns the name of the compressed file.
func (f *frameFile) Name() string { return f.f.Name() }

// Sync has nothing to do: the file was synced before it got its name.
func (f *frameFile) Sync() error { return nil }

// WriteAt fails: what is compressed does not change.
func (f *frameFile) WriteAt([]byte, int64) (int, error) { return 0, f.readOnly("write") }

// Truncate fails: what is compressed does not change.
func (f *frameFile) Truncate(int64) error { return f.readOnly("truncate") }

// Preallocate fails: what is compressed does not change.
func (f *frameFile) Preallocate(int64) error { return f.readOnly("preallocate") }

func (f *frameFile) readOnly(verb string) error {
	return fmt.Errorf("%s %s: %w", verb, f.f.Name(), ErrSealed)
}
