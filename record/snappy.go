package record

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/snappy"
)

// snappyMagic starts a stream of the Java library (xerial): the magic, a
// version and a compatible version of four bytes each, then chunks, each a
// big-endian length and a raw snappy block. Kafka's own clients write it;
// others write one raw block.
const (
	snappyMagic     = "\x82SNAPPY\x00"
	snappyHeaderLen = len(snappyMagic) + 8
	// snappyChunk is the uncompressed size of the chunks we write, as Java's.
	snappyChunk = 32 << 10
)

// snappyDecoder streams both framings of snappy.
type snappyDecoder struct {
	in    []byte
	java  bool
	limit int64
	buf   []byte // grows to the largest chunk; kept between uses up to a bound
	out   []byte // what Read has not given yet of buf
}

var snappyDecoders = sync.Pool{New: func() any { return new(snappyDecoder) }}

func (d *snappyDecoder) open(in []byte, limit int64) error {
	d.in, d.limit = in, limit
	d.java = len(in) >= snappyHeaderLen && string(in[:len(snappyMagic)]) == snappyMagic
	if d.java {
		return d.header()
	}
	return nil
}

// header passes a stream header; streams may be chained.
func (d *snappyDecoder) header() error {
	if len(d.in) < snappyHeaderLen || string(d.in[:len(snappyMagic)]) != snappyMagic {
		return invalidf("snappy stream header is broken")
	}
	if v := int32(binary.BigEndian.Uint32(d.in[len(snappyMagic):])); v < 1 {
		return invalidf("snappy stream version is %d", v)
	}
	d.in = d.in[snappyHeaderLen:]
	return nil
}

func (d *snappyDecoder) Read(p []byte) (int, error) {
	if err := d.advance(); err != nil {
		return 0, err
	}
	n := copy(p, d.out)
	d.out = d.out[n:]
	return n, nil
}

// advance decodes until there is output to give.
func (d *snappyDecoder) advance() error {
	for len(d.out) == 0 {
		if len(d.in) == 0 {
			return io.EOF
		}
		if err := d.nextChunk(); err != nil {
			return err
		}
	}
	return nil
}

// block implements blockDecoder.
func (d *snappyDecoder) block() ([]byte, error) {
	if err := d.advance(); err != nil {
		return nil, err
	}
	block := d.out
	d.out = nil
	return block, nil
}

// nextChunk decodes the next block into buf.
func (d *snappyDecoder) nextChunk() error {
	block := d.in
	if d.java {
		if len(d.in) < 4 {
			return invalidf("snappy chunk length is cut off")
		}
		size := binary.BigEndian.Uint32(d.in)
		if d.in[0] == snappyMagic[0] {
			return d.header()
		}
		if uint64(size) > uint64(len(d.in)-4) {
			return invalidf("snappy chunk of %d bytes with %d left", size, len(d.in)-4)
		}
		block = d.in[4 : 4+size]
		d.in = d.in[4+size:]
	} else {
		d.in = nil
	}
	size, err := snappy.DecodedLen(block)
	if err != nil {
		return fmt.Errorf("snappy block: %w", err)
	}
	// The densest element, a three-byte copy, yields 64 bytes: a block that
	// claims more lies, and its claim must not be allocated.
	if size > 22*len(block)+64 {
		return invalidf("snappy block of %d bytes claims %d", len(block), size)
	}
	if int64(size) > d.limit {
		return fmt.Errorf("snappy block of %d bytes: %w", size, ErrTooLargeDecompressed)
	}
	if cap(d.buf) < size {
		d.buf = make([]byte, size)
	}
	d.out, err = snappy.Decode(d.buf[:cap(d.buf)], block)
	if err != nil {
		return fmt.Errorf("snappy block: %w", err)
	}
	return nil
}

func (d *snappyDecoder) close() {
	d.in, d.out = nil, nil
	if cap(d.buf) > maxPooled {
		d.buf = nil
	}
	snappyDecoders.Put(d)
}

// maxPooled is the largest buffer that goes back to a pool.
const maxPooled = 1 << 20

var snappyChunks = sync.Pool{New: func() any { return new([snappyChunk]byte) }}

// compressSnappy writes the Java framing, as Kafka's broker does.
func compressSnappy(dst *bytes.Buffer, src io.Reader) error {
	dst.WriteString(snappyMagic)
	dst.Write([]byte{0, 0, 0, 1, 0, 0, 0, 1})
	chunk := snappyChunks.Get().(*[snappyChunk]byte)
	defer snappyChunks.Put(chunk)
	for {
		n, err := io.ReadFull(src, chunk[:])
		if n > 0 {
			// Room for the length and the worst case, then cut to the real size.
			dst.Grow(4 + snappy.MaxEncodedLen(n))
			room := dst.AvailableBuffer()
			room = room[:cap(room)]
			block := snappy.Encode(room[4:], chunk[:n])
			binary.BigEndian.PutUint32(room, uint32(len(block)))
			dst.Write(room[:4+len(block)])
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
