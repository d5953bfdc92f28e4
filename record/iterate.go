package record

import "iter"

// Record is one record of a batch. Key, Value and header values alias the
// batch (or its decompressed form); a nil Key or Value is Kafka's null.
type Record struct {
	Offset, Timestamp int64
	Key, Value        []byte
	Headers           []RecordHeader
}

// RecordHeader is one record header; a nil Value is Kafka's null.
type RecordHeader struct {
	Key   string
	Value []byte
}

// Records walks the batch's records, decompressing at most max bytes.
func (b Batch) Records(max int64) iter.Seq2[Record, error] { panic("unwritten") }

// Decompress returns the batch's records section, at most max bytes.
func Decompress(b Batch, max int64) ([]byte, error) { panic("unwritten") }
