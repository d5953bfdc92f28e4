package share

import "errors"

// Errors that a request can end with, besides those of packages coordinator, partition and log.
var (
	ErrInvalidRecordState = errors.New("a record is not in a state that allows this")
	ErrInvalidRequest     = errors.New("the request is invalid")
	ErrFencedState        = errors.New("the state is that of an earlier time of the group")
)

// errUninitialized says that nobody has fetched here yet.
var errUninitialized = errors.New("the share partition has no start yet")
