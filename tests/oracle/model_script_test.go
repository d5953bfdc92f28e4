package oracle

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// groupKind is what a script's group is made of.
type groupKind string

const (
	classicGroup groupKind = "classic"          // consumers of the classic protocol
	connectGroup groupKind = "connect"          // another protocol type, whose metadata nobody reads
	rangeGroup   groupKind = "consumer range"   // the consumer protocol with the assignor range
	uniformGroup groupKind = "consumer uniform" // and with uniform
	mixedGroup   groupKind = "mixed"            // members of both protocols, so that the group is migrated again and again
)

var groupKinds = []groupKind{classicGroup, rangeGroup, mixedGroup, uniformGroup, connectGroup, mixedGroup}

// loose tells whether it is the broker's choice who gets which partitions.
func (k groupKind) loose() bool { return k == uniformGroup || k == mixedGroup }

// onlyClassic tells whether no member speaks the consumer protocol.
func (k groupKind) onlyClassic() bool { return k == classicGroup || k == connectGroup }

func (k groupKind) protocolType() string {
	if k == connectGroup {
		return "connect"
	}
	return "consumer"
}

// assignor is the one that members ask for; "" for the broker's own choice.
func (k groupKind) assignor() string {
	if k == rangeGroup {
		return "range"
	}
	return ""
}

// action is one step of a script.
type action struct {
	label string
	run   func(w *world)
}

// script makes up actions. All that it draws comes from one source of random numbers and from what both brokers
// agree about, so that a seed gives the same script again.
type script struct {
	rng         *rand.Rand
	kind        groupKind
	cooperative bool // members prefer to rebalance so
	deathless   bool // nobody falls silent
	step        int64
}

func newScript(rng *rand.Rand) *script {
	return &script{rng: rng, kind: groupKinds[rng.IntN(len(groupKinds))], cooperative: rng.IntN(2) == 0}
}

// weighed is a kind of action with how often it comes. It gives nothing if it makes no sense now.
type weighed struct {
	weight int
	make   func(a *actor, i int) []action
}

// next gives what is done next, one or several actions.
func (s *script) next(w, other *world) []action {
	s.step++
	for {
		i := s.rng.IntN(actorCount)
		a := w.actors[i]
		table := s.table()
		sum := 0
		for _, e := range table {
			sum += e.weight
		}
		n := s.rng.IntN(sum)
		for _, e := range table {
			if n -= e.weight; n >= 0 {
				continue
			}
			if !s.led(w, other) {
				return s.everyoneLeaves(nil, 0)
			}
			if actions := e.make(a, i); actions != nil {
				return actions
			}
			break
		}
	}
}

// led tells whether both brokers have the same leader. After the leader of a larger group has left, who follows is a
// matter of chance at Apache Kafka; then the group begins anew.
func (s *script) led(w, other *world) bool {
	for i, a := range w.actors {
		if a.in && a.classic && a.leader != other.actors[i].leader {
			return false
		}
	}
	return true
}

func (s *script) table() []weighed {
	return []weighed{
		{40, s.progress}, {14, s.enter}, {6, s.exit}, {4, s.resubscribe}, {10, s.commit}, {3, s.commitByHand},
		{4, s.strayHeartbeat}, {3, s.straySync}, {3, s.restart}, {2, s.zombie}, {6, s.settleAll}, {2, s.death},
		{2, s.deleteGroup}, {2, s.deleteOffsets}, {2, s.askOffsets}, {1, s.everyoneLeaves},
	}
}

func act(label string, run func(w *world)) []action { return []action{{label, run}} }

func (s *script) settle() action { return action{"all go on until the group rests", (*world).settle} }

// calm has the group come to rest first where the assignor's choice would matter to what follows.
func (s *script) calm(actions []action) []action {
	if s.kind.loose() {
		return append([]action{s.settle()}, actions...)
	}
	return actions
}

func (s *script) progress(a *actor, i int) []action {
	if !a.in || a.parked() {
		return nil
	}
	version := int16(s.rng.IntN(10))
	return act(fmt.Sprintf("%s goes on (%s, v%d)", a.name, a.status(), version), func(w *world) {
		w.progress(w.actors[i], version)
	})
}

// character draws what a new life is like.
func (s *script) character(i int) func(a *actor) {
	classic := s.kind.onlyClassic() || s.kind == mixedGroup && s.rng.IntN(2) == 0
	static := s.rng.IntN(4) == 0
	topics := s.topics()
	protocols := s.protocols()
	return func(a *actor) {
		a.life++
		a.quit()
		a.in, a.classic, a.topics, a.protocols, a.sessionMs, a.phase = true, classic, topics, protocols, 300_000, mustJoin
		a.instance = nil
		if static {
			name := fmt.Sprintf("i%d", i)
			a.instance = &name
		}
		if !classic {
			a.id = fmt.Sprintf("%s-m", a.clientID())
		}
	}
}

func (s *script) topics() []string {
	if s.kind.loose() {
		return modelTopics[:1]
	}
	switch s.rng.IntN(4) {
	case 0:
		return modelTopics[:1]
	case 1:
		return modelTopics[1:]
	default:
		return modelTopics
	}
}

// protocols draws what a member offers. All members of a group prefer in the same order: of protocols that have as many
// votes Apache Kafka takes one by the hash of its name, Weir the one that the eldest member prefers.
func (s *script) protocols() []string {
	lists := [][]string{{"range"}, {"range", cooperative}, {"range", "roundrobin"}, {"range", cooperative}}
	switch {
	case s.kind == connectGroup:
		lists = [][]string{{"sessioned", "compatible"}, {"compatible"}, {"compatible", "default"}, {"other"}}
	case s.cooperative:
		lists = [][]string{{"range"}, {cooperative, "range"}, {cooperative, "range", "roundrobin"}, {cooperative}}
	}
	return lists[s.rng.IntN(len(lists))]
}

func (s *script) enter(a *actor, i int) []action {
	if a.in || a.parked() {
		return nil
	}
	be, version := s.character(i), int16(s.rng.IntN(10))
	if a.away {
		be = (*actor).comeBack
	}
	return s.calm(act(fmt.Sprintf("%s joins (v%d)", a.name, version), func(w *world) {
		if w.actors[i].in { // it came back as the group came to rest
			return
		}
		be(w.actors[i])
		w.progress(w.actors[i], version)
	}))
}

func (s *script) exit(a *actor, i int) []action {
	if !a.in || a.id == "" {
		return nil
	}
	version, way := int16(s.rng.IntN(6)), s.rng.IntN(3)
	return s.calm(act(fmt.Sprintf("%s leaves (v%d, %s, way %d)", a.name, version, a.status(), way), func(w *world) {
		a := w.actors[i]
		if a.classic || way == 2 && a.instance != nil {
			w.leave(a, version, way == 0)
			return
		}
		w.depart(a, min(version, 1), way == 1 && a.instance != nil)
	}))
}

func (s *script) everyoneLeaves(*actor, int) []action {
	return s.calm(act("everyone is removed", func(w *world) { w.leaveAll(5) }))
}

func (s *script) resubscribe(a *actor, i int) []action {
	if !a.in || a.parked() || s.kind == uniformGroup {
		return nil
	}
	topics, protocols := s.topics(), s.protocols()
	// Who leads a group that has just become a classic one is not told; from its leader any join is news.
	news := s.kind == mixedGroup || s.rng.IntN(2) == 0
	return s.calm(act(fmt.Sprintf("%s reads %s, news: %t (%s)", a.name, strings.Join(topics, " "), news, a.status()), func(w *world) {
		a := w.actors[i]
		if news {
			a.words++
		}
		a.topics = topics
		if !a.classic {
			if a.epoch > 0 {
				w.resubscribe(a, 1)
			}
			return
		}
		a.protocols = protocols
		w.join(a, 5)
	}))
}

// restart has a member come back under a new id: a static one takes its place again.
func (s *script) restart(a *actor, i int) []action {
	if !a.in || a.parked() || a.instance == nil || a.id == "" {
		return nil
	}
	change, toClassic := s.kind == mixedGroup && s.rng.IntN(2) == 0, s.rng.IntN(2) == 0
	return s.calm(act(fmt.Sprintf("%s starts again (%s)", a.name, a.status()), func(w *world) {
		a := w.actors[i]
		if !a.classic {
			w.depart(a, 1, true)
		}
		old := a.id
		if change {
			a.classic = toClassic
		}
		a.comeBack()
		w.progress(a, 5)
		a.old = old
	}))
}

// zombie is the process that a static member was before it started again.
func (s *script) zombie(a *actor, i int) []action {
	if a.old == "" || !a.classic || a.parked() {
		return nil
	}
	return act(fmt.Sprintf("the %s of before is heard (%s)", a.name, a.status()), func(w *world) {
		a := w.actors[i]
		w.heartbeat(a, 4, a.old, a.epoch)
		w.commit(a, 8, a.old, a.epoch, 0, 1)
	})
}

// death has a member fall silent. A classic one is a new one, for sessions are told with the join.
func (s *script) death(a *actor, i int) []action {
	switch {
	case a.parked() || s.deathless:
		return nil
	case a.in && !a.classic && a.epoch > 0:
		return s.calm(act(a.name+" falls silent", func(w *world) { w.die(w.actors[i]) }))
	case !a.in && !a.away && !strings.HasPrefix(string(s.kind), "consumer"):
		be := s.character(i)
		return s.calm(act(a.name+" joins and falls silent", func(w *world) {
			a := w.actors[i]
			be(a)
			a.classic, a.id, a.instance = true, "", nil
			w.fade(a)
			w.settle()
		}))
	}
	return nil
}

func (s *script) settleAll(*actor, int) []action { return []action{s.settle()} }

// ending has everyone settle, leave, and the group go.
func (s *script) ending() []action {
	return []action{s.settle(), {"everyone is removed at the end", func(w *world) { w.leaveAll(5) }},
		{"the group is deleted at the end", (*world).deleteGroup}}
}
