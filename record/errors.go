package record

import (
	"errors"
	"fmt"
)

// What can be wrong with a batch; match with errors.Is. Each says in its
// comment which answer Kafka gives for it.
var (
	// ErrCorrupt: the bytes are not those the producer wrote (CORRUPT_MESSAGE).
	ErrCorrupt = errors.New("record batch is corrupt")
	// ErrInvalid: whole, but breaks a rule of the format or the topic (INVALID_RECORD).
	ErrInvalid = errors.New("record batch is invalid")
	// ErrTooLarge: bigger than max.message.bytes (MESSAGE_TOO_LARGE).
	ErrTooLarge = errors.New("record batch is too large")
	// ErrTooLargeDecompressed: bigger than max.decompressed.message.bytes once
	// decompressed (MESSAGE_TOO_LARGE).
	ErrTooLargeDecompressed = errors.New("record batch is too large when decompressed")
	// ErrInvalidTimestamp: a timestamp out of the topic's bounds (INVALID_TIMESTAMP).
	ErrInvalidTimestamp = errors.New("record timestamp is out of range")
	// ErrUnsupportedCodec: a compression id or name that does not exist (INVALID_RECORD).
	ErrUnsupportedCodec = errors.New("unsupported compression codec")
	// ErrUnsupportedMagic: a message format other than v2 (INVALID_RECORD).
	ErrUnsupportedMagic = errors.New("unsupported record batch magic")
)

// RecordError is a fault of one record of a batch, so that Produce v8 and
// later can name it (KIP-467).
type RecordError struct {
	Index   int32 // position of the record in its batch
	Err     error // one of the package's sentinels
	Message string
}

// Error is the message Kafka's clients show for the record.
func (e *RecordError) Error() string {
	return fmt.Sprintf("record %d: %s: %v", e.Index, e.Message, e.Err)
}

// Unwrap gives the sentinel.
func (e *RecordError) Unwrap() error { return e.Err }
