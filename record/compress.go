package record

import (
	"bytes"
	"fmt"
	"io"
)

// compress appends src to dst in the framing that Kafka's own broker writes.
func compress(dst *bytes.Buffer, c Codec, level int, src io.Reader) error {
	var err error
	switch c {
	case None:
		_, err = io.Copy(dst, src)
	case Gzip:
		err = compressGzip(dst, level, src)
	case Snappy:
		err = compressSnappy(dst, src)
	case LZ4:
		err = compressLZ4(dst, level, src)
	case Zstd:
		err = compressZstd(dst, level, src)
	default:
		err = fmt.Errorf("compression type %d: %w", int8(c), ErrUnsupportedCodec)
	}
	if err != nil {
		return fmt.Errorf("compress %s: %w", c, err)
	}
	return nil
}

// feed copies src to w through a pooled window. It hides w's ReadFrom: some
// compressors allocate there, or leave themselves in a state that cannot be
// reset.
func feed(w io.Writer, src io.Reader) error {
	window := windows.Get().(*[windowSize]byte)
	defer windows.Put(window)
	_, err := io.CopyBuffer(struct{ io.Writer }{w}, src, window[:])
	return err
}
