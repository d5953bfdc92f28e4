package groups

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/coordinator"
	"weir/metadata"
)

// mayDowngrade tells whether, without some members, a consumer group has only members left that speak the
// classic protocol.
func (m *machine) mayDowngrade(c *consumer, without []*consumerMember) bool {
	left, classic := c.members.len()-len(without), c.classicMembers()
	for _, mem := range without {
		if mem.classic != nil {
			classic--
		}
	}
	return left > 0 && classic == left && !m.config.Consumer.NoDowngrade && left <= m.config.GroupMaxSize
}

// downgrade makes a consumer group a classic one, without some members. The rest has the target as assignment
// of a generation that is the group's epoch.
func (m *machine) downgrade(tx *coordinator.Tx, groupID string, c *consumer, without []*consumerMember,
	rebalance bool) {
	drop := make(map[string]bool, len(without))
	for _, mem := range without {
		drop[mem.id] = true
	}
	image := m.image()
	old := newClassic()
	old.generation, old.protocolType, old.sinceMs = c.epoch, consumerProtocolType, tx.Now.UnixMilli()
	assignments := make(map[string][]byte)
	for _, id := range slices.Sorted(c.members.keys()) {
		mem := c.members.at(id)
		if drop[id] {
			continue
		}
		old.add(&member{
			id: id, instanceID: mem.instanceID, clientID: mem.clientID, clientHost: mem.clientHost,
			rebalanceTimeout: mem.rebalanceTimeout, sessionTimeout: mem.classic.sessionTimeout,
			protocols: mem.classic.protocols,
		})
		assignments[id] = classicAssignment(image, mem, c.target.at(id))
	}
	protocol := old.choose()
	old.protocol = &protocol
	for _, r := range consumerTombstones(groupID, c) {
		tx.Append(groupID, r)
	}
	tx.Append(groupID, groupRecord(groupID, old, assignments))
	g := m.groups[groupID]
	if g == nil || g.classic == nil || len(g.classic.members) != len(old.members) {
		return // the record is too large to be written
	}
	now := g.classic
	now.transition(tx, StateStable)
	for _, mem := range now.ordered() {
		now.offer(mem, old.members[mem.id].protocols)
		m.prolong(tx, g, mem, mem.sessionTimeout)
	}
	now.subscribed = now.subscriptions()
	m.logger.Info("consumer group becomes a classic group", "group", groupID, "members", len(now.members))
	if rebalance {
		m.prepareRebalance(tx, g, "the group has become a classic one")
	}
}

// classicAssignment encodes an assignment for a member that speaks the classic protocol, in the version of
// what the member says about itself.
func classicAssignment(image *metadata.Image, mem *consumerMember, list []metadata.PartitionID) []byte {
	a := kmsg.NewConsumerMemberAssignment()
	if s, err := readSubscription(mem.classic.protocols[0].Metadata); err == nil {
		a.Version = min(s.Version, classicAssignmentMax)
	}
	for topic, run := range byTopic(list, func(p metadata.PartitionID) metadata.PartitionID { return p }) {
		t := image.TopicByID(topic)
		if t == nil {
			continue
		}
		at := kmsg.NewConsumerMemberAssignmentTopic()
		at.Topic = t.Name
		for _, p := range run {
			at.Partitions = append(at.Partitions, p.Index)
		}
		a.Topics = append(a.Topics, at)
	}
	return a.AppendTo(nil)
}

// classicAssignmentMax is the youngest version of assignments of the classic protocol.
const classicAssignmentMax = 3
