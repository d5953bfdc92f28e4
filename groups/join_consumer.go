package groups

import (
	"errors"
	"slices"

	"weir/coordinator"
	"weir/metadata"
)

// joinConsumer takes a member that speaks the classic protocol into a consumer group. It is answered at once:
// its generation is its epoch, and the coordinator assigns.
func (m *machine) joinConsumer(tx *coordinator.Tx, g *group, j joining) {
	c, id := g.consumer, j.MemberID
	unknown := id == ""
	if unknown {
		id = m.newID()
	}
	owned, next, err := m.checkJoinConsumer(g, j, id, unknown)
	var required *MemberIDRequiredError
	switch {
	case errors.As(err, &required):
		j.fail(tx, id, err)
		return
	case err != nil:
		j.fail(tx, "", err) // as Apache Kafka, which names the member in refusals of classic groups only
		return
	}
	replaced := c.staticMember(j.InstanceID)
	downgrade := replaced != nil && m.mayDowngradeReplacing(c, replaced)
	before := c.memberOr(id)
	if unknown && replaced != nil {
		before = m.enter(tx, g.id, c, id, j.InstanceID)
	}
	next.epoch, next.previousEpoch, next.state = before.epoch, before.previousEpoch, before.state
	next.assigned, next.revoking = before.assigned, before.revoking
	if next.rackID == nil {
		next.rackID = before.rackID
	}
	changed := m.subscribe(tx, g.id, c, before, next)
	if c.members.at(id) == nil {
		j.fail(tx, j.MemberID, coordinator.ErrNotAvailable) // its record is too large to be written
		return
	}
	after := c.members.at(id)
	stale := c.targetEpoch < c.epoch
	if !downgrade {
		m.retarget(tx, g.id, c)
	}
	if !downgrade || !stale {
		after = m.settleMember(tx, g.id, c, after, owned, changed)
	}
	if downgrade {
		m.downgrade(tx, g.id, c, nil, stale)
	} else {
		stop(tx, c.timersOf(id).join)
		m.prolongConsumer(tx, g.id, c, after)
		m.boundSync(tx, g.id, c, after)
	}
	kind, protocol := consumerProtocolType, j.Protocols[0].Name
	coordinator.Answer(tx, j.future, JoinResponse{
		Generation: after.epoch, ProtocolType: &kind, Protocol: &protocol, MemberID: id,
	}, nil)
}

// checkJoinConsumer tells whether the member may join, and gives what it has and what it says about itself.
func (m *machine) checkJoinConsumer(g *group, j joining, id string, unknown bool,
) (owned []metadata.PartitionID, next *consumerMember, err error) {
	c := g.consumer
	switch {
	case m.config.Consumer.NoUpgrade && m.config.Consumer.NoDowngrade:
		return nil, nil, ErrInconsistentProtocol
	case c.members.len() >= m.config.Consumer.MaxSize && c.members.at(id) == nil:
		return nil, nil, ErrGroupMaxSize
	case !c.fits(j.ProtocolType, j.Protocols):
		return nil, nil, ErrInconsistentProtocol
	case unknown && j.InstanceID == nil && j.RequireKnownMemberID:
		return nil, nil, &MemberIDRequiredError{MemberID: id}
	}
	if j.InstanceID != nil && !unknown {
		if err := checkStatic(c.staticMember(j.InstanceID), id, *j.InstanceID); err != nil {
			return nil, nil, err
		}
	}
	s, err := readSubscription(j.Protocols[0].Metadata)
	if err != nil {
		return nil, nil, ErrInconsistentProtocol
	}
	next = newConsumerMember(id)
	next.instanceID, next.rackID, next.clientID, next.clientHost = j.InstanceID, s.Rack, j.ClientID, j.ClientHost
	next.topics, next.rebalanceTimeout = sortedSet(s.Topics), j.RebalanceTimeoutMs
	next.classic = &classicMetadata{j.SessionTimeoutMs, j.Protocols}
	if c.size+next.size() > metadataFactor*m.config.BatchMaxBytes {
		return nil, nil, ErrGroupMaxSize
	}
	image := m.image()
	owned = []metadata.PartitionID{}
	for _, t := range s.OwnedPartitions {
		if topic := image.Topic(t.Topic); topic != nil {
			for _, index := range t.Partitions {
				owned = append(owned, metadata.PartitionID{Topic: topic.ID, Index: index})
			}
		}
	}
	return owned, next, nil
}

// fits tells whether a member with these protocols shares one with all classic members.
func (c *consumer) fits(protocolType string, protocols []Protocol) bool {
	if protocolType != consumerProtocolType || len(protocols) == 0 {
		return false
	}
	for _, p := range protocols {
		offered := true
		for _, mem := range c.members.all() {
			offered = offered && (mem.classic == nil || slices.ContainsFunc(mem.classic.protocols,
				func(q Protocol) bool { return q.Name == p.Name }))
		}
		if offered {
			return true
		}
	}
	return false
}

// mayDowngradeReplacing tells whether the group has only classic members once a static one has been replaced
// by one.
func (m *machine) mayDowngradeReplacing(c *consumer, replaced *consumerMember) bool {
	return replaced.classic == nil && c.classicMembers() == c.members.len()-1 && !m.config.Consumer.NoDowngrade &&
		c.members.len() <= m.config.GroupMaxSize
}
