package cluster

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
)

// The layout of a bbolt file, as far as reading it needs; see internal/common in go.etcd.io/bbolt. We
// walk the file with bounds checked before bbolt maps it, because bbolt trusts what it maps: on a damaged
// page it panics, in goroutines of its own too, where nobody can recover it.
const (
	pageHeaderBytes = 16 // id 8, flags 2, count 2, overflow 4
	elementBytes    = 16 // branch: pos 4, ksize 4, child 8; leaf: flags 4, pos 4, ksize 4, vsize 4
	bucketBytes     = 16 // root 8, sequence 8; root 0: the page follows inline

	branchFlag = 0x01
	leafFlag   = 0x02
	metaFlag   = 0x04

	boltMagic   = 0xED0CDAED
	boltVersion = 2
	metaBytes   = 64 // without the page header
	metaSumAt   = 56

	maxDepth = 64
)

// native is the byte order of the machine: bbolt writes its structures as they lie in memory.
var native = binary.NativeEndian

// boltFile is a whole bbolt file in memory.
type boltFile struct {
	data     []byte
	pageSize uint64
	root     uint64 // page of the root bucket
	end      uint64 // first page past the used ones
	seen     map[uint64]bool
}

// element is one entry of a leaf page.
type element struct {
	flags      uint32
	key, value []byte
}

func damage(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// openPages reads both meta pages. bbolt itself would fall back from a broken one to the other, which
// holds the transaction before: a transaction that was answered would be gone without a word. A meta
// page lies within one disk sector, so a crash does not tear it, and a broken one is damage.
func openPages(data []byte) (*boltFile, error) {
	if len(data) < pageHeaderBytes+metaBytes {
		return nil, damage("the file has %d bytes", len(data))
	}
	f := &boltFile{data: data, seen: make(map[uint64]bool)}
	f.pageSize = uint64(native.Uint32(data[pageHeaderBytes+8:]))
	if f.pageSize < 512 || f.pageSize > 1<<20 || uint64(len(data)) < 2*f.pageSize {
		return nil, damage("page size %d in a file of %d bytes", f.pageSize, len(data))
	}
	var newest uint64
	for id := range uint64(2) {
		m := data[id*f.pageSize:]
		if err := checkMeta(m, id, f.pageSize); err != nil {
			return nil, err
		}
		m = m[pageHeaderBytes:]
		if txid := native.Uint64(m[48:]); id == 0 || txid > newest {
			newest, f.root, f.end = txid, native.Uint64(m[16:]), native.Uint64(m[40:])
		}
	}
	if f.end > uint64(len(data))/f.pageSize {
		return nil, damage("%d pages of %d bytes in a file of %d bytes", f.end, f.pageSize, len(data))
	}
	return f, nil
}

func checkMeta(page []byte, id, pageSize uint64) error {
	m := page[pageHeaderBytes : pageHeaderBytes+metaBytes]
	h := fnv.New64a()
	_, _ = h.Write(m[:metaSumAt])
	switch {
	case native.Uint64(m[metaSumAt:]) != h.Sum64():
		return damage("checksum of meta page %d", id)
	case native.Uint32(m) != boltMagic || native.Uint32(m[4:]) != boltVersion:
		return damage("meta page %d is not of a bbolt file of version %d", id, boltVersion)
	case uint64(native.Uint32(m[8:])) != pageSize:
		return damage("meta page %d has page size %d, not %d", id, native.Uint32(m[8:]), pageSize)
	case native.Uint64(page) != id || native.Uint16(page[8:]) != metaFlag:
		return damage("header of meta page %d", id)
	}
	return nil
}

// page returns a page with its overflow pages, each page once only.
func (f *boltFile) page(id uint64) ([]byte, error) {
	if id < 2 || id >= f.end {
		return nil, damage("page %d of %d", id, f.end)
	}
	p := f.data[id*f.pageSize:]
	overflow := uint64(native.Uint32(p[12:]))
	if native.Uint64(p) != id || id+overflow >= f.end {
		return nil, damage("header of page %d", id)
	}
	for i := id; i <= id+overflow; i++ {
		if f.seen[i] {
			return nil, damage("page %d is used twice", i)
		}
		f.seen[i] = true
	}
	return p[:(overflow+1)*f.pageSize], nil
}

// bucket visits the elements of the bucket whose header is given, in order of their keys.
func (f *boltFile) bucket(header []byte, visit func(element) error) error {
	if len(header) < bucketBytes {
		return damage("bucket header of %d bytes", len(header))
	}
	w := &walk{file: f, visit: visit}
	if root := native.Uint64(header); root != 0 {
		return w.page(root, nil, nil, 0)
	}
	if len(header) < bucketBytes+pageHeaderBytes {
		return damage("inline bucket of %d bytes", len(header))
	}
	return w.leaf(header[bucketBytes:], 0, nil, nil)
}
