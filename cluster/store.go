package cluster

import (
	"context"
	"errors"
)

// MetaStore keeps the cluster's metadata: a sorted map from keys to values with a revision that rises by
// one with each transaction. bbolt serves one process, memory serves tests; both pass one contract test.
type MetaStore interface {
	// Range returns the pairs whose key begins with prefix, by ascending key, and the revision they
	// were read at. The values belong to the caller.
	Range(ctx context.Context, prefix string) ([]KV, int64, error)
	// Txn applies all ops or none. It is applied when every condition holds, and is durable when Txn
	// returns ok. When a condition fails ok is false and rev is the revision compared with. An error
	// means that the outcome is unknown unless it is ErrClosed, ErrTooManyOps or the context's own.
	Txn(ctx context.Context, conds []Cond, ops []Op) (ok bool, rev int64, err error)
	// Watch delivers, in order and without gaps, the changes under prefix of every revision from
	// fromRev on. The channel is closed when ctx ends, when the store closes, or after an Event with
	// Err set: ErrCompacted says that fromRev is no longer kept, and the watcher must Range anew.
	Watch(ctx context.Context, prefix string, fromRev int64) (<-chan Event, error)
	// MaxOps is how many ops one Txn takes.
	MaxOps() int
	// Close ends all watches and releases the store.
	Close() error
}

// KV is a pair and the revision that last changed it. In an Event a nil Value says that the key is gone.
type KV struct {
	Key    string
	Value  []byte
	ModRev int64
}

// Cond holds when the key's last change was at ModRev; 0 demands that the key does not exist.
type Cond struct {
	Key    string
	ModRev int64
}

// Op is one change of a Txn: a nil Value deletes the key. A key may appear once in a Txn.
type Op struct {
	Key   string
	Value []byte
}

// Put sets a key.
func Put(key string, value []byte) Op {
	if value == nil {
		value = []byte{}
	}
	return Op{Key: key, Value: value}
}

// Delete removes a key; a key that does not exist is no error.
func Delete(key string) Op { return Op{Key: key} }

// Event is one revision's changes under a watched prefix, by ascending key.
type Event struct {
	Rev     int64
	Changes []KV
	Err     error // the last event of a watch that cannot go on
}

var (
	// ErrCompacted says that a watch asked for revisions that are no longer kept.
	ErrCompacted = errors.New("revisions are no longer kept")
	// ErrClosed says that the store or the cluster has been closed.
	ErrClosed = errors.New("closed")
	// ErrTooManyOps says that a transaction has more ops than the store takes.
	ErrTooManyOps = errors.New("too many operations in one transaction")
	// ErrDamaged says that the metadata file does not hold what was written to it. Weir refuses to start
	// on it rather than serve a part of the metadata as the whole.
	ErrDamaged = errors.New("metadata store is damaged")
	// ErrLocked says that another process has the metadata file open.
	ErrLocked = errors.New("metadata store is in use by another process")
)
