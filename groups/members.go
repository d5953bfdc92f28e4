package groups

import (
	"bytes"
	"cmp"
	"slices"

	"weir/internal/invariant"
)

// add takes a member into the group. The first one to come leads.
func (c *classic) add(m *member) {
	invariant.Check(c.members[m.id] == nil, "member %s is added twice", m.id)
	if m.instanceID != nil {
		c.static[*m.instanceID] = m.id
	}
	if c.leader == "" {
		c.leader = m.id
	}
	c.joined++
	m.order = c.joined
	c.members[m.id] = m
	c.support(m, 1)
	if m.join != nil {
		c.awaitingJoin++
	}
	delete(c.pendingJoin, m.id)
}

// remove takes a member, or an id that was given out, out of the group. If it led, the member that has been
// there longest does now.
func (c *classic) remove(id string) {
	if m := c.members[id]; m != nil {
		delete(c.members, id)
		c.support(m, -1)
		if m.join != nil {
			c.awaitingJoin--
		}
		if m.instanceID != nil && c.static[*m.instanceID] == id {
			delete(c.static, *m.instanceID)
		}
	}
	if c.leader == id {
		c.leader = ""
		if rest := c.ordered(); len(rest) > 0 {
			c.leader = rest[0].id
		}
	}
	delete(c.pendingJoin, id)
	delete(c.pendingSync, id)
}

// replace gives a static member's place to a new member id.
func (c *classic) replace(old *member, id string) *member {
	m := *old
	m.id, m.join, m.sync, m.session, m.isNew = id, nil, nil, nil, false
	delete(c.members, old.id)
	if _, ok := c.pendingSync[old.id]; ok {
		delete(c.pendingSync, old.id)
		c.pendingSync[id] = struct{}{}
	}
	c.members[id] = &m
	c.static[*m.instanceID] = id
	if c.leader == old.id {
		c.leader = id
	}
	return &m
}

// offer replaces what a member offers.
func (c *classic) offer(m *member, protocols []Protocol) {
	c.support(m, -1)
	m.protocols = protocols
	c.support(m, 1)
}

// support counts a member's protocols, each name once.
func (c *classic) support(m *member, by int) {
	for i, p := range m.protocols {
		c.metadata += by * (len(p.Name) + len(p.Metadata))
		if slices.ContainsFunc(m.protocols[:i], func(q Protocol) bool { return q.Name == p.Name }) {
			continue
		}
		c.supported[p.Name] += by
		if c.supported[p.Name] == 0 {
			delete(c.supported, p.Name)
		}
	}
}

// ordered gives the members in the order in which they joined.
func (c *classic) ordered() []*member {
	all := make([]*member, 0, len(c.members))
	for _, m := range c.members {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b *member) int { return cmp.Compare(a.order, b.order) })
	return all
}

// check tells whether a request comes from the member that it names.
func (c *classic) check(id string, instanceID *string) error {
	if instanceID != nil {
		switch known, ok := c.static[*instanceID]; {
		case !ok:
			return ErrUnknownMember
		case known != id:
			return ErrFencedInstance
		}
	}
	if c.members[id] == nil {
		return ErrUnknownMember
	}
	return nil
}

// fits tells whether a member with these protocols could be in the group.
func (c *classic) fits(protocolType string, protocols []Protocol) bool {
	if c.state == StateEmpty {
		return protocolType != "" && len(protocols) > 0
	}
	return c.protocolType == protocolType && slices.ContainsFunc(protocols, func(p Protocol) bool {
		return c.supported[p.Name] == len(c.members)
	})
}

// choose lets each member vote for the first of its protocols that all members offer, and gives the one with
// the most votes. Of several, the one that the member who joined first prefers.
func (c *classic) choose() string {
	votes := make(map[string]int)
	var order []string
	for _, m := range c.ordered() {
		for _, p := range m.protocols {
			if c.supported[p.Name] != len(c.members) {
				continue
			}
			if votes[p.Name] == 0 {
				order = append(order, p.Name)
			}
			votes[p.Name]++
			break
		}
	}
	invariant.Check(len(order) > 0, "members of a group have no protocol in common")
	best := order[0]
	for _, name := range order {
		if votes[name] > votes[best] {
			best = name
		}
	}
	return best
}

// allJoined tells whether nobody is waited for any more.
func (c *classic) allJoined() bool {
	return len(c.members) == c.awaitingJoin && len(c.pendingJoin) == 0
}

// rebalanceTimeout is the longest that any member asks for, in milliseconds.
func (c *classic) rebalanceTimeout() int32 {
	var longest int32
	for _, m := range c.members {
		longest = max(longest, m.rebalanceTimeout)
	}
	return longest
}

// metadataFor is what the member says about itself for a protocol.
func (m *member) metadataFor(protocol string) []byte {
	for _, p := range m.protocols {
		if p.Name == protocol {
			return p.Metadata
		}
	}
	return nil
}

// matches tells whether the member offers exactly these protocols, in this order.
func (m *member) matches(protocols []Protocol) bool {
	return slices.EqualFunc(m.protocols, protocols, func(a, b Protocol) bool {
		return a.Name == b.Name && bytes.Equal(a.Metadata, b.Metadata)
	})
}
