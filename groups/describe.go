package groups

import "weir/coordinator"

// describe shows a group as it stands.
func (m *machine) describe(_ *coordinator.Tx, id string) Description {
	g := m.groups[id]
	if g == nil {
		return Description{GroupID: id, State: StateDead, Err: ErrGroupNotFound}
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
