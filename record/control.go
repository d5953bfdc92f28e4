package record

import (
	"encoding/binary"
	"fmt"
)

// ControlType is the kind of a control record (ControlRecordType.java).
type ControlType int16

// The control records of transactions.
const (
	ControlAbort  ControlType = 0
	ControlCommit ControlType = 1
)

// Control is a transaction marker.
type Control struct {
	Type             ControlType
	CoordinatorEpoch int32
}

// ControlBatch builds the batch of one transaction marker (EndTxnMarker
// version 0); the log stamps its offset.
func ControlBatch(kind ControlType, producerID int64, producerEpoch int16, coordinatorEpoch int32,
	timestampMs int64) Batch {
	key := binary.BigEndian.AppendUint16(make([]byte, 2, 4), uint16(kind))
	value := binary.BigEndian.AppendUint32(make([]byte, 2, 6), uint32(coordinatorEpoch))
	b := NewBuilder(Options{Transactional: true, Control: true, HasProducer: true, ProducerID: producerID,
		ProducerEpoch: producerEpoch, BaseSequence: NoSequence})
	b.Append(timestampMs, key, value)
	return b.Build()
}

// MarkerBatch is the ControlBatch that commits or aborts a transaction.
func MarkerBatch(commit bool, producerID int64, producerEpoch int16, coordinatorEpoch int32, timestampMs int64) Batch {
	kind := ControlAbort
	if commit {
		kind = ControlCommit
	}
	return ControlBatch(kind, producerID, producerEpoch, coordinatorEpoch, timestampMs)
}

// ParseControl decodes a record of a control batch. Types other than those of
// transactions come back as they are, with a zero coordinator epoch.
func ParseControl(r Record) (Control, error) {
	if len(r.Key) < 4 {
		return Control{}, fmt.Errorf("parse control record: %w", invalidf("key of %d bytes", len(r.Key)))
	}
	c := Control{Type: ControlType(binary.BigEndian.Uint16(r.Key[2:]))}
	if c.Type != ControlAbort && c.Type != ControlCommit {
		return c, nil
	}
	if len(r.Value) < 6 {
		return Control{}, fmt.Errorf("parse control record: %w", invalidf("value of %d bytes", len(r.Value)))
	}
	c.CoordinatorEpoch = int32(binary.BigEndian.Uint32(r.Value[2:]))
	return c, nil
}
