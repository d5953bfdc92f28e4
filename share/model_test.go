package share

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// modelled is what the model knows of one record.
type modelled struct {
	settled bool
	count   int    // deliveries that count
	member  string // who holds it
	until   int64  // ms
}

// model is share groups in the simplest words: each record by itself.
type model struct {
	*rig
	records []modelled
}

var members = []string{"one", "two", "three"}

// TestModel has random members do random things, time pass and the power be cut, and holds every answer against the model.
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &model{rig: makeRig(t)}
		defer m.close()
		m.settings.DeliveryLimit = int16(rapid.IntRange(2, 6).Draw(rt, "limit"))
		m.settings.MaxLocks = rapid.IntRange(5, 50).Draw(rt, "locks")
		m.config.SnapshotUpdates = rapid.IntRange(1, 20).Draw(rt, "updates per snapshot")
		m.config.PruneInterval = time.Minute
		m.crash(0) // with that configuration
		m.fetched(rt, "one")
		rt.Repeat(map[string]func(*rapid.T){
			"produce": m.doProduce, "fetch": m.doFetch, "ack": m.doAck, "steal": m.doSteal, "advance": m.doAdvance,
			"release": m.doRelease, "put back": m.doPutBack, "crash": m.doCrash, "": m.check,
		})
		m.drain(rt)
	})
}

func (m *model) nowMs() int64 { return m.clk.Now().UnixMilli() }

func (m *model) doProduce(t *rapid.T) {
	n := rapid.IntRange(1, 20).Draw(t, "records")
	batch := make([]string, n)
	for i := range batch {
		batch[i] = fmt.Sprint("v", len(m.records)+i)
	}
	m.produce(batch...)
	m.records = append(m.records, make([]modelled, n)...)
}

// free says that a record may be delivered.
func (r *modelled) free() bool { return !r.settled && r.member == "" }

func (m *model) doFetch(t *rapid.T) { m.fetched(t, rapid.SampledFrom(members).Draw(t, "member")) }

// fetched has a member fetch, and says how much it got.
func (m *model) fetched(t *rapid.T, member string) int {
	limit := rapid.IntRange(1, 30).Draw(t, "max records")
	strict := rapid.Bool().Draw(t, "strict")
	req := m.waiting(member)
	req.MaxRecords, req.BatchSize, req.MaxWait, req.Strict = limit, limit, 0, strict
	got := m.s.Fetch(nil, req)[0]
	if got.Err != nil {
		t.Fatalf("fetch: %v", got.Err)
	}
	n, last := 0, int64(-1)
	for _, a := range got.Acquired {
		if a.First <= last || a.Last < a.First {
			t.Fatalf("acquired %v", got.Acquired)
		}
		last = a.Last
		for o := a.First; o <= a.Last; o++ {
			r := &m.records[o]
			if !r.free() || int(a.DeliveryCount) != r.count+1 {
				t.Fatalf("%s got %d, delivered %d times; it is %+v", member, o, a.DeliveryCount, *r)
			}
			r.member, r.count, r.until = member, r.count+1, m.nowMs()+m.settings.LockDuration.Milliseconds()
			n++
		}
	}
	if strict && n > limit {
		t.Fatalf("%d records for at most %d", n, limit)
	}
	if n == 0 {
		m.nothingFree(t)
	}
	return n
}

// nothingFree fails if there was something to deliver within the bound of records that are looked at.
func (m *model) nothingFree(t *rapid.T) {
	open := 0
	for o := range m.records {
		if r := &m.records[o]; r.free() {
			t.Fatalf("nothing was delivered; %d is free", o)
		} else if !r.settled {
			if open++; open >= m.settings.MaxLocks {
				return
			}
		}
	}
}

func (m *model) held(member string) (offsets []int64) {
	for o := range m.records {
		if m.records[o].member == member {
			offsets = append(offsets, int64(o))
		}
	}
	return offsets
}

func (m *model) doAck(t *rapid.T) {
	member := rapid.SampledFrom(members).Draw(t, "member")
	offsets := m.held(member)
	if len(offsets) == 0 {
		t.Skip("holds nothing")
	}
	first := rapid.IntRange(0, len(offsets)-1).Draw(t, "from")
	last := first
	for last+1 < len(offsets) && offsets[last+1] == offsets[last]+1 && rapid.IntRange(0, 9).Draw(t, "more") > 0 {
		last++
	}
	types := make([]AckType, last-first+1)
	for i := range types {
		types[i] = AckType(rapid.IntRange(0, 4).Draw(t, "type"))
	}
	if err := m.ack(member, offsets[first], offsets[last], types...); err != nil {
		t.Fatalf("%s acknowledges %d to %d: %v", member, offsets[first], offsets[last], err)
	}
	for i, typ := range types {
		m.apply(&m.records[offsets[first+i]], typ)
	}
}

func (m *model) apply(r *modelled, typ AckType) {
	switch typ {
	case Renew:
		r.until = m.nowMs() + m.settings.LockDuration.Milliseconds()
		return
	case Release:
		r.settled = r.count >= int(m.settings.DeliveryLimit)
	default:
		r.settled = true
	}
	r.member = ""
}

// doSteal settles what the member does not hold, which is refused and changes nothing.
func (m *model) doSteal(t *rapid.T) {
	if len(m.records) == 0 {
		t.Skip("no records")
	}
	member := rapid.SampledFrom(members).Draw(t, "member")
	o := rapid.IntRange(0, len(m.records)-1).Draw(t, "offset")
	start := m.start()
	if m.records[o].member == member || int64(o) < start {
		t.Skip("it may")
	}
	err := m.ack(member, int64(o), int64(o), Accept)
	if !errors.Is(err, ErrInvalidRecordState) && !errors.Is(err, ErrInvalidRequest) {
		t.Fatalf("%s settles %d, which is %+v: %v", member, o, m.records[o], err)
	}
}

func (m *model) doAdvance(t *rapid.T) {
	m.advance(time.Duration(rapid.IntRange(1, 40).Draw(t, "seconds")) * time.Second)
	for o := range m.records {
		if r := &m.records[o]; r.member != "" && r.until <= m.nowMs() {
			m.apply(r, Release)
		}
	}
}

func (m *model) doRelease(t *rapid.T) {
	member := rapid.SampledFrom(members).Draw(t, "member")
	_, err := m.s.Release(m.key(), member).Result()
	must(m, err)
	for o := range m.records {
		if r := &m.records[o]; r.member == member {
			m.apply(r, Release)
		}
	}
}

// doPutBack gives back some of what a member holds and was not sent.
func (m *model) doPutBack(t *rapid.T) {
	member := rapid.SampledFrom(members).Draw(t, "member")
	offsets := m.held(member)
	if len(offsets) == 0 {
		t.Skip("holds nothing")
	}
	first := rapid.IntRange(0, len(offsets)-1).Draw(t, "from")
	last := rapid.IntRange(first, len(offsets)-1).Draw(t, "to")
	_, err := m.s.PutBack(m.key(), member, []Acquired{{First: offsets[first], Last: offsets[last]}}).Result()
	must(m, err)
	for _, o := range offsets[first : last+1] {
		r := &m.records[o]
		r.member, r.count = "", r.count-1
	}
}

func (m *model) doCrash(t *rapid.T) {
	m.crash(rapid.SampledFrom([]int{0, 50, 100}).Draw(t, "unsynced percent"))
	m.forget()
}

// forget is what a crash does to what members hold: it is there again, and was never delivered.
func (m *model) forget() {
	for o := range m.records {
		if r := &m.records[o]; r.member != "" {
			r.member, r.count = "", r.count-1
		}
	}
}

// start is the first record that is not settled.
func (m *model) start() int64 {
	for o := range m.records {
		if !m.records[o].settled {
			return int64(o)
		}
	}
	return int64(len(m.records))
}

func (m *model) check(t *rapid.T) {
	o := m.offsets()
	want := Depth{}
	for i := range m.records {
		switch r := &m.records[i]; {
		case r.member != "":
			want.InFlight++
		case !r.settled:
			want.Available++
		}
	}
	got := o.Depth(int64(len(m.records)))
	if got.Unseen = 0; got != want {
		t.Fatalf("the depth is %+v; want %+v", got, want)
	}
	if got := m.offsets().Start; got != m.start() {
		t.Fatalf("the start is %d; want %d", got, m.start())
	}
}

// drain works everything off: nothing is lost.
func (m *model) drain(t *rapid.T) {
	m.crash(0)
	m.forget()
	for m.start() < int64(len(m.records)) {
		if m.fetched(t, "one") == 0 {
			t.Fatalf("stuck at %d", m.start())
		}
		for _, o := range m.held("one") {
			if err := m.ack("one", o, o, Accept); err != nil {
				t.Fatalf("accept %d: %v", o, err)
			}
			m.apply(&m.records[o], Accept)
		}
	}
	m.check(t)
}
