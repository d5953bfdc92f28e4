package log

import (
	"errors"
	"fmt"
)

// What may go wrong with a log; match with errors.Is. Each says which answer Kafka gives for it.
var (
	// ErrOffsetOutOfRange: before the log's start or past its end (OFFSET_OUT_OF_RANGE).
	ErrOffsetOutOfRange = errors.New("offset is out of range")
	// ErrOffline: the log was taken out of service by damage or by the disk; it wraps the cause and stays
	// until the next start (KAFKA_STORAGE_ERROR).
	ErrOffline = errors.New("log is offline")
	// ErrStorage: this operation failed on the disk, the log itself is whole and may be tried again
	// (KAFKA_STORAGE_ERROR).
	ErrStorage = errors.New("storage error")
	// ErrDiskFull: there is no space for appends; reads and deletes go on, and appends do again by themselves
	// once there is space (KAFKA_STORAGE_ERROR).
	ErrDiskFull = errors.New("disk is full")
	// ErrClosed: the log was closed or deleted (NOT_LEADER_OR_FOLLOWER, or KAFKA_STORAGE_ERROR).
	ErrClosed = errors.New("log is closed")
	// ErrStaleEpoch: the append carries an older leader epoch than one the log has already begun
	// (NOT_LEADER_OR_FOLLOWER).
	ErrStaleEpoch = errors.New("leader epoch is stale")
	// ErrSegmentTooSmall: the batch is larger than segment.bytes (RECORD_LIST_TOO_LARGE).
	ErrSegmentTooSmall = errors.New("batch is larger than a segment")
	// ErrOutOfOrderSequence: a gap in a producer's sequence numbers (OUT_OF_ORDER_SEQUENCE_NUMBER).
	ErrOutOfOrderSequence = errors.New("out of order sequence number")
	// ErrProducerFenced: the producer's epoch is older than the last one seen (INVALID_PRODUCER_EPOCH).
	ErrProducerFenced = errors.New("producer epoch is fenced")
	// ErrInvalidTxnState: a batch outside its producer's open transaction (INVALID_TXN_STATE).
	ErrInvalidTxnState = errors.New("invalid transaction state")
	// ErrCoordinatorFenced: a transaction marker of an older coordinator (TRANSACTION_COORDINATOR_FENCED).
	ErrCoordinatorFenced = errors.New("transaction coordinator is fenced")
	// ErrUnknownLog: no such partition in the directory.
	ErrUnknownLog = errors.New("unknown log")
	// ErrExists: the partition is open already.
	ErrExists = errors.New("log is already open")
)

// offlineError is ErrOffline with its cause.
type offlineError struct{ cause error }

func (e *offlineError) Error() string   { return fmt.Sprintf("%v: %v", ErrOffline, e.cause) }
func (e *offlineError) Unwrap() []error { return []error{ErrOffline, e.cause} }
