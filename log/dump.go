package log

import (
	"cmp"
	"fmt"
	"slices"
)

// DumpSnapshot gives what a .snapshot file says of each producer, ordered by id, for people who look into the
// files.
func DumpSnapshot(data []byte) ([]ProducerState, error) {
	s, err := decodeSnapshot(data)
	if err != nil {
		return nil, fmt.Errorf("read snapshot: %w", err)
	}
	return s.describe(), nil
}

// describe gives what is known of each producer, ordered by id.
func (s *producers) describe() []ProducerState {
	out := make([]ProducerState, 0, len(s.byID))
	for _, p := range s.byID {
		out = append(out, ProducerState{ProducerID: p.id, Epoch: p.epoch, LastSequence: p.last().lastSeq,
			LastTimestamp: p.lastTimestamp, CoordinatorEpoch: p.coordinatorEpoch, TxnStartOffset: p.txnFirst})
	}
	slices.SortFunc(out, func(a, b ProducerState) int { return cmp.Compare(a.ProducerID, b.ProducerID) })
	return out
}
