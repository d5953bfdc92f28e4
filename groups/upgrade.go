package groups

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/coordinator"
	"weir/metadata"
)

// checkUpgrade tells whether a classic group that has members may become a consumer group.
func (m *machine) checkUpgrade(g *group) error {
	c := g.classic
	reason := ""
	switch {
	case m.config.Consumer.NoUpgrade:
		reason = "online upgrade is disabled"
	case !c.usesConsumerProtocol():
		reason = "the group does not use the consumer embedded protocol"
	case len(c.members) > m.config.Consumer.MaxSize:
		reason = "the group size exceeds the consumer group maximum size"
	default:
		_, err := m.upgraded(g)
		return err
	}
	return refuse(ErrGroupNotFound, "Cannot upgrade classic group %s to consumer group because %s.", g.id, reason)
}

// upgraded gives the members of a classic group as those of a consumer group: each has what the leader gave
// it.
func (m *machine) upgraded(g *group) ([]*consumerMember, error) {
	c := g.classic
	var all []*consumerMember
	for _, old := range c.ordered() {
		mem, err := m.upgradedMember(c, old)
		if err != nil {
			return nil, refuse(ErrGroupNotFound, "Cannot upgrade classic group %s to consumer group because %v.", g.id, err)
		}
		all = append(all, mem)
	}
	return all, nil
}

func (m *machine) upgradedMember(c *classic, old *member) (*consumerMember, error) {
	said := old.protocols[0].Metadata
	if c.protocol != nil {
		said = old.metadataFor(*c.protocol)
	}
	s, err := readSubscription(said)
	if err != nil {
		return nil, fmt.Errorf("the embedded consumer protocol is malformed")
	}
	mem := newConsumerMember(old.id)
	mem.instanceID, mem.rackID, mem.clientID, mem.clientHost = old.instanceID, s.Rack, old.clientID, old.clientHost
	mem.topics, mem.rebalanceTimeout = sortedSet(s.Topics), old.rebalanceTimeout
	mem.classic = &classicMetadata{old.sessionTimeout, old.protocols}
	mem.epoch, mem.previousEpoch = c.generation, c.generation
	if len(old.assignment) == 0 {
		return mem, nil // it has joined and not synced yet
	}
	var a kmsg.ConsumerMemberAssignment
	if err := a.ReadFrom(old.assignment); err != nil {
		return nil, fmt.Errorf("the embedded consumer protocol is malformed")
	}
	if len(a.UserData) > 0 {
		return nil, fmt.Errorf("an unsupported custom assignor is in use. Please refer to the documentation or switch " +
			"to a default assignor before re-attempting the upgrade")
	}
	var owned []metadata.PartitionID
	image := m.image()
	for _, t := range a.Topics {
		if topic := image.Topic(t.Topic); topic != nil {
			for _, index := range t.Partitions {
				owned = append(owned, metadata.PartitionID{Topic: topic.ID, Index: index})
			}
		}
	}
	mem.assigned = heldAt(sortedPartitions(owned), c.generation)
	return mem, nil
}

// upgrade makes a classic group that has members a consumer group (KIP-848, online migration). Its members
// keep what they have and speak the classic protocol until they come back with the other; those who wait for
// a generation are told to join again.
func (m *machine) upgrade(tx *coordinator.Tx, g *group) (*consumer, error) {
	c := g.classic
	members, err := m.upgraded(g)
	if err != nil {
		return nil, err
	}
	for _, old := range c.ordered() {
		c.answerJoin(tx, old, JoinResponse{MemberID: old.id}, ErrRebalanceInProgress)
		c.answerSync(tx, old, SyncResponse{}, ErrRebalanceInProgress)
	}
	names := make(map[string]struct{})
	for _, mem := range members {
		for _, t := range mem.topics {
			names[t] = struct{}{}
		}
	}
	image := m.image()
	tx.Append(g.id, groupTombstone(g.id))
	for _, mem := range members {
		tx.Append(g.id, consumerMemberRecord(g.id, mem))
	}
	tx.Append(g.id, consumerGroupRecord(g.id, c.generation, m.topicsHash(image, names)))
	for _, mem := range members {
		tx.Append(g.id, targetMemberRecord(g.id, mem.id, partitionsOf(mem.assigned)))
	}
	tx.Append(g.id, targetRecord(g.id, c.generation, 0))
	for _, mem := range members {
		tx.Append(g.id, placeRecord(g.id, mem))
	}
	now := m.groups[g.id]
	if now == nil || now.consumer == nil || now.consumer.members.len() < len(members) {
		return nil, coordinator.ErrNotAvailable // the records are too large to be written
	}
	for _, mem := range members {
		m.prolongConsumer(tx, g.id, now.consumer, mem)
	}
	m.logger.Info("classic group becomes a consumer group", "group", g.id, "members", len(members))
	return now.consumer, nil
}

// readSubscription reads what a consumer says about itself in the classic protocol.
func readSubscription(data []byte) (s kmsg.ConsumerMemberMetadata, err error) {
	if _, err := parseSubscription(data); err != nil {
		return s, err
	}
	if err := s.ReadFrom(data); err != nil {
		return s, fmt.Errorf("read subscription: %w", err)
	}
	return s, nil
}
