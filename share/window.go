package share

import (
	"math"

	"github.com/google/btree"
)

const (
	degree     = 16
	priorities = 10
	middling   = 4 // the priority of records that name none
)

// window is the part of a log that is neither settled whole nor untouched: runs, sorted, without overlap. Between start and
// known every offset has its run; beyond known there may be runs that a start found in the state.
type window struct {
	start int64 // the first offset that is not settled; -1 for a share partition that nobody has fetched from
	known int64 // up to where the log was looked at
	taken int64 // up to where records were acquired

	runs    *btree.BTreeG[run]
	ready   [priorities]*btree.BTreeG[int64] // first offsets of runs that may be delivered now, by priority
	waiting *btree.BTreeG[moment]            // available runs that are not due yet
	distant *btree.BTreeG[int64]             // first offsets of far runs that are due
	locks   *btree.BTreeG[moment]            // acquired runs, by when their locks end
	keys    map[uint64]*btree.BTreeG[int64]  // first offsets of runs not settled, by key

	open, settled int // records that were looked at and are neither settled nor waiting; settled ones
	available     int // records of ready

	acquired, delayed, dying int // records of locks and of waiting, and those whose dead letters are being written
	readied                  bool
}

// moment is a run's first offset at a time in ms.
type moment struct{ at, first int64 }

func (m moment) less(n moment) bool { return m.at < n.at || m.at == n.at && m.first < n.first }

func newWindow() window {
	w := window{
		start: -1, runs: btree.NewG(degree, func(a, b run) bool { return a.first < b.first }),
		waiting: btree.NewG(degree, moment.less), locks: btree.NewG(degree, moment.less),
		distant: btree.NewOrderedG[int64](degree),
		keys:    make(map[uint64]*btree.BTreeG[int64]),
	}
	for i := range w.ready {
		w.ready[i] = btree.NewOrderedG[int64](degree)
	}
	return w
}

// insert adds a run where there is none.
func (w *window) insert(r run) {
	w.runs.ReplaceOrInsert(r)
	if r.state.settled() {
		w.settled += r.records()
		return
	}
	if r.detail == nil {
		return // it is looked at before it is delivered
	}
	if r.detail.key != 0 {
		of := w.keys[r.detail.key]
		if of == nil {
			of = btree.NewOrderedG[int64](degree)
			w.keys[r.detail.key] = of
		}
		of.ReplaceOrInsert(r.first)
	}
	switch {
	case r.state == StateAcquired:
		w.locks.ReplaceOrInsert(moment{r.detail.until, r.first})
		w.acquired += r.records()
	case r.state == StateArchiving:
		w.dying += r.records()
	case r.state == StateAvailable && r.detail.due > 0:
		w.waiting.ReplaceOrInsert(moment{r.detail.due, r.first})
		w.delayed += r.records()
		return
	case r.state == StateAvailable && r.detail.far:
		w.distant.ReplaceOrInsert(r.first)
		w.readied = true
		return
	case r.state == StateAvailable && !r.detail.writing:
		w.ready[r.detail.priority].ReplaceOrInsert(r.first)
		w.available += r.records()
		w.readied = true
	}
	w.open += r.records()
}

// remove takes a run out.
func (w *window) remove(r run) {
	w.runs.Delete(r)
	if r.state.settled() {
		w.settled -= r.records()
		return
	}
	if r.detail == nil {
		return
	}
	if of := w.keys[r.detail.key]; of != nil {
		if of.Delete(r.first); of.Len() == 0 {
			delete(w.keys, r.detail.key)
		}
	}
	switch {
	case r.state == StateAcquired:
		w.locks.Delete(moment{r.detail.until, r.first})
		w.acquired -= r.records()
	case r.state == StateArchiving:
		w.dying -= r.records()
	case r.state == StateAvailable && r.detail.due > 0:
		w.waiting.Delete(moment{r.detail.due, r.first})
		w.delayed -= r.records()
		return
	case r.state == StateAvailable && r.detail.far:
		w.distant.Delete(r.first)
		return
	case r.state == StateAvailable && !r.detail.writing:
		w.ready[r.detail.priority].Delete(r.first)
		w.available -= r.records()
	}
	w.open -= r.records()
}

// at is the run that holds an offset.
func (w *window) at(offset int64) (found run, ok bool) {
	w.runs.DescendLessOrEqual(run{first: offset}, func(r run) bool {
		found, ok = r, r.last >= offset
		return false
	})
	return found, ok
}

// split makes a run begin at offset, if one holds it.
func (w *window) split(offset int64) {
	r, ok := w.at(offset)
	if !ok || r.first == offset {
		return
	}
	w.remove(r)
	head, tail := r, r
	head.last, tail.first = offset-1, offset
	w.insert(head)
	w.insert(tail)
}

// within are the runs between two offsets, with edges cut to fit.
func (w *window) within(first, last int64) []run {
	w.split(first)
	if last < math.MaxInt64 {
		w.split(last + 1)
	}
	return w.overlapping(first, last)
}

// overlapping are the runs that hold offsets between two, whole.
func (w *window) overlapping(first, last int64) []run {
	var found []run
	from := first
	if r, ok := w.at(first); ok {
		from = r.first
	}
	w.runs.AscendGreaterOrEqual(run{first: from}, func(r run) bool {
		if r.first > last {
			return false
		}
		found = append(found, r)
		return true
	})
	return found
}

// change alters the runs between two offsets and makes neighbours that are alike one.
func (w *window) change(first, last int64, alter func(r *run)) {
	all := w.within(first, last)
	for i := range all {
		w.remove(all[i])
		alter(&all[i])
	}
	for _, r := range joined(all) {
		w.insert(r)
	}
	w.join(first, last)
}

// joined makes one of runs that are alike and follow each other.
func joined(all []run) []run {
	n := 0
	for _, r := range all {
		if n > 0 && all[n-1].alike(&r) {
			all[n-1].last = r.last
			continue
		}
		all[n] = r
		n++
	}
	return all[:n]
}

// put sets what the state says of offsets, whether there are runs already or not. What is available stays as it was looked at.
func (w *window) put(first, last int64, s State, count int16) {
	at := first
	for _, r := range w.within(first, last) {
		if r.first > at && !s.settled() {
			w.insert(run{first: at, last: r.first - 1, state: s, count: count})
		}
		at = r.last + 1
		w.remove(r)
		if !s.settled() {
			r.state, r.count = s, count
			switch {
			case r.first >= w.known: // a start knows only what the state says
				r.detail = nil
			case r.detail != nil:
				r.detail = r.with(func(d *detail) {
					d.member, d.until, d.due, d.writing, d.cause, d.letter = "", 0, 0, false, 0, nil
				})
			}
			w.insert(r)
		}
	}
	switch {
	case s.settled():
		w.insert(run{first: first, last: last, state: s, count: count})
	case at <= last:
		w.insert(run{first: at, last: last, state: s, count: count})
	}
	w.join(first, last)
}

// join makes one of neighbours that are alike, from the run before first to the one after last.
func (w *window) join(first, last int64) {
	all := w.overlapping(first-1, last+1)
	for i := 1; i < len(all); i++ {
		before, r := all[i-1], all[i]
		if !before.alike(&r) {
			continue
		}
		w.remove(before)
		w.remove(r)
		r.first = before.first
		w.insert(r)
		all[i] = r
	}
}

// cut drops everything before offset, which becomes the start.
func (w *window) cut(offset int64) {
	if offset > w.start {
		w.split(offset)
		for _, r := range w.overlapping(w.start, offset-1) {
			w.remove(r)
		}
		w.start = offset
	}
	w.known, w.taken = max(w.known, w.start), max(w.taken, w.start)
}

// advance moves the start over what is settled.
func (w *window) advance() {
	for {
		r, ok := w.at(w.start)
		if !ok || !r.state.settled() {
			break
		}
		w.remove(r)
		w.start = r.last + 1
	}
	w.known, w.taken = max(w.known, w.start), max(w.taken, w.start)
}

// clear drops everything and begins at start.
func (w *window) clear(start int64) {
	*w = newWindow()
	w.start, w.known, w.taken = start, start, start
}
