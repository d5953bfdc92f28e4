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
	// zstdStreamWindow is the largest window decoded as a stream. A stream
	// decoder allocates its window whole, whatever the payload's size; a
	// frame that asks for more is decoded into one buffer that grows with
	// the output instead.
	zstdStreamWindow = 8 << 20
)

// zstdDecoder streams zstd, any number of frames.
type zstdDecoder struct {
	in    bytes.Reader
	r     *zstd.Decoder
	whole []byte // output not given yet, when wide
	wide  bool
}

var zstdDecoders = sync.Pool{New: func() any {
	r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecodeBuffersBelow(0), zstd.WithDecoderMaxWindow(zstdStreamWindow))
	if err != nil {
		panic("BUG: zstd stream decoder options: " + err.Error())
	}
	return &zstdDecoder{r: r}
}}

var zstdWideDecoders = sync.Pool{New: func() any {
	r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true),
		zstd.WithDecoderMaxWindow(zstdMaxWindow))
	if err != nil {
		panic("BUG: zstd wide decoder options: " + err.Error())
	}
	return r
}}

func (d *zstdDecoder) open(in []byte, limit int64) error {
	var h zstd.Header
	if err := h.Decode(in); err != nil {
		return fmt.Errorf("zstd frame header: %w", err)
	}
	if h.DictionaryID != 0 {
		return invalidf("zstd frame needs dictionary %d", h.DictionaryID)
	}
	if h.HasFCS && h.FrameContentSize > uint64(limit) || h.WindowSize > zstdMaxWindow {
		return fmt.Errorf("zstd frame of %d bytes, window %d: %w", h.FrameContentSize, h.WindowSize,
			ErrTooLargeDecompressed)
	}
	d.wide = h.WindowSize > zstdStreamWindow || h.HasFCS && h.FrameContentSize > zstdStreamWindow && h.SingleSegment
	if d.wide {
		return d.decodeWhole(in, limit)
	}
	d.in.Reset(in)
	return zstdError(d.r.Reset(&d.in))
}

// decodeWhole decodes everything into a buffer that doubles until the output
// fits, so that memory follows what is really there and not what is declared.
func (d *zstdDecoder) decodeWhole(in []byte, limit int64) error {
	r := zstdWideDecoders.Get().(*zstd.Decoder)
	defer zstdWideDecoders.Put(r)
	for size := int64(max(4*len(in), 1<<20)); ; size *= 4 {
		size = min(size, limit)
		out, err := r.DecodeAll(in, make([]byte, 0, size))
		if errors.Is(err, zstd.ErrDecoderSizeExceeded) && size < limit {
			continue
		}
		d.whole = out
		return zstdError(err)
	}
}

func (d *zstdDecoder) Read(p []byte) (int, error) {
	if d.wide {
		if len(d.whole) == 0 {
			return 0, io.EOF
		}
		n := copy(p, d.whole)
		d.whole = d.whole[n:]
		return n, nil
	}
	n, err := d.r.Read(p)
	return n, zstdError(err)
}

func (d *zstdDecoder) close() {
	d.whole, d.wide = nil, false
	d.in.Reset(nil)
	if d.r.Reset(nil) == nil {
		zstdDecoders.Put(d)
	}
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
	if _, err := io.Copy(w, src); err != nil {
		return err
	}
	return w.Close()
}
