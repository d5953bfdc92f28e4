package coordinator

import (
	"fmt"

	"weir/log"
	"weir/record"
)

// pending is what marks the records of a transaction.
type pending struct {
	producer Producer
	guard    log.Guard
}

// span is a range of offsets, [from, to).
type span struct{ from, to int64 }

// tail follows what others write to the shard's partition: markers of transactions. Only the shard's goroutine
// touches it.
type tail struct {
	open map[int64][]pendingBatch // by producer, what no marker has been met for; oldest first
	gaps []span                   // between what the shard wrote, not looked at yet; oldest first
	end  int64                    // after what the shard wrote or looked at
	met  int64                    // the durable end when the tail was last looked at
	deaf bool                     // the partition cannot be watched; it will end the shard
}

// pendingBatch is a batch of an open transaction.
type pendingBatch struct {
	offset  int64
	records int
}

func (t *tail) begin(end int64) { t.end, t.met = end, end }

// wrote notes a batch of the shard's own.
func (t *tail) wrote(from, to int64) {
	if from > t.end && (len(t.open) > 0 || mutantAnyMarker) {
		t.gaps = append(t.gaps, span{t.end, from})
	}
	t.end, t.deaf = to, false
}

// pends notes a batch of an open transaction.
func (t *tail) pends(producerID, offset int64, records int) {
	if t.open == nil {
		t.open = make(map[int64][]pendingBatch)
	}
	t.open[producerID] = append(t.open[producerID], pendingBatch{offset, records})
}

// ends takes off what a producer wrote before a marker, and gives how many records that is. Markers may stand there
// before a transaction's first batch too: of one that wrote nothing here, or written twice.
func (t *tail) ends(producerID, marker int64) (records int) {
	left := t.open[producerID]
	for len(left) > 0 && (left[0].offset < marker || mutantAnyMarker) {
		records += left[0].records
		left = left[1:]
	}
	if t.open[producerID] = left; len(left) == 0 {
		delete(t.open, producerID)
	}
	return records
}

func (r *runner) applyPending(rec Record, p Producer, undo *Undo) error {
	m, ok := r.machine.(Pending)
	if !ok {
		return fmt.Errorf("a record of a transaction, and no such are kept here: %w", record.ErrInvalid)
	}
	return m.ApplyPending(rec, p, undo)
}

// endPending looks at a control record. Those that are no transaction's markers are passed over.
func (r *runner) endPending(producerID int64, rec record.Record) error {
	if len(r.tail.open[producerID]) == 0 {
		return nil
	}
	c, err := record.ParseControl(rec)
	if err != nil || c.Type != record.ControlCommit && c.Type != record.ControlAbort {
		return err
	}
	if n := r.tail.ends(producerID, rec.Offset); n > 0 {
		r.machine.(Pending).EndPending(producerID, n, c.Type == record.ControlCommit)
	}
	return nil
}

// meetMarkers looks at what others wrote that has become durable. While no transaction is open here there is
// nothing to look for.
func (r *runner) meetMarkers() error {
	t := &r.tail
	if len(t.open) == 0 {
		return nil
	}
	durable := r.log.DurableEnd()
	if durable > t.end {
		t.gaps = append(t.gaps, span{t.end, durable})
		t.end = durable
	}
	t.met = durable
	for len(t.gaps) > 0 && t.gaps[0].from < durable {
		// Of a gap's markers the first may be durable alone: who waits for that one may already have gone on.
		gap := &t.gaps[0]
		to := min(gap.to, durable)
		if mutantWholeGaps && to < gap.to {
			break
		}
		if err := r.meet(span{gap.from, to}); err != nil {
			return err
		}
		if gap.from = to; gap.from == gap.to {
			t.gaps = t.gaps[1:]
		}
	}
	if len(t.open) == 0 {
		t.gaps = nil
	}
	return nil
}

// meet reads one range of the partition.
func (r *runner) meet(s span) error {
	for s.from < s.to {
		piece, err := r.log.Read(s.from, r.config.LoadBufferBytes)
		if err != nil {
			return fmt.Errorf("look for markers at offset %d: %w", s.from, err)
		}
		next := s.from
		for len(piece) >= record.HeaderSize && next < s.to {
			h, err := record.ParseHeader(piece)
			if err != nil {
				return fmt.Errorf("look for markers at offset %d: %w", next, err)
			}
			if h.Size() > len(piece) {
				break
			}
			if h.IsControl() {
				if err := r.meetBatch(record.Batch{Header: h, Raw: piece[:h.Size()]}); err != nil {
					return err
				}
			}
			next, piece = h.LastOffset()+1, piece[h.Size():]
		}
		if next == s.from {
			return fmt.Errorf("look for markers at offset %d: no whole batch: %w", s.from, record.ErrCorrupt)
		}
		s.from = next
	}
	return nil
}

func (r *runner) meetBatch(b record.Batch) error {
	if !record.CheckCRC(b.Raw) {
		return fmt.Errorf("marker at offset %d: checksum does not match: %w", b.BaseOffset, record.ErrCorrupt)
	}
	for rec, err := range b.Records(decompressedMax) {
		if err == nil {
			err = r.endPending(b.ProducerID, rec)
		}
		if err != nil {
			return fmt.Errorf("marker at offset %d: %w", b.BaseOffset, err)
		}
	}
	return nil
}

// watchTail gives a channel that is closed when markers may have come; nil while none are looked for.
func (r *runner) watchTail() (moved <-chan struct{}, stop func()) {
	t := &r.tail
	if len(t.open) == 0 || t.deaf {
		return nil, func() {}
	}
	moved, stop = r.log.Watch(t.met)
	select {
	case <-moved:
		if t.deaf = r.log.DurableEnd() <= t.met; t.deaf {
			return nil, stop
		}
	default:
	}
	return moved, stop
}
