//go:build clients

package clients

import (
	"fmt"
	"regexp"
	"slices"
	"testing"

	"weir/tests/brokers"
)

// TestAssignors has three members of each client share a topic by every assignor that the client has, and by those of the
// server; one leaves, and what the sticky ones must not move stays. The same three then subscribe by regular expressions.
func TestAssignors(t *testing.T) {
	for _, brokerKind := range brokerKinds {
		t.Run(brokerKind, func(t *testing.T) {
			t.Parallel() // most of its time is waiting for heartbeats
			b := brokers.New(t, brokerKind, quickHeartbeats)
			for _, k := range kinds {
				t.Run(k.name, func(t *testing.T) {
					t.Parallel()
					r := &trio{suite: &suite{kind: k, addr: b.Addr, ref: newReference(t, b.Addr)}}
					for range 3 {
						r.agents = append(r.agents, k.agent(t, b.Addr))
					}
					for _, assignor := range k.assignors {
						t.Run(assignor, func(t *testing.T) { r.share(t, "", assignor) })
					}
					for _, assignor := range k.remote {
						t.Run("server "+assignor, func(t *testing.T) { r.share(t, "consumer", assignor) })
					}
					if k.name == "java" { // the others take one assignor, or only such of one manner
						t.Run("to cooperative", r.toCooperative)
					}
					if k.regex {
						t.Run("regex", func(t *testing.T) { r.pattern(t, "") })
					}
					if k.regex && len(k.remote) > 0 {
						t.Run("server regex", func(t *testing.T) { r.pattern(t, "consumer") })
					}
				})
			}
		})
	}
}

// trio is three processes of one client, which join one group after another.
type trio struct {
	*suite
	agents []*agent
}

// shapes are the only ways in which some assignors share 4 partitions among 3 members.
var shapes = map[string][][]int32{
	"range":      {{0, 1}, {2}, {3}},
	"roundrobin": {{0, 3}, {1}, {2}},
}

func (r *trio) join(t *testing.T, q request) *crew {
	t.Helper()
	c := r.crew(t, q)
	for _, a := range r.agents {
		c.admit(a.on(t), "")
	}
	return c
}

func (r *trio) share(t *testing.T, protocol, assignor string) {
	topic := r.ref.topic(r.name+".assigned", groupPartitions, nil)
	c := r.join(t, request{Topic: topic, Group: topic + ".members", Protocol: protocol, Assignor: assignor, SessionMs: 20_000})
	c.awaitShared()
	if want := shapes[assignor]; want != nil && protocol == "" {
		if r.name == "kafka-go" && assignor == "range" {
			want = [][]int32{{0}, {1}, {2, 3}} // it gives the rest to the last, not to the first
		}
		c.awaitShape(want)
	}
	if got := r.assignorOf(t, c.join.Group, protocol); got != assignorNames[r.name][assignor] && got != assignor {
		t.Errorf("the group's assignor is %q instead of %q", got, assignor)
	}
	first := r.feed(t, topic, "first", 2)
	c.awaitRecords(first)
	c.commit()

	c.leave(c.members[0])
	kept := [][]int32{c.members[0].owns, c.members[1].owns}
	c.awaitShared()
	keeps := slices.Contains([]string{"sticky", "cooperative", "uniform"}, assignor) && !(assignor == "sticky" && r.looseSticky)
	for i, m := range c.members {
		if keeps && !containsAll(m.owns, kept[i]) {
			t.Errorf("a member that stayed had %v and now has %v", kept[i], m.owns)
		}
	}
	c.awaitRecords(first, r.feed(t, topic, "second", 2))
	for len(c.members) > 0 {
		c.leave(c.members[0])
	}
}

// toCooperative changes a living group from an eager assignor to the cooperative one as KIP-429 says: each member comes back
// first with both, then with the new one. Nothing is lost, and nothing comes twice that was committed.
func (r *trio) toCooperative(t *testing.T) {
	topic := r.ref.topic(r.name+".upgraded", groupPartitions, nil)
	c := r.join(t, request{Topic: topic, Group: topic + ".members", Assignor: "range", SessionMs: 20_000})
	c.awaitShared()
	var fed [][]string
	for step, assignors := range []string{"cooperative,range", "cooperative"} {
		c.join.Assignor = assignors
		for i := range r.agents {
			fed = append(fed, r.feed(t, topic, fmt.Sprintf("step-%d-%d", step, i), 1))
			c.awaitRecords(fed...)
			c.commit()
			old := c.members[0]
			c.leave(old)
			c.admit(old.agent, "")
			c.awaitShared()
		}
	}
	if got := r.assignorOf(t, c.join.Group, ""); got != "cooperative-sticky" {
		t.Errorf("the group's assignor is %q", got)
	}
	c.awaitRecords(append(fed, r.feed(t, topic, "last", 1))...)
	for len(c.members) > 0 {
		c.leave(c.members[0])
	}
}

// assignorNames are what clients call assignors on the wire, where that is not the agents' word.
var assignorNames = map[string]map[string]string{
	"java":            {"cooperative": "cooperative-sticky"},
	"confluent-kafka": {"cooperative": "cooperative-sticky"},
	"kafka-python":    {"cooperative": "cooperative-sticky"},
	"sarama":          {"cooperative": "cooperative-sticky"},
	"franz-go":        {"cooperative": "cooperative-sticky"},
	"kafkajs":         {"roundrobin": "RoundRobinAssigner"},
}

// assignorOf is what the broker says the group's members agreed on.
func (r *trio) assignorOf(t *testing.T, group, protocol string) string {
	t.Helper()
	if protocol == "consumer" {
		got, err := r.ref.adm.DescribeConsumerGroups(t.Context(), group)
		if err != nil {
			t.Fatal(err)
		}
		return got[group].AssignorName
	}
	got, err := r.ref.adm.DescribeGroups(t.Context(), group)
	if err != nil {
		t.Fatal(err)
	}
	return got[group].Protocol
}

// awaitShape waits until the members own these, whichever owns which.
func (c *crew) awaitShape(want [][]int32) {
	c.t.Helper()
	var got [][]int32
	await(c.t, settle, fmt.Sprintf("the members own %v", want), func() bool {
		got = nil
		for _, m := range c.members {
			c.look(m)
			got = append(got, m.owns)
		}
		slices.SortFunc(got, slices.Compare)
		return slices.EqualFunc(got, want, slices.Equal)
	})
}

func containsAll(all, some []int32) bool {
	return !slices.ContainsFunc(some, func(p int32) bool { return !slices.Contains(all, p) })
}

// pattern: members that subscribe by an expression read what it matches, though the topic comes later, and nothing else.
func (r *trio) pattern(t *testing.T, protocol string) {
	prefix := r.ref.topic(r.name+".patterned", 1, nil)
	c := r.join(t, request{Topic: prefix, Group: prefix + ".members", Protocol: protocol, SessionMs: 20_000,
		Regex: regexp.QuoteMeta(prefix) + `\.la[st]e?\.[0-9]+`})
	other := r.ref.topic(prefix+".early", groupPartitions, nil)
	c.join.Topic = r.ref.topic(prefix+".late", groupPartitions, nil)
	c.awaitShared()
	r.feed(t, other, "unread", 1)
	c.awaitRecords(r.feed(t, c.join.Topic, "regex", 3))
	for len(c.members) > 0 {
		c.leave(c.members[0])
	}
}
