package admin

import (
	"fmt"

	"weir/partition"
	"weir/record"
)

// readBytes is how much of a log is read at once.
const readBytes = 1 << 20

// read visits the durable records of a partition from an offset on, about maxBytes of them, and gives the offset after them. Records
// live no longer than the visit.
func read(p *partition.Partition, from int64, maxBytes int, visit func(r *record.Record)) (next int64, err error) {
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
			if err := visitBatch(batch, next, visit); err != nil {
				return next, fmt.Errorf("read %s from %d: %w", p.ID(), from, err)
			}
			next = h.LastOffset() + 1
		}
	}
	return next, nil
}

func visitBatch(b record.Batch, from int64, visit func(r *record.Record)) error {
	if b.IsControl() {
		return nil
	}
	for r, err := range b.Records(0) {
		if err != nil {
			return err
		}
		if r.Offset >= from {
			visit(&r)
		}
	}
	return nil
}
