package groups

import (
	"slices"

	"weir/coordinator"
	"weir/metadata"
)

// describe shows a group as it stands.
func (m *machine) describe(_ *coordinator.Tx, id string) Description {
	g := m.groups[id]
	if g == nil {
		return Description{GroupID: id, State: StateDead, Err: refuse(ErrGroupNotFound, "Group %s not found.", id)}
	}
	if g.classic == nil {
		err := refuse(ErrGroupNotFound, "Group %s is not a classic group.", id)
		return Description{GroupID: id, State: StateDead, Err: err}
	}
	c := g.classic
	d := Description{GroupID: id, State: c.state, ProtocolType: c.protocolType}
	stable := c.state == StateStable
	if stable {
		d.Protocol = *c.protocol
	}
	for _, mem := range c.ordered() {
		md := MemberDescription{
			MemberID: mem.id, InstanceID: mem.instanceID, ClientID: mem.clientID, ClientHost: mem.clientHost,
			Assignment: mem.assignment,
		}
		if stable {
			md.Metadata = mem.metadataFor(d.Protocol)
		}
		d.Members = append(d.Members, md)
	}
	return d
}

// describeConsumer shows a consumer group as it stands.
func (m *machine) describeConsumer(_ *coordinator.Tx, id string) ConsumerDescription {
	g := m.groups[id]
	if g == nil {
		return ConsumerDescription{GroupID: id, Err: refuse(ErrGroupNotFound, "Group %s not found.", id)}
	}
	c := g.consumer
	if c == nil {
		return ConsumerDescription{GroupID: id, Err: notConsumer(id)}
	}
	d := ConsumerDescription{
		GroupID: id, State: c.state(), Epoch: c.epoch, TargetEpoch: c.targetEpoch, Assignor: m.assignorOf(c),
	}
	image := m.image()
	for _, id := range slices.Sorted(c.members.keys()) {
		mem := c.members.at(id)
		d.Members = append(d.Members, ConsumerMemberDescription{
			MemberID: id, InstanceID: mem.instanceID, RackID: mem.rackID, ClientID: mem.clientID,
			ClientHost: mem.clientHost, Epoch: mem.epoch, Topics: mem.topics, Regex: mem.regex,
			Classic:    mem.classic != nil,
			Assignment: named(image, partitionsOf(merge(mem.assigned, mem.revoking))),
			Target:     named(image, c.target.at(id)),
		})
	}
	return d
}

// named adds the names of topics, and leaves out partitions whose topic is gone.
func named(image *metadata.Image, list []metadata.PartitionID) []PartitionName {
	all := make([]PartitionName, 0, len(list))
	for _, p := range list {
		if t := image.TopicByID(p.Topic); t != nil {
			all = append(all, PartitionName{p, t.Name})
		}
	}
	return all
}
