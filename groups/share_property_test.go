package groups

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"weir/coordinator"
	"weir/metadata"
)

// TestRandomShareGroup has members come, go, change what they read and fall silent, while topics come and go, states are
// made or not, and the disk holds, refuses and crashes. It checks that members get only partitions of topics that they read
// and whose state was made, that replaying the log gives the state that runs, that epochs go up, and that, left alone, the
// group comes to rest with everything shared evenly.
func TestRandomShareGroup(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &sharers{rig: openRig(Config{Share: ShareConfig{MaxSize: 4}}), topics: map[string]int{"a": 3, "b": 2},
			made: make(map[metadata.PartitionID]bool)}
		defer func() { w.Resign(0) }()
		w.changeTopics()
		for i := range 5 {
			w.members = append(w.members, &sharer{name: fmt.Sprintf("c%d", i)})
		}
		actions := []func(*rapid.T){
			w.join, w.join, w.beat, w.beat, w.beat, w.leave, w.pass, w.topic, w.make, w.make, w.restart, w.toggleHold, w.toggleHold,
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

// sharer is one member that remembers what it was told.
type sharer struct {
	name   string
	epoch  int32 // 0 before it joins
	topics []string
	has    []metadata.PartitionID
}

type sharers struct {
	*rig
	members  []*sharer
	topics   map[string]int
	revision int64
	asked    []metadata.PartitionID        // states that are to be made
	made     map[metadata.PartitionID]bool // states of which the group was told
	refused  bool
	tainted  bool
	since    int   // steps since the disk holds
	epoch    int32 // the highest of the group
}

func (w *sharers) changeTopics() {
	w.revision++
	w.SetImage(clusterOf(w.revision, w.topics))
}

func (w *sharers) pick(t *rapid.T) *sharer { return rapid.SampledFrom(w.members).Draw(t, "member") }

// say sends a heartbeat and takes the answer over.
func (w *sharers) say(t *rapid.T, c *sharer, epoch int32, topics []string) {
	f := w.ShareHeartbeat(ShareHeartbeatRequest{GroupID: "g", MemberID: c.name, Epoch: epoch, ClientID: c.name, ClientHost: "/h",
		Topics: topics})
	w.settle()
	a, err, ok := f.Peek()
	switch {
	case !ok: // held: the answer never comes, as far as the member knows
	case err != nil:
		c.epoch, c.has = 0, nil
	default:
		w.asked = w.asked[:0]
		for _, p := range a.Initialize {
			w.asked = append(w.asked, p.PartitionID)
		}
		if c.epoch = max(a.Epoch, 0); a.Assigned {
			c.has = a.Assignment
		}
		for _, p := range a.Assignment {
			if !w.made[p] {
				t.Fatalf("%s is given %v, of which there is no state", c.name, p)
			}
		}
	}
}

func (w *sharers) join(t *rapid.T) {
	c := w.pick(t)
	c.topics = rapid.SampledFrom([][]string{{"a"}, {"a", "b"}, {"b", "c"}, {"d"}}).Draw(t, "topics")
	w.say(t, c, epochJoin, c.topics)
}

func (w *sharers) beat(t *rapid.T) {
	if c := w.pick(t); c.epoch > 0 {
		w.say(t, c, c.epoch, nil)
	}
}

func (w *sharers) leave(t *rapid.T) { w.say(t, w.pick(t), epochLeave, nil) }

func (w *sharers) pass(t *rapid.T) {
	w.tick(time.Duration(rapid.IntRange(1, 300).Draw(t, "tenths")) * 100 * time.Millisecond)
}

func (w *sharers) topic(t *rapid.T) {
	name := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name")
	if n := rapid.IntRange(0, 4).Draw(t, "partitions"); n >= w.topics[name] && n > 0 {
		w.topics[name] = n
	} else {
		delete(w.topics, name)
		w.changeTopics()
		w.TopicDeleted(name)
	}
	w.changeTopics()
}

// make tells what has become of states: sometimes some could not be made.
func (w *sharers) make(t *rapid.T) {
	n := rapid.IntRange(0, len(w.asked)).Draw(t, "made")
	for _, p := range w.asked[:n] {
		w.made[p] = true
	}
	w.ShareInitialized("g", slices.Clone(w.asked[:n]), slices.Clone(w.asked[n:]))
	w.asked = w.asked[:0]
}

func (w *sharers) restart(*rapid.T) {
	w.settle()
	w.crash()
	w.changeTopics()
	if w.refused {
		w.log.Refuse(coordinator.ErrNotAvailable)
	}
	w.tainted, w.epoch = w.refused, 0
}

func (w *sharers) toggleHold(*rapid.T) {
	if w.held = !w.held; w.held {
		w.held = false
		w.settle()
		w.held, w.since = true, 0
		w.log.Hold()
	} else {
		w.log.Release()
	}
}

func (w *sharers) toggleRefuse(*rapid.T) {
	w.settle()
	if w.refused = !w.refused; w.refused {
		w.tainted = true
		w.log.Refuse(coordinator.ErrNotAvailable)
	} else {
		w.log.Refuse(nil)
	}
}

func (w *sharers) check(t *rapid.T) {
	w.settle()
	var wrong string
	var live map[string]string
	w.inspect(func(m *machine) {
		live = image(m)
		if g := m.groups["g"]; g != nil {
			if wrong = g.share.brokenRun(); g.share.epoch < w.epoch && !w.tainted {
				wrong += fmt.Sprintf("epoch %d after %d", g.share.epoch, w.epoch)
			}
			w.epoch = g.share.epoch
			for id, mem := range g.share.members.all() {
				for _, p := range mem.assigned {
					if topic := m.image().TopicByID(p.Topic); topic != nil && !mem.reads(topic.Name) && mem.epoch == g.share.epoch {
						wrong += fmt.Sprintf("%s has %v and reads %v", id, p, mem.topics)
					}
				}
			}
		}
	})
	if wrong != "" {
		t.Fatal(wrong)
	}
	(&world{rig: w.rig, tainted: w.tainted}).checkReplay(t, live)
}

// rest lets four members do what they should.
func (w *sharers) rest(t *rapid.T) {
	if w.held {
		w.toggleHold(t)
	}
	if w.refused {
		w.toggleRefuse(t)
	}
	w.topics["a"] = 3
	w.changeTopics()
	w.tick(2 * time.Minute) // whoever is silent is out
	members := w.members[:4]
	for _, c := range members {
		w.say(t, c, epochJoin, []string{"a"})
		w.make(t)
	}
	for range 8 {
		w.tick(10 * time.Second)
		for _, c := range members {
			w.say(t, c, c.epoch, nil)
			for _, p := range w.asked {
				w.made[p] = true
			}
			w.ShareInitialized("g", slices.Clone(w.asked), nil)
		}
	}
	w.check(t)
	holders := make(map[metadata.PartitionID]int)
	for _, c := range members {
		if len(c.has) < 1 || len(c.has) > 2 {
			t.Fatalf("%s has %v", c.name, c.has)
		}
		for _, p := range c.has {
			holders[p]++
		}
	}
	for p, n := range holders {
		if len(holders) != 3 || n != 2 {
			t.Fatalf("%v has %d members; there are %d partitions", p, n, len(holders))
		}
	}
}
