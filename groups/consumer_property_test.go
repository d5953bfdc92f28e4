package groups

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"weir/coordinator"
	"weir/metadata"
)

// clusterOf makes an image of topics with so many partitions. Ids follow from names and the revision at which
// a topic came.
func clusterOf(revision int64, topics map[string]int) *metadata.Image {
	d := metadata.Empty().Edit()
	d.SetRevision(revision)
	for name, n := range topics {
		t := &metadata.Topic{Name: name, Partitions: make([]metadata.Partition, n)}
		copy(t.ID[:], name)
		d.PutTopic(t)
	}
	return d.Done()
}

// TestRandomConsumers has members of both protocols do anything in any order in one group, while topics come
// and go and the disk holds, refuses and crashes. It checks that no partition is ever with two members, that
// replaying the log gives the state that runs, that epochs go up, that commits that were acknowledged stay
// whatever the group becomes, and that, left alone, the group comes to rest with everything shared.
func TestRandomConsumers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &consumers{rig: openRig(Config{}), topics: map[string]int{"a": 3, "b": 2}, committed: -1}
		defer func() { w.Resign(0) }()
		w.changeTopics()
		for i := range 5 {
			w.members = append(w.members, &consumerClient{name: fmt.Sprintf("c%d", i)})
			if i >= 3 {
				instance := fmt.Sprintf("i%d", i)
				w.members[i].instance = &instance
			}
		}
		actions := []func(*rapid.T){
			w.join, w.join, w.beat, w.beat, w.beat, w.obey, w.obey, w.leave, w.commit, w.commit, w.pass, w.pass,
			w.classicJoin, w.classicJoin, w.classicBeat, w.classicLeave, w.topic, w.restart, w.toggleHold, w.toggleHold,
			w.toggleRefuse, w.toggleRefuse,
		}
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			actions[rapid.IntRange(0, len(actions)-1).Draw(t, "action")](t)
			if w.held && w.since > 4 { // a shard stops deciding when too much is on its way
				w.toggleHold(t)
			}
			w.since++
			w.check(t)
		}
		w.rest(t)
	})
}

// consumerClient is one member that remembers what it was told.
type consumerClient struct {
	name       string
	instance   *string
	id         string // "" before it joins
	epoch      int32
	owned      []metadata.PartitionID
	classic    bool
	generation int32
}

type consumers struct {
	*rig
	members   []*consumerClient
	topics    map[string]int
	revision  int64
	joined    int
	refused   bool
	tainted   bool
	committed int64 // -1: nothing
	commits   []pendingCommit
	since     int   // steps since the disk holds
	epoch     int32 // the highest of the group while it is a consumer group
}

func (w *consumers) changeTopics() {
	w.revision++
	w.SetImage(clusterOf(w.revision, w.topics))
}

func (w *consumers) pick(t *rapid.T) *consumerClient {
	return rapid.SampledFrom(w.members).Draw(t, "member")
}

// say sends a heartbeat and takes the answer over.
func (w *consumers) say(c *consumerClient, r ConsumerHeartbeatRequest) {
	r.GroupID, r.MemberID, r.InstanceID, r.ClientID, r.ClientHost = "g", c.id, c.instance, c.name, "/h"
	f := w.ConsumerHeartbeat(r)
	w.settle()
	a, err, ok := f.Peek()
	switch {
	case !ok: // held: the answer never comes, as far as the member knows
	case err != nil && r.Epoch >= 0:
		c.id = ""
	case err == nil && r.Epoch >= 0:
		if c.epoch = a.Epoch; a.Assigned {
			c.owned = a.Assignment
		}
	}
}

func (w *consumers) join(t *rapid.T) {
	c := w.pick(t)
	w.joined++
	c.id, c.classic, c.owned = fmt.Sprintf("%s-%d", c.name, w.joined), false, nil
	r := ConsumerHeartbeatRequest{RebalanceTimeoutMs: 20_000, Owned: []metadata.PartitionID{}}
	if rapid.IntRange(0, 3).Draw(t, "how") == 0 {
		regex := rapid.SampledFrom([]string{"a|b", ".*", "c+"}).Draw(t, "regex")
		r.Regex = &regex
	} else {
		r.Topics = rapid.SampledFrom([][]string{{"a"}, {"a", "b"}, {"b", "c"}, {}}).Draw(t, "topics")
	}
	if rapid.Bool().Draw(t, "asks") {
		assignor := rapid.SampledFrom([]string{AssignorUniform, AssignorRange}).Draw(t, "assignor")
		r.Assignor = &assignor
	}
	w.say(c, r)
}

// beat says nothing but that the member is there; obey says that it has what it was told to have.
func (w *consumers) beat(t *rapid.T) {
	if c := w.pick(t); c.id != "" && !c.classic {
		w.say(c, ConsumerHeartbeatRequest{Epoch: c.epoch, RebalanceTimeoutMs: -1})
	}
}

func (w *consumers) obey(t *rapid.T) { w.obeyAs(w.pick(t)) }

func (w *consumers) obeyAs(c *consumerClient) {
	if c.id != "" && !c.classic {
		owned := append([]metadata.PartitionID{}, c.owned...)
		w.say(c, ConsumerHeartbeatRequest{Epoch: c.epoch, RebalanceTimeoutMs: -1, Owned: owned})
	}
}

func (w *consumers) leave(t *rapid.T) {
	c := w.pick(t)
	if c.id == "" || c.classic {
		return
	}
	epoch := epochLeave
	if c.instance != nil && rapid.Bool().Draw(t, "back") {
		epoch = epochLeaveStatic
	}
	w.say(c, ConsumerHeartbeatRequest{Epoch: epoch, RebalanceTimeoutMs: -1})
	c.id = ""
}

func (w *consumers) classicJoin(t *rapid.T) {
	c := w.pick(t)
	if !c.classic {
		c.id = ""
	}
	c.classic = true
	f := w.Join(JoinRequest{
		GroupID: "g", MemberID: c.id, InstanceID: c.instance, ClientID: c.name, ClientHost: "/h",
		SessionTimeoutMs: 10_000, RebalanceTimeoutMs: 20_000, ProtocolType: "consumer",
		Protocols: []Protocol{{"range", subscription("a", "b")}},
	})
	w.settle()
	r, err, ok := f.Peek()
	if ok && err == nil {
		c.id, c.generation = r.MemberID, r.Generation
	} else if ok {
		c.id = ""
	}
}

// classicBeat asks for an assignment and says that the member is there.
func (w *consumers) classicBeat(t *rapid.T) {
	c := w.pick(t)
	if !c.classic || c.id == "" {
		return
	}
	assigned := []Assignment{{MemberID: c.id, Data: classicAssignmentOf("a", 0, 1, 2)}}
	w.Sync(SyncRequest{GroupID: "g", Generation: c.generation, MemberID: c.id, InstanceID: c.instance,
		Assignments: assigned})
	w.Heartbeat(HeartbeatRequest{GroupID: "g", Generation: c.generation, MemberID: c.id, InstanceID: c.instance})
	w.settle()
}

func (w *consumers) classicLeave(t *rapid.T) {
	c := w.pick(t)
	w.Leave(LeaveRequest{GroupID: "g", Members: []LeaveMember{{MemberID: c.id, InstanceID: c.instance}}})
	w.settle()
}

func (w *consumers) commit(t *rapid.T) {
	c := w.pick(t)
	generation := c.epoch
	if c.classic {
		generation = c.generation
	}
	offset := int64(rapid.IntRange(0, 1000).Draw(t, "offset"))
	topic := CommitTopic{Name: "a", Partitions: []CommitPartition{{Offset: offset, LeaderEpoch: -1}}}
	copy(topic.ID[:], "a")
	w.commits = append(w.commits, pendingCommit{"g", offset, w.CommitOffsets(CommitRequest{
		GroupID: "g", Generation: generation, MemberID: c.id, InstanceID: c.instance, KnowsEpochs: true, RetentionMs: -1,
		Topics: []CommitTopic{topic},
	})})
}

func (w *consumers) pass(t *rapid.T) {
	w.tick(time.Duration(rapid.IntRange(1, 300).Draw(t, "tenths")) * 100 * time.Millisecond)
}

func (w *consumers) topic(t *rapid.T) {
	name := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name")
	if n := rapid.IntRange(0, 4).Draw(t, "partitions"); n >= w.topics[name] && n > 0 {
		w.topics[name] = n
	} else if name != "a" {
		delete(w.topics, name)
	}
	w.changeTopics()
}

func (w *consumers) restart(*rapid.T) {
	w.settle()
	w.collect()
	w.crash()
	w.changeTopics()
	if w.refused {
		w.log.Refuse(coordinator.ErrNotAvailable)
	}
	w.tainted, w.epoch = w.refused, 0
	w.collect()
}

func (w *consumers) toggleHold(*rapid.T) {
	if w.held = !w.held; w.held {
		w.held = false
		w.settle()
		w.held, w.since = true, 0
		w.log.Hold()
	} else {
		w.log.Release()
	}
}

func (w *consumers) toggleRefuse(*rapid.T) {
	w.settle()
	if w.refused = !w.refused; w.refused {
		w.tainted = true
		w.log.Refuse(coordinator.ErrNotAvailable)
	} else {
		w.log.Refuse(nil)
	}
}

// collect notes which commits were acknowledged.
func (w *consumers) collect() {
	open := w.commits[:0]
	for _, p := range w.commits {
		_, err, ok := p.future.Peek()
		switch {
		case !ok:
			open = append(open, p)
		case err == nil:
			w.committed = p.offset
		}
	}
	w.commits = open
}

func (w *consumers) check(t *rapid.T) {
	w.settle()
	w.collect()
	var wrong string
	var live map[string]string
	w.inspect(func(m *machine) {
		live = image(m)
		g := m.groups["g"]
		switch {
		case g == nil && w.committed >= 0 && len(w.commits) == 0:
			wrong = "the group is gone with what it has committed"
		case g == nil:
		case g.consumer != nil:
			if wrong = g.consumer.brokenRun(); g.consumer.epoch < w.epoch && !w.tainted {
				wrong += fmt.Sprintf("epoch %d after %d", g.consumer.epoch, w.epoch)
			}
			w.epoch = g.consumer.epoch
		default:
			wrong, w.epoch = g.classic.broken(), 0
		}
		if g != nil && len(w.commits) == 0 {
			if o, ok := g.offsets.get("a", 0); ok != (w.committed >= 0) || ok && o.offset != w.committed {
				wrong += fmt.Sprintf("committed %d, there is %v %v", w.committed, o, ok)
			}
		}
	})
	if wrong != "" {
		t.Fatal(wrong)
	}
	(&world{rig: w.rig, tainted: w.tainted}).checkReplay(t, live)
}

// rest lets all members of the consumer protocol do what they should, and the classic ones go.
func (w *consumers) rest(t *rapid.T) {
	if w.held {
		w.toggleHold(t)
	}
	if w.refused {
		w.toggleRefuse(t)
	}
	w.tick(2 * time.Minute) // whoever is silent is out
	for i, c := range w.members {
		w.joined++
		c.id, c.classic, c.instance = fmt.Sprintf("%s-%d", c.name, w.joined), false, nil
		w.say(c, ConsumerHeartbeatRequest{
			RebalanceTimeoutMs: 20_000, Owned: []metadata.PartitionID{}, Topics: [][]string{{"a", "b"}, {"a"}}[i%2],
		})
	}
	for range 12 {
		w.tick(time.Second)
		for _, c := range w.members {
			w.obeyAs(c)
		}
	}
	w.check(t)
	var all []metadata.PartitionID
	for _, c := range w.members {
		all = append(all, c.owned...)
	}
	slices.SortFunc(all, comparePartitions)
	if len(all) != w.topics["a"]+w.topics["b"] || len(slices.Compact(all)) != w.topics["a"]+w.topics["b"] {
		t.Fatalf("members share %v of %v", all, maps.Clone(w.topics))
	}
	w.inspect(func(m *machine) {
		if s := m.groups["g"].listed(); s.State != StateStable || s.Type != TypeConsumer {
			t.Fatalf("the group is %+v", s)
		}
	})
}

// classicAssignmentOf encodes an assignment as the leader of a classic group makes it.
func classicAssignmentOf(topic string, partitions ...int32) []byte {
	id := metadata.TopicID{}
	copy(id[:], topic)
	var list []metadata.PartitionID
	for _, p := range partitions {
		list = append(list, metadata.PartitionID{Topic: id, Index: p})
	}
	mem := &consumerMember{classic: &classicMetadata{protocols: []Protocol{{"range", subscription(topic)}}}}
	return classicAssignment(clusterOf(1, map[string]int{topic: 100}), mem, list)
}
