package record

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// unfold gives all that a decoder makes of a section, by its blocks or by Read.
func unfold(tb testing.TB, c Codec, in []byte, blocks bool) ([]byte, error) {
	d, err := newDecoder(c)
	if err != nil {
		tb.Fatal(err)
	}
	defer d.close()
	const limit = 16 << 20
	if err := d.open(in, limit); err != nil {
		return nil, err
	}
	var out []byte
	piece := make([]byte, 10_000)
	for len(out) <= limit {
		var n int
		if b, ok := d.(blockDecoder); ok && blocks {
			piece, err = b.block()
			n = len(piece)
		} else {
			n, err = d.Read(piece)
		}
		out = append(out, piece[:n]...)
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
	}
	return nil, ErrTooLargeDecompressed
}

// Decoded at once or as a stream, a section is the same, or broken.
func FuzzZstdAtOnce(f *testing.F) {
	for _, n := range []int{1, 40} {
		f.Add(sample(Zstd, n).Raw[HeaderSize:])
	}
	e, err := zstd.NewWriter(nil, zstd.WithWindowSize(64<<10), zstd.WithEncoderConcurrency(1))
	if err != nil {
		f.Fatal(err)
	}
	plain := plainSection(30)
	f.Add(e.EncodeAll(plain[100:], e.EncodeAll(plain[:100], nil)))
	f.Add(e.EncodeAll(bytes.Repeat([]byte("a"), 300_000), nil))
	for _, section := range zstdBombs() {
		f.Add(section[:min(len(section), 1000)])
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		once, err1 := unfold(t, Zstd, in, true)
		streamed, err2 := unfold(t, Zstd, in, false)
		if (err1 == nil) != (err2 == nil) || err1 == nil && !bytes.Equal(once, streamed) {
			t.Fatalf("at once %d bytes, %v; streamed %d bytes, %v", len(once), err1, len(streamed), err2)
		}
		if errors.Is(asInvalid(err1), ErrTooLargeDecompressed) != errors.Is(asInvalid(err2), ErrTooLargeDecompressed) {
			t.Fatalf("at once: %v; streamed: %v", err1, err2)
		}
	})
}

// A section that is larger than what is decoded at once, or than a frame without a size lets expect, is streamed.
func TestZstdStreamed(t *testing.T) {
	large := bytes.Repeat([]byte("the same again; "), zstdAtOnce/16+1)
	for name, plain := range map[string][]byte{"large": large, "dense": large[:1<<20], "usual": plainSection(1000), "none": {}} {
		for _, declared := range []bool{true, false} {
			var in []byte
			e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
			if err != nil {
				t.Fatal(err)
			}
			if declared {
				in = e.EncodeAll(plain, nil)
			} else {
				var out bytes.Buffer
				if err := compressZstd(&out, DefaultLevel, bytes.NewReader(plain)); err != nil {
					t.Fatal(err)
				}
				in = out.Bytes()
			}
			for range 2 { // the second time with the decoder of the first
				if out, err := unfold(t, Zstd, in, true); err != nil && len(in) > 0 || !bytes.Equal(out, plain) {
					t.Errorf("%s, size declared %v: %d bytes, want %d; %v", name, declared, len(out), len(plain), err)
				}
			}
		}
	}
}
