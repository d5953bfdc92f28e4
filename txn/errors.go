package txn

import "errors"

// Errors that a request can end with, besides those of package coordinator.
var (
	ErrInvalidRequest    = errors.New("the request is invalid")
	ErrInvalidTimeout    = errors.New("the transaction timeout is not within the allowed range")
	ErrUnknownMapping    = errors.New("the transactional id is not bound to this producer id")
	ErrFenced            = errors.New("a newer producer has the transactional id")
	ErrConcurrent        = errors.New("the previous transaction is still being ended")
	ErrInvalidState      = errors.New("the transaction is not in a state that allows this")
	ErrNotInTransaction  = errors.New("the partition is not part of the transaction")
	ErrLate              = errors.New("the request came on a connection that its client has replaced")
	ErrNotFound          = errors.New("the transactional id does not exist")
	ErrNeedsProducerID   = errors.New("a new producer id is needed")
	ErrTooManyPartitions = errors.New("the transaction has too many partitions for one record")
)
