package record

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Rules are the limits a batch has to keep: the topic's settings and what is
// known of the sender.
type Rules struct {
	MaxBytes int // max.message.bytes; 0 or less for no bound
	// MaxDecompressed is max.decompressed.message.bytes: the largest single
	// record of a compressed batch; 0 or less for no bound. The whole batch is
	// bounded by its compressed size besides (64 MiB, or 64 times its size).
	MaxDecompressed int64
	TimestampType   TimestampType
	BeforeMaxMs     int64 // message.timestamp.before.max.ms
	AfterMaxMs      int64 // message.timestamp.after.max.ms
	NowMs           int64 // the broker's time in ms since the Unix epoch
	RequireKeys     bool  // a compacted topic: every record needs a key
	FromClient      bool  // refuse control batches, check counts and sequences
	Compression     Compression
}

// Validate checks the one batch that raw must hold and makes it fit to be
// appended: CRC-32C, every length and count, the framing of every record
// (compressed ones are decompressed as a stream, bounded), and the rules
// (LogValidator.java). Raw is written to only where Kafka does so too: the
// maximum timestamp and the timestamp type, with a new checksum, when they are
// not what the records or the topic say.
//
// Batch.Raw aliases raw; only when the topic asks for another codec, or the
// records' offsets are not consecutive, is it a new buffer. Bytes after the
// batch that do not make up another batch are dropped, as Kafka does.
//
// Errors are the package's sentinels; a [*RejectedError] lists records.
func Validate(raw []byte, r Rules) (Batch, error) {
	b, err := open(raw)
	if err != nil {
		return Batch{}, fmt.Errorf("validate batch: %w", err)
	}
	if r.FromClient && b.BaseOffset != 0 {
		return Batch{}, fmt.Errorf("validate batch: %w", invalidf("base offset is %d and not 0", b.BaseOffset))
	}
	if r.MaxBytes > 0 && len(b.Raw) > r.MaxBytes {
		return Batch{}, fmt.Errorf("validate batch: %d bytes, at most %d: %w", len(b.Raw), r.MaxBytes, ErrTooLarge)
	}
	if !CheckCRC(b.Raw) {
		return Batch{}, fmt.Errorf("validate batch: checksum does not match: %w", ErrCorrupt)
	}
	if err := checkHeader(&b.Header, r.FromClient); err != nil {
		return Batch{}, fmt.Errorf("validate batch: %w", err)
	}
	w, err := walk(&b, &r)
	if err != nil {
		return Batch{}, fmt.Errorf("validate batch: %w", err)
	}
	if err := settle(&b, &r, w); err != nil {
		return Batch{}, fmt.Errorf("validate batch: %w", err)
	}
	b.Bare = !w.headers
	return b, nil
}

// open cuts the one batch out of raw.
func open(raw []byte) (Batch, error) {
	size, err := batchSize(raw)
	if err != nil {
		return Batch{}, err
	}
	if size > len(raw) {
		return Batch{}, fmt.Errorf("batch of %d bytes with %d left: %w", size, len(raw), ErrCorrupt)
	}
	h, err := ParseHeader(raw[:size])
	if err != nil {
		return Batch{}, err
	}
	if rest := raw[size:]; len(rest) > magicAt {
		next, err := batchSize(rest)
		if err != nil {
			return Batch{}, err
		}
		if next <= len(rest) {
			return Batch{}, invalidf("more than one batch")
		}
	}
	return Batch{Header: h, Raw: raw[:size:size]}, nil
}

// batchSize reads the length field and looks at the magic of the batch at the
// start of b (ByteBufferLogInputStream.nextBatchSize).
func batchSize(b []byte) (int, error) {
	if len(b) <= magicAt {
		return 0, invalidf("no record batch in %d bytes", len(b))
	}
	length := int32(binary.BigEndian.Uint32(b[lengthAt:]))
	if length < minLegacyLength || length > math.MaxInt32-logOverhead {
		return 0, fmt.Errorf("batch length field is %d: %w", length, ErrCorrupt)
	}
	if magic := b[magicAt]; magic > MagicV2 {
		return 0, fmt.Errorf("batch magic is %d: %w", int8(magic), ErrCorrupt)
	}
	return logOverhead + int(length), nil
}

// minLegacyLength is the least length of a message of format 0: below it a
// length is damage whatever the format.
const minLegacyLength = 14

// checkHeader holds the header against itself (LogValidator.validateBatch).
func checkHeader(h *Header, fromClient bool) error {
	if h.Codec() > Zstd {
		return fmt.Errorf("compression type %d: %w", int8(h.Codec()), ErrUnsupportedCodec)
	}
	if h.Count < 0 {
		return invalidf("record count is %d", h.Count)
	}
	if !fromClient {
		return nil
	}
	if h.LastOffsetDelta < 0 {
		return invalidf("offset range is 0 to %d", h.LastOffsetDelta)
	}
	if h.Count == 0 {
		return invalidf("record count is 0")
	}
	if h.LastOffsetDelta != h.Count-1 {
		return invalidf("offset range 0 to %d holds %d records", h.LastOffsetDelta, h.Count)
	}
	if h.IsControl() {
		return invalidf("clients may not write control records")
	}
	if h.HasProducer() && h.BaseSequence < 0 {
		return invalidf("sequence number %d with producer id %d", h.BaseSequence, h.ProducerID)
	}
	return nil
}

// settle brings header and payload to what the topic stores, once every
// record has passed.
func settle(b *Batch, r *Rules, w walked) error {
	to := b.Codec()
	if r.Compression.Recompress && !(b.IsControl() && to == None) {
		to = r.Compression.Codec
	}
	if r.TimestampType == LogAppendTime {
		w.maxTimestamp = r.NowMs
	}
	if to != b.Codec() || !w.ordered {
		if err := rebuild(b, to, r.Compression.Level, w.ordered); err != nil {
			return err
		}
		b.setTimestampType(r.TimestampType)
		b.setMaxTimestamp(w.maxTimestamp)
		if r.MaxBytes > 0 && len(b.Raw) > r.MaxBytes {
			return fmt.Errorf("%d bytes as %s, at most %d: %w", len(b.Raw), to, r.MaxBytes, ErrTooLarge)
		}
		return nil
	}
	stamped := r.TimestampType == LogAppendTime
	if b.LogAppendTime() == stamped && b.MaxTimestamp == w.maxTimestamp {
		return nil
	}
	b.setTimestampType(r.TimestampType)
	b.setMaxTimestamp(w.maxTimestamp)
	return nil
}
