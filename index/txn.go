// Package index keeps the sorted, fixed-width entries beside a log file: offsets, timestamps, aborted transactions.
package index

import "weir/vfs"

// AbortedTxn is one entry of a transaction index.
type AbortedTxn struct {
	ProducerID       int64
	FirstOffset      int64 // first offset of the transaction in this partition
	LastOffset       int64 // offset of the abort marker
	LastStableOffset int64 // the partition's last stable offset once this transaction was completed
}

// Txn is the transaction index of one segment; its file exists from the first entry on.
type Txn struct{}

// OpenTxn opens the index; a missing file is an empty index.
func OpenTxn(fs vfs.FS, name string, baseOffset int64) (*Txn, error) { panic("unwritten") }

func (x *Txn) Append(t AbortedTxn) error { panic("unwritten") }

// Collect returns the aborted transactions that overlap [from, to); done is true when later segments hold no more.
func (x *Txn) Collect(from, to int64) (txns []AbortedTxn, done bool, err error) { panic("unwritten") }
func (x *Txn) Truncate(offset int64) error                                      { panic("unwritten") }
func (x *Txn) Reset() error                                                     { panic("unwritten") }
func (x *Txn) Sync() error                                                      { panic("unwritten") }
func (x *Txn) Close() error                                                     { panic("unwritten") }
