package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// section is the uncompressed records section of n sample records.
func plainSection(n int) []byte { return sample(None, n).Raw[HeaderSize:] }

// readBack validates a batch of n records with the given compressed section
// and compares what it holds.
func readBack(t *testing.T, name string, c Codec, n int, section []byte) {
	t.Helper()
	want := sample(None, n)
	raw := slices.Clone(want.Raw[:HeaderSize])
	raw = append(raw, section...)
	binary.BigEndian.PutUint32(raw[lengthAt:], uint32(len(raw)-logOverhead))
	raw[attributesAt+1] = byte(c)
	r := clientRules()
	r.MaxBytes = 0
	got, err := Validate(resum(raw), r)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	plain, err := Decompress(got, 0)
	if err != nil || !bytes.Equal(plain, want.Raw[HeaderSize:]) {
		t.Errorf("%s: %d bytes, %v", name, len(plain), err)
	}
}

// What clients of other languages write.
func TestForeignFramings(t *testing.T) {
	const n = 4000
	plain := plainSection(n)
	readBack(t, "raw snappy", Snappy, n, snappy.Encode(nil, plain))

	chained := new(bytes.Buffer)
	for _, part := range [][]byte{plain[:70_000], plain[70_000:]} {
		if err := compressSnappy(chained, bytes.NewReader(part)); err != nil {
			t.Fatal(err)
		}
	}
	readBack(t, "chained Java snappy streams", Snappy, n, chained.Bytes())

	big := append([]byte(snappyMagic), 0, 0, 0, 1, 0, 0, 0, 1)
	block := snappy.Encode(nil, plain)
	big = append(binary.BigEndian.AppendUint32(big, uint32(len(block))), block...)
	readBack(t, "one Java snappy chunk", Snappy, n, big)

	members := new(bytes.Buffer)
	for _, part := range [][]byte{plain[:1000], plain[1000:]} {
		if err := compressGzip(members, DefaultLevel, bytes.NewReader(part)); err != nil {
			t.Fatal(err)
		}
	}
	readBack(t, "two gzip members", Gzip, n, members.Bytes())

	for _, size := range []lz4.BlockSize{lz4.Block64Kb, lz4.Block256Kb, lz4.Block1Mb, lz4.Block4Mb} {
		out := new(bytes.Buffer)
		w := lz4.NewWriter(out)
		if err := w.Apply(lz4.BlockSizeOption(size), lz4.BlockChecksumOption(true), lz4.ChecksumOption(true),
			lz4.SizeOption(uint64(len(plain)))); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(plain); err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		readBack(t, "lz4 with all checksums and "+size.String(), LZ4, n, out.Bytes())
	}

	enc, err := zstd.NewWriter(nil, zstd.WithWindowSize(32<<20))
	if err != nil {
		t.Fatal(err)
	}
	readBack(t, "zstd single segment", Zstd, n, enc.EncodeAll(plain, nil))
	two := enc.EncodeAll(plain[1000:], enc.EncodeAll(plain[:1000], nil))
	readBack(t, "two zstd frames", Zstd, n, two)
}

// Frames that Java's consumers could not read are refused.
func TestRefusedFramings(t *testing.T) {
	plain := plainSection(100)
	frame := func(options ...lz4.Option) []byte {
		out := new(bytes.Buffer)
		w := lz4.NewWriter(out)
		if err := w.Apply(options...); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(plain); err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	flags := func(b []byte, set byte) []byte {
		b = slices.Clone(b)
		b[4] ^= set
		b[6] = byte(xxh32(b[4:6]) >> 8)
		return b
	}
	good := frame()
	for name, section := range map[string][]byte{
		"legacy frame":            frame(lz4.LegacyOption(true)),
		"dependent blocks":        flags(good, lz4FlagIndependent),
		"dictionary":              flags(good, 1),
		"version 2":               flags(good, 0xc0),
		"descriptor checksum":     edit(slices.Clone(good), 6, good[6]+1),
		"block checksum":          edit(frame(lz4.BlockChecksumOption(true)), 40, 0xaa),
		"no end mark":             good[:len(good)-8],
		"bytes after the frame":   append(slices.Clone(good), 0),
		"descriptor only":         good[:7],
		"cut off in the checksum": good[:len(good)-2],
	} {
		raw := compressed(LZ4, 100, section)
		if _, err := Validate(raw, clientRules()); !errors.Is(err, ErrInvalid) {
			t.Errorf("lz4 %s: %v", name, err)
		}
	}
}

// A frame whose matches reach back further than our window is decoded whole;
// one that only declares such a window is not.
func TestWideZstdWindow(t *testing.T) {
	if testing.Short() {
		t.Skip("compresses 20 MiB")
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	half := make([]byte, 10<<20)
	for i := range half {
		half[i] = byte(rnd.Uint32())
	}
	b := NewBuilder(Options{})
	b.Append(testNow, nil, half)
	b.Append(testNow, nil, half)
	want := b.Build()
	for _, reachBack := range []bool{true, false} {
		enc, err := zstd.NewWriter(nil, zstd.WithWindowSize(32<<20), zstd.WithEncoderConcurrency(1),
			zstd.WithEncoderLevel(zstd.SpeedBetterCompression))
		if err != nil {
			t.Fatal(err)
		}
		out := new(bytes.Buffer)
		plain := want.Raw[HeaderSize:]
		if !reachBack {
			plain = plainSection(1000)
		}
		enc.Reset(out)
		if _, err := io.Copy(enc, io.MultiReader(bytes.NewReader(plain))); err != nil || enc.Close() != nil {
			t.Fatal(err)
		}
		raw := slices.Concat(want.Raw[:HeaderSize], out.Bytes())
		binary.BigEndian.PutUint32(raw[lengthAt:], uint32(len(raw)-logOverhead))
		raw[attributesAt+1] = byte(Zstd)
		got := Batch{Raw: raw}
		if got.Header, err = ParseHeader(raw); err != nil {
			t.Fatal(err)
		}
		back, err := Decompress(got, 0)
		if err != nil || !bytes.Equal(back, plain) {
			t.Errorf("reaching back %v: %d bytes, want %d; %v", reachBack, len(back), len(plain), err)
		}
	}
}

func TestXXH32(t *testing.T) {
	// Reference values, seed 0; longer texts are held by lz4's own checksums.
	for text, want := range map[string]uint32{
		"":    0x02cc5d05,
		"a":   0x550d7456,
		"abc": 0x32d153ff,
	} {
		if got := xxh32([]byte(text)); got != want {
			t.Errorf("xxh32(%q) = %#x, want %#x", text, got, want)
		}
	}
}

// scan and the walk that explains agree on every body.
func FuzzScan(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 1, 0})
	f.Add([]byte{0, 2, 4, 2, 'k', 4, 'v', 'v', 2, 2, 'h', 1})
	f.Add([]byte{0, 0x80, 0x80, 1, 4, 2, 'k', 4, 'v', 'v', 2, 2, 'h', 1})
	f.Fuzz(func(t *testing.T, body []byte) {
		fast, ok := scan(body)
		c := cursor{b: body, limit: noLimit}
		slow, want := c.nextSlow(int64(len(body)))
		if ok != want || ok && fast != slow {
			t.Fatalf("scan: %v %+v; walk: %v %+v (%v)", ok, fast, want, slow, c.err)
		}
	})
}
