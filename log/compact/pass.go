package compact

import (
	"fmt"
	"math"

	"weir/record"
)

// Last is the last that a producer wrote: a batch of records, or if its epoch has none yet, a marker.
type Last struct {
	DataOffset int64 // of its last record, -1 for none
	Epoch      int16
}

// Pass says of each batch of a log, from its first, what stays of it. The fields are set before the first batch.
type Pass struct {
	Keys *Keys
	End  int64 // what lies at or past it was not mapped, and stays as it is
	// NowMs is when the pass began; DeleteRetentionMs is delete.retention.ms.
	NowMs, DeleteRetentionMs int64
	// Producers are those that may go on: what says where they stand stays.
	Producers map[int64]Last
	Txns      Transactions

	// Counts of what was met.
	RecordsRead, RecordsKept, Keyless int64

	thin record.Thinner
}

// Batch says what stays of a batch: itself, another one with the same offsets, or nothing, which has no bytes. The
// bytes are valid until the next call. The last batch of a segment that is written stays, if need be without records,
// so that the file says which offsets it stands for.
func (p *Pass) Batch(b record.Batch, lastOfSegment bool) (record.Batch, error) {
	p.RecordsRead += int64(b.Count)
	var out record.Batch
	var err error
	if b.IsControl() {
		out, err = p.marker(b)
	} else {
		out, err = p.data(b)
	}
	if err != nil {
		return record.Batch{}, fmt.Errorf("compact batch at offset %d: %w", b.BaseOffset, err)
	}
	if out.Raw == nil && (lastOfSegment || p.isLastData(&b.Header)) {
		out = record.Emptied(b.Header)
	}
	if out.Raw != nil {
		p.RecordsKept += int64(out.Count)
	}
	return out, nil
}

// isLastData reports whether a producer's next batch is checked against this one.
func (p *Pass) isLastData(h *record.Header) bool {
	last, ok := p.Producers[h.ProducerID]
	return ok && h.HasProducer() && !h.IsControl() && last.DataOffset == h.LastOffset()
}

// marker keeps a transaction's marker while a batch of the transaction is there, and for delete.retention.ms after a
// pass first met none: a reader may be between the two.
func (p *Pass) marker(b record.Batch) (record.Batch, error) {
	needed := p.Txns.Marker(&b.Header)
	last, active := p.Producers[b.ProducerID]
	switch {
	case needed || b.LastOffset() >= p.End:
		return b, nil
	case active && last.DataOffset < 0 && last.Epoch == b.ProducerEpoch:
		return b, nil // nothing else in the log says that older epochs are fenced
	case b.Count == 0:
		return record.Batch{}, nil
	}
	decides, err := p.decides(b)
	switch {
	case err != nil || !decides:
		return b, err
	case !b.HasDeleteHorizon():
		return p.thin.WithHorizon(b, p.horizon())
	case p.NowMs < b.BaseTimestamp:
		return b, nil
	}
	return record.Batch{}, nil
}

// decides reports whether a control batch ends a transaction: others are not ours to drop.
func (p *Pass) decides(b record.Batch) (bool, error) {
	for r, err := range b.Records(maxControlBytes) {
		if err != nil {
			return false, err
		}
		c, err := record.ParseControl(r)
		return c.Type == record.ControlAbort || c.Type == record.ControlCommit, err
	}
	return false, nil
}

// maxControlBytes bounds the records of a control batch; markers are some twenty bytes.
const maxControlBytes = 64 << 10

// data keeps of a batch the records that are the newest of their keys. Of an aborted one it keeps none.
func (p *Pass) data(b record.Batch) (record.Batch, error) {
	aborted := p.Txns.Data(&b.Header)
	if b.BaseOffset >= p.End {
		return b, nil
	}
	whole := b.LastOffset() < p.End
	if aborted && whole {
		return record.Batch{}, nil
	}
	if aborted {
		return b, nil // the next pass has all of it before it
	}
	horizon := record.NoTimestamp
	if whole && !mutantNoHorizon {
		horizon = p.horizon()
	}
	expired := b.HasDeleteHorizon() && p.NowMs >= b.BaseTimestamp || mutantNoHorizon
	out, err := p.thin.Thin(b, horizon, func(k record.Keyed) bool { return p.keeps(k, expired) })
	return out.Batch, err
}

// keeps says whether a record of a committed batch stays. expired says that tombstones in it were kept long enough.
func (p *Pass) keeps(k record.Keyed, expired bool) bool {
	if k.Offset >= p.End {
		return true
	}
	if k.Key == nil {
		p.Keyless++ // written before the topic was compacted: nothing can ever replace it
		return false
	}
	newest := p.Keys.Newest(k.Key)
	if mutantKeepOldest {
		return newest < 0 || k.Offset != newest
	}
	return k.Offset >= newest && !(k.Tombstone && expired)
}

// horizon is until when tombstones and markers stay that this pass is the first to have done with, never NoTimestamp.
func (p *Pass) horizon() int64 {
	if p.DeleteRetentionMs > math.MaxInt64-p.NowMs {
		return math.MaxInt64
	}
	return max(p.NowMs+p.DeleteRetentionMs, 0)
}
