// Package segment is one log file with its indexes: append, read, recover, seal.
package segment

import (
	"net"
	"time"

	"weir/index"
	"weir/record"
	"weir/vfs"
)

// Config holds what a segment is told about how to behave.
type Config struct {
	IndexIntervalBytes int   // bytes of batches between two index entries
	IndexMaxBytes      int   // size of the offset index at which the segment is full
	Preallocate        int64 // bytes reserved on disk when the segment is created; 0 = off
}

// OpenOptions says what is known about a segment that is opened.
type OpenOptions struct {
	Active bool // will be appended to
	Clean  bool // the last stop was clean: sizes are trusted
	// NextOffset, when > 0, is the base offset of the following segment: no offset at or past it may be found here.
	NextOffset int64
}

// TimestampOffset is a timestamp in ms and the offset that has it.
type TimestampOffset struct {
	Timestamp int64
	Offset    int64
}

// RecoverReport says what Recover found and did.
type RecoverReport struct {
	ValidEnd   int64 // position after the last good batch
	Cut        int64 // bytes cut off after it
	NextOffset int64 // the offset after the last good batch's last
}

// DamageError says where bytes were found that should be a batch and are not.
type DamageError struct {
	Path             string
	Position, Offset int64
	Err              error
}

func (e *DamageError) Error() string { panic("unwritten") }
func (e *DamageError) Unwrap() error { return e.Err }

// Segment is one log file with its indexes.
type Segment struct{}

func Create(fs vfs.FS, dir string, baseOffset int64, c Config) (*Segment, error) { panic("unwritten") }
func Open(fs vfs.FS, dir string, baseOffset int64, c Config, o OpenOptions) (*Segment, error) {
	panic("unwritten")
}
func (s *Segment) Append(b *record.Batch) (position int64, err error) { panic("unwritten") }
func (s *Segment) Recover(fromOffset int64, visit func(record.Batch) error) (RecoverReport, error) {
	panic("unwritten")
}
func (s *Segment) Scan(pos int64, visit func(h record.Header, pos int64) (more bool, err error)) error {
	panic("unwritten")
}
func (s *Segment) Read(offset, limit, limitOffset int64, maxBytes int, minOne bool) (Slice, error) {
	panic("unwritten")
}
func (s *Segment) PositionOf(offset int64) (pos int64, h record.Header, ok bool, err error) {
	panic("unwritten")
}
func (s *Segment) LookupTime(ts int64) (TimestampOffset, bool, error) { panic("unwritten") }
func (s *Segment) MaxTimestamp() TimestampOffset                      { panic("unwritten") }

// FirstTimestamp is the first batch's maximum timestamp in ms, -1 when the segment is empty.
func (s *Segment) FirstTimestamp() int64       { panic("unwritten") }
func (s *Segment) BaseOffset() int64           { panic("unwritten") }
func (s *Segment) NextOffset() int64           { panic("unwritten") }
func (s *Segment) Size() int64                 { panic("unwritten") }
func (s *Segment) CreatedAt() time.Time        { panic("unwritten") }
func (s *Segment) ModTime() (time.Time, error) { panic("unwritten") }
func (s *Segment) Path() string                { panic("unwritten") }
func (s *Segment) Sync() error                 { panic("unwritten") }
func (s *Segment) SyncIndexes() error          { panic("unwritten") }
func (s *Segment) Seal() error                 { panic("unwritten") }

// Close is a clean stop of an active or sealed segment: final time entry, everything synced, files closed.
func (s *Segment) Close() error                { panic("unwritten") }
func (s *Segment) Truncate(offset int64) error { panic("unwritten") }
func (s *Segment) IndexFull() bool             { panic("unwritten") }
func (s *Segment) Acquire() bool               { panic("unwritten") }
func (s *Segment) Release()                    { panic("unwritten") }

// Retire gives up the owner's reference.
func (s *Segment) Retire()            { panic("unwritten") }
func (s *Segment) MarkDeleted() error { panic("unwritten") }
func (s *Segment) Remove() error      { panic("unwritten") }

// Slice is a byte range of one segment that begins at a batch.
type Slice struct{}

// FirstOffset is the base offset of the first batch.
func (s Slice) FirstOffset() int64                      { panic("unwritten") }
func (s Slice) Len() int                                { panic("unwritten") }
func (s Slice) ReadAt(p []byte, off int64) (int, error) { panic("unwritten") }
func (s Slice) Bytes() ([]byte, error)                  { panic("unwritten") }
func (s Slice) SendTo(conn net.Conn) (int64, error)     { panic("unwritten") }
func (s Slice) Release()                                { panic("unwritten") }

// TxnIndex returns the index of aborted transactions; the appender writes it, anyone may Collect.
func (s *Segment) TxnIndex() *index.Txn { panic("unwritten") }
