package record

import (
	"bytes"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// gzipDecoder streams gzip, any number of members.
type gzipDecoder struct {
	in bytes.Reader
	r  gzip.Reader
}

var gzipDecoders = sync.Pool{New: func() any { return new(gzipDecoder) }}

func (d *gzipDecoder) open(in []byte, _ int64) error {
	d.in.Reset(in)
	return d.r.Reset(&d.in)
}

func (d *gzipDecoder) Read(p []byte) (int, error) { return d.r.Read(p) }

func (d *gzipDecoder) close() {
	d.in.Reset(nil)
	gzipDecoders.Put(d)
}

// gzipWriters is indexed by the level; place 0 is the codec's default.
var gzipWriters [gzip.BestCompression + 1]sync.Pool

func compressGzip(dst *bytes.Buffer, level int, src io.Reader) error {
	if level < gzip.BestSpeed || level > gzip.BestCompression {
		level = 0
	}
	w, ok := gzipWriters[level].Get().(*gzip.Writer)
	if !ok {
		l := level
		if l == 0 {
			l = gzip.DefaultCompression
		}
		w, _ = gzip.NewWriterLevel(nil, l) // the level is in range
	}
	defer gzipWriters[level].Put(w)
	w.Reset(dst)
	if err := feed(w, src); err != nil {
		return err
	}
	return w.Close()
}
