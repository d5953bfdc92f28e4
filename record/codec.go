package record

import "fmt"

// Codec is a compression type as the low three attribute bits name it.
type Codec int8

// The codecs of the Kafka protocol.
const (
	None Codec = iota
	Gzip
	Snappy
	LZ4
	Zstd
)

// String is Kafka's name of the codec, as compression.type has it.
func (c Codec) String() string {
	switch c {
	case None:
		return "none"
	case Gzip:
		return "gzip"
	case Snappy:
		return "snappy"
	case LZ4:
		return "lz4"
	case Zstd:
		return "zstd"
	}
	return fmt.Sprintf("codec %d", int8(c))
}

// Compression is what a topic wants its batches stored as. The zero value
// keeps what the producer chose.
type Compression struct {
	Recompress bool  // false: "producer", keep each batch as it came
	Codec      Codec // the stored codec when Recompress is set
	Level      int   // the codec's own scale as Kafka has it; DefaultLevel for its default
}

// ParseCompression reads a compression.type setting: "producer",
// "uncompressed", or a codec's name. The level is DefaultLevel.
func ParseCompression(name string) (Compression, error) {
	if name == "producer" {
		return Compression{Level: DefaultLevel}, nil
	}
	if name == "uncompressed" {
		return Compression{Recompress: true, Codec: None, Level: DefaultLevel}, nil
	}
	for c := Gzip; c <= Zstd; c++ {
		if name == c.String() {
			return Compression{Recompress: true, Codec: c, Level: DefaultLevel}, nil
		}
	}
	return Compression{}, fmt.Errorf("parse compression type %q: %w", name, ErrUnsupportedCodec)
}

// DefaultLevel asks a codec for its default level.
const DefaultLevel = -1 << 31
