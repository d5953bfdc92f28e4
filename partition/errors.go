package partition

import (
	"errors"
	"fmt"

	"weir/log"
)

// What may go wrong besides what the log says; match with errors.Is. Each says which answer Kafka gives for
// it.
var (
	// ErrNotLeader: this broker does not lead the partition, or no longer does (NOT_LEADER_OR_FOLLOWER).
	ErrNotLeader = errors.New("not the leader of this partition")
	// ErrFencedEpoch: the client's leader epoch is older than the partition's (FENCED_LEADER_EPOCH).
	ErrFencedEpoch = errors.New("leader epoch is older than the partition's")
	// ErrUnknownEpoch: the client's leader epoch is newer than the partition's (UNKNOWN_LEADER_EPOCH).
	ErrUnknownEpoch = errors.New("leader epoch is newer than the partition's")
	// ErrUnknown: no such partition here (UNKNOWN_TOPIC_OR_PARTITION).
	ErrUnknown = errors.New("unknown partition")
	// ErrStopped: the caller, or the broker as a whole, gave up waiting (REQUEST_TIMED_OUT).
	ErrStopped = errors.New("stopped waiting")
	// ErrExpired is the ErrStopped of a wait whose time was up.
	ErrExpired = fmt.Errorf("%w: the time is up", ErrStopped)
	// ErrOffline: the log is out of service (KAFKA_STORAGE_ERROR).
	ErrOffline = log.ErrOffline
)
