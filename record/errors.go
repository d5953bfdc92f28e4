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
	// ErrTooLargeDecompressed: a record is bigger than
	// max.decompressed.message.bytes, or its batch unfolds out of all
	// proportion. Kafka 4.4 answers the former with INVALID_RECORD.
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

// RejectedError refuses a whole batch and lists the records that are at fault,
// at most maxRecordErrors of them. Err is the sentinel that decides the answer.
type RejectedError struct {
	Err     error
	Records []RecordError
	Total   int // how many records are at fault
}

// maxRecordErrors bounds a RejectedError's list: a batch of a million null
// keys must not make an answer many times its own size.
const maxRecordErrors = 100

// Error counts the faults as Kafka does.
func (e *RejectedError) Error() string {
	if errors.Is(e.Err, ErrInvalidTimestamp) {
		return "one or more records have been rejected due to invalid timestamp"
	}
	return fmt.Sprintf("one or more records have been rejected due to %d record errors in total", e.Total)
}

// Unwrap gives the sentinel and the first record's error.
func (e *RejectedError) Unwrap() []error { return []error{e.Err, &e.Records[0]} }

// isOurs reports whether err carries one of the package's sentinels.
func isOurs(err error) bool {
	for _, s := range [...]error{ErrInvalid, ErrTooLargeDecompressed, ErrCorrupt, ErrUnsupportedCodec} {
		if errors.Is(err, s) {
			return true
		}
	}
	return false
}
