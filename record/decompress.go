package record

import (
	"fmt"
	"io"
	"sync"
)

// decoder streams a decompressed records section. Every decoder comes from a
// pool, reads the compressed bytes in place and holds no more than its
// codec's window; it bounds declared sizes itself where it would have to
// allocate by them.
type decoder interface {
	io.Reader
	// open starts on the compressed section in, of which at most limit bytes
	// may come out.
	open(in []byte, limit int64) error
	// close drops the reference to in and gives the decoder back to its pool.
	close()
}

// blockDecoder is a decoder that yields its output in blocks anyway.
type blockDecoder interface {
	decoder
	// block gives what comes next, never nothing, in memory that is the
	// decoder's until the next call; io.EOF at the end.
	block() ([]byte, error)
}

// newDecoder takes a decoder for c from its pool; the caller opens it, and
// closes it whether or not that worked.
func newDecoder(c Codec) (decoder, error) {
	switch c {
	case Gzip:
		return gzipDecoders.Get().(*gzipDecoder), nil
	case Snappy:
		return snappyDecoders.Get().(*snappyDecoder), nil
	case LZ4:
		return lz4Decoders.Get().(*lz4Decoder), nil
	case Zstd:
		return zstdDecoders.Get().(*zstdDecoder), nil
	}
	return nil, fmt.Errorf("compression type %d: %w", int8(c), ErrUnsupportedCodec)
}

// windows holds the cursors' windows.
var windows = sync.Pool{New: func() any { return new([windowSize]byte) }}

// section is an open records section: a cursor and what it has on loan.
type section struct {
	cursor
	window *[windowSize]byte
	dec    decoder
}

// open points the cursor at b's records, in place when they are not
// compressed. The caller closes s whatever open returns.
func (s *section) open(b *Batch, limit int64) error {
	records := b.Raw[HeaderSize:]
	if b.Codec() == None {
		s.cursor = cursor{b: records, limit: noLimit}
		return nil
	}
	dec, err := newDecoder(b.Codec())
	if err != nil {
		return err
	}
	s.dec = dec
	if err := dec.open(records, limit); err != nil {
		return fmt.Errorf("decompress %s: %w", b.Codec(), asInvalid(err))
	}
	if blocks, ok := dec.(blockDecoder); ok {
		s.cursor = cursor{limit: limit, src: dec, blocks: blocks}
		return nil
	}
	s.window = windows.Get().(*[windowSize]byte)
	s.cursor = cursor{limit: limit, src: dec, buf: s.window[:]}
	return nil
}

// close gives everything on loan back.
func (s *section) close() {
	if s.dec != nil {
		s.dec.close()
		s.dec = nil
	}
	if s.window != nil {
		windows.Put(s.window)
		s.window = nil
	}
}

// asInvalid marks a codec's own error; ours are marked already.
func asInvalid(err error) error {
	if isOurs(err) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrInvalid, err)
}

// Decompress returns the batch's records section, decompressed into a new
// buffer of at most max bytes (0 or less for no bound but that of [Validate]);
// an uncompressed one is returned as it lies in Raw.
func Decompress(b Batch, max int64) ([]byte, error) {
	if b.Codec() == None {
		return b.Raw[HeaderSize:], nil
	}
	limit := batchLimit(len(b.Raw))
	if max > 0 {
		limit = min(limit, max)
	}
	return decompressInto(make([]byte, 0, min(limit, int64(4*len(b.Raw)))), b, limit)
}

// decompressInto is Decompress of a compressed batch into the room behind out, which it replaces if there is too little.
func decompressInto(out []byte, b Batch, limit int64) ([]byte, error) {
	dec, err := newDecoder(b.Codec())
	if err != nil {
		return nil, fmt.Errorf("decompress batch: %w", err)
	}
	defer dec.close()
	if err := dec.open(b.Raw[HeaderSize:], limit); err != nil {
		return nil, fmt.Errorf("decompress batch: %s: %w", b.Codec(), asInvalid(err))
	}
	if cap(out) == 0 {
		out = make([]byte, 0, min(limit, int64(4*len(b.Raw))))
	}
	for {
		n, err := dec.Read(out[len(out):cap(out)])
		out = out[:len(out)+n]
		if int64(len(out)) > limit {
			return nil, fmt.Errorf("decompress batch: %d bytes: %w", limit, ErrTooLargeDecompressed)
		}
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("decompress batch: %s: %w", b.Codec(), asInvalid(err))
		}
		if len(out) == cap(out) {
			out = append(out, 0)[:len(out)]
		}
	}
}

// A batch may decompress to ratioFloor bytes, or to ratioMax times its size
// where that is more. No producer batches like that (they bound batches by
// their uncompressed size), and a bomb is found after some ten milliseconds.
const (
	ratioFloor = 64 << 20
	ratioMax   = 64
)

// batchLimit is the most bytes the records of a batch of size bytes may take.
func batchLimit(size int) int64 { return max(ratioFloor, ratioMax*int64(size)) }
