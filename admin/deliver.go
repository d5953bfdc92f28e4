package admin

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"weir/record"
	"weir/share"
)

// answerBytes is about how many bytes of records an answer has, decompressed. One record that takes more comes alone.
const answerBytes = 1 << 20

// space is what is left of an answer.
type space struct {
	bytes int64
	some  bool // it has something
	full  bool
}

// take makes room for a record; false when the answer is full.
func (r *space) take(size int64) bool {
	r.full = r.full || r.some && size > r.bytes
	if !r.full {
		r.bytes, r.some = r.bytes-size, true
	}
	return !r.full
}

// delivering turns what was acquired of a partition into messages.
type delivering struct {
	door *Door
	r    *share.FetchRequest
	f    *share.Fetched
	room *space
	out  []delivered
	gaps []share.AckBatch
	at   int   // into f.Acquired
	next int64 // not seen before
}

// deliver turns what was acquired of a partition into messages while there is room for them; what there is none for is available again and
// was not delivered. Acquired offsets that the log has no longer are settled.
func (d *Door) deliver(r *share.FetchRequest, f *share.Fetched, to *space) ([]delivered, error) {
	if f.Err != nil || len(f.Acquired) == 0 {
		return nil, f.Err
	}
	g := delivering{door: d, r: r, f: f, room: to, next: f.Acquired[0].First}
	if to.full {
		g.putBack()
		return nil, nil
	}
	for b, err := range f.Records.Batches() {
		if err == nil && !b.IsControl() && b.LastOffset() >= g.next {
			err = g.batch(b)
		}
		if err != nil {
			return nil, fmt.Errorf("read acquired messages: %w", err)
		}
		if g.over() {
			break
		}
	}
	if to.full {
		g.putBack()
	} else {
		g.advance(f.Acquired[len(f.Acquired)-1].Last + 1)
	}
	if len(g.gaps) > 0 {
		d.Shares.Acknowledge(share.AcknowledgeRequest{Key: g.key(), Member: r.Member, Settings: r.Settings, Batches: g.gaps})
	}
	return g.out, nil
}

func (g *delivering) key() share.Key { return share.Key{Group: g.r.Group, PartitionID: g.f.ID} }

// over says that no more is to be delivered.
func (g *delivering) over() bool { return g.room.full || g.at == len(g.f.Acquired) }

// batch delivers what was acquired of a batch.
func (g *delivering) batch(b record.Batch) error {
	s, err := record.NewStream(b)
	if err != nil {
		return err
	}
	defer s.Close()
	for !g.over() {
		offset, size, err := s.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if offset < g.next {
			continue
		}
		if g.advance(offset); g.over() || offset != g.next {
			continue
		}
		if !g.room.take(size) {
			return nil
		}
		rec, err := s.Record()
		if err != nil {
			return err
		}
		g.out = append(g.out, g.door.delivered(g.r, g.f, &rec, g.f.Acquired[g.at].DeliveryCount))
		g.pass(offset)
	}
	return nil
}

// pass goes on behind an acquired offset.
func (g *delivering) pass(offset int64) {
	if g.next = offset + 1; g.next > g.f.Acquired[g.at].Last {
		if g.at++; g.at < len(g.f.Acquired) {
			g.next = g.f.Acquired[g.at].First
		}
	}
}

// advance goes on to an offset that is there, or past all: what was acquired before it is there no longer.
func (g *delivering) advance(to int64) {
	for g.at < len(g.f.Acquired) && g.next < to {
		last := min(g.f.Acquired[g.at].Last, to-1)
		if g.next <= last {
			g.gaps = append(g.gaps, share.AckBatch{First: g.next, Last: last, Types: []share.AckType{share.Gap}})
		}
		g.pass(last)
	}
}

// putBack makes available again what was acquired and is not delivered.
func (g *delivering) putBack() {
	if g.at == len(g.f.Acquired) {
		return
	}
	back := slices.Clone(g.f.Acquired[g.at:])
	back[0].First = max(back[0].First, g.next)
	g.door.Shares.PutBack(g.key(), g.r.Member, back)
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

// text is a copy of b, as text if it is text.
func text(b []byte) (*string, []byte) {
	if b == nil || !utf8.Valid(b) {
		return nil, bytes.Clone(b)
	}
	s := string(b)
	return &s, nil
}
