package groups

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"weir/coordinator"
)

// TestRandomConversations has clients do anything in any order, while the disk holds, refuses and crashes,
// and checks: the state's invariants; that a generation has one leader and gives each member the assignment
// that the leader made for it; that generations go up; that committed offsets are those of the last
// acknowledged commit; and that replaying the log gives the state that runs.
func TestRandomConversations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		delay := int32(rapid.SampledFrom([]int{0, 500}).Draw(t, "delay"))
		w := &world{rig: openRig(Config{GroupInitialRebalanceDelayMs: delay, GroupMaxSize: 3})}
		defer func() { w.Resign(0) }()
		w.reset()
		w.offsets = make(map[string]int64)
		for i := range 6 {
			c := &client{name: fmt.Sprintf("c%d", i), group: fmt.Sprintf("g%d", i%2)}
			if i >= 4 {
				instance := fmt.Sprintf("i%d", i%3)
				c.instance = &instance
			}
			w.clients = append(w.clients, c)
		}
		actions := []func(*rapid.T){ // some more often than others
			w.join, w.join, w.join, w.sync, w.sync, w.sync, w.heartbeat, w.commit, w.commit, w.pass, w.pass,
			w.assemble, w.assemble, w.leave, w.forget, w.deleteGroup, w.restart, w.toggleHold, w.toggleHold,
			w.toggleRefuse, w.toggleRefuse,
		}
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			actions[rapid.IntRange(0, len(actions)-1).Draw(t, "action")](t)
			w.check(t)
		}
	})
}

// assemble has all clients of a group do what they should, so that the group becomes stable if it can.
func (w *world) assemble(t *rapid.T) {
	of := w.pick(t).group
	for range 3 { // joining in two steps, and once more for those who learn of a rebalance
		for _, c := range w.clients {
			if c.group == of {
				w.joinAs(t, c)
			}
		}
		w.check(t)
	}
	w.tick(600 * time.Millisecond)
	w.check(t)
	for _, c := range w.clients {
		if c.group == of {
			w.syncAs(c)
		}
	}
	w.check(t)
}

// client is one consumer, which remembers what it was told.
type client struct {
	name, group string
	instance    *string
	memberID    string
	generation  int32
	leads       bool
	members     []JoinMember
	join        *coordinator.Future[JoinResponse]
	sync        *coordinator.Future[SyncResponse]
	syncedAs    string // the member id and generation that sync was sent for
}

type world struct {
	*rig
	clients []*client
	refused bool
	tainted bool             // something was refused since the last restart
	offsets map[string]int64 // by group, of the last acknowledged commit
	leaders map[string]string
	highest map[string]int32 // generation by group, while the group is not deleted or restarted
	commits []pendingCommit
}

type pendingCommit struct {
	group  string
	offset int64
	future *coordinator.Future[CommitResponse]
}

func (w *world) reset() {
	w.leaders, w.highest = make(map[string]string), make(map[string]int32)
	w.tainted = w.refused
}

func (w *world) pick(t *rapid.T) *client { return rapid.SampledFrom(w.clients).Draw(t, "client") }

func (w *world) join(t *rapid.T) { w.joinAs(t, w.pick(t)) }

func (w *world) joinAs(t *rapid.T, c *client) {
	if c.join != nil {
		return
	}
	protocols := []Protocol{{"range", subscription("t")}, {"sticky", subscription("t", "u")}}
	c.join = w.Join(JoinRequest{
		GroupID: c.group, MemberID: c.memberID, InstanceID: c.instance, ClientID: c.name, ClientHost: "/h",
		SessionTimeoutMs: 10000, RebalanceTimeoutMs: 20000, ProtocolType: "consumer",
		Protocols:            protocols[rapid.IntRange(0, 1).Draw(t, "protocols"):],
		RequireKnownMemberID: rapid.Bool().Draw(t, "two steps"), SupportsSkippingAssignment: true,
	})
}

func (w *world) sync(t *rapid.T) { w.syncAs(w.pick(t)) }

func (w *world) syncAs(c *client) {
	if c.sync != nil || c.memberID == "" {
		return
	}
	r := SyncRequest{GroupID: c.group, Generation: c.generation, MemberID: c.memberID, InstanceID: c.instance}
	if c.leads {
		for _, m := range c.members {
			data := fmt.Appendf(nil, "%s@%d", m.MemberID, c.generation)
			r.Assignments = append(r.Assignments, Assignment{m.MemberID, data})
		}
	}
	c.sync, c.syncedAs = w.Sync(r), fmt.Sprintf("%s@%d", c.memberID, c.generation)
}

func (w *world) heartbeat(t *rapid.T) {
	c := w.pick(t)
	w.Heartbeat(HeartbeatRequest{
		GroupID: c.group, Generation: c.generation, MemberID: c.memberID, InstanceID: c.instance,
	})
}

func (w *world) leave(t *rapid.T) {
	c := w.pick(t)
	who := LeaveMember{MemberID: c.memberID, InstanceID: c.instance}
	w.Leave(LeaveRequest{GroupID: c.group, Members: []LeaveMember{who}})
}

func (w *world) commit(t *rapid.T) {
	c := w.pick(t)
	r := CommitRequest{
		GroupID: c.group, Generation: c.generation, MemberID: c.memberID, InstanceID: c.instance, RetentionMs: -1,
	}
	if rapid.IntRange(0, 3).Draw(t, "outside") == 0 {
		r.Generation, r.MemberID, r.InstanceID = NoGeneration, NoMember, nil
	}
	offset := int64(rapid.IntRange(0, 1000).Draw(t, "offset"))
	r.Topics = []CommitTopic{{Name: "t", Partitions: []CommitPartition{{Offset: offset, LeaderEpoch: -1}}}}
	w.commits = append(w.commits, pendingCommit{c.group, offset, w.CommitOffsets(r)})
}

func (w *world) forget(t *rapid.T) {
	c := w.pick(t)
	c.memberID, c.generation, c.leads = "", -1, false
}

func (w *world) pass(t *rapid.T) {
	w.tick(time.Duration(rapid.IntRange(1, 120).Draw(t, "tenths")) * 100 * time.Millisecond)
}

func (w *world) deleteGroup(t *rapid.T) {
	if w.held {
		return
	}
	w.settle()
	w.collect(t)
	c := w.pick(t)
	results, _ := w.Delete([]string{c.group}).Result()
	if results[0].Err == nil {
		delete(w.offsets, c.group)
		delete(w.highest, c.group)
		w.forgetLeaders()
	}
}

func (w *world) restart(t *rapid.T) {
	w.settle()
	w.collect(t)
	w.crash()
	if w.refused {
		w.log.Refuse(coordinator.ErrNotAvailable)
	}
	w.collect(t)
	w.reset()
}

func (w *world) toggleHold(*rapid.T) {
	if w.held = !w.held; w.held {
		w.settle()
		w.log.Hold()
	} else {
		w.log.Release()
	}
}

func (w *world) toggleRefuse(*rapid.T) {
	w.settle()
	if w.refused = !w.refused; w.refused {
		w.tainted = true
		w.log.Refuse(coordinator.ErrNotAvailable)
	} else {
		w.log.Refuse(nil)
	}
}

func (w *world) forgetLeaders() { clear(w.leaders) }

// collect hands the answers that have come to their clients.
func (w *world) collect(t *rapid.T) {
	for _, c := range w.clients {
		if c.join != nil {
			if r, err, ok := c.join.Peek(); ok {
				c.join = nil
				w.joined(t, c, r, err)
			}
		}
		if c.sync != nil {
			if r, err, ok := c.sync.Peek(); ok {
				c.sync = nil
				got := w.holder(string(r.Assignment))
				if err == nil && got != "" && got != w.holder(c.syncedAs) {
					t.Fatalf("%s was assigned %q", c.syncedAs, got)
				}
			}
		}
	}
	open := w.commits[:0]
	for _, p := range w.commits {
		_, err, ok := p.future.Peek()
		switch {
		case !ok:
			open = append(open, p)
		case err == nil:
			w.offsets[p.group] = p.offset
		}
	}
	w.commits = open
}

func (w *world) joined(t *rapid.T, c *client, r JoinResponse, err error) {
	var required *MemberIDRequiredError
	if errors.As(err, &required) {
		c.memberID = required.MemberID
		return
	}
	if err != nil {
		switch {
		case errors.Is(err, ErrUnknownMember), errors.Is(err, ErrFencedInstance), errors.Is(err, ErrGroupMaxSize):
			c.memberID = ""
		}
		return
	}
	c.memberID, c.generation = r.MemberID, r.Generation
	c.leads, c.members = len(r.Members) > 0 && !r.SkipAssignment, r.Members
	if c.leads != (r.Leader == r.MemberID) && !r.SkipAssignment {
		t.Fatalf("%s leads %v; leader is %s", r.MemberID, c.leads, r.Leader)
	}
	key := fmt.Sprintf("%s@%d", c.group, r.Generation)
	if leader, ok := w.leaders[key]; ok && leader != w.holder(r.Leader) {
		t.Fatalf("generation %s is led by %s and %s", key, leader, r.Leader)
	}
	w.leaders[key] = w.holder(r.Leader)
}

// holder is who has a member id, perhaps with a generation behind it. Static members may come back under
// another id within a generation, so for them it is the instance.
func (w *world) holder(id string) string {
	for _, c := range w.clients {
		if c.instance != nil && strings.HasPrefix(id, *c.instance+"-") {
			_, generation, _ := strings.Cut(id, "@")
			return *c.instance + "@" + generation
		}
	}
	return id
}

func (w *world) check(t *rapid.T) {
	w.settle()
	w.collect(t)
	var live map[string]string
	var tomb []string
	w.inspect(func(m *machine) {
		live = image(m)
		for id, g := range m.groups {
			if g.classic == nil {
				continue
			}
			if broken := g.classic.broken(); broken != "" {
				tomb = append(tomb, id+": "+broken)
			}
			if g.classic.generation < w.highest[id] {
				back := fmt.Sprintf("%s: generation %d after %d", id, g.classic.generation, w.highest[id])
				tomb = append(tomb, back)
			}
			w.highest[id] = g.classic.generation
			w.checkOffsets(g, &tomb)
		}
	})
	if len(tomb) > 0 {
		t.Fatal(tomb)
	}
	w.checkReplay(t, live)
}

// checkOffsets compares committed offsets with the acknowledged commits; those that are on their way may
// show.
func (w *world) checkOffsets(g *group, wrong *[]string) {
	if len(w.commits) > 0 {
		return
	}
	o, ok := g.offsets.get("t", 0)
	want, has := w.offsets[g.id]
	if ok != has || ok && o.offset != want {
		*wrong = append(*wrong, fmt.Sprintf("%s: offset %d %v; want %d %v", g.id, o.offset, ok, want, has))
	}
}

// checkReplay compares the running state with that of a machine that has read the log.
func (w *world) checkReplay(t *rapid.T, live map[string]string) {
	fresh := newMachine(&w.Service.config, newMemberIDSuffix, newView(), testLogger())
	for _, b := range w.log.Batches(0) {
		for rec := range b.Records(1 << 30) {
			if err := fresh.Apply(coordinator.Record{Key: rec.Key, Value: rec.Value}, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, g := range fresh.groups {
		if g.classic != nil && len(g.classic.members) > 0 {
			g.classic.state = StateStable
		}
	}
	replayed := image(fresh)
	for id := range replayed {
		_, settled := live[id]
		group := fresh.groups[id]
		if group == nil && (!settled || w.tainted) { // between two records, or a record was refused
			delete(replayed, id)
			delete(live, id)
		}
	}
	if !maps.Equal(live, replayed) {
		t.Fatalf("running  %q\nreplayed %q", live, replayed)
	}
}
