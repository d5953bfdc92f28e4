package record

import (
	"bytes"
	"fmt"
)

// Thinner takes records out of batches, as compaction does. It keeps its buffers from batch to batch, so what it
// returns is valid until its next call. It is not safe for concurrent use.
type Thinner struct {
	plain []byte // the decompressed records of the batch at hand
	kept  []byte // those that stay
	out   bytes.Buffer
}

// thinnerKeeps bounds the buffers that a Thinner keeps for the next batch.
const thinnerKeeps = 4 << 20

// Keyed is what compaction looks at in a record.
type Keyed struct {
	Offset    int64
	Key       []byte // nil is null; valid until the next record
	Tombstone bool   // the value is null
}

// Each visits the records of a batch in order until visit returns false.
func (t *Thinner) Each(b Batch, visit func(k Keyed) (more bool)) error {
	s, err := t.open(b)
	if err != nil {
		return err
	}
	for i := range b.Count {
		r, ok := s.next()
		if !ok {
			return fmt.Errorf("read record %d: %w", i, errThinBody)
		}
		if !visit(r.keyed(&b.Header)) {
			return nil
		}
	}
	return s.end(b.Count)
}

// Thinned is what became of a batch.
type Thinned struct {
	// Batch holds the records that stay. Its offsets, its producer's fields and its codec are the old ones. It is the
	// batch itself when nothing changed, and has no bytes when no record stays.
	Batch Batch
	// Kept and Dropped are numbers of records.
	Kept, Dropped int
}

// Thin returns the batch with those records that keep wants. One that keeps a tombstone, and has no delete horizon
// yet, gets horizonMs for one (KIP-534), unless that is NoTimestamp.
func (t *Thinner) Thin(b Batch, horizonMs int64, keep func(k Keyed) bool) (Thinned, error) {
	s, err := t.open(b)
	if err != nil {
		return Thinned{}, err
	}
	out := Thinned{Batch: b}
	tombstones, maxDelta := false, int64(0)
	t.kept = t.kept[:0]
	from := 0 // where the records begin that stay and were not copied yet
	for i := range b.Count {
		at := s.pos
		r, ok := s.next()
		if !ok {
			return Thinned{}, fmt.Errorf("read record %d: %w", i, errThinBody)
		}
		k := r.keyed(&b.Header)
		if !keep(k) {
			t.kept = append(t.kept, s.b[from:at]...)
			from = s.pos
			out.Dropped++
			continue
		}
		if out.Kept == 0 || r.timestampDelta > maxDelta {
			maxDelta = r.timestampDelta
		}
		tombstones = tombstones || k.Tombstone
		out.Kept++
	}
	if err := s.end(b.Count); err != nil {
		return Thinned{}, err
	}
	setHorizon := tombstones && horizonMs != NoTimestamp && !b.HasDeleteHorizon()
	switch {
	case out.Kept == 0:
		out.Batch.Raw = nil
		return out, nil
	case out.Dropped == 0 && !setHorizon:
		return out, nil
	}
	t.kept = append(t.kept, s.b[from:]...)
	h := b.Header
	h.Count = int32(out.Kept)
	if !h.LogAppendTime() {
		h.MaxTimestamp = h.BaseTimestamp + maxDelta
	}
	if setHorizon {
		t.rebase(&h, horizonMs)
	}
	out.Batch, err = t.build(h)
	return out, err
}

// WithHorizon returns the batch with a delete horizon, which a transaction's marker gets when all that it decides is
// gone.
func (t *Thinner) WithHorizon(b Batch, horizonMs int64) (Batch, error) {
	s, err := t.open(b)
	if err != nil {
		return Batch{}, err
	}
	t.kept = append(t.kept[:0], s.b...)
	for i := range b.Count {
		if _, ok := s.next(); !ok {
			return Batch{}, fmt.Errorf("read record %d: %w", i, errThinBody)
		}
	}
	if err := s.end(b.Count); err != nil {
		return Batch{}, err
	}
	h := b.Header
	t.rebase(&h, horizonMs)
	return t.build(h)
}

// Emptied returns the batch without records. Its offsets and its producer's fields stay: of the last batch of a
// producer its sequence is still needed, of the last of a segment its offset (DefaultRecordBatch.writeEmptyHeader).
func Emptied(h Header) Batch {
	h.Attributes &^= attrCodec | attrDeleteHorizon
	h.Count, h.BaseTimestamp = 0, NoTimestamp
	raw := make([]byte, HeaderSize)
	h.finish(raw)
	return Batch{Header: h, Raw: raw}
}

// open gives the records of a batch as they are walked.
func (t *Thinner) open(b Batch) (thinSection, error) {
	if cap(t.plain) > thinnerKeeps {
		t.plain = nil
	}
	if cap(t.kept) > thinnerKeeps {
		t.kept = nil
	}
	if b.Codec() == None {
		return thinSection{b: b.Raw[HeaderSize:]}, nil
	}
	plain, err := decompressInto(t.plain[:0], b, batchLimit(len(b.Raw)))
	if err != nil {
		return thinSection{}, err
	}
	t.plain = plain
	return thinSection{b: plain}, nil
}

// rebase gives the records that stay the delete horizon as their base timestamp, and each the difference to it.
func (t *Thinner) rebase(h *Header, horizonMs int64) {
	shift := h.BaseTimestamp - horizonMs // wraps around, as their sum does
	s := thinSection{b: t.kept}
	out := make([]byte, 0, len(t.kept)+5*int(h.Count))
	for range h.Count {
		r, _ := s.next()
		delta := r.timestampDelta + shift
		body := r.body
		out = appendVarint(out, int32(1+sizeVarlong(delta)+len(body)-r.deltaEnd))
		out = append(out, body[0])
		out = appendVarlong(out, delta)
		out = append(out, body[r.deltaEnd:]...)
	}
	t.kept = out
	h.Attributes |= attrDeleteHorizon
	h.BaseTimestamp = horizonMs
}

// build makes a batch of the records that stay, in its own codec.
func (t *Thinner) build(h Header) (Batch, error) {
	if t.out.Cap() > thinnerKeeps {
		t.out = bytes.Buffer{}
	}
	var room [HeaderSize]byte
	t.out.Reset()
	t.out.Write(room[:])
	if err := compress(&t.out, h.Codec(), DefaultLevel, bytes.NewReader(t.kept)); err != nil {
		return Batch{}, fmt.Errorf("rewrite batch: %w", err)
	}
	raw := t.out.Bytes()
	h.finish(raw)
	return Batch{Header: h, Raw: raw}, nil
}
