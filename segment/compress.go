package segment

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/zstd"

	"weir/record"
	"weir/vfs"
)

// DefaultFrameBytes is how many bytes of batches a frame holds where nothing else is said. Larger frames compress a
// little better, and a read of one record decompresses more; docs/segment-compression.md has what was measured.
const DefaultFrameBytes = 256 << 10

// What makes compression not worth its while: a file that is not smaller by a tenth, or a beginning that hardly
// shrinks at all, after which the rest is not tried.
const (
	worthwhileTenths = 9
	hopelessBytes    = 32 << 20
	hopelessPercent  = 98
)

// ErrNotSmaller is returned by Compress when the segment is better left as it is: its batches are compressed already,
// or random.
var ErrNotSmaller = errors.New("segment does not compress")

// Compression says how a segment is compressed.
type Compression struct {
	Level      int // of zstd; what there is nearest to it is used
	FrameBytes int // plain bytes of a frame at most; 0 is DefaultFrameBytes
}

// compressor is one run of Compress.
type compressor struct {
	s     *Segment
	st    *Staged
	in    vfs.File
	w     *walker // checks the batches' headers against each other
	enc   *zstd.Encoder
	table seekTable
	pace  func(plainBytes int) error

	plain  []byte // of the frame
	stored []byte
	again  []byte // decompressed once more
}

// Compress writes the sealed segment's .log anew as zstd frames, beside the one in use: Staged.Adopt puts it in its
// place. Every batch is verified on the way, and every frame decompressed again and compared. pace is called after each
// frame; its error ends the work. ErrNotSmaller when there is too little to gain, a *DamageError when a batch is bad; then
// nothing is left behind.
func (s *Segment) Compress(c Compression, pace func(plainBytes int) error) (*Staged, error) {
	st, err := s.stage(true)
	if err != nil {
		return nil, err
	}
	k := &compressor{s: s, st: st, in: st.from.f, pace: pace, table: seekTable{base: s.base}}
	if err = k.run(c); err == nil {
		st.stored, st.modTime = k.table.stored+tailBytes(int64(len(k.table.frames))), k.table.modTime
		err = st.finish()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("compress segment %s: %w", s.Path(), err), st.Discard())
	}
	return st, nil
}

func (k *compressor) run(c Compression) (err error) {
	if k.table.modTime, err = k.s.ModTime(); err != nil {
		return err
	}
	k.enc, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(c.Level)),
		zstd.WithEncoderConcurrency(1), zstd.WithSingleSegment(true), zstd.WithWindowSize(maxFrameBytes))
	if err != nil {
		return err
	}
	defer k.enc.Close()
	size := k.s.size.Load()
	k.w = k.s.newWalker(k.in, size, headerChunkBytes)
	defer k.w.close()
	if c.FrameBytes == 0 {
		c.FrameBytes = DefaultFrameBytes
	}
	k.plain = make([]byte, min(c.FrameBytes, maxFrameBytes))
	for pos := int64(0); pos < size; {
		n, err := k.batches(pos, size)
		if err == nil && n > 0 {
			err = k.frame(k.plain[:n])
		}
		if err == nil && n == 0 {
			n, err = k.largeBatch(pos)
		}
		if err != nil {
			return err
		}
		pos += n
	}
	tail := k.table.encode()
	if all := k.table.stored + int64(len(tail)); all > size/10*worthwhileTenths {
		return fmt.Errorf("%d of %d bytes: %w", all, size, ErrNotSmaller)
	}
	return k.st.write(tail, k.table.stored)
}

// batches reads the batches from pos on that are whole in one frame and verifies them. It returns how many bytes they
// have: 0 when the first is larger than a frame.
func (k *compressor) batches(pos, size int64) (int64, error) {
	chunk := k.plain[:min(int64(len(k.plain)), size-pos)]
	if n, err := k.in.ReadAt(chunk, pos); n < len(chunk) {
		return 0, k.shortRead(pos, n, err)
	}
	n := 0
	for n < len(chunk) {
		h, err := k.header(chunk[n:], pos+int64(n))
		if errors.Is(err, errTorn) && n > 0 || err == nil && n+h.Size() > len(chunk) {
			break
		}
		if err != nil {
			return 0, err
		}
		if !record.CheckCRC(chunk[n : n+h.Size()]) {
			return 0, k.s.damage(pos+int64(n), h.BaseOffset, errChecksum)
		}
		k.w.pass(h)
		n += h.Size()
	}
	return int64(n), nil
}

func (k *compressor) shortRead(pos int64, n int, err error) error {
	if err == nil || err == io.EOF {
		return k.s.damage(pos+int64(n), k.w.prevLast+1, errTorn)
	}
	return fmt.Errorf("read at %d: %w", pos, err)
}

// header parses and checks the header of the batch at pos, which b begins with; errTorn when b is too short for it.
func (k *compressor) header(b []byte, pos int64) (record.Header, error) {
	if len(b) < record.HeaderSize {
		return record.Header{}, k.s.damage(pos, k.w.prevLast+1, errTorn)
	}
	h, err := record.ParseHeader(b[:record.HeaderSize])
	if err == nil {
		err = k.w.check(h, pos)
	}
	if err == nil && k.s.c.NoGaps && pos > 0 && h.BaseOffset != k.w.prevLast+1 {
		err = errGap
	}
	if err != nil {
		return h, k.s.damage(pos, k.w.prevLast+1, err)
	}
	return h, nil
}

// largeBatch compresses the batch at pos, which does not fit in one frame, into several of about one size.
func (k *compressor) largeBatch(pos int64) (int64, error) {
	h, err := k.w.header(pos)
	if err != nil {
		return 0, err
	}
	size := int64(h.Size())
	pieces := (size + int64(len(k.plain)) - 1) / int64(len(k.plain))
	var crc uint32
	for at := int64(0); at < size; {
		piece := k.plain[:min((size+pieces-1)/pieces, size-at)]
		if n, err := k.in.ReadAt(piece, pos+at); n < len(piece) {
			return 0, k.shortRead(pos+at, n, err)
		}
		covered := piece
		if at == 0 {
			if again, err := record.ParseHeader(piece[:record.HeaderSize]); err != nil || again != h {
				return 0, k.s.damage(pos, h.BaseOffset, errChecksum)
			}
			covered = piece[checksumStart:]
		}
		crc = crc32.Update(crc, castagnoli, covered)
		if err := k.frame(piece); err != nil {
			return 0, err
		}
		at += int64(len(piece))
	}
	if crc != h.CRC {
		return 0, k.s.damage(pos, h.BaseOffset, errChecksum)
	}
	k.w.pass(h)
	return size, nil
}

// frame compresses and writes one frame.
func (k *compressor) frame(plain []byte) error {
	if len(k.table.frames) == maxFrames {
		return fmt.Errorf("more than %d frames: %w", maxFrames, ErrNotSmaller)
	}
	k.stored = k.enc.EncodeAll(plain, k.stored[:0])
	if len(k.stored) > maxStoredBytes {
		return fmt.Errorf("a frame of %d bytes has %d: %w", len(plain), len(k.stored), ErrNotSmaller)
	}
	if cap(k.again) < len(plain) {
		k.again = make([]byte, len(plain), len(plain)+decodeSlack)
	}
	// The original goes when this is done: that the frame gives it back is made sure of, not believed.
	again := k.again[:len(plain)]
	if err := decodeFrame(k.stored, again, frameSum(plain)); err != nil || !bytes.Equal(again, plain) {
		return fmt.Errorf("frame at %d does not give back what went in: %w", k.table.size, errors.Join(err, errFrame))
	}
	if err := k.st.write(k.stored, k.table.stored); err != nil {
		return err
	}
	k.table.add(plain, k.stored)
	if k.table.size >= hopelessBytes && k.table.stored > k.table.size/100*hopelessPercent {
		return fmt.Errorf("the first %d bytes make %d: %w", k.table.size, k.table.stored, ErrNotSmaller)
	}
	return k.pace(len(plain))
}
