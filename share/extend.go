package share

import (
	"weir/coordinator"
)

// scanned is what was found in a log between two offsets. What no item tells of holds nothing for the group: control batches,
// aborted transactions, what was compacted away, what its filter does not want.
type scanned struct {
	from, to int64
	end      bool  // there was nothing further
	again    bool  // it was looked at before
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

// extend takes in what was found: behind what is known, or, of records that were put far off, once more.
func (m *machine) extend(tx *coordinator.Tx, p *part, s *scanned, nowMs int64) {
	from, to := p.known, s.to
	if s.again {
		r, ok := p.at(s.from)
		if !ok || r.first != s.from || !p.distant.Has(s.from) || s.to <= s.from {
			return
		}
		from, to = s.from, min(s.to, r.last+1)
		p.remove(r)
		if r.first = to; r.first <= r.last {
			p.insert(r)
		}
	}
	if s.from > from || to <= from {
		return
	}
	e := extending{p: p, nowMs: nowMs}
	at := from
	for _, it := range s.items {
		if it.last < at || it.first >= to {
			continue
		}
		first, last := max(it.first, at), min(it.last, to-1)
		e.skip(at, first-1)
		e.meet(first, last, it.detail)
		at = last + 1
	}
	e.skip(at, to-1)
	e.putOff()
	if !s.again {
		p.known = to
	}
	p.advance()
	if p.start-p.writtenStart >= tellStart {
		m.write(tx, p, nil)
	}
}

const (
	// horizon is how long before they are due delayed records are known one by one.
	horizonMs = 60_000
	// leadMs is how long before that the log is looked at again for those that were put far off.
	leadMs = 5_000
	// nearMax bounds the delayed records that are known one by one.
	nearMax = 50_000
	// farRecords is how many delayed records are put off together: what is read again when the first of them is due.
	farRecords = 4096
	// waitingMax bounds all runs that wait; beyond it a group sees no further.
	waitingMax = 4 * nearMax
)

// extending takes in neighbouring records. Those that are due much later are put off together, so that a million of them cost no
// more than a few.
type extending struct {
	p           *part
	nowMs       int64
	first, last int64 // put off and not in the window yet
	due         int64 // when the first of them is due; 0 for none
}

// skip settles offsets that hold nothing for the group, but for those whose dead letters are not written yet.
func (e *extending) skip(first, last int64) {
	if first > last {
		return
	}
	e.putOff()
	for _, r := range e.p.within(first, last) {
		if r.state == StateArchiving {
			e.p.archive(first, r.first-1)
			first = r.last + 1
		} else {
			e.p.remove(r)
		}
	}
	e.p.archive(first, last)
}

// archive settles offsets of which nothing is known.
func (p *part) archive(first, last int64) {
	if first <= last {
		p.insert(run{first: first, last: last, state: StateArchived})
		p.join(first, last)
	}
}

// meet takes in records, or puts them off.
func (e *extending) meet(first, last int64, d *detail) {
	near := d.due <= e.nowMs+horizonMs && e.p.waiting.Len() < nearMax
	if d.due <= e.nowMs || near || e.p.settings.Order == ByKey {
		e.putOff()
		e.p.meet(first, last, d)
		return
	}
	if e.due != 0 && (e.last+1 != first || last-e.first >= farRecords) {
		e.putOff()
	}
	if e.due == 0 {
		e.first, e.due = first, d.due
	}
	e.last, e.due = last, min(e.due, d.due)
}

// putOff takes in what was put off.
func (e *extending) putOff() {
	if e.due == 0 {
		return
	}
	due := e.due
	if due-leadMs > e.nowMs+leadMs {
		due -= leadMs
	}
	e.due = 0
	e.p.meet(e.first, e.last, &detail{far: true, due: due})
	e.p.join(e.first, e.last)
}

// meet takes in records. What the state says of them counts.
func (p *part) meet(first, last int64, d *detail) {
	if end, ok := p.runs.Max(); !ok || end.last < first {
		p.insert(run{first: first, last: last, detail: d})
		return
	}
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
			r.detail = r.with(func(to *detail) {
				to.note, to.batch, to.size, to.far, to.due = d.note, d.batch, d.size, d.far, max(d.due, was.due)
			})
		}
		p.insert(r)
	}
	if at <= last {
		p.insert(run{first: at, last: last, detail: d})
	}
}
