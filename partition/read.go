package partition

import (
	"fmt"

	"weir/log"
	"weir/segment"
)

// AbortedTxn is an aborted transaction that overlaps what was read.
type AbortedTxn = log.AbortedTxn

// ReadRequest says what to read.
type ReadRequest struct {
	Offset             int64
	MaxBytes           int
	MinOne             bool  // at least the first batch comes whole
	Committed          bool  // read_committed
	CurrentLeaderEpoch int32 // the leader epoch that the client knows, -1 for none
	LastFetchedEpoch   int32 // the epoch of the last batch the client has, -1 for none (KIP-595)
}

// ReadResult is what a read found. Release it once the slices are sent.
type ReadResult struct {
	Slices                              []segment.Slice
	HighWatermark, LastStable, LogStart int64
	Aborted                             []AbortedTxn // for read_committed: those that overlap the slices
	Diverging                           *EpochEnd    // where the client's log leaves ours; no records then
}

// Len is the bytes of all slices.
func (r *ReadResult) Len() int {
	n := 0
	for _, s := range r.Slices {
		n += s.Len()
	}
	return n
}

// Release lets the files go.
func (r *ReadResult) Release() {
	for _, s := range r.Slices {
		s.Release()
	}
	r.Slices = nil
}

// Read returns committed records as references to files. It takes no lock.
func (p *Partition) Read(r ReadRequest) (ReadResult, error) {
	p.use()
	if _, err := p.leading(r.CurrentLeaderEpoch); err != nil {
		return ReadResult{}, err
	}
	// The high watermark first: what is read next lies at or past it.
	out := ReadResult{HighWatermark: p.hw.Load()}
	out.LastStable, out.LogStart = p.log.LastStable(out.HighWatermark), p.log.StartOffset()
	if r.LastFetchedEpoch >= 0 {
		diverging, err := p.diverging(r, out.LogStart)
		if err != nil || diverging != nil {
			out.Diverging = diverging
			return out, err
		}
	}
	limit := out.HighWatermark
	if r.Committed {
		limit = out.LastStable
	}
	var err error
	if r.Committed {
		out.Slices, out.Aborted, err = p.log.ReadCommitted(r.Offset, limit, r.MaxBytes, r.MinOne)
	} else {
		out.Slices, err = p.log.Read(r.Offset, limit, r.MaxBytes, r.MinOne)
	}
	if err != nil {
		return out, p.readFailed(err)
	}
	return out, nil
}

// Through is log.Log.Through, for a slice of what Read found.
func (p *Partition) Through(s segment.Slice, offset int64) (segment.Slice, bool) {
	return p.log.Through(s, offset)
}

// diverging finds out whether the client's last batch is one of ours, by its epoch and offset.
func (p *Partition) diverging(r ReadRequest, start int64) (*EpochEnd, error) {
	epoch, end := p.log.EpochEnd(r.LastFetchedEpoch)
	if epoch < 0 || end < 0 || r.Offset < start {
		return nil, fmt.Errorf("read %s at %d, last fetched epoch %d: %w", p.ID(), r.Offset, r.LastFetchedEpoch,
			log.ErrOffsetOutOfRange)
	}
	if epoch < r.LastFetchedEpoch || end < r.Offset {
		return &EpochEnd{Epoch: epoch, End: end}, nil
	}
	return nil, nil
}

func (p *Partition) readFailed(err error) error {
	if p.log.Err() != nil {
		p.wake()
	}
	return err
}
