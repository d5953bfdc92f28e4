package segment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"sort"
	"time"

	"github.com/cespare/xxhash/v2"

	"weir/vfs"
)

// The end of a compressed .log: one skippable frame of our own, then the seek table of the zstd seekable format,
// which is a skippable frame too. docs/format/log-zst.md has the layout.
const (
	skippableHeader  = 8
	ourMagic         = 0x184D2A57
	ourVersion       = 1
	ourFixedBytes    = 32 // what our frame holds besides a checksum for each frame and its own
	tableMagic       = 0x184D2A5E
	tableEntryBytes  = 12
	tableFooterBytes = 9
	tableChecksums   = 0x80 // the entries have checksums
	seekableMagic    = 0x8F92EAB1

	// maxFrameBytes bounds the plain bytes of a frame, maxStoredBytes its compressed ones: the memory that reading a
	// frame takes, whatever the file says. maxFrames bounds the memory of a table.
	maxFrameBytes  = 1 << 20
	maxStoredBytes = maxFrameBytes + maxFrameBytes/128
	maxFrames      = 1 << 16
)

// ourTag begins our frame's content.
var ourTag = [4]byte{'w', 'e', 'i', 'r'}

// sumOfNothing is the checksum of the entry for our own frame, which holds no plain bytes.
var sumOfNothing = frameSum(nil)

// What is wrong with a compressed file, inside a DamageError.
var (
	errTable    = errors.New("the seek table is damaged")
	errFrame    = errors.New("the frame is damaged")
	errNoFrames = errors.New("this is no compressed segment")
)

// frame is one zstd frame. Where it ends is where the next begins.
type frame struct {
	at     uint32 // position of its first byte in the plain file
	stored uint32 // position in the compressed file
	sum    uint32 // low half of the XXH64 of its plain bytes, as the seekable format has it
	crc    uint32 // CRC-32C of its compressed bytes: it can be checked without decompressing
}

// seekTable says where the frames of a compressed .log lie.
type seekTable struct {
	base    int64
	modTime time.Time // when the plain file was last written
	size    int64     // of the plain file
	stored  int64     // of the compressed frames
	frames  []frame
}

func frameSum(plain []byte) uint32 { return uint32(xxhash.Sum64(plain)) }

func frameCRC(stored []byte) uint32 { return crc32.Checksum(stored, castagnoli) }

// add appends the next frame.
func (t *seekTable) add(plain, stored []byte) {
	t.frames = append(t.frames, frame{at: uint32(t.size), stored: uint32(t.stored), sum: frameSum(plain),
		crc: frameCRC(stored)})
	t.size += int64(len(plain))
	t.stored += int64(len(stored))
}

// find returns the index of the frame that holds a position of the plain file.
func (t *seekTable) find(pos int64) int {
	return sort.Search(len(t.frames), func(i int) bool { return int64(t.frames[i].at) > pos }) - 1
}

// plain returns the bytes of the plain file that the i-th frame holds.
func (t *seekTable) plain(i int) (from, to int64) {
	if i+1 == len(t.frames) {
		return int64(t.frames[i].at), t.size
	}
	return int64(t.frames[i].at), int64(t.frames[i+1].at)
}

// place returns where the i-th frame lies in the compressed file.
func (t *seekTable) place(i int) (from, to int64) {
	if i+1 == len(t.frames) {
		return int64(t.frames[i].stored), t.stored
	}
	return int64(t.frames[i].stored), int64(t.frames[i+1].stored)
}

// ourFrameBytes is the size of our frame, tailBytes that of both, for n frames.
func ourFrameBytes(n int64) int64 { return skippableHeader + ourFixedBytes + 4*n + 4 }

func tailBytes(n int64) int64 {
	return ourFrameBytes(n) + skippableHeader + tableEntryBytes*(n+1) + tableFooterBytes
}

// encode returns what follows the frames in the file.
func (t *seekTable) encode() []byte {
	n := int64(len(t.frames))
	le := binary.LittleEndian
	b := make([]byte, 0, tailBytes(n))
	b = le.AppendUint32(b, ourMagic)
	b = le.AppendUint32(b, uint32(ourFrameBytes(n)-skippableHeader))
	b = append(b, ourTag[:]...)
	b = le.AppendUint32(b, ourVersion)
	b = le.AppendUint64(b, uint64(t.base))
	b = le.AppendUint64(b, uint64(t.size))
	b = le.AppendUint64(b, uint64(t.modTime.UnixMilli()))
	for _, f := range t.frames {
		b = le.AppendUint32(b, f.crc)
	}
	own := len(b)
	b = le.AppendUint32(b, 0)
	b = le.AppendUint32(b, tableMagic)
	b = le.AppendUint32(b, uint32(tableEntryBytes*(n+1)+tableFooterBytes))
	entry := func(stored, plain int64, sum uint32) {
		b = le.AppendUint32(b, uint32(stored))
		b = le.AppendUint32(b, uint32(plain))
		b = le.AppendUint32(b, sum)
	}
	for i, f := range t.frames {
		from, to := t.place(i)
		first, end := t.plain(i)
		entry(to-from, end-first, f.sum)
	}
	entry(ourFrameBytes(n), 0, sumOfNothing)
	b = le.AppendUint32(b, uint32(n+1))
	b = append(b, tableChecksums)
	b = le.AppendUint32(b, seekableMagic)
	le.PutUint32(b[own:], tailSum(b, own))
	return b
}

// tailSum is the checksum over all of the tail but the four bytes at own that hold it.
func tailSum(tail []byte, own int) uint32 {
	return crc32.Update(crc32.Checksum(tail[:own], castagnoli), castagnoli, tail[own+4:])
}

// readSeekTable reads and checks the table of a compressed .log of size bytes. What is wrong with the bytes is
// errTable or errNoFrames; any other error is the disk's. The memory that it takes is bounded whatever they say.
func readSeekTable(f io.ReaderAt, size, base int64) (*seekTable, error) {
	if size < tailBytes(1) {
		return nil, fmt.Errorf("%d bytes: %w", size, errNoFrames)
	}
	var footer [tableFooterBytes]byte
	if _, err := f.ReadAt(footer[:], size-tableFooterBytes); err != nil && err != io.EOF {
		return nil, fmt.Errorf("read seek table: %w", err)
	}
	le := binary.LittleEndian
	if le.Uint32(footer[5:]) != seekableMagic || footer[4] != tableChecksums {
		return nil, fmt.Errorf("it does not end with a seek table: %w", errNoFrames)
	}
	n := int64(le.Uint32(footer[:])) - 1
	if n < 1 || n > maxFrames || tailBytes(n) > size {
		return nil, fmt.Errorf("%d frames in %d bytes: %w", n, size, errTable)
	}
	tail := make([]byte, tailBytes(n))
	if got, err := f.ReadAt(tail, size-int64(len(tail))); got < len(tail) {
		if err == nil || err == io.EOF {
			return nil, fmt.Errorf("the file is shorter than it was: %w", errTable)
		}
		return nil, fmt.Errorf("read seek table: %w", err)
	}
	return decodeTail(tail, n, size, base)
}

// decodeTail checks and decodes what follows the n frames of a file of size bytes.
func decodeTail(tail []byte, n, size, base int64) (*seekTable, error) {
	le := binary.LittleEndian
	own := int(ourFrameBytes(n)) - 4
	if le.Uint32(tail[own:]) != tailSum(tail, own) {
		return nil, fmt.Errorf("its checksum does not fit: %w", errTable)
	}
	table := tail[own+4:]
	if le.Uint32(tail) != ourMagic || int64(le.Uint32(tail[4:])) != ourFrameBytes(n)-skippableHeader ||
		[4]byte(tail[8:]) != ourTag || le.Uint32(tail[12:]) != ourVersion || le.Uint32(table) != tableMagic ||
		int(le.Uint32(table[4:])) != len(table)-skippableHeader {
		return nil, fmt.Errorf("it is none of version %d: %w", ourVersion, errTable)
	}
	t := &seekTable{base: int64(le.Uint64(tail[16:])), modTime: time.UnixMilli(int64(le.Uint64(tail[32:]))),
		frames: make([]frame, n)}
	if t.base != base {
		return nil, fmt.Errorf("it is that of the segment at %d: %w", t.base, errTable)
	}
	crcs, entries := tail[skippableHeader+ourFixedBytes:], table[skippableHeader:]
	for i := range t.frames {
		e := entries[i*tableEntryBytes:]
		stored, plain := int64(le.Uint32(e)), int64(le.Uint32(e[4:]))
		if stored < 1 || stored > maxStoredBytes || plain < 1 || plain > maxFrameBytes {
			return nil, fmt.Errorf("frame %d of %d bytes, %d plain ones: %w", i, stored, plain, errTable)
		}
		t.frames[i] = frame{at: uint32(t.size), stored: uint32(t.stored), sum: le.Uint32(e[8:]),
			crc: le.Uint32(crcs[4*i:])}
		t.size, t.stored = t.size+plain, t.stored+stored
		if t.size > math.MaxInt32 || t.stored > size {
			return nil, fmt.Errorf("frame %d ends at %d, plain at %d: %w", i, t.stored, t.size, errTable)
		}
	}
	last := entries[n*tableEntryBytes:]
	if uint64(t.size) != le.Uint64(tail[24:]) || t.stored+int64(len(tail)) != size ||
		int64(le.Uint32(last)) != ourFrameBytes(n) || le.Uint32(last[4:]) != 0 || le.Uint32(last[8:]) != sumOfNothing {
		return nil, fmt.Errorf("%d frames of %d bytes, %d plain ones, do not make up the file: %w", n, t.stored, t.size,
			errTable)
	}
	return t, nil
}

// openSeekTable reads the table of an open file.
func openSeekTable(f vfs.File, base int64) (t *seekTable, size int64, err error) {
	if size, err = f.Size(); err != nil {
		return nil, 0, fmt.Errorf("open segment: %w", err)
	}
	if size > math.MaxInt32 {
		return nil, size, fmt.Errorf("file of %d bytes: %w", size, errTable)
	}
	t, err = readSeekTable(f, size, base)
	return t, size, err
}
