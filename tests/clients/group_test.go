//go:build clients

package clients

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"
)

// Times of the group checks. The session is the shortest that brokers allow by default.
const (
	groupPartitions = 4
	sessionMs       = 6000
	settle          = 45 * time.Second // for any rebalance; most take a second, a JVM on a busy machine more
)

// crew is a group of one client's members, with all that they received.
type crew struct {
	t         testing.TB
	s         *suite
	join      request
	members   []*groupMember // those that are expected to be in the group
	received  map[string]int // how often each value came
	highest   map[int32]int64
	committed map[string]bool
}

// groupMember is an agent that consumes in a group.
type groupMember struct {
	*agent
	owns    []int32
	revoked int
}

func (s *suite) crew(t testing.TB, join request) *crew {
	join.Op = "join"
	if join.SessionMs == 0 {
		join.SessionMs = sessionMs
	}
	return &crew{t: t, s: s, join: join, received: map[string]int{}, highest: map[int32]int64{},
		committed: map[string]bool{}}
}

// on is the same crew for another test.
func (c *crew) on(t testing.TB) *crew {
	c.t = t
	for _, m := range c.members {
		m.agent = m.agent.on(t)
	}
	return c
}

// add starts a member; instance may be "".
func (c *crew) add(instance string) *groupMember {
	c.t.Helper()
	return c.admit(c.s.agent(c.t, c.s.addr), instance)
}

// admit has a client join that is in no group.
func (c *crew) admit(a *agent, instance string) *groupMember {
	c.t.Helper()
	m := &groupMember{agent: a}
	q := c.join
	q.Instance = instance
	m.do(q)
	c.members = append(c.members, m)
	return m
}

// leave has a member say goodbye, die ends it without a word.
func (c *crew) leave(m *groupMember) {
	c.look(m)
	m.do(request{Op: "leave"})
	c.forget(m)
}

func (c *crew) die(m *groupMember) {
	m.kill()
	c.forget(m)
}

func (c *crew) forget(m *groupMember) {
	c.members = slices.DeleteFunc(c.members, func(o *groupMember) bool { return o == m })
}

// look asks a member for its state. What the group had committed must not come again.
func (c *crew) look(m *groupMember) {
	c.t.Helper()
	a := m.do(request{Op: "state"})
	m.owns, m.revoked = a.Assignment, a.Revoked
	slices.Sort(m.owns)
	for _, r := range a.Records {
		v := string(r.Value)
		c.received[v]++
		c.highest[r.Partition] = max(c.highest[r.Partition], r.Offset)
		if c.committed[v] {
			c.t.Errorf("%s came again after it had been committed", v)
		}
	}
}

// awaitShared waits until the members own all partitions between them, each at least one, none twice, and the broker calls
// the group stable: clients show such a state in the middle of a rebalance too, and then take partitions up at what was
// committed before it.
func (c *crew) awaitShared() {
	c.t.Helper()
	await(c.t, settle, fmt.Sprintf("%d members share all partitions", len(c.members)), func() bool {
		listed, err := c.s.ref.adm.ListGroups(c.t.Context())
		if err != nil || listed[c.join.Group].State != "Stable" {
			return false
		}
		var all []int32
		for _, m := range c.members {
			c.look(m)
			if len(m.owns) == 0 {
				return false
			}
			all = append(all, m.owns...)
		}
		slices.Sort(all)
		return slices.Equal(all, []int32{0, 1, 2, 3})
	})
}

// awaitRecords waits until the members received all these values and no others. One that came twice was not
// committed when a rebalance took its partition away, which a busy machine can always do.
func (c *crew) awaitRecords(values ...[]string) {
	c.t.Helper()
	want := slices.Concat(values...)
	slices.Sort(want)
	await(c.t, settle, fmt.Sprintf("%d records arrive", len(want)), func() bool {
		for _, m := range c.members {
			c.look(m)
		}
		return len(c.received) >= len(want)
	})
	if got := slices.Sorted(maps.Keys(c.received)); !slices.Equal(got, want) {
		c.t.Fatalf("received %d records %v\ninstead of %d %v", len(got), got, len(want), want)
	}
	again := 0
	for _, n := range c.received {
		again += n - 1
	}
	if again > 0 {
		c.t.Logf("%s: %d records that were not committed came again", c.s.name, again)
	}
}

// commit has every member commit, again if a rebalance comes between, until the broker's committed offsets cover
// all that was received. What a rebalance made come again since the last look, before it was committed, may do so.
func (c *crew) commit() {
	c.t.Helper()
	var failed error
	await(c.t, settle, "all that was received is committed", func() bool {
		for _, m := range c.members {
			c.look(m)
			if _, err := m.try(request{Op: "commit"}); err != nil {
				failed = err
			}
		}
		got, err := c.s.ref.adm.FetchOffsets(c.t.Context(), c.join.Group)
		for p, highest := range c.highest {
			if o, ok := got.Lookup(c.join.Topic, p); err != nil || !ok || o.At <= highest {
				return false
			}
		}
		return true
	})
	if failed != nil {
		c.t.Logf("%s: a commit was refused and repeated: %v", c.s.name, failed)
	}
	for _, m := range c.members {
		c.look(m)
	}
	for v := range c.received {
		c.committed[v] = true
	}
}

// feed writes n records to every partition and returns their values.
func (s *suite) feed(t *testing.T, topic, label string, n int) []string {
	t.Helper()
	var values []string
	for p := range int32(groupPartitions) {
		for i := range n {
			values = append(values, fmt.Sprintf("%s-%d-%d", label, p, i))
		}
	}
	s.ref.write(topic, values)
	return values
}

// groups takes a group through its life: one joins, another one, a third one; one leaves, one dies, all leave, and a new
// member goes on where they committed.
func (s *suite) groups(t *testing.T) { s.groupLife(t, "") }

// groupLife is groups by one of the protocols that groups have.
func (s *suite) groupLife(t *testing.T, protocol string) {
	topic := s.ref.topic(s.name+".group"+protocol, groupPartitions, nil)
	c := s.crew(t, request{Topic: topic, Group: topic + ".members", Protocol: protocol})
	first := s.feed(t, topic, "first", 5)
	a := c.add("")
	c.awaitShared()
	c.awaitRecords(first)
	c.commit()

	b := c.add("")
	c.awaitShared()
	if len(a.owns) != 2 {
		t.Errorf("of 4 partitions the first member owns %v, the second %v", a.owns, b.owns)
	}
	second := s.feed(t, topic, "second", 5)
	c.awaitRecords(first, second)
	c.commit()

	dying := c.add("")
	c.awaitShared()
	c.leave(b)
	left := time.Now()
	c.awaitShared()
	if took := time.Since(left); took > sessionMs*time.Millisecond {
		t.Errorf("a member that left was waited for: %v", took)
	}
	third := s.feed(t, topic, "third", 5)
	c.awaitRecords(first, second, third)
	c.commit()

	c.die(dying)
	c.awaitShared()
	fourth := s.feed(t, topic, "fourth", 5)
	c.awaitRecords(first, second, third, fourth)
	c.commit()
	c.leave(a)
	s.resume(t, c.join)
}

// resume checks that all was committed and that a new member begins right there.
func (s *suite) resume(t *testing.T, join request) {
	t.Helper()
	ends, err := s.ref.adm.ListEndOffsets(t.Context(), join.Topic)
	if err != nil {
		t.Fatal(err)
	}
	asker := s.agent(t, s.addr)
	for p := range int32(groupPartitions) {
		end, _ := ends.Lookup(join.Topic, p)
		got := asker.do(request{Op: "committed", Topic: join.Topic, Group: join.Group, Partition: p}).Offset
		if got != end.Offset {
			t.Errorf("partition %d: committed %d of %d", p, got, end.Offset)
		}
	}
	c := s.crew(t, join)
	m := c.add("")
	c.awaitShared()
	c.awaitRecords(s.feed(t, join.Topic, "fresh", 2))
	c.leave(m)
}

// staticMembers: one that comes back under its instance id within the session gets its partitions back, and the
// others notice nothing.
func (s *suite) staticMembers(t *testing.T) {
	topic := s.ref.topic(s.name+".static", groupPartitions, nil)
	c := s.crew(t, request{Topic: topic, Group: topic + ".members", SessionMs: 30_000})
	a := c.add("one")
	c.awaitShared()
	b := c.add("two")
	c.awaitShared()
	owned, revoked := slices.Clone(b.owns), a.revoked
	c.die(b)
	again := c.add("two")
	c.awaitShared()
	if !slices.Equal(again.owns, owned) {
		t.Errorf("it owned %v and got %v back", owned, again.owns)
	}
	if a.revoked != revoked {
		t.Error("the other member was rebalanced")
	}
	c.awaitRecords(s.feed(t, topic, "static", 3))
	described, err := s.ref.adm.DescribeGroups(t.Context(), c.join.Group)
	if err != nil {
		t.Fatal(err)
	}
	var instances []string
	for _, m := range described[c.join.Group].Members {
		if m.InstanceID != nil {
			instances = append(instances, *m.InstanceID)
		}
	}
	if slices.Sort(instances); !slices.Equal(instances, []string{"one", "two"}) {
		t.Errorf("the group's instances are %v", instances)
	}
}

// cooperativeRebalance: a member that joins costs the other one only what it gives away.
func (s *suite) cooperativeRebalance(t *testing.T) {
	topic := s.ref.topic(s.name+".cooperative", groupPartitions, nil)
	c := s.crew(t, request{Topic: topic, Group: topic + ".members", Assignor: "cooperative", SessionMs: 20_000})
	a := c.add("")
	c.awaitShared()
	first := s.feed(t, topic, "first", 3)
	c.awaitRecords(first)
	c.commit()
	b := c.add("")
	c.awaitShared()
	if a.revoked != groupPartitions/2 {
		t.Errorf("%d partitions were revoked to give %v away", a.revoked, b.owns)
	}
	c.awaitRecords(first, s.feed(t, topic, "second", 3))
}
