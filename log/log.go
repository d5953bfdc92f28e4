// Package log is one partition's log: append, read, roll, retain, recover, producer state, leader epochs.
//
// A [Directory] owns the logs of one data directory. A [Log] is an ordered list of segments, of which the last is
// active. Appends take the log's append lock; reads take none: they load an immutable list of segments and hold
// references. What is written here is durable only once [Log.Sync] has returned an end offset past it.
package log

import (
	"context"
	"log/slog"
	"time"

	"weir/internal/clock"
	"weir/metadata"
	"weir/record"
	"weir/segment"
	"weir/vfs"
)

// Log is one partition's log.
type Log struct{}

// Directory is one data directory.
type Directory struct{}

// Appended says where a batch came to lie.
type Appended struct {
	BaseOffset, LastOffset int64
	AppendTimeMs           int64 // -1 unless the topic has LogAppendTime; a duplicate's original timestamp
	LogStartOffset         int64
	Duplicate              bool // the batch was in the log already; the offsets are the original ones
}

// OffsetAt is a record found by time.
type OffsetAt struct {
	Offset, Timestamp int64
	LeaderEpoch       int32 // -1 when unknown
}

// AbortedTxn is an aborted transaction that overlaps a range read.
type AbortedTxn struct{ ProducerID, FirstOffset int64 }

// SegmentInfo describes one segment.
type SegmentInfo struct {
	BaseOffset, Size int64
	Active           bool
}

// ProducerState is what the log knows of a producer (DescribeProducers).
type ProducerState struct {
	ProducerID       int64
	Epoch            int16
	LastSequence     int32
	LastTimestamp    int64
	CoordinatorEpoch int32
	TxnStartOffset   int64 // -1 when none is open
}

// OpenDirectory locks the directory and reads its checkpoints.
func OpenDirectory(fs vfs.FS, path string, c DirectoryConfig, clk clock.Clock, lg *slog.Logger) (*Directory, error) {
	panic("unwritten")
}

// Open creates or recovers a log. One that is damaged is returned too, with Err() set.
func (d *Directory) Open(id metadata.PartitionID, c Config, leaderEpoch int32) (*Log, error) {
	panic("unwritten")
}
func (d *Directory) Path() string                          { panic("unwritten") }
func (d *Directory) WasClean() bool                        { panic("unwritten") }
func (d *Directory) Delete(id metadata.PartitionID) error  { panic("unwritten") }
func (d *Directory) List() ([]metadata.PartitionID, error) { panic("unwritten") }
func (d *Directory) Close(ctx context.Context) error       { panic("unwritten") }

// MeasureSync times n writes with fsync.
func (d *Directory) MeasureSync(n int) ([]time.Duration, error) { panic("unwritten") }

func (l *Log) ID() metadata.PartitionID                                    { panic("unwritten") }
func (l *Log) Append(b *record.Batch, leaderEpoch int32) (Appended, error) { panic("unwritten") }
func (l *Log) Read(offset, limitOffset int64, maxBytes int, minOne bool) ([]segment.Slice, error) {
	panic("unwritten")
}
func (l *Log) StartOffset() int64                                      { panic("unwritten") }
func (l *Log) EndOffset() int64                                        { panic("unwritten") }
func (l *Log) LastStable(hw int64) int64                               { panic("unwritten") }
func (l *Log) LookupTime(ts int64) (OffsetAt, bool, error)             { panic("unwritten") }
func (l *Log) MaxTimestamp() (OffsetAt, bool, error)                   { panic("unwritten") }
func (l *Log) EpochEnd(epoch int32) (int32, int64)                     { panic("unwritten") }
func (l *Log) EpochOf(offset int64) int32                              { panic("unwritten") }
func (l *Log) LatestEpoch() int32                                      { panic("unwritten") }
func (l *Log) AssignEpoch(epoch int32, startOffset int64)              { panic("unwritten") }
func (l *Log) Truncate(offset int64) error                             { panic("unwritten") }
func (l *Log) DeleteRecords(offset, hw int64) (int64, error)           { panic("unwritten") }
func (l *Log) Retain(now time.Time, hw int64) (deleted int, err error) { panic("unwritten") }
func (l *Log) Roll() error                                             { panic("unwritten") }
func (l *Log) Sync() (durableEnd int64, err error)                     { panic("unwritten") }
func (l *Log) Producers() []ProducerState                              { panic("unwritten") }
func (l *Log) AbortedTxns(from, to int64) ([]AbortedTxn, error)        { panic("unwritten") }
func (l *Log) Config() Config                                          { panic("unwritten") }
func (l *Log) SetConfig(c Config)                                      { panic("unwritten") }
func (l *Log) Size() int64                                             { panic("unwritten") }
func (l *Log) Segments() []SegmentInfo                                 { panic("unwritten") }
func (l *Log) Err() error                                              { panic("unwritten") }
