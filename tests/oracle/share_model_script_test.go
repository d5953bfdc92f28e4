package oracle

import (
	"fmt"
	"math/rand/v2"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// shareAction is one step of a script about a share group.
type shareAction struct {
	label string
	run   func(w *shareWorld)
}

// shareScript makes up steps from one source of random numbers and from what both brokers agree about.
type shareScript struct {
	rng     *rand.Rand
	limit   int // deliveries
	exactly int // of a hundred fetches
}

func newShareScript(rng *rand.Rand) *shareScript {
	return &shareScript{rng: rng, limit: 2 + rng.IntN(5), exactly: []int{0, 30, 100}[rng.IntN(3)]}
}

// next gives what is done next.
func (s *shareScript) next(w *shareWorld) shareAction {
	table := []struct {
		weight int
		make   func(w *shareWorld, i int) (shareAction, bool)
	}{
		{14, s.produce}, {34, s.fetch}, {24, s.acknowledge}, {8, s.badAcknowledge}, {10, s.fetchAndSettle}, {5, s.renew}, {6, s.close},
		{2, s.expire}, {4, s.beat}, {2, s.comeOrGo}, {3, s.badEpoch},
	}
	sum := 0
	for _, e := range table {
		sum += e.weight
	}
	for {
		i, n := s.rng.IntN(takerCount), s.rng.IntN(sum)
		for _, e := range table {
			if n -= e.weight; n >= 0 {
				continue
			}
			if a, ok := e.make(w, i); ok {
				return a
			}
			break
		}
	}
}

func (s *shareScript) produce(*shareWorld, int) (shareAction, bool) {
	p, n := int32(s.rng.IntN(sharedPartitions)), 1+s.rng.IntN(8)
	if s.rng.IntN(3) == 0 { // as queues are filled
		return shareAction{fmt.Sprintf("%d records come to %d, each alone", n, p), func(w *shareWorld) {
			for range n {
				w.produce(p, 1)
			}
		}}, true
	}
	return shareAction{fmt.Sprintf("%d records come to %d", n, p), func(w *shareWorld) { w.produce(p, n) }}, true
}

func (s *shareScript) want(m *taker) want {
	reads := m.reads
	if !m.open {
		reads = int32(s.rng.IntN(sharedPartitions))
	}
	return want{reads: reads, records: int32(1 + s.rng.IntN(12)), batch: int32([]int{1, 5, 500}[s.rng.IntN(3)]), exactly: s.rng.IntN(100) < s.exactly}
}

func (x want) String() string {
	text := fmt.Sprintf("%d records of %d in batches of %d", x.records, x.reads, x.batch)
	if x.exactly {
		text += " exactly"
	}
	return text
}

func (s *shareScript) fetch(w *shareWorld, i int) (shareAction, bool) {
	x := s.want(w.takers[i])
	return shareAction{fmt.Sprintf("%s fetches %v", w.takers[i].name, x), func(w *shareWorld) {
		w.hear(w.takers[i], w.fetch(w.takers[i], x))
	}}, true
}

// acks draws what a member says of some of what it holds; types are drawn from those given.
func (s *shareScript) acks(m *taker, types ...int8) (all [sharedPartitions][]ack, any bool) {
	for p := range all {
		held := m.holds(int32(p))
		for from := 0; from < len(held); {
			if from += s.rng.IntN(3); from >= len(held) {
				break
			}
			to := from
			for to+1 < len(held) && held[to+1] == held[to]+1 && s.rng.IntN(8) > 0 {
				to++
			}
			a := ack{held[from], held[to], []int8{types[s.rng.IntN(len(types))]}}
			if s.rng.IntN(3) == 0 {
				a.types = nil
				for range to - from + 1 {
					a.types = append(a.types, types[s.rng.IntN(len(types))])
				}
			}
			all[p], any = append(all[p], a), true
			if from = to + 1; s.rng.IntN(2) == 0 {
				break
			}
		}
	}
	return all, any
}

func (s *shareScript) acknowledge(w *shareWorld, i int) (shareAction, bool) {
	m := w.takers[i]
	acks, any := s.acks(m, accept, accept, release, release, reject, gap)
	return shareAction{fmt.Sprintf("%s acknowledges %v", m.name, acks), func(w *shareWorld) {
		w.acknowledge(w.takers[i], acks, false, false)
	}}, m.open && any
}

// badAcknowledge says something of what the member may not hold, or of more than there is, or in the wrong order.
func (s *shareScript) badAcknowledge(w *shareWorld, i int) (shareAction, bool) {
	m, p := w.takers[i], s.rng.IntN(sharedPartitions)
	if !m.open || w.ends[p] == 0 {
		return shareAction{}, false
	}
	var acks [sharedPartitions][]ack
	for range 1 + s.rng.IntN(2) {
		first := s.rng.Int64N(w.ends[p])
		last := first
		if w.held(p, first) { // of offsets before the first in flight Apache Kafka fails with a NullPointerException
			last += s.rng.Int64N(4)
		} else if w.second { // after a start it may take long until Apache Kafka sees that the first records are all settled
			return shareAction{}, false
		}
		acks[p] = append(acks[p], ack{first, last, allOf(int8(1 + s.rng.IntN(3)))})
	}
	return shareAction{fmt.Sprintf("%s acknowledges whatever: %v", m.name, acks), func(w *shareWorld) {
		w.acknowledge(w.takers[i], acks, false, false)
	}}, true
}

// fetchAndSettle is one request for both. What it releases Apache Kafka gives again with the same answer or not, as the write of
// the state comes in time; so it releases nothing.
func (s *shareScript) fetchAndSettle(w *shareWorld, i int) (shareAction, bool) {
	m := w.takers[i]
	x := s.want(m)
	acks, any := s.acks(m, accept, reject, gap)
	x.acks = acks
	return shareAction{fmt.Sprintf("%s fetches %v and acknowledges %v", m.name, x, acks), func(w *shareWorld) {
		w.hear(w.takers[i], w.fetch(w.takers[i], x))
	}}, m.open && any
}

func (s *shareScript) renew(w *shareWorld, i int) (shareAction, bool) {
	m := w.takers[i]
	acks, any := s.acks(m, renew, renew, accept, release)
	return shareAction{fmt.Sprintf("%s renews %v", m.name, acks), func(w *shareWorld) {
		w.acknowledge(w.takers[i], acks, true, false)
	}}, m.open && any
}

// close ends a session: with it the member settles all that it holds, or nothing, and then another takes that.
func (s *shareScript) close(w *shareWorld, i int) (shareAction, bool) {
	m, next, byFetch := w.takers[i], (i+1)%takerCount, s.rng.IntN(2) == 0
	if s.rng.IntN(2) == 0 {
		var acks [sharedPartitions][]ack
		for p := range acks {
			for _, o := range m.holds(int32(p)) {
				acks[p] = append(acks[p], ack{o, o, allOf([]int8{accept, release, reject}[s.rng.IntN(3)])})
			}
		}
		return shareAction{fmt.Sprintf("%s ends its session with %v", m.name, acks), func(w *shareWorld) {
			w.close(w.takers[i], acks, byFetch)
		}}, m.open
	}
	to := w.takers[next]
	return shareAction{fmt.Sprintf("%s ends its session, and %s takes what it had", m.name, to.name), func(w *shareWorld) {
		w.closeTo(w.takers[i], w.takers[next], byFetch)
	}}, m.open && to.open && to.reads == m.reads
}

func (s *shareScript) expire(w *shareWorld, i int) (shareAction, bool) {
	from, to, x := w.takers[i], w.takers[(i+1)%takerCount], s.want(w.takers[i])
	return shareAction{fmt.Sprintf("%s fetches %v and keeps them until %s may have them", from.name, x, to.name), func(w *shareWorld) {
		w.expire(w.takers[i], w.takers[(i+1)%takerCount], x)
	}}, from.open && to.open && from.reads == to.reads
}

func (s *shareScript) beat(w *shareWorld, i int) (shareAction, bool) {
	m, off := w.takers[i], int32(0)
	if s.rng.IntN(4) == 0 {
		off = 1 + int32(s.rng.IntN(2))
	}
	return shareAction{fmt.Sprintf("%s beats, %d ahead", m.name, off), func(w *shareWorld) {
		w.beat(w.takers[i], w.takers[i].memberEpoch+off)
	}}, m.in || off == 0
}

func (s *shareScript) comeOrGo(w *shareWorld, i int) (shareAction, bool) {
	m, in := w.takers[i], 0
	for _, other := range w.takers {
		if other.in {
			in++
		}
	}
	if !m.in {
		return shareAction{m.name + " comes", func(w *shareWorld) {
			w.takers[i].in = true
			w.beat(w.takers[i], 0)
		}}, true
	}
	return shareAction{m.name + " goes", func(w *shareWorld) {
		w.takers[i].in = false
		w.beat(w.takers[i], -1)
	}}, in > 1
}

// badEpoch asks in an epoch that the session is not in.
func (s *shareScript) badEpoch(w *shareWorld, i int) (shareAction, bool) {
	m, epoch := w.takers[i], []int32{7_000, -2, -1}[s.rng.IntN(3)]
	return shareAction{fmt.Sprintf("%s acknowledges in epoch %d", m.name, epoch), func(w *shareWorld) {
		req := w.takers[i].settling()
		req.Version, req.ShareSessionEpoch, req.Topics = 2, epoch, nil
		w.heard[w.takers[i].name+" in that epoch"] = fmt.Sprint(w.s.must(req).(*kmsg.ShareAcknowledgeResponse).ErrorCode)
	}}, epoch != -1 || !m.open
}

// ending has all sessions end, with all that was held released, and one member accept whatever there is until nothing is left.
func (s *shareScript) ending() []shareAction {
	return []shareAction{
		{"all sessions end", func(w *shareWorld) {
			for _, m := range w.takers {
				var acks [sharedPartitions][]ack
				for p := range acks {
					for _, o := range m.holds(int32(p)) {
						acks[p] = append(acks[p], ack{o, o, allOf(release)})
					}
				}
				if m.open {
					w.acknowledge(m, acks, false, true)
				}
			}
		}},
		{"all is worked off", (*shareWorld).workOff},
	}
}
