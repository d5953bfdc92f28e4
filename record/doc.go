// Package record reads, checks, builds and re-stamps Kafka record batches of
// format version 2 (magic 2, KIP-98), the only format Weir accepts and stores.
//
// A [Batch] is a view of bytes that its caller owns: nothing here copies a
// batch unless it must be re-compressed. [Validate] is the gate through which
// every batch that a client sends passes; what it lets through is whole, its
// checksum holds, and each of its records can be walked. The byte layout is
// described in docs/format/record-batch.md.
//
// The package has no state but pools of decompressors and buffers and is safe
// for concurrent use.
package record
