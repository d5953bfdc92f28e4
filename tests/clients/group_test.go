//go:build clients

package clients

import (
	"fmt"
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

// groupMember is an agent that consumes in a group, with all it received so far.
type groupMember struct {
	*agent
	owns     []int32
	received []record
	revoked  int
	gone     bool // left: nothing is asked of it any more
}

// on is the same member for another test.
func (m *groupMember) on(t testing.TB) *groupMember {
	m.agent = m.agent.on(t)
	return m
}

func (s *suite) member(t *testing.T, q request) *groupMember {
	t.Helper()
	m := &groupMember{agent: s.agent(t, s.addr)}
	q.Op = "join"
	if q.SessionMs == 0 {
		q.SessionMs = sessionMs
	}
	m.do(q)
	return m
}

// look asks the member for its state.
func (m *groupMember) look() {
	if m.gone {
		return
	}
	a := m.do(request{Op: "state"})
	m.owns, m.revoked = a.Assignment, a.Revoked
	slices.Sort(m.owns)
	m.received = append(m.received, a.Records...)
}

func (m *groupMember) leave() {
	m.do(request{Op: "leave"})
	m.gone = true
}

// names are the values of what the members received, sorted, duplicates included.
func names(members ...*groupMember) []string {
	var out []string
	for _, m := range members {
		for _, r := range m.received {
			out = append(out, string(r.Value))
		}
	}
	slices.Sort(out)
	return out
}

// awaitShared waits until the members own all partitions between them, each at least one, none twice.
func awaitShared(t *testing.T, members ...*groupMember) {
	t.Helper()
	await(t, settle, fmt.Sprintf("%d members share all partitions", len(members)), func() bool {
		var all []int32
		for _, m := range members {
			m.look()
			if len(m.owns) == 0 {
				return false
			}
			all = append(all, m.owns...)
		}
		slices.Sort(all)
		return slices.Equal(all, []int32{0, 1, 2, 3})
	})
}

// awaitRecords waits until the members received exactly these values between them, each once.
func awaitRecords(t *testing.T, want []string, members ...*groupMember) {
	t.Helper()
	slices.Sort(want)
	defer func() {
		t.Helper()
		if got := names(members...); t.Failed() || !slices.Equal(got, want) {
			t.Fatalf("received %d records %v\ninstead of %d %v", len(got), got, len(want), want)
		}
	}()
	await(t, settle, fmt.Sprintf("%d records arrive", len(want)), func() bool {
		for _, m := range members {
			m.look()
		}
		return len(names(members...)) >= len(want)
	})
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

// groups takes a group through its life: one joins, another joins, leaves, a third joins and dies, all leave,
// and a new member goes on where they committed.
func (s *suite) groups(t *testing.T) {
	topic := s.ref.topic(s.name+".group", groupPartitions, nil)
	join := request{Topic: topic, Group: topic + ".members"}
	first := s.feed(t, topic, "first", 5)

	a := s.member(t, join)
	awaitShared(t, a)
	awaitRecords(t, first, a)
	a.do(request{Op: "commit"})

	b := s.member(t, join)
	awaitShared(t, a, b)
	if len(a.owns) != 2 {
		t.Errorf("of 4 partitions the first member owns %v, the second %v", a.owns, b.owns)
	}
	second := s.feed(t, topic, "second", 5)
	awaitRecords(t, slices.Concat(first, second), a, b)
	a.do(request{Op: "commit"})
	b.do(request{Op: "commit"})

	left := time.Now()
	b.leave()
	awaitShared(t, a)
	if took := time.Since(left); took > sessionMs*time.Millisecond {
		t.Errorf("a member that left was waited for: %v", took)
	}
	third := s.feed(t, topic, "third", 5)
	awaitRecords(t, slices.Concat(first, second, third), a, b)
	a.do(request{Op: "commit"})

	c := s.member(t, join)
	awaitShared(t, a, c)
	c.kill()
	awaitShared(t, a)
	fourth := s.feed(t, topic, "fourth", 5)
	awaitRecords(t, slices.Concat(first, second, third, fourth), a, b)
	a.do(request{Op: "commit"})
	a.leave()
	s.resume(t, join)
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
	d := s.member(t, join)
	awaitShared(t, d)
	fresh := s.feed(t, join.Topic, "fresh", 2)
	awaitRecords(t, fresh, d)
	d.leave()
}

// staticMembers: one that comes back under its instance id within the session gets its partitions back, and
// the others notice nothing.
func (s *suite) staticMembers(t *testing.T) {
	topic := s.ref.topic(s.name+".static", groupPartitions, nil)
	join := request{Topic: topic, Group: topic + ".members", SessionMs: 30_000}
	first := join
	first.Instance = "one"
	a := s.member(t, first)
	awaitShared(t, a)
	second := join
	second.Instance = "two"
	b := s.member(t, second)
	awaitShared(t, a, b)
	owned, revoked := slices.Clone(b.owns), a.revoked
	b.kill()
	again := s.member(t, second)
	awaitShared(t, a, again)
	if !slices.Equal(again.owns, owned) {
		t.Errorf("it owned %v and got %v back", owned, again.owns)
	}
	if a.revoked != revoked {
		t.Error("the other member was rebalanced")
	}
	values := s.feed(t, topic, "static", 3)
	awaitRecords(t, values, a, again)
	described, err := s.ref.adm.DescribeGroups(t.Context(), join.Group)
	if err != nil {
		t.Fatal(err)
	}
	var instances []string
	for _, m := range described[join.Group].Members {
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
	join := request{Topic: topic, Group: topic + ".members", Assignor: "cooperative"}
	a := s.member(t, join)
	awaitShared(t, a)
	first := s.feed(t, topic, "first", 3)
	awaitRecords(t, first, a)
	a.do(request{Op: "commit"})
	b := s.member(t, join)
	awaitShared(t, a, b)
	if a.revoked != groupPartitions/2 {
		t.Errorf("%d partitions were revoked to give %v away", a.revoked, b.owns)
	}
	second := s.feed(t, topic, "second", 3)
	awaitRecords(t, slices.Concat(first, second), a, b)
}
