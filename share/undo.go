package share

import "weir/coordinator"

// before is what runs there were between two offsets.
type before struct {
	first, last int64
	runs        []run
}

// undoWith remembers what an update is about to change, with the neighbours that it may be joined with.
func (p *part) undoWith(undo *coordinator.Undo, v *stored) {
	if undo == nil {
		return
	}
	start, known, taken, written, updates := p.start, p.known, p.taken, p.writtenStart, p.updates
	var all []before
	if v.start > p.start {
		all = p.remember(all, p.start, v.start)
	}
	for _, b := range v.batches {
		all = p.remember(all, b.first-1, b.last+1)
	}
	undo.Add(func() {
		for _, b := range all {
			for _, r := range p.within(b.first, b.last) {
				p.remove(r)
			}
			for _, r := range b.runs {
				p.insert(r)
			}
		}
		p.start, p.known, p.taken, p.writtenStart, p.updates = start, known, taken, written, updates
	})
}

// remember adds the runs that hold offsets between two, and the settled ones behind them, which the start may pass. Those that are
// remembered lie before them, or are the same.
func (p *part) remember(all []before, first, last int64) []before {
	if n := len(all); n > 0 {
		first = max(first, all[n-1].last+1)
	}
	b := before{first: first, last: last}
	for first <= last {
		found := p.overlapping(first, last)
		if len(found) == 0 {
			break
		}
		b.runs = append(b.runs, found...)
		b.first, b.last = min(b.first, found[0].first), max(b.last, found[len(found)-1].last)
		first = b.last + 1
		if next, ok := p.at(first); ok && next.state.settled() {
			last = next.last
		}
	}
	if b.first > b.last {
		return all
	}
	return append(all, b)
}
