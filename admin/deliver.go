package admin

import (
	"fmt"
	"unicode/utf8"

	"weir/record"
	"weir/share"
)

// deliver turns what was acquired of a partition into messages. Acquired offsets that the log has no longer are settled.
func (d *Door) deliver(r *share.FetchRequest, f *share.Fetched) ([]delivered, error) {
	if f.Err != nil || len(f.Acquired) == 0 {
		return nil, f.Err
	}
	var out []delivered
	var gaps []share.AckBatch
	at := 0                      // into f.Acquired
	next := f.Acquired[at].First // not seen before
	advance := func(to int64) {  // to an offset that is there, or past all
		for at < len(f.Acquired) && next < to {
			last := min(f.Acquired[at].Last, to-1)
			if next <= last {
				gaps = append(gaps, share.AckBatch{First: next, Last: last, Types: []share.AckType{share.Gap}})
			}
			if next = last + 1; last == f.Acquired[at].Last {
				if at++; at < len(f.Acquired) {
					next = f.Acquired[at].First
				}
			}
		}
	}
	raw, err := f.Records.Bytes()
	if err != nil {
		return nil, fmt.Errorf("read acquired messages: %w", err)
	}
	for len(raw) > 0 && at < len(f.Acquired) {
		h, err := record.ParseHeader(raw)
		if err != nil || h.Size() > len(raw) {
			return nil, fmt.Errorf("read acquired messages: %w", record.ErrCorrupt)
		}
		batch := record.Batch{Header: h, Raw: raw[:h.Size():h.Size()]}
		raw = raw[h.Size():]
		if h.IsControl() || h.LastOffset() < next {
			continue
		}
		for rec, err := range batch.Records(0) {
			if err != nil {
				return nil, fmt.Errorf("read acquired messages: %w", err)
			}
			if rec.Offset < next {
				continue
			}
			if advance(rec.Offset); at == len(f.Acquired) {
				break
			}
			if rec.Offset != next {
				continue
			}
			out = append(out, d.delivered(r, f, &rec, f.Acquired[at].DeliveryCount))
			if next++; next > f.Acquired[at].Last {
				if at++; at == len(f.Acquired) {
					break
				}
				next = f.Acquired[at].First
			}
		}
	}
	if at < len(f.Acquired) {
		advance(f.Acquired[len(f.Acquired)-1].Last + 1)
	}
	if len(gaps) > 0 {
		d.Shares.Acknowledge(share.AcknowledgeRequest{Key: share.Key{Group: r.Group, PartitionID: f.ID}, Member: r.Member,
			Settings: r.Settings, Batches: gaps})
	}
	return out, nil
}

// delivered is one record as a message.
func (d *Door) delivered(r *share.FetchRequest, f *share.Fetched, rec *record.Record, count int16) delivered {
	m := delivered{
		Receipt:   receipt{partition: f.ID.Index, offset: rec.Offset, member: r.Member, group: r.Group}.String(),
		Partition: f.ID.Index, Offset: rec.Offset, TimestampMs: rec.Timestamp, DeliveryCount: count,
	}
	m.Key, m.KeyBase64 = text(rec.Key)
	m.Value, m.ValueBase64 = text(rec.Value)
	m.Headers, m.HeadersBase64 = headersOf(rec.Headers)
	return m
}

// headersOf are a record's headers by name.
func headersOf(all []record.RecordHeader) (texts map[string]string, binary map[string][]byte) {
	for i := range all {
		h := &all[i]
		if s, b := text(h.Value); s != nil {
			if texts == nil {
				texts = make(map[string]string, len(all))
			}
			texts[h.Key] = *s
		} else {
			if binary == nil {
				binary = make(map[string][]byte)
			}
			binary[h.Key] = b
		}
	}
	return texts, binary
}

// text is b as text if it is text, else b.
func text(b []byte) (*string, []byte) {
	if b == nil || !utf8.Valid(b) {
		return nil, b
	}
	s := string(b)
	return &s, nil
}
