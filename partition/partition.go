// Package partition is the leadership of one log: epoch fencing, high watermark, last stable offset, tickets, waiters.
package partition

import (
	"errors"
	"log/slog"

	"weir/internal/clock"
	"weir/log"
	"weir/metadata"
	"weir/record"
	"weir/segment"
)

// What may go wrong besides what the log says; match with errors.Is.
var (
	ErrNotLeader    = errors.New("not the leader of this partition")           // NOT_LEADER_OR_FOLLOWER
	ErrFencedEpoch  = errors.New("leader epoch is older than the partition's") // FENCED_LEADER_EPOCH
	ErrUnknownEpoch = errors.New("leader epoch is newer than the partition's") // UNKNOWN_LEADER_EPOCH
	ErrUnknown      = errors.New("unknown partition")                          // UNKNOWN_TOPIC_OR_PARTITION
	ErrStopped      = errors.New("stopped waiting")                            // the caller gave up
	ErrOffline      = log.ErrOffline                                           // KAFKA_STORAGE_ERROR
)

// Committer is the only thing that lets the high watermark move. Submit never blocks on the disk.
type Committer interface {
	Submit(p *Partition, leaderEpoch int32, end int64)
}

// SyncCommitter commits after an fsync that began after the write.
type SyncCommitter struct{}

// NewSyncCommitter starts the flusher of one data directory.
func NewSyncCommitter(c SyncConfig, clk clock.Clock, lg *slog.Logger) *SyncCommitter {
	panic("unwritten")
}

// SyncConfig sets the flusher.
type SyncConfig struct {
	Workers int // fsyncs in flight at once; 0 = 4
}

func (c *SyncCommitter) Submit(p *Partition, leaderEpoch int32, end int64) { panic("unwritten") }
func (c *SyncCommitter) Close()                                            { panic("unwritten") }

// PageCacheCommitter commits inline as far as the topic's flush.messages allows, else through the flusher.
type PageCacheCommitter struct{}

func NewPageCacheCommitter(s *SyncCommitter, clk clock.Clock) *PageCacheCommitter { panic("unwritten") }
func (c *PageCacheCommitter) Submit(p *Partition, leaderEpoch int32, end int64)   { panic("unwritten") }

type Partition struct{}

func New(l *log.Log, c Committer, leaderEpoch int32, clk clock.Clock) *Partition { panic("unwritten") }

// AppendOptions bind an append to a leader epoch.
type AppendOptions struct {
	ExpectedLeaderEpoch int32 // -1 = any
}

// Ticket is the promise that an appended batch will be committed.
type Ticket struct {
	BaseOffset, LastOffset, AppendTimeMs, LogStartOffset int64
	Duplicate                                            bool
}

func (t *Ticket) Wait(stop <-chan struct{}) error { panic("unwritten") }

// Committed reports whether Wait would return at once.
func (t *Ticket) Committed() bool { panic("unwritten") }

type ReadRequest struct {
	Offset                               int64
	MaxBytes                             int
	MinOne                               bool
	Committed                            bool // read_committed
	CurrentLeaderEpoch, LastFetchedEpoch int32
}
type ReadResult struct {
	Slices                              []segment.Slice
	HighWatermark, LastStable, LogStart int64
	Aborted                             []AbortedTxn
	Diverging                           *EpochEnd
}
type AbortedTxn = log.AbortedTxn
type ProducerState = log.ProducerState
type EpochEnd struct {
	Epoch int32
	End   int64
}
type OffsetAt = log.OffsetAt

func (r *ReadResult) Release() { panic("unwritten") }
func (r *ReadResult) Len() int { panic("unwritten") }

func (p *Partition) ID() metadata.PartitionID { panic("unwritten") }
func (p *Partition) Append(b *record.Batch, o AppendOptions) (Ticket, error) {
	panic("unwritten")
}
func (p *Partition) Read(r ReadRequest) (ReadResult, error)             { panic("unwritten") }
func (p *Partition) HighWatermark() int64                               { panic("unwritten") }
func (p *Partition) LastStable() int64                                  { panic("unwritten") }
func (p *Partition) StartOffset() int64                                 { panic("unwritten") }
func (p *Partition) EndOffset(committed bool) int64                     { panic("unwritten") }
func (p *Partition) LeaderEpoch() int32                                 { panic("unwritten") }
func (p *Partition) StartAt(currentLeaderEpoch int32) (OffsetAt, error) { panic("unwritten") }
func (p *Partition) EndAt(committed bool, currentLeaderEpoch int32) (OffsetAt, error) {
	panic("unwritten")
}
func (p *Partition) LookupTime(ts int64, committed bool, currentLeaderEpoch int32) (OffsetAt, bool, error) {
	panic("unwritten")
}
func (p *Partition) MaxTimestamp(committed bool, currentLeaderEpoch int32) (OffsetAt, bool, error) {
	panic("unwritten")
}
func (p *Partition) EpochEnd(currentLeaderEpoch, epoch int32) (EpochEnd, error) { panic("unwritten") }
func (p *Partition) DeleteRecords(offset int64) (int64, error)                  { panic("unwritten") }
func (p *Partition) Retain() (int, error)                                       { panic("unwritten") }
func (p *Partition) Producers() ([]ProducerState, error)                        { panic("unwritten") }
func (p *Partition) Size() int64                                                { panic("unwritten") }
func (p *Partition) SetConfig(c log.Config)                                     { panic("unwritten") }
func (p *Partition) BecomeLeader(epoch int32)                                   { panic("unwritten") }
func (p *Partition) Resign()                                                    { panic("unwritten") }
func (p *Partition) Log() *log.Log                                              { panic("unwritten") }
func (p *Partition) Err() error                                                 { panic("unwritten") }

// Waiter is done once, when the partitions watched together have minBytes to read.
type Waiter struct{}

func NewWaiter(minBytes int) *Waiter                            { panic("unwritten") }
func (w *Waiter) Done() <-chan struct{}                         { panic("unwritten") }
func (w *Waiter) Close()                                        { panic("unwritten") }
func (p *Partition) Watch(w *Waiter, fromOffset int64)          { panic("unwritten") }
func (p *Partition) WatchCommitted(w *Waiter, fromOffset int64) { panic("unwritten") }

// Set finds partitions without a lock.
type Set struct{}

func NewSet() *Set                                             { panic("unwritten") }
func (s *Set) Get(id metadata.PartitionID) (*Partition, error) { panic("unwritten") }
func (s *Set) Put(p *Partition)                                { panic("unwritten") }
func (s *Set) Remove(id metadata.PartitionID) *Partition       { panic("unwritten") }
func (s *Set) All() []*Partition                               { panic("unwritten") }
