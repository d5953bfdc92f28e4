package coordinator

import "errors"

// Errors of the runtime. Callers match them with errors.Is.
var (
	// ErrNotCoordinator says that this process does not lead the shard: ask for the coordinator again.
	ErrNotCoordinator = errors.New("not the coordinator of this shard")
	// ErrLoading says that the shard is still reading its partition, and will for some time: ask again.
	ErrLoading = errors.New("coordinator is loading")
	// ErrNotAvailable says that nothing could be written or too much is queued just now: ask again.
	ErrNotAvailable = errors.New("coordinator is not available")
	// ErrRefused says that a transaction's records are not taken: its producer is fenced, or it was ended. What else
	// the error is tells which.
	ErrRefused = errors.New("records of the transaction are refused")
	// ErrTooLarge says that the records of one decision do not fit into one record batch. Asking again is no
	// use.
	ErrTooLarge = errors.New("records of the decision are too large")
)
