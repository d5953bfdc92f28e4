package partition

import (
	"weir/log"
	"weir/record"
)

// OffsetAt is an offset with the timestamp and the leader epoch of its record; -1 where there is none.
type OffsetAt = log.OffsetAt

// ProducerState is what the log knows of a producer.
type ProducerState = log.ProducerState

// EpochEnd is the offset at which a leader epoch ends.
type EpochEnd struct {
	Epoch int32 // -1 when unknown
	End   int64 // -1 when unknown
}

// StartAt is the first offset (ListOffsets earliest).
func (p *Partition) StartAt(currentLeaderEpoch int32) (OffsetAt, error) {
	if err := p.serving(currentLeaderEpoch); err != nil {
		return OffsetAt{}, err
	}
	start := p.log.StartOffset()
	return OffsetAt{Offset: start, Timestamp: record.NoTimestamp, LeaderEpoch: p.log.EpochOf(start)}, nil
}

// EndAt is the offset where readers stop (ListOffsets latest).
func (p *Partition) EndAt(committed bool, currentLeaderEpoch int32) (OffsetAt, error) {
	if err := p.serving(currentLeaderEpoch); err != nil {
		return OffsetAt{}, err
	}
	at := OffsetAt{Offset: p.EndOffset(committed), Timestamp: record.NoTimestamp, LeaderEpoch: p.LeaderEpoch()}
	return at, nil
}

// LookupTime is the first record with timestamp ts (ms) or later that readers may see.
func (p *Partition) LookupTime(ts int64, committed bool, currentLeaderEpoch int32) (OffsetAt, bool, error) {
	find := func() (OffsetAt, bool, error) { return p.log.LookupTime(ts) }
	return p.lookup(find, committed, currentLeaderEpoch)
}

// MaxTimestamp is the first record with the largest timestamp, if readers may see it (KIP-734).
func (p *Partition) MaxTimestamp(committed bool, currentLeaderEpoch int32) (OffsetAt, bool, error) {
	return p.lookup(p.log.MaxTimestamp, committed, currentLeaderEpoch)
}

func (p *Partition) lookup(find func() (OffsetAt, bool, error), committed bool, epoch int32,
) (OffsetAt, bool, error) {
	if err := p.serving(epoch); err != nil {
		return OffsetAt{}, false, err
	}
	limit := p.EndOffset(committed)
	at, ok, err := find()
	if err != nil {
		return OffsetAt{}, false, p.readFailed(err)
	}
	if !ok || at.Offset >= limit {
		return OffsetAt{}, false, nil
	}
	return at, true, nil
}

// EpochEnd tells where a leader epoch ends (OffsetForLeaderEpoch).
func (p *Partition) EpochEnd(currentLeaderEpoch, epoch int32) (EpochEnd, error) {
	if err := p.serving(currentLeaderEpoch); err != nil {
		return EpochEnd{}, err
	}
	found, end := p.log.EpochEnd(epoch)
	return EpochEnd{Epoch: found, End: end}, nil
}

// Producers describes the producers that wrote here.
func (p *Partition) Producers() ([]ProducerState, error) {
	if err := p.serving(-1); err != nil {
		return nil, err
	}
	return p.log.Producers(), nil
}

// serving says why a request cannot be served.
func (p *Partition) serving(clientEpoch int32) error {
	if _, err := p.leading(clientEpoch); err != nil {
		return err
	}
	return p.log.Err()
}
