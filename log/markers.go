package log

import (
	"encoding/binary"
	"fmt"

	"weir/record"
)

// marker is the end of a transaction, read from a control batch (EndTransactionMarker.java).
type marker struct {
	abort            bool
	coordinatorEpoch int32
	timestamp        int64
}

// maxControlBytes bounds the records of a control batch; markers are some twenty bytes.
const maxControlBytes = 64 << 10

// markerOf reads the marker of a control batch; ok is false for other control records and for a batch whose
// transaction compaction has removed (it is empty then).
func markerOf(b record.Batch) (m marker, ok bool, err error) {
	for r, err := range b.Records(maxControlBytes) {
		if err != nil {
			return m, false, fmt.Errorf("read control record at offset %d: %w", b.BaseOffset, err)
		}
		if len(r.Key) < 4 {
			return m, false, fmt.Errorf("read control record at offset %d: key of %d bytes: %w", b.BaseOffset,
				len(r.Key), record.ErrInvalid)
		}
		kind := record.ControlType(binary.BigEndian.Uint16(r.Key[2:]))
		if kind != record.ControlAbort && kind != record.ControlCommit {
			return m, false, nil
		}
		if len(r.Value) < 6 {
			return m, false, fmt.Errorf("read control record at offset %d: value of %d bytes: %w", b.BaseOffset,
				len(r.Value), record.ErrInvalid)
		}
		return marker{abort: kind == record.ControlAbort, timestamp: r.Timestamp,
			coordinatorEpoch: int32(binary.BigEndian.Uint32(r.Value[2:]))}, true, nil
	}
	return m, false, nil
}
