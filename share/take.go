package share

import (
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
	logEnd   int64 // up to where it is looked at before anything is acquired, unless there are records enough
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
	if seen := a.scanned != nil && a.scanned.end; !g.room || seen && !g.again || p.enough(a, seen) {
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

// enough says that there is no need to look further before something is acquired.
func (p *part) enough(a *asked, seen bool) bool {
	return a.settings.Order != ByPriority && (seen || p.available >= a.records || p.known >= a.logEnd)
}

// acquire chooses, and locks what it chose. What has outlived its time is to be given up.
func (p *part) acquire(a *asked, nowMs int64) (got []Acquired, expired []change) {
	p.turns++
	c := newChoosing(p, a)
	p.candidates(func(r run) bool {
		if a.settings.Order == ByKey && p.behind(&r) {
			return true
		}
		if at := r.detail.expires; at > 0 && at <= nowMs {
			expired = append(expired, p.giveUp(change{batch: batch{r.first, r.last, r.state, r.count}}, TimeToLive))
			return true
		}
		return c.visit(&r)
	})
	c.lock(nowMs + a.settings.LockDuration.Milliseconds())
	return c.acquired(), expired
}

// candidates visits what may be delivered, the first choice first.
func (p *part) candidates(visit func(r run) bool) {
	more := true
	each := func(first int64) bool {
		r, _ := p.at(first)
		more = visit(r)
		return more
	}
	if p.settings.Order != ByPriority || p.turns%fairTurn == 0 && !mutantUnfair {
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
