package share

import (
	"cmp"
	"slices"

	"weir/coordinator"
)

// Acquired is neighbouring records that a member got, delivered so often with this time.
type Acquired struct {
	First, Last   int64
	DeliveryCount int16
}

// fairTurn is the turn at which, whatever the priorities, the oldest records go first, so that low ones are never left for ever.
const fairTurn = 8

// asked is what a member wants of a share partition.
type asked struct {
	key      Key
	member   string
	settings *Settings
	records  int  // at most; more only to make a batch whole
	bytes    int  // about
	span     int  // records of one Acquired, about
	strict   bool // never more records
	logStart int64
	scanned  *scanned
	waiter   *waiter // told when there is something, if there is nothing now
}

// given is what it gets.
type given struct {
	acquired []Acquired
	known    int64 // where the log is to be looked at next
	again    bool  // it was looked at there before
	epoch    int32 // of the state
	room     bool  // there is room to look further
}

// take has a member acquire what is available.
func (m *machine) take(tx *coordinator.Tx, a *asked) (given, error) {
	p, ok := m.initialized(a.key)
	if !ok {
		return given{}, errUninitialized
	}
	nowMs := tx.Now.UnixMilli()
	p.settings = *a.settings
	m.trim(tx, a.key, a.logStart)
	if a.scanned != nil && a.scanned.epoch == p.stateEpoch {
		m.extend(tx, p, a.scanned, nowMs)
	}
	p.ripen(nowMs)
	g := given{known: p.known, epoch: p.stateEpoch, room: p.open < a.settings.MaxLocks && p.waiting.Len() < waitingMax}
	if first, ok := p.distant.Min(); ok && g.room {
		g.known, g.again = first, true
	}
	if p.settings.Order != ByPriority || !g.room || a.scanned != nil && a.scanned.end && !g.again {
		var expired []change
		g.acquired, expired = p.acquire(a, nowMs)
		m.write(tx, p, expired)
	}
	if len(g.acquired) == 0 && a.waiter != nil {
		p.waiters[a.waiter] = struct{}{}
	}
	p.readied = false
	m.arm(tx, p)
	return g, nil
}

// acquire chooses, and locks what it chose. What has outlived its time is to be given up.
func (p *part) acquire(a *asked, nowMs int64) (got []Acquired, expired []change) {
	p.turns++
	var chosen []run
	records, bytes := 0, 0
	p.candidates(func(r run) bool {
		if a.settings.Order == ByKey && p.behind(&r) {
			return true
		}
		if at := r.detail.expires; at > 0 && at <= nowMs {
			expired = append(expired, p.giveUp(change{batch: batch{r.first, r.last, r.state, r.count}}, TimeToLive))
			return true
		}
		n, last := p.portion(&r, a.settings.DeliveryLimit, len(chosen))
		if n == 0 {
			return false
		}
		whole := n
		if a.strict {
			n = min(n, a.records-records)
		}
		if size := int(max(r.detail.size, 1)); bytes+n*size > a.bytes {
			n, last = max((a.bytes-bytes)/size, 0), true
			switch {
			case len(chosen) > 0:
			case a.strict:
				n = max(n, 1)
			default:
				n = whole
			}
		}
		if n > 0 {
			r.last = r.first + int64(n) - 1
			chosen = append(chosen, r)
		}
		records, bytes = records+n, bytes+n*int(r.detail.size)
		return !last && records < a.records
	})
	until := nowMs + a.settings.LockDuration.Milliseconds()
	for _, r := range chosen {
		p.change(r.first, r.last, func(r *run) {
			r.state, r.count = StateAcquired, r.count+1
			r.detail = r.with(func(d *detail) { d.member, d.until = a.member, until })
		})
	}
	return acquired(chosen, a.span), expired
}

// candidates visits what may be delivered, the first choice first.
func (p *part) candidates(visit func(r run) bool) {
	more := true
	each := func(first int64) bool {
		r, _ := p.at(first)
		more = visit(r)
		return more
	}
	if p.settings.Order != ByPriority || p.turns%fairTurn == 0 {
		p.oldestFirst(each)
		return
	}
	for i := priorities - 1; i >= 0 && more; i-- {
		p.ready[i].Ascend(each)
	}
}

// oldestFirst visits the first offsets of what may be delivered, of all priorities, in order.
func (p *part) oldestFirst(visit func(first int64) bool) {
	only, used := middling, 0
	for i := range p.ready {
		if p.ready[i].Len() > 0 {
			only, used = i, used+1
		}
	}
	if used <= 1 {
		p.ready[only].Ascend(visit)
		return
	}
	var all []int64
	for i := range p.ready {
		p.ready[i].Ascend(func(first int64) bool {
			all = append(all, first)
			return true
		})
	}
	slices.Sort(all)
	for _, first := range all {
		if !visit(first) {
			return
		}
	}
}

// behind says that an earlier record of the key is not settled.
func (p *part) behind(r *run) bool {
	of := p.keys[r.detail.key]
	if of == nil {
		return false
	}
	first, _ := of.Min()
	return first != r.first
}

// portion is how many records of a run go out at once. What was delivered often and never settled goes in ever smaller portions,
// and at last alone, so that one bad record does not take its neighbours with it (SharePartition, poison isolation).
func (p *part) portion(r *run, limit int16, before int) (records int, last bool) {
	throttled := max(2, (limit+1)/2)
	if r.count < throttled {
		return r.records(), false
	}
	if before > 0 {
		return 0, true
	}
	if r.count >= limit-1 && limit > 2 {
		return 1, true
	}
	return max(r.records()>>(r.count-throttled+1), 1), true
}

// acquired tells what was chosen: by offset, neighbours that were delivered equally often together until there are span records.
func acquired(chosen []run, span int) []Acquired {
	slices.SortFunc(chosen, func(a, b run) int { return cmp.Compare(a.first, b.first) })
	var out []Acquired
	for _, r := range chosen {
		n := len(out)
		if n > 0 && out[n-1].Last+1 == r.first && out[n-1].DeliveryCount == r.count+1 && out[n-1].Last-out[n-1].First+1 < int64(span) {
			out[n-1].Last = r.last
			continue
		}
		out = append(out, Acquired{r.first, r.last, r.count + 1})
	}
	return out
}
