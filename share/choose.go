package share

import (
	"cmp"
	"slices"
)

// flight is records that were taken together when they were first taken, and those that made their last batch whole (Kafka's
// InFlightBatch). Where batches are made whole, flights are; what was delivered too often is divided by its flight.
type flight struct{ first, last int64 }

func (f *flight) records() int { return int(f.last - f.first + 1) }

// pick is neighbouring records of one flight that a member is to have.
type pick struct {
	first, last int64
	count       int16   // deliveries before
	flight      *flight // nil in orders that have none
	bytes       int     // about
}

// follows says that the picks are neighbours of one flight that were delivered equally often.
func (k *pick) follows(before *pick) bool {
	return before.last+1 == k.first && before.count == k.count && before.flight == k.flight
}

// choosing is a choice among what is available, made as Kafka's SharePartition.acquire does where offsets go in order. Other orders
// have no flights: what was delivered before is its own.
type choosing struct {
	p         *part
	a         *asked
	limit     int16 // deliveries
	throttled int16 // deliveries from which on a flight is divided
	picks     []pick
	records   int
	bytes     int

	flight *flight // of the run before
	fresh  bool    // it is new
	batch  int64   // last offset of the record batch of the run before
	picked int     // records of the flight
	often  bool    // some of the flight was delivered often
	most   int     // records of the flight to be picked, for that reason; -1 for all
}

func newChoosing(p *part, a *asked) *choosing {
	limit := a.settings.DeliveryLimit
	return &choosing{p: p, a: a, limit: limit, throttled: max(2, (limit+1)/2)}
}

// visit picks of a run, and says whether to go on.
func (c *choosing) visit(r *run) bool {
	f := r.flight
	if c.a.settings.Order != ByOffset && r.count > 0 {
		f = &flight{r.first, r.last}
	}
	if f == nil {
		return c.visitNew(r)
	}
	if f != c.flight {
		if c.enter(f, false); c.records >= c.a.records || c.often && c.records > 0 {
			return false
		}
	}
	n, more := r.records(), true
	if c.a.strict && n >= c.a.records-c.records {
		n, more = c.a.records-c.records, false
	}
	switch {
	case c.limit > 2 && r.count >= c.limit-1: // the last time alone, so that one bad record does not take others with it
		if c.picked > 0 {
			return false
		}
		n, more = 1, false
	case r.count >= c.throttled && c.most < 0:
		c.most = max(f.records()>>(r.count-c.throttled+1), 1)
	}
	if c.picked < c.most && n >= c.most-c.picked {
		n, more = c.most-c.picked, false
	}
	if room := max((c.a.bytes-c.bytes)/max(int(r.detail.size), 1), 1); n > room {
		n, more = room, false
	}
	return c.pick(r, n) && more
}

// visitSingles picks of records that nobody has had and of which each is a record batch.
func (c *choosing) visitSingles(r *run) bool {
	for rest := *r; rest.first <= rest.last; {
		if c.records >= c.a.records || c.often && c.picked > 0 {
			return false
		}
		long := c.fresh && !c.a.strict && rest.first-c.flight.first >= int64(c.a.span)
		if !c.fresh || long || c.behindOthers(&rest) {
			c.enter(&flight{rest.first, rest.first}, true)
		}
		n := min(rest.records(), c.a.records-c.records)
		if !c.a.strict {
			n = min(n, max(c.a.span-int(rest.first-c.flight.first), 1))
		}
		n = max(min(n, (c.a.bytes-c.bytes)/max(int(r.detail.size), 1)), 1)
		if !c.pick(&rest, n) {
			return false
		}
		c.flight.last = rest.first + int64(n) - 1
		c.batch, rest.first = c.flight.last, c.flight.last+1
	}
	return true
}

// visitNew picks of records that nobody has had.
func (c *choosing) visitNew(r *run) bool {
	if r.detail.batch == ofItsOwn {
		return c.visitSingles(r)
	}
	full := c.records >= c.a.records
	apart := !c.fresh || c.behindOthers(r)
	begins := apart || r.detail.batch != c.batch // a record batch
	switch {
	case full && (c.a.strict || begins), c.often && c.picked > 0:
		return false
	case apart, begins && !c.a.strict && r.first-c.flight.first >= int64(c.a.span):
		c.enter(&flight{r.first, r.last}, true)
	}
	n := r.records()
	if c.a.strict {
		n = min(n, c.a.records-c.records)
	}
	c.batch = r.detail.batch
	if !c.pick(r, n) {
		return false
	}
	c.flight.last = r.first + int64(n) - 1
	return true
}

// behindOthers tells whether between a run and what was picked before it there are records that were delivered, as there may be after
// a start.
func (c *choosing) behindOthers(r *run) bool {
	if r.first == c.flight.last+1 {
		return false
	}
	before, ok := c.p.at(r.first - 1)
	return ok && before.count > 0
}

// enter begins with a flight. One that was delivered often before goes alone; so does what follows it.
func (c *choosing) enter(f *flight, fresh bool) {
	over := c.often && c.picked > 0
	c.flight, c.fresh, c.picked, c.most, c.often = f, fresh, 0, -1, over
	if fresh || over {
		return
	}
	c.p.runs.AscendGreaterOrEqual(run{first: f.first}, func(r run) bool {
		c.often = r.first <= f.last && r.state == StateAvailable && r.detail != nil && r.detail.due == 0 && r.count >= c.throttled
		return !c.often && r.first <= f.last
	})
}

// pick takes the first records of a run, unless that is more than may be sent.
func (c *choosing) pick(r *run, n int) bool {
	size := max(int(r.detail.size), 1)
	if len(c.picks) > 0 && c.bytes+n*size > c.a.bytes {
		return false
	}
	k := pick{first: r.first, last: r.first + int64(n) - 1, count: r.count, bytes: n * size}
	if c.a.settings.Order == ByOffset {
		k.flight = c.flight
	}
	c.picks = append(c.picks, k)
	c.records, c.picked, c.bytes = c.records+n, c.picked+n, c.bytes+n*size
	return c.bytes < c.a.bytes
}

// lock has the member hold what was picked.
func (c *choosing) lock(until int64) {
	for _, k := range together(c.picks) {
		c.p.taken = max(c.p.taken, k.last+1)
		size := int32(k.bytes / int(k.last-k.first+1))
		c.p.change(k.first, k.last, func(r *run) {
			r.state, r.count = StateAcquired, r.count+1
			r.detail = r.with(func(d *detail) {
				if d.member, d.until = c.a.member, until; k.flight != nil {
					d.batch, d.size = 0, size // from now on the flight counts, and what is alike in it is one run
				}
			})
			r.flight = k.flight
		})
	}
	if f := c.flight; c.fresh && c.a.strict && c.a.settings.Order == ByOffset && c.batch > f.last { // the rest of the batch belongs to it
		from := f.last + 1
		f.last = c.batch
		c.p.taken = max(c.p.taken, c.batch+1)
		c.p.change(from, f.last, func(r *run) {
			if r.state == StateAvailable && r.flight == nil {
				r.flight = f
			}
		})
	}
}

// acquired tells what was picked, by offset; neighbours of a flight that were delivered equally often together.
func (c *choosing) acquired() []Acquired {
	slices.SortFunc(c.picks, func(a, b pick) int { return cmp.Compare(a.first, b.first) })
	var out []Acquired
	for _, k := range together(c.picks) {
		out = append(out, Acquired{k.first, k.last, k.count + 1})
	}
	return out
}

// together makes one of picks that follow each other.
func together(picks []pick) []pick {
	var out []pick
	for _, k := range picks {
		if last := len(out) - 1; last >= 0 && k.follows(&out[last]) {
			out[last].last, out[last].bytes = k.last, out[last].bytes+k.bytes
			continue
		}
		out = append(out, k)
	}
	return out
}

// regroup makes flights of what a start found available again.
func (p *part) regroup() {
	var all []run
	p.runs.Ascend(func(r run) bool {
		if r.state == StateAvailable && r.count > 0 && r.flight == nil {
			all = append(all, r)
		}
		return true
	})
	for _, r := range all {
		r.flight = &flight{r.first, r.last}
		p.runs.ReplaceOrInsert(r)
	}
}
