package record

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// flightRows are n values of size bytes: rows of the flights data, joined and cut as the benchmark's are.
func flightRows(tb testing.TB, size int) [][]byte {
	f, err := os.Open("../bench/flights/2013-01.csv.gz")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	var rows [][]byte
	var row []byte
	s := bufio.NewScanner(z)
	s.Scan() // the names of the columns
	for s.Scan() {
		row = append(append(row, s.Bytes()...), '\n')
		if len(row) >= size {
			rows = append(rows, row[:size:size])
			row = nil
		}
	}
	if err := s.Err(); err != nil {
		tb.Fatal(err)
	}
	return rows
}

// noiseRows are values that do not compress.
func noiseRows(size int) [][]byte {
	random := rand.NewChaCha8([32]byte{1})
	rows := make([][]byte, (4<<20)/size)
	for i := range rows {
		rows[i] = make([]byte, size)
		_, _ = random.Read(rows[i])
	}
	return rows
}

// batchesOf packs rows into batches of about bytes each, compressed as franz-go's clients do.
func batchesOf(tb testing.TB, c Codec, rows [][]byte, bytesEach int) (batches [][]byte, plain int) {
	each := max(1, (bytesEach-HeaderSize)/(len(rows[0])+12))
	next := 0
	for len(batches) < 16 {
		b := NewBuilder(Options{})
		for range each {
			b.Append(testNow, nil, rows[next%len(rows)])
			next++
		}
		raw := b.Build().Raw
		plain += len(raw)
		section := raw[HeaderSize:]
		var out bytes.Buffer
		switch c {
		case LZ4:
			w := lz4.NewWriter(&out)
			if _, err := w.Write(section); err != nil || w.Close() != nil {
				tb.Fatal(err)
			}
			section = out.Bytes()
		case Zstd:
			w, err := zstd.NewWriter(nil, zstd.WithWindowSize(64<<10), zstd.WithEncoderConcurrency(1), zstd.WithZeroFrames(true))
			if err != nil {
				tb.Fatal(err)
			}
			section = w.EncodeAll(section, nil)
		}
		raw = append(raw[:HeaderSize:HeaderSize], section...)
		binary.BigEndian.PutUint32(raw[lengthAt:], uint32(len(raw)-logOverhead))
		raw[attributesAt+1] = byte(c)
		batches = append(batches, resum(raw))
	}
	return batches, plain
}

// BenchmarkReal is the gate with batches as they come over the wire, and its parts alone.
func BenchmarkReal(b *testing.B) {
	payloads := []struct {
		name  string
		rows  [][]byte
		bytes []int
	}{
		{"flights100", flightRows(b, 100), []int{1 << 10, 256 << 10, 1 << 20}},
		{"flights1024", flightRows(b, 1024), []int{1 << 20}},
		{"noise1024", noiseRows(1024), []int{1 << 20}},
	}
	for _, p := range payloads {
		for _, size := range p.bytes {
			for _, c := range []Codec{None, LZ4, Zstd} {
				batches, plain := batchesOf(b, c, p.rows, size)
				wire := 0
				for _, raw := range batches {
					wire += len(raw)
				}
				b.Run(fmt.Sprintf("of=%s/batch=%dk/codec=%s/part=all", p.name, size>>10, c), func(b *testing.B) {
					rules := clientRules()
					rules.MaxBytes = 0
					b.SetBytes(int64(plain))
					b.ReportAllocs()
					for b.Loop() {
						for _, raw := range batches {
							if _, err := Validate(raw, rules); err != nil {
								b.Fatal(err)
							}
						}
					}
					b.ReportMetric(float64(plain)/float64(wire), "ratio")
				})
				if c == None {
					continue
				}
				b.Run(fmt.Sprintf("of=%s/batch=%dk/codec=%s/part=decode", p.name, size>>10, c), func(b *testing.B) {
					b.SetBytes(int64(plain))
					var window [windowSize]byte
					for b.Loop() {
						for _, raw := range batches {
							benchDecode(b, c, raw, window[:])
						}
					}
				})
			}
		}
	}
}

func benchDecode(b *testing.B, c Codec, raw, window []byte) {
	dec, err := newDecoder(c)
	if err != nil {
		b.Fatal(err)
	}
	defer dec.close()
	if err := dec.open(raw[HeaderSize:], batchLimit(len(raw))); err != nil {
		b.Fatal(err)
	}
	blocks, _ := dec.(blockDecoder)
	for {
		if blocks != nil {
			_, err = blocks.block()
		} else {
			_, err = dec.Read(window)
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
