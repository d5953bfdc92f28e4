package txn

import (
	"cmp"
	"fmt"
	"slices"
)

// State is where a transactional id is in its life (TransactionState.java); the numbers are those of its
// records.
type State int8

// The states. Dead and PrepareEpochFence exist in Kafka's memory only and are never written.
const (
	Empty          State = 0
	Ongoing        State = 1
	PrepareCommit  State = 2
	PrepareAbort   State = 3
	CompleteCommit State = 4
	CompleteAbort  State = 5
)

// String is Kafka's name of the state.
func (s State) String() string {
	if s < 0 || int(s) >= len(stateNames) {
		return fmt.Sprintf("State(%d)", int8(s))
	}
	return stateNames[s]
}

var stateNames = [...]string{"Empty", "Ongoing", "PrepareCommit", "PrepareAbort", "CompleteCommit", "CompleteAbort"}

// States that Kafka knows by name and that no id is ever listed in.
const (
	nameDead       = "Dead"
	nameEpochFence = "PrepareEpochFence"
)

// KnownState tells whether Kafka has a state of that name.
func KnownState(name string) bool {
	return slices.Contains(stateNames[:], name) || name == nameDead || name == nameEpochFence
}

// ending tells whether markers are being written.
func (s State) ending() bool { return s == PrepareCommit || s == PrepareAbort }

// Partition is a partition that a transaction writes to.
type Partition struct {
	Topic string
	Index int32
}

func comparePartitions(a, b Partition) int {
	return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Index, b.Index))
}

const (
	noProducerID int64 = -1
	noEpoch      int16 = -1
	// lastEpoch is the highest epoch that a producer may have: the one above is for fencing it.
	lastEpoch int16 = 32766
)

// transaction is what is known of one transactional id (TransactionMetadata.scala). It never changes: a record
// replaces it.
type transaction struct {
	id         string
	producerID int64
	// prevProducerID is the one before, where it was given up because its epochs were used up.
	prevProducerID int64
	// nextProducerID is the one that takes over when the markers are written, noProducerID with none.
	nextProducerID int64
	epoch          int16
	// prevEpoch is the epoch that the producer had before it was given its present one, so that a request sent
	// again is known for what it is; noEpoch if the present one was given to whoever asked.
	prevEpoch  int16
	timeoutMs  int32
	state      State
	partitions []Partition // sorted
	startMs    int64       // of the open or last transaction, -1 before the first
	updatedMs  int64
	version    int16 // of the protocol that the last end followed
}

func (t *transaction) exhausted() bool { return t.epoch >= lastEpoch }

// spent tells whether the epoch is the one for fencing: nobody may be given it.
func (t *transaction) spent() bool { return t.epoch > lastEpoch }

// has tells whether all partitions are part of the transaction.
func (t *transaction) has(partitions []Partition) bool {
	for _, p := range partitions {
		if _, ok := slices.BinarySearchFunc(t.partitions, p, comparePartitions); !ok {
			return false
		}
	}
	return true
}

// with gives the transaction's partitions and others, sorted.
func (t *transaction) with(partitions []Partition) []Partition {
	all := append(slices.Clone(t.partitions), partitions...)
	slices.SortFunc(all, comparePartitions)
	return slices.Compact(all)
}

// deadlineMs is when an open transaction has run for too long.
func (t *transaction) deadlineMs() int64 { return t.startMs + int64(t.timeoutMs) }
