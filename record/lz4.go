package record

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"sync"

	"github.com/pierrec/lz4/v4"
)

// The parts of the LZ4 frame format (v1.5.1) that Kafka's Lz4BlockInputStream
// reads: one frame of independent blocks, without a dictionary.
const (
	lz4Magic           = 0x184D2204
	lz4FlagReserved    = 0x03 // reserved bit and dictionary id
	lz4FlagContentSum  = 0x04
	lz4FlagContentSize = 0x08
	lz4FlagBlockSum    = 0x10
	lz4FlagIndependent = 0x20
	lz4Version         = 0x40
	lz4VersionMask     = 0xc0
	lz4Uncompressed    = 1 << 31 // bit of a block's size
	// lz4Pooled is the largest buffer that a pooled decoder keeps: that of the largest block there is. Clients ask for that
	// one (franz-go does), and only what a batch fills of it is ever touched; without the pool each batch paid for all of it.
	lz4Pooled = 4 << 20
)

// lz4Decoder streams one LZ4 frame, a block at a time. It is ours and not the
// library's reader because it must accept exactly what Kafka's consumers can
// read, and must not allocate a block size that is only declared.
type lz4Decoder struct {
	in       []byte
	flags    byte
	maxBlock int
	done     bool
	buf      []byte // grows to the largest block
	out      []byte // what Read has not given yet
}

var lz4Decoders = sync.Pool{New: func() any { return new(lz4Decoder) }}

func (d *lz4Decoder) open(in []byte, _ int64) error {
	d.in, d.done = in, false
	if len(in) < 7 || binary.LittleEndian.Uint32(in) != lz4Magic {
		return invalidf("lz4 frame magic is missing")
	}
	d.flags = in[4]
	if d.flags&lz4VersionMask != lz4Version || d.flags&lz4FlagReserved != 0 ||
		d.flags&lz4FlagIndependent == 0 {
		return invalidf("lz4 frame flags %#x are not supported", d.flags)
	}
	code := in[5] >> 4
	if code < 4 || code > 7 || in[5]&0x0f != 0 {
		return invalidf("lz4 block descriptor is %#x", in[5])
	}
	d.maxBlock = 1 << (2*code + 8)
	end := 6
	if d.flags&lz4FlagContentSize != 0 {
		end += 8 // Kafka does not look at it
	}
	if len(in) <= end {
		return invalidf("lz4 frame descriptor is cut off")
	}
	if byte(xxh32(in[4:end])>>8) != in[end] {
		return invalidf("lz4 frame descriptor checksum does not match")
	}
	d.in = in[end+1:]
	return nil
}

func (d *lz4Decoder) Read(p []byte) (int, error) {
	if err := d.advance(); err != nil {
		return 0, err
	}
	n := copy(p, d.out)
	d.out = d.out[n:]
	return n, nil
}

// advance decodes until there is output to give.
func (d *lz4Decoder) advance() error {
	for len(d.out) == 0 {
		if d.done {
			return io.EOF
		}
		if err := d.nextBlock(); err != nil {
			return err
		}
	}
	return nil
}

// block implements blockDecoder.
func (d *lz4Decoder) block() ([]byte, error) {
	if err := d.advance(); err != nil {
		return nil, err
	}
	block := d.out
	d.out = nil
	return block, nil
}

// nextBlock decodes the next block, or finds the end mark.
func (d *lz4Decoder) nextBlock() error {
	if len(d.in) < 4 {
		return invalidf("lz4 frame ends without its end mark")
	}
	word := binary.LittleEndian.Uint32(d.in)
	d.in = d.in[4:]
	size := int(word &^ lz4Uncompressed)
	if size == 0 {
		return d.finish()
	}
	trailer := 0
	if d.flags&lz4FlagBlockSum != 0 {
		trailer = 4
	}
	if size > d.maxBlock || size+trailer > len(d.in) {
		return invalidf("lz4 block of %d bytes, at most %d, with %d left", size, d.maxBlock, len(d.in))
	}
	block := d.in[:size]
	if trailer != 0 && binary.LittleEndian.Uint32(d.in[size:]) != xxh32(block) {
		return invalidf("lz4 block checksum does not match")
	}
	d.in = d.in[size+trailer:]
	if word&lz4Uncompressed != 0 {
		d.out = block
		return nil
	}
	// LZ4 yields at most 255 bytes for one: no need for more room than that.
	if room := min(d.maxBlock, 255*size); cap(d.buf) < room {
		d.buf = make([]byte, room)
	}
	n, err := lz4.UncompressBlock(block, d.buf[:min(cap(d.buf), d.maxBlock)])
	if err != nil {
		return fmt.Errorf("lz4 block: %w", err)
	}
	d.out = d.buf[:n]
	return nil
}

// finish passes the content checksum, which Kafka does not verify either (the
// batch has its own). A second frame would be read by some consumers and not
// by others, so nothing may follow.
func (d *lz4Decoder) finish() error {
	if d.flags&lz4FlagContentSum != 0 {
		if len(d.in) < 4 {
			return invalidf("lz4 content checksum is cut off")
		}
		d.in = d.in[4:]
	}
	if len(d.in) != 0 {
		return invalidf("%d bytes after the lz4 frame", len(d.in))
	}
	d.done = true
	return nil
}

func (d *lz4Decoder) close() {
	d.in, d.out = nil, nil
	if cap(d.buf) > lz4Pooled {
		d.buf = nil
	}
	lz4Decoders.Put(d)
}

// lz4DefaultLevel is Kafka's default, which means the fast compressor there;
// other levels of 1..17 are levels of the high compressor, of which ours has
// nine.
const lz4DefaultLevel = 9

// lz4Writers is indexed by our level: 0 fast, 1..9 high compression.
var lz4Writers [10]sync.Pool

func compressLZ4(dst *bytes.Buffer, level int, src io.Reader) error {
	if level == lz4DefaultLevel || level < 1 {
		level = 0
	}
	level = min(level, 9)
	w, ok := lz4Writers[level].Get().(*lz4.Writer)
	if !ok {
		l := lz4.Fast
		if level > 0 {
			l = lz4.Level1 << (level - 1)
		}
		w = lz4.NewWriter(nil)
		if err := w.Apply(lz4.BlockSizeOption(lz4.Block64Kb), lz4.ChecksumOption(false),
			lz4.ConcurrencyOption(1), lz4.CompressionLevelOption(l)); err != nil {
			panic("BUG: lz4 writer options: " + err.Error())
		}
	}
	defer lz4Writers[level].Put(w)
	w.Reset(dst)
	if err := feed(w, src); err != nil {
		return err
	}
	return w.Close()
}
