package admin

import (
	"errors"
	"fmt"
	"io"

	"weir/partition"
	"weir/record"
)

// readBytes is how much of a log is read at once.
const readBytes = 1 << 20

// visitor is given a record that was read, and about how many bytes it takes. It is false when no more are wanted, this one neither.
type visitor func(r *record.Record, size int64) (more bool)

// read visits the durable records of a partition from an offset on, those in about maxBytes of its log, until visit has enough. It gives
// the offset of the first that is left. Of what is compressed one record is held at a time, and none longer than its visit.
func read(p *partition.Partition, from int64, maxBytes int, visit visitor) (next int64, err error) {
	res, err := p.Read(partition.ReadRequest{Offset: from, MaxBytes: maxBytes, MinOne: true, CurrentLeaderEpoch: -1, LastFetchedEpoch: -1})
	if err != nil {
		return from, fmt.Errorf("read %s from %d: %w", p.ID(), from, err)
	}
	defer res.Release()
	next = from
	for _, slice := range res.Slices {
		raw, err := slice.Bytes()
		if err != nil {
			return next, fmt.Errorf("read %s from %d: %w", p.ID(), from, err)
		}
		for {
			h, err := record.ParseHeader(raw)
			if err != nil || h.Size() > len(raw) {
				break
			}
			batch := record.Batch{Header: h, Raw: raw[:h.Size():h.Size()]}
			raw = raw[h.Size():]
			if h.LastOffset() < next {
				continue
			}
			stopped, err := visitBatch(batch, next, visit)
			if err != nil {
				return next, fmt.Errorf("read %s from %d: %w", p.ID(), from, err)
			}
			if stopped >= 0 {
				return stopped, nil
			}
			next = h.LastOffset() + 1
		}
	}
	return next, nil
}

// visitBatch visits the records of a batch from an offset on. It gives the offset of the one at which visit had enough, or -1.
func visitBatch(b record.Batch, from int64, visit visitor) (stopped int64, err error) {
	if b.IsControl() {
		return -1, nil
	}
	s, err := record.NewStream(b)
	if err != nil {
		return -1, err
	}
	defer s.Close()
	for {
		offset, size, err := s.Next()
		if errors.Is(err, io.EOF) {
			return -1, nil
		}
		if err != nil {
			return -1, err
		}
		if offset < from {
			continue
		}
		r, err := s.Record()
		if err != nil {
			return -1, err
		}
		if !visit(&r, size) {
			return offset, nil
		}
	}
}
