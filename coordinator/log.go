package coordinator

import "weir/record"

// Log is what a shard needs of its partition.
type Log interface {
	// Append writes one batch at the end, stamping its offsets. The ticket tells when it is durable.
	Append(b *record.Batch) (Ticket, error)
	// Read gives whole record batches from offset on: at most about maxBytes, but at least one batch if there is one;
	// nothing at the durable end.
	Read(offset int64, maxBytes int) ([]byte, error)
	// Bounds gives the first offset and the one after the last that is durable.
	Bounds() (start, end int64)
}

// Ticket is an appended batch on its way to the disk.
type Ticket interface {
	// Wait returns nil once the batch is durable, an error if it never will be or if stop is closed first.
	Wait(stop <-chan struct{}) error
}
