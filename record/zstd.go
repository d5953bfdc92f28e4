package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
)

const (
	// zstdMaxWindow is the largest window that zstd-jni, and with it every
	// Java consumer, decodes.
	zstdMaxWindow = 128 << 20
	// zstdStreamWindow is the window we decode with. A decoder allocates its
	// window whole, whatever the payload's size, so what a frame may ask for
	// is not what it gets.
	zstdStreamWindow = 8 << 20
	// zstdPooledWindow is the largest window a pooled decoder keeps.
	zstdPooledWindow = 2 << 20
	// zstdAtOnce is the largest section that is decoded at once, and zstdUsualRatio how many times its size one is given room for
	// that does not say.
	zstdAtOnce     = 4 << 20
	zstdUsualRatio = 16
)

// zstdDecoder streams zstd, any number of frames. A first frame that asks for
// a window wider than ours is decoded with ours nonetheless, and decoded whole
// when that turns out not to do: only a batch of more than 8 MiB that was
// compressed at an extreme level comes to that.
type zstdDecoder struct {
	in     bytes.Reader
	narrow []byte // replaced frame header, still to be read
	r      *zstd.Decoder
	window uint64
	begun  bool // r streams

	// For the attempt at once.
	size   uint64 // the output's size as the frame declares it; 0 where it does not
	tried  bool
	plain  []byte // its room
	pieces []byte // that of the stream behind block

	all []byte // the compressed section

	// For the second attempt at a wide frame.
	wide   bool
	limit  int64
	given  int64  // bytes Read has given
	whole  []byte // output not given yet
	second bool   // whole is in use, zstdWhole is held
}

var zstdDecoders = sync.Pool{New: func() any {
	r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecodeBuffersBelow(0), zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxWindow(zstdStreamWindow))
	if err != nil {
		panic("BUG: zstd decoder options: " + err.Error())
	}
	return &zstdDecoder{r: r}
}}

// zstdWhole is held while a frame is decoded whole, so that many connections
// cannot multiply the memory which that takes.
var zstdWhole sync.Mutex

func (d *zstdDecoder) open(in []byte, limit int64) error {
	var h zstd.Header
	if err := h.Decode(in); err != nil {
		return fmt.Errorf("zstd frame header: %w", err)
	}
	if h.DictionaryID != 0 {
		return invalidf("zstd frame needs dictionary %d", h.DictionaryID)
	}
	d.window = h.WindowSize
	if h.SingleSegment {
		d.window = h.FrameContentSize
	}
	if h.HasFCS && h.FrameContentSize > uint64(limit) || d.window > zstdMaxWindow {
		return fmt.Errorf("zstd frame of %d bytes, window %d: %w", h.FrameContentSize, d.window,
			ErrTooLargeDecompressed)
	}
	d.in.Reset(in)
	d.all, d.size = in, h.FrameContentSize
	if d.wide = d.window > zstdStreamWindow && !h.Skippable; d.wide {
		d.limit, d.begun = limit, true
		d.narrowHeader(in, h.SingleSegment)
		return zstdError(d.r.Reset(io.MultiReader(bytes.NewReader(d.narrow), &d.in)))
	}
	return nil
}

// block implements blockDecoder: nearly every section is decoded at once, into a buffer that the decoder keeps, which spares the
// copies of a stream and most of its matches that reach into the past. What does not fit is streamed, and so is what is broken:
// the library gives a full buffer as other errors too.
func (d *zstdDecoder) block() ([]byte, error) {
	if !d.begun && !d.tried {
		d.tried = true
		if out, err := d.r.DecodeAll(d.all, d.room()[:0]); err == nil {
			d.all = nil
			if len(out) > 0 {
				return out, nil
			}
		}
	}
	if d.tried && d.all == nil {
		return nil, io.EOF
	}
	if d.pieces == nil {
		d.pieces = make([]byte, windowSize)
	}
	for {
		n, err := d.Read(d.pieces)
		if n > 0 || err != nil {
			return d.pieces[:n], err
		}
	}
}

// room is the buffer for the attempt at once. A frame that does not declare its size is taken to be a usual one; a declared size
// is believed as far as [batchLimit] believes in ratios.
func (d *zstdDecoder) room() []byte {
	const behind = 16 // what the library's fast copies want behind the output
	size := min(d.size, ratioMax*uint64(len(d.all)))
	if size == 0 {
		size = zstdUsualRatio * uint64(len(d.all))
	}
	if size = min(size, zstdAtOnce) + behind; uint64(cap(d.plain)) < size {
		d.plain = make([]byte, min(size+size/4, zstdAtOnce+behind))
	}
	return d.plain
}

// narrowHeader replaces the frame header at the start of in by one that asks
// for zstdStreamWindow and is else the same (RFC 8878, 3.1.1.1).
func (d *zstdDecoder) narrowHeader(in []byte, singleSegment bool) {
	const descriptorAt, singleSegmentBit, window8MiB = 4, 0x20, 13 << 3
	d.narrow = append(d.narrow[:0], in[:descriptorAt]...)
	d.narrow = append(d.narrow, in[descriptorAt]&^singleSegmentBit, window8MiB)
	rest := descriptorAt + 2
	if singleSegment {
		rest-- // there is no window descriptor
	}
	d.in.Reset(in[rest:])
}

// decodeWhole starts over with the whole section and its real window.
func (d *zstdDecoder) decodeWhole() error {
	zstdWhole.Lock()
	d.second = true
	r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true),
		zstd.WithDecoderMaxWindow(zstdMaxWindow))
	if err != nil {
		panic("BUG: zstd whole decoder options: " + err.Error())
	}
	defer r.Close()
	// The buffer grows until the output fits: declared sizes are not trusted.
	out, size := []byte(nil), int64(max(4*len(d.all), 4*zstdStreamWindow))
	for ; ; size *= 4 {
		size = min(size, d.limit)
		out, err = r.DecodeAll(d.all, make([]byte, 0, size))
		if err == nil {
			break
		}
		if size == d.limit || !errors.Is(err, zstd.ErrDecoderSizeExceeded) {
			return zstdError(err)
		}
	}
	d.whole = out[min(d.given, int64(len(out))):]
	return nil
}

func (d *zstdDecoder) Read(p []byte) (int, error) {
	if d.second {
		if len(d.whole) == 0 {
			return 0, io.EOF
		}
		n := copy(p, d.whole)
		d.whole = d.whole[n:]
		return n, nil
	}
	if !d.begun {
		d.begun = true
		if err := d.r.Reset(&d.in); err != nil {
			return 0, zstdError(err)
		}
	}
	n, err := d.r.Read(p)
	d.given += int64(n)
	if d.wide && n == 0 && err != nil && err != io.EOF && d.given >= zstdStreamWindow/2 {
		if err := d.decodeWhole(); err != nil {
			return 0, err
		}
		return d.Read(p)
	}
	if d.wide && n > 0 && err != nil && err != io.EOF {
		return n, nil // the error comes back with the next call
	}
	return n, zstdError(err)
}

func (d *zstdDecoder) close() {
	if d.second {
		zstdWhole.Unlock()
	}
	r, keep := d.r, d.window <= zstdPooledWindow && d.r.Reset(nil) == nil
	if !keep {
		r.Close()
		return
	}
	*d = zstdDecoder{r: r, narrow: d.narrow[:0], plain: d.plain, pieces: d.pieces}
	zstdDecoders.Put(d)
}

// zstdError tells a codec's "too large" from its "broken".
func zstdError(err error) error {
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded) {
		return fmt.Errorf("zstd: %w: %w", ErrTooLargeDecompressed, err)
	}
	return err
}

// zstdWriters is indexed by zstd.EncoderLevel; place 0 is unused.
var zstdWriters [zstd.SpeedBestCompression + 1]sync.Pool

func compressZstd(dst *bytes.Buffer, level int, src io.Reader) error {
	l := zstd.SpeedDefault
	if level != DefaultLevel && level != 0 {
		l = zstd.EncoderLevelFromZstd(level)
	}
	w, ok := zstdWriters[l].Get().(*zstd.Encoder)
	if !ok {
		var err error
		w, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(l), zstd.WithEncoderConcurrency(1),
			zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(1<<20))
		if err != nil {
			panic("BUG: zstd encoder options: " + err.Error())
		}
	}
	defer zstdWriters[l].Put(w)
	w.Reset(dst)
	if err := feed(w, src); err != nil {
		return err
	}
	return w.Close()
}
