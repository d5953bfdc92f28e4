package groups

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/coordinator"
)

// Apply makes the state what one record says. Records of kinds that are not known here are left alone.
func (m *machine) Apply(r coordinator.Record, undo *coordinator.Undo) error {
	version, ok := keyVersion(r.Key)
	if !ok {
		return fmt.Errorf("apply record: key of %d bytes", len(r.Key))
	}
	switch version {
	case keyOffset0, keyOffset:
		var k kmsg.OffsetCommitKey
		if err := k.UnsafeReadFrom(r.Key); err != nil { // strings are copied where they are kept
			return fmt.Errorf("apply offset: %w", err)
		}
		if r.Value == nil {
			m.dropOffset(&k, undo)
			return nil
		}
		o, err := readOffset(r.Value)
		if err != nil {
			return fmt.Errorf("apply offset of group %q: %w", k.Group, err)
		}
		m.putOffset(&k, o, undo)
	case keyGroup:
		var k kmsg.GroupMetadataKey
		if err := k.ReadFrom(r.Key); err != nil {
			return fmt.Errorf("apply group: %w", err)
		}
		if r.Value == nil {
			if g := m.groups[k.Group]; g != nil && g.classic != nil {
				m.dropGroup(k.Group, undo)
			}
			return nil
		}
		v, err := readGroup(r.Value)
		if err != nil {
			return fmt.Errorf("apply group %q: %w", k.Group, err)
		}
		m.putGroup(k.Group, v, undo)
	case keyConsumerGroup, keyConsumerTopics, keyConsumerMember, keyTarget, keyTargetMember, keyPlace, keyRegex:
		return m.applyConsumer(version, r, undo)
	case keyStreamsGroup, keyStreamsMember, keyStreamsTarget, keyStreamsShare, keyStreamsPlace, keyStreamsTopology:
		return m.applyStreams(version, r, undo)
	case keyShareMember, keyShareGroup, keyShareTarget, keyShareTargetMember, keySharePlace, keyShareStates:
		return m.applyShare(version, r, undo)
	}
	return nil
}

// ensure gives the group, made now if there is none.
func (m *machine) ensure(id string, undo *coordinator.Undo) *group {
	if g := m.groups[id]; g != nil {
		return g
	}
	id = strings.Clone(id)
	g := newGroup(id)
	m.groups[id] = g
	m.view.groups.Add(1)
	undo.Add(func() {
		delete(m.groups, id)
		m.view.groups.Add(-1)
		if g.classic != nil {
			g.classic.abandon(coordinator.ErrNotAvailable)
		}
	})
	return g
}

// putOffset stores a committed offset. A group that has nothing but offsets begins with the first of them.
func (m *machine) putOffset(k *kmsg.OffsetCommitKey, o offset, undo *coordinator.Undo) {
	g := m.ensure(k.Group, undo)
	m.pending.pass(k.Group, k.Topic, k.Partition, undo)
	o.partition = k.Partition
	old, had := g.offsets.put(k.Topic, o)
	if undo == nil {
		return
	}
	topic := strings.Clone(k.Topic)
	undo.Add(func() {
		if had {
			g.offsets.put(topic, old)
		} else {
			g.offsets.drop(topic, o.partition)
		}
	})
}

// dropOffset removes a committed offset.
func (m *machine) dropOffset(k *kmsg.OffsetCommitKey, undo *coordinator.Undo) {
	m.pending.pass(k.Group, k.Topic, k.Partition, undo)
	g := m.groups[k.Group]
	if g == nil {
		return
	}
	old, had := g.offsets.drop(k.Topic, k.Partition)
	if had && undo != nil {
		topic := strings.Clone(k.Topic)
		undo.Add(func() { g.offsets.put(topic, old) })
	}
}

// dropGroup removes a group. Offsets that it still has stay, as those of a group without members.
func (m *machine) dropGroup(id string, undo *coordinator.Undo) {
	g := m.groups[id]
	if g == nil {
		return
	}
	old := g.kind
	gone := len(g.offsets) == 0
	if gone {
		delete(m.groups, id)
		m.view.groups.Add(-1)
	} else {
		g.kind = kind{classic: newClassic()}
	}
	undo.Add(func() {
		if gone {
			m.view.groups.Add(1)
		}
		if g.classic != nil && g.classic != old.classic {
			g.classic.abandon(coordinator.ErrNotAvailable)
		}
		g.kind = old
		m.groups[id] = g
	})
}

// ensureClassic gives the classic group of that id. A group of another kind becomes one: records that end it
// stand before.
func (m *machine) ensureClassic(id string, undo *coordinator.Undo) *classic {
	g := m.ensure(id, undo)
	if g.classic == nil {
		old := g.kind
		g.kind = kind{classic: newClassic()}
		undo.Add(func() {
			g.classic.abandon(coordinator.ErrNotAvailable)
			g.kind = old
		})
	}
	return g.classic
}

// putGroup makes a classic group what its record says. Of a group that is running the record says nothing new
// but the assignments, and undo takes back no more than those.
func (m *machine) putGroup(id string, v *kmsg.GroupMetadataValue, undo *coordinator.Undo) {
	c := m.ensureClassic(id, undo)
	c.protocolType, c.generation, c.protocol = v.ProtocolType, v.Generation, v.Protocol
	c.sinceMs = v.CurrentStateTimestamp
	named := make(map[string]bool, len(v.Members))
	for i := range v.Members {
		named[v.Members[i].MemberID] = true
		c.putMember(&v.Members[i], undo)
	}
	for _, old := range c.ordered() {
		if !named[old.id] {
			c.remove(old.id)
		}
	}
	c.leader = ""
	if v.Leader != nil {
		c.leader = *v.Leader
	}
	if len(c.members) == 0 {
		c.state = StateEmpty
	}
}

// putMember makes one member what the group's record says.
func (c *classic) putMember(v *kmsg.GroupMetadataValueMember, undo *coordinator.Undo) {
	m := c.members[v.MemberID]
	if m == nil {
		m = &member{id: v.MemberID, instanceID: v.InstanceID}
		c.add(m)
	}
	m.clientID, m.clientHost = v.ClientID, v.ClientHost
	m.rebalanceTimeout, m.sessionTimeout = v.RebalanceTimeoutMillis, v.SessionTimeoutMillis
	protocol := ""
	if c.protocol != nil {
		protocol = *c.protocol
	}
	if len(m.protocols) == 0 || !bytes.Equal(m.metadataFor(protocol), v.Subscription) {
		c.offer(m, []Protocol{{protocol, v.Subscription}})
	}
	old := m.assignment
	m.assignment = v.Assignment
	undo.Add(func() { m.assignment = old })
}
