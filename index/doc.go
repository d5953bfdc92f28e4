// Package index keeps the sorted, fixed-width entries beside a log file, byte for byte as Apache Kafka
// does: offsets (.index), timestamps (.timeindex) and aborted transactions (.txnindex).
//
// An index is derived from its log and may be lost or wrong at any time: who uses an entry checks it
// against the batch it points to, and rebuilds the index when it lied. Opening one does only the checks
// that Kafka's sanityCheck does.
//
// Entries in the file are found by positional reads, not held in memory; the newest few hundred of an index
// that is being written are held until they make a worthwhile write.
package index

import "errors"

// ErrCorrupt says that an index cannot be what was written: rebuild it from the log.
var ErrCorrupt = errors.New("index is corrupt")
