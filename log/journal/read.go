package journal

import (
	"cmp"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"path"
	"slices"

	"weir/metadata"
	"weir/vfs"
)

// Found is an entry that a journal holds.
type Found struct {
	Entry
	file   vfs.File
	at     int64
	length int
}

// Len is the number of bytes.
func (f Found) Len() int { return f.length }

// Data reads the bytes.
func (f Found) Data() ([]byte, error) {
	b := make([]byte, f.length)
	if n, err := f.file.ReadAt(b, f.at); n < len(b) {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	return b, nil
}

// Contents is what the journal of a data directory holds.
type Contents struct {
	// Entries by partition, oldest first, without those that a fence made void.
	Entries map[metadata.PartitionID][]Found
	files   []vfs.File
}

// Close gives the files up.
func (c *Contents) Close() error {
	var err error
	for _, f := range c.files {
		err = errors.Join(err, f.Close())
	}
	return err
}

// Read finds the entries of the journal in dir: of each file the valid ones from its beginning on. What comes
// after the first that is not whole was never promised to anybody.
func Read(fsys vfs.FS, dir string) (*Contents, error) {
	c := &Contents{Entries: map[metadata.PartitionID][]Found{}}
	var files []*reader
	for _, name := range Files {
		f, err := fsys.Open(path.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open journal: %w", err), c.Close())
		}
		c.files = append(c.files, f)
		r, err := newReader(f)
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		if r != nil {
			files = append(files, r)
		}
	}
	slices.SortFunc(files, func(a, b *reader) int { return cmp.Compare(a.generation, b.generation) })
	for _, r := range files {
		if err := r.all(c.take); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return c, nil
}

func (c *Contents) take(f Found) {
	if f.Fence {
		delete(c.Entries, f.Partition)
		return
	}
	c.Entries[f.Partition] = append(c.Entries[f.Partition], f)
}

// reader walks one file through a window.
type reader struct {
	f          vfs.File
	size       int64
	generation uint64
	window     []byte
	from       int64 // position of the window in the file
}

// newReader returns nil for a file that began no generation.
func newReader(f vfs.File) (*reader, error) {
	size, err := f.Size()
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	r := &reader{f: f, size: size}
	b, err := r.at(0, headerBytes)
	if err != nil {
		return nil, err
	}
	generation, ok := decodeHeader(b)
	if !ok {
		return nil, nil
	}
	r.generation = generation
	return r, nil
}

// at returns n bytes at a position, fewer where the file ends.
func (r *reader) at(pos int64, n int) ([]byte, error) {
	n = int(min(int64(n), max(0, r.size-pos)))
	if pos < r.from || pos+int64(n) > r.from+int64(len(r.window)) {
		if r.window == nil {
			r.window = make([]byte, bufferBytes)
		}
		r.window = r.window[:min(bufferBytes, max(0, r.size-pos))]
		r.from = pos
		if len(r.window) == 0 {
			return nil, nil
		}
		if got, err := r.f.ReadAt(r.window, pos); got < len(r.window) {
			return nil, fmt.Errorf("read journal: %d of %d bytes: %w", got, len(r.window), err)
		}
	}
	return r.window[pos-r.from:][:n], nil
}

// all visits the entries until there is none: neither where the last one ends nor where a new round would
// begin.
func (r *reader) all(visit func(Found)) error {
	at := int64(headerBytes)
	for {
		h, ok, err := r.entry(at)
		if err == nil && !ok {
			at += pad(at, pageBytes)
			h, ok, err = r.entry(at)
		}
		if err != nil || !ok {
			return err
		}
		visit(Found{Entry: h.Entry, file: r.f, at: at + headBytes, length: h.length})
		at += int64(entryBytes(h.length))
	}
}

// entry reads the entry at a position and checks it whole.
func (r *reader) entry(at int64) (head, bool, error) {
	b, err := r.at(at, headBytes)
	if err != nil {
		return head{}, false, err
	}
	h, ok := decodeHead(b, r.generation, at)
	if !ok {
		return head{}, false, nil
	}
	data, err := r.at(at+headBytes, h.length)
	if err != nil {
		return head{}, false, err
	}
	return h, len(data) == h.length && crc32.Checksum(data, castagnoli) == h.sum, nil
}
