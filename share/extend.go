package share

import (
	"weir/coordinator"
)

// scanned is what was found in a log between two offsets. What no item tells of holds nothing for the group: control batches,
// aborted transactions, what was compacted away, what its filter does not want.
type scanned struct {
	from, to int64
	end      bool  // there was nothing further
	epoch    int32 // of the state that asked
	items    []item
}

// item is neighbouring records that were found.
type item struct {
	first, last int64
	detail      *detail
}

// tellStart is over how many settled records the start may move without a record that tells so.
const tellStart = 10_000

// extend takes in what was found behind what is known.
func (m *machine) extend(tx *coordinator.Tx, p *part, s *scanned) {
	if s.from > p.known || s.to <= p.known {
		return
	}
	at := p.known
	for _, it := range s.items {
		if it.last < at {
			continue
		}
		first := max(it.first, at)
		p.skip(at, first-1)
		p.meet(first, it.last, it.detail)
		at = it.last + 1
	}
	p.skip(at, s.to-1)
	p.known = max(p.known, s.to)
	p.advance()
	if p.start-p.writtenStart >= tellStart {
		m.write(tx, p, nil)
	}
}

// skip settles offsets that hold nothing for the group, but for those whose dead letters are not written yet.
func (p *part) skip(first, last int64) {
	if first > last {
		return
	}
	for _, r := range p.within(first, last) {
		if r.state == StateArchiving {
			p.archive(first, r.first-1)
			first = r.last + 1
		} else {
			p.remove(r)
		}
	}
	p.archive(first, last)
}

// archive settles offsets of which nothing is known.
func (p *part) archive(first, last int64) {
	if first <= last {
		p.insert(run{first: first, last: last, state: StateArchived})
		p.join(first, last)
	}
}

// meet takes in records. What the state says of them counts.
func (p *part) meet(first, last int64, d *detail) {
	at := first
	for _, r := range p.within(first, last) {
		if r.first > at {
			p.insert(run{first: at, last: r.first - 1, detail: d})
		}
		at = r.last + 1
		if r.state.settled() {
			continue
		}
		p.remove(r)
		if was := r.detail; was == nil {
			r.detail = d
		} else {
			r.detail = r.with(func(to *detail) { to.note, to.batch, to.size, to.due = d.note, d.batch, d.size, max(d.due, was.due) })
		}
		p.insert(r)
	}
	if at <= last {
		p.insert(run{first: at, last: last, detail: d})
	}
}
