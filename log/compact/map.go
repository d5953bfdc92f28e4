package compact

import (
	"fmt"

	"weir/record"
)

// Mapper notes the newest offset of each key in the dirty part of a log, batch by batch.
type Mapper struct {
	Keys *Keys
	// From is the first dirty offset, End the offset up to which all keys are in the table.
	From, End int64
	// Txns follows the transactions of what is mapped: aborted records count for nothing.
	Txns Transactions

	thin record.Thinner
}

// Batch notes the keys of a batch. full says that the table has no room for one of them: then End is its offset, and
// nothing more is mapped. At least one key fits into a table.
func (m *Mapper) Batch(b record.Batch) (full bool, err error) {
	if b.IsControl() {
		m.Txns.Marker(&b.Header)
	} else if !m.Txns.Data(&b.Header) {
		full, err = m.records(b)
	}
	if !full && err == nil {
		m.End = max(m.End, b.LastOffset()+1)
	}
	return full, err
}

func (m *Mapper) records(b record.Batch) (full bool, err error) {
	err = m.thin.Each(b, func(k record.Keyed) bool {
		if k.Key == nil || k.Offset < m.From {
			return true
		}
		if !m.Keys.Put(k.Key, k.Offset) {
			m.End, full = k.Offset, true
		}
		return !full
	})
	if err != nil {
		return full, fmt.Errorf("map batch at offset %d: %w", b.BaseOffset, err)
	}
	return full, nil
}
