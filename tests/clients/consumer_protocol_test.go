//go:build clients

package clients

import (
	"slices"
	"testing"

	"weir/tests/brokers"
)

// quickHeartbeats lets members learn of a rebalance in half a second and not in five.
var quickHeartbeats = map[string]string{
	"group.consumer.min.heartbeat.interval.ms": "500",
	"group.consumer.heartbeat.interval.ms":     "500",
	"group.consumer.min.session.timeout.ms":    "6000",
	"group.consumer.session.timeout.ms":        "6000",
	"group.initial.rebalance.delay.ms":         "0",
}

// TestConsumerProtocol takes groups of each client through their lives by the consumer protocol, and has them change between
// the protocols while they run.
func TestConsumerProtocol(t *testing.T) {
	for _, brokerKind := range brokerKinds {
		t.Run(brokerKind, func(t *testing.T) {
			t.Parallel() // most of its time is waiting for heartbeats
			b := brokers.New(t, brokerKind, quickHeartbeats)
			for _, k := range kinds {
				if len(k.remote) == 0 { // it does not speak the protocol
					continue
				}
				t.Run(k.name, func(t *testing.T) {
					t.Parallel()
					s := &suite{kind: k, addr: b.Addr, ref: newReference(t, b.Addr)}
					t.Run("group", beside(func(t *testing.T) { s.groupLife(t, "consumer") }))
					if k.name != "franz-go" { // Close does not leave for a static member: its session must end
						t.Run("static", beside(s.staticConsumers))
					}
					t.Run("migration", beside(s.migration))
				})
			}
		})
	}
}

// staticConsumers: a static member that closes and comes back gets its partitions back, and the other one
// notices nothing.
func (s *suite) staticConsumers(t *testing.T) {
	topic := s.ref.topic(s.name+".staticconsumer", groupPartitions, nil)
	c := s.crew(t, request{Topic: topic, Group: topic + ".members", Protocol: "consumer"})
	s.ref.groupSettings(c.join.Group, "consumer.session.timeout.ms=45000") // on a busy machine a program needs seconds to come back
	a := c.add("one")
	c.awaitShared()
	b := c.add("two")
	c.awaitShared()
	owned, revoked := slices.Clone(b.owns), a.revoked
	c.leave(b)
	again := c.add("two")
	c.awaitShared()
	if !slices.Equal(again.owns, owned) {
		t.Errorf("it owned %v and got %v back", owned, again.owns)
	}
	if a.revoked != revoked {
		t.Error("the other member was rebalanced")
	}
	c.awaitRecords(s.feed(t, topic, "static", 3))
}

// migration replaces members of the classic protocol by such of the consumer protocol, one by one, and back
// again. Nothing that was committed comes again, nothing is lost.
func (s *suite) migration(t *testing.T) {
	topic := s.ref.topic(s.name+".migration", groupPartitions, nil)
	c := s.crew(t, request{Topic: topic, Group: topic + ".members"})
	var fed [][]string
	step := func(label, protocol, leaves string) {
		t.Helper()
		if leaves != "" {
			c.leave(c.members[0])
		}
		c.join.Protocol = protocol
		c.add("")
		c.awaitShared()
		fed = append(fed, s.feed(t, topic, label, 3))
		c.awaitRecords(fed...)
		c.commit()
		listed, err := s.ref.adm.ListGroups(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if g := listed[c.join.Group]; g.State == "" {
			t.Errorf("%s: the group is not listed", label)
		}
	}
	step("classic-1", "", "")
	step("classic-2", "", "")
	step("up-1", "consumer", "one")
	step("up-2", "consumer", "one")
	step("down-1", "", "one")
	step("down-2", "", "one")
	for len(c.members) > 0 {
		c.leave(c.members[0])
	}
	c.join.Protocol = "consumer"
	s.resume(t, c.join)
}
