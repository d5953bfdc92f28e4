package record

// Options say what a Builder builds.
type Options struct {
	Codec         Codec
	Level         int // DefaultLevel or the codec's level
	BaseOffset    int64
	LeaderEpoch   int32
	LogAppendTime bool
	AppendTimeMs  int64 // MaxTimestamp when LogAppendTime is set
	Transactional bool
	HasProducer   bool // ProducerID, ProducerEpoch and BaseSequence count
	ProducerID    int64
	ProducerEpoch int16
	BaseSequence  int32
}

// Builder assembles one batch record by record.
type Builder struct{}

// NewBuilder starts a batch.
func NewBuilder(o Options) *Builder { panic("unwritten") }

// Append adds a record with the next offset.
func (b *Builder) Append(timestampMs int64, key, value []byte, headers ...RecordHeader) {
	panic("unwritten")
}

// Count is the number of records appended.
func (b *Builder) Count() int { panic("unwritten") }

// Size is the uncompressed size in bytes of the batch so far.
func (b *Builder) Size() int { panic("unwritten") }

// Build returns the finished batch and resets the builder for the next.
func (b *Builder) Build() Batch { panic("unwritten") }

// ControlType is the kind of a control record.
type ControlType int16

// The control records of transactions.
const (
	ControlAbort  ControlType = 0
	ControlCommit ControlType = 1
)

// ControlBatch builds the batch of one transaction marker.
func ControlBatch(kind ControlType, producerID int64, producerEpoch int16, coordinatorEpoch int32,
	timestampMs int64) Batch {
	panic("unwritten")
}
