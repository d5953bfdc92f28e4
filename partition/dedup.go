package partition

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/dchest/siphash"

	"weir/record"
)

// HeaderMessageID names the header by which a record is known again (weir.dedup.window.ms).
const HeaderMessageID = "weir.message.id"

// DedupConfig says for how long message ids are remembered, and how many; the zero value is for none.
type DedupConfig struct {
	WindowMs int64 // weir.dedup.window.ms
	MaxIDs   int   // weir.dedup.ids.max; the oldest go first
}

// dedup leaves out records whose message id was appended to the partition before. Batches of transactions it lets pass, and does
// not remember: nobody knows yet whether they will count.
type dedup struct {
	mu    sync.Mutex // guards the fields below; held over the append, and taken before the log's locks
	known messageIDs
	epoch int32 // of the leadership in which the log was read, -1 before: a new one may have another log
	thin  record.Thinner
}

// SetDedup begins to leave out records that were appended before, ends it, or changes for how long they are remembered.
func (p *Partition) SetDedup(c DedupConfig) {
	d := p.dedup.Load()
	switch {
	case c.WindowMs <= 0:
		p.dedup.Store(nil)
	case d == nil:
		d = &dedup{epoch: -1}
		d.known = messageIDs{config: c, k0: rand.Uint64(), k1: rand.Uint64()}
		p.dedup.Store(d)
	default:
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.known.config != c {
			d.known.config, d.epoch = c, -1 // the log has what a shorter window forgot
		}
	}
}

// appendOnce appends a batch without those of its records that were appended before. The offsets of the others are as if those
// were there. Of a batch that has no others the offsets are the original ones; what is left of it is written if a producer
// counts it.
func (p *Partition) appendOnce(d *dedup, b *record.Batch, o AppendOptions) (Ticket, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	lead, nowMs := p.lead.Load(), p.clk.Now().UnixMilli()
	if lead.epoch != d.epoch {
		if err := d.known.read(p.log, nowMs); err != nil {
			return Ticket{}, fmt.Errorf("append to %s: read message ids: %w", p.ID(), p.readFailed(err))
		}
		d.epoch = lead.epoch
	}
	d.known.forget(nowMs)
	found, err := d.known.find(b)
	if err != nil {
		return Ticket{}, fmt.Errorf("append to %s: find message ids: %w", p.ID(), err)
	}
	whole := found.again == int(b.Count)
	if whole && !b.HasProducer() {
		if err := p.mayAppend(lead, o); err != nil {
			return Ticket{}, err
		}
		if err := p.log.Err(); err != nil {
			return Ticket{}, p.appendFailed(err)
		}
		return found.originals(Ticket{AppendTimeMs: -1, LogStartOffset: p.log.StartOffset(), p: p, epoch: lead.epoch}), nil
	}
	rest := *b
	switch {
	case whole:
		rest = record.Emptied(b.Header)
	case found.again > 0:
		thinned, err := d.thin.Thin(*b, record.NoTimestamp, func(k record.Keyed) bool {
			return found.offsets[k.Offset-b.BaseOffset] < 0
		})
		if err != nil {
			return Ticket{}, fmt.Errorf("append to %s: %w", p.ID(), err)
		}
		rest = thinned.Batch
	}
	ticket, err := p.append(&rest, o)
	if err != nil {
		return ticket, err
	}
	if !ticket.Duplicate {
		for _, f := range found.fresh {
			d.known.add(remembered{f.id, ticket.BaseOffset + f.offset, nowMs})
		}
	}
	if whole && !found.within(ticket.BaseOffset, ticket.LastOffset) { // else it is a batch sent again, some of which was new then
		return found.originals(ticket), nil
	}
	return ticket, nil
}

// sought is what was found of a batch's message ids.
type sought struct {
	offsets []int64      // by record: where it is already, -1 if it is not; nil if none has an id
	again   int          // how many are there already
	fresh   []remembered // what is to be remembered, with offsets from the batch's first
}

// originals is a ticket for the records that are there.
func (s *sought) originals(t Ticket) Ticket {
	t.BaseOffset, t.Duplicate = s.offsets[0], true
	for _, o := range s.offsets {
		t.LastOffset = max(t.LastOffset, o)
	}
	return t
}

// within tells whether a record lies between two offsets.
func (s *sought) within(first, last int64) bool {
	for _, o := range s.offsets {
		if o >= first && o <= last {
			return true
		}
	}
	return false
}

var messageIDHeader = []byte(HeaderMessageID)

// eachID visits the records of a batch that have a message id.
func eachID(b record.Batch, visit func(index int, r *record.Record, id []byte)) error {
	if b.Codec() == record.None && !bytes.Contains(b.Raw[record.HeaderSize:], messageIDHeader) {
		return nil
	}
	index := 0
	for r, err := range b.Records(0) {
		if err != nil {
			return err
		}
		for _, h := range r.Headers {
			if h.Key == HeaderMessageID && len(h.Value) > 0 {
				visit(index, &r, h.Value)
				break
			}
		}
		index++
	}
	return nil
}

// find looks up the ids of a batch that is to be appended.
func (m *messageIDs) find(b *record.Batch) (sought, error) {
	var s sought
	var here map[messageID]bool
	err := eachID(*b, func(index int, _ *record.Record, text []byte) {
		if s.offsets == nil {
			s.offsets = make([]int64, b.Count)
			for i := range s.offsets {
				s.offsets[i] = -1
			}
			here = make(map[messageID]bool, b.Count)
		}
		id := m.hash(text)
		at, known := m.offsets[id]
		switch {
		case known:
			s.offsets[index] = at
			s.again++
		case here[id]:
			s.offsets[index] = int64(index)
			s.again++
		default:
			here[id] = true
			s.fresh = append(s.fresh, remembered{id: id, offset: int64(index)})
		}
	})
	return s, err
}

func (m *messageIDs) hash(id []byte) (h messageID) {
	h[0], h[1] = siphash.Hash128(m.k0, m.k1, id)
	return h
}
