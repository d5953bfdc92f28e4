package limit

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"weir/bench"
)

// A body, of which the server knows only length and checksum, is a byte with the codec and then records:
//
//	length of key uint32 | key | length of value uint32 | value

// batch is a body as it grows, behind room for its head.
type batch struct {
	buf    []byte
	done   []func(error)
	queued bool // it goes out as soon as a request may
}

func newBatch() *batch { return &batch{buf: make([]byte, headBytes+1)} }

func (b *batch) reset() {
	clear(b.done)
	b.buf, b.done, b.queued = b.buf[:headBytes+1], b.done[:0], false
}

func (b *batch) add(r bench.Record, done func(error)) {
	b.buf = binary.BigEndian.AppendUint32(b.buf, uint32(len(r.Key)))
	b.buf = append(b.buf, r.Key...)
	b.buf = binary.BigEndian.AppendUint32(b.buf, uint32(len(r.Value)))
	b.buf = append(b.buf, r.Value...)
	b.done = append(b.done, done)
}

// seal compresses the records and writes the head; the request is valid until the batch or squeezed is used again.
func (b *batch) seal(file uint32, z kgo.Compressor, squeezed *bytes.Buffer) []byte {
	request := b.buf
	request[headBytes] = 0
	if z != nil {
		squeezed.Reset()
		body, codec := z.Compress(squeezed, b.buf[headBytes+1:])
		request = append(slices.Grow(b.buf[:headBytes], 1+len(body)), byte(codec))
		request = append(request, body...)
	}
	body := request[headBytes:]
	head{op: opWrite, file: file, length: uint32(len(body)), crc: crc32.Checksum(body, castagnoli)}.appendTo(request[:0])
	return request
}

var errCut = errors.New("a record is cut short")

// each calls f with every record of the whole batches in b and gives the number of bytes that they have.
func each(b []byte, partition int32, f func(bench.Record) error) (used int, err error) {
	for {
		rest := b[used:]
		if len(rest) < prefixBytes || len(rest)-prefixBytes < int(binary.BigEndian.Uint32(rest)) {
			return used, nil
		}
		body := rest[prefixBytes : prefixBytes+int(binary.BigEndian.Uint32(rest))]
		if crc32.Checksum(body, castagnoli) != binary.BigEndian.Uint32(rest[4:]) {
			return used, errChecksum
		}
		if len(body) == 0 {
			return used, errCut
		}
		used += prefixBytes + len(body)
		if err := records(body, partition, f); err != nil {
			return used, err
		}
	}
}

func records(body []byte, partition int32, f func(bench.Record) error) error {
	b := body[1:]
	if body[0] != 0 {
		var err error
		if b, err = kgo.DefaultDecompressor().Decompress(b, kgo.CompressionCodecType(body[0])); err != nil {
			return fmt.Errorf("decompress: %w", err)
		}
	}
	for len(b) > 0 {
		var r bench.Record
		for _, part := range []*[]byte{&r.Key, &r.Value} {
			if len(b) < 4 || len(b)-4 < int(binary.BigEndian.Uint32(b)) {
				return errCut
			}
			n := 4 + int(binary.BigEndian.Uint32(b))
			*part, b = b[4:n:n], b[n:]
		}
		r.Partition = partition
		if err := f(r); err != nil {
			return err
		}
	}
	return nil
}

// compressor is nil for none.
func compressor(codec string) (kgo.Compressor, error) {
	switch codec {
	case "none", "":
		return nil, nil
	case "gzip":
		return kgo.DefaultCompressor(kgo.GzipCompression())
	case "snappy":
		return kgo.DefaultCompressor(kgo.SnappyCompression())
	case "lz4":
		return kgo.DefaultCompressor(kgo.Lz4Compression())
	case "zstd":
		return kgo.DefaultCompressor(kgo.ZstdCompression())
	}
	return nil, fmt.Errorf("compression %q is none of none, gzip, snappy, lz4, zstd", codec)
}
