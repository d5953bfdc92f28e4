package groups

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// image is what a restart must bring back: the groups, their offsets, and the members of those that are
// settled.
func image(m *machine) map[string]string {
	all := make(map[string]string, len(m.groups))
	for id, g := range m.groups {
		var b strings.Builder
		fmt.Fprintf(&b, "%+v", g.offsets)
		all[id] = b.String()
		if g.consumer != nil {
			all[id+" members"] = g.consumer.image()
			continue
		}
		if g.share != nil {
			all[id+" members"] = g.share.image()
			continue
		}
		if g.streams != nil {
			all[id+" members"] = g.streams.told()
			continue
		}
		if members := membersImage(g.classic); members != "" {
			all[id+" members"] = members
		}
	}
	return all
}

// membersImage is the part that the group's record holds; "" while the group is between two records.
func membersImage(c *classic) string {
	if c.state != StateStable && c.state != StateEmpty {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d %s leader=%s", c.protocolType, c.generation, textOf(c.protocol), c.leader)
	for _, id := range slices.Sorted(maps.Keys(c.members)) {
		m := c.members[id]
		fmt.Fprintf(&b, " [%s %s %s %s %d %d %x %x]", id, textOf(m.instanceID), m.clientID, m.clientHost,
			m.rebalanceTimeout, m.sessionTimeout, m.metadataFor(*c.protocol), m.assignment)
	}
	return b.String()
}

// broken says what is wrong with a classic group's state; "" if nothing is.
func (c *classic) broken() string {
	var b strings.Builder
	check := func(ok bool, format string, args ...any) {
		if !ok {
			fmt.Fprintf(&b, format+"; ", args...)
		}
	}
	awaiting, metadata, supported, static := 0, 0, make(map[string]int), 0
	for id, m := range c.members {
		check(m.id == id, "member %s is kept as %s", m.id, id)
		check(c.pendingJoin[id] == nil, "member %s is pending", id)
		check(m.session != nil, "member %s has no session", id)
		if m.session != nil {
			_, armed := m.session.Armed()
			check(armed || m.join != nil || m.sync != nil || c.state == StateCompletingRebalance,
				"member %s never expires", id)
		}
		if m.join != nil {
			awaiting++
		}
		metadata += metadataSize(m.protocols)
		for _, p := range m.protocols {
			supported[p.Name]++
		}
		if m.instanceID != nil {
			static++
			check(c.static[*m.instanceID] == id, "instance %s is not member %s", *m.instanceID, id)
		}
	}
	check(c.awaitingJoin == awaiting, "awaitingJoin %d, really %d", c.awaitingJoin, awaiting)
	check(c.metadata == metadata, "metadata %d, really %d", c.metadata, metadata)
	check(maps.Equal(c.supported, supported), "supported %v, really %v", c.supported, supported)
	check(len(c.static) == static, "static %v", c.static)
	for id := range c.pendingSync {
		check(c.members[id] != nil, "%s is to sync, but no member", id)
	}
	check((c.leader == "") == (len(c.members) == 0), "leader %q of %d members", c.leader, len(c.members))
	check(c.leader == "" || c.members[c.leader] != nil, "leader %s is no member", c.leader)
	switch c.state {
	case StateEmpty:
		check(len(c.members) == 0, "empty with %d members", len(c.members))
	case StateStable, StateCompletingRebalance:
		check(len(c.members) > 0 && c.protocol != nil, "%s without members or protocol", c.state)
		check(c.protocol == nil || supported[*c.protocol] == len(c.members), "protocol that some do not offer")
	}
	for _, m := range c.members {
		check(m.sync == nil || c.state == StateCompletingRebalance, "parked sync in state %s", c.state)
	}
	if c.state == StatePreparingRebalance {
		_, armed := c.joinTimer.Armed()
		check(armed, "nothing ends the rebalance")
	}
	return b.String()
}

// image is all that the records of a consumer group say.
func (c *consumer) image() string {
	var b strings.Builder
	fmt.Fprintf(&b, "epoch=%d hash=%d topics=%v target=%d at %d", c.epoch, c.hash, c.hasTopics, c.targetEpoch, c.targetMs)
	for _, id := range slices.Sorted(c.members.keys()) {
		b.WriteString("\n" + c.dumped(keyConsumerMember, id) + c.dumped(keyPlace, id))
	}
	for _, id := range slices.Sorted(c.target.keys()) {
		b.WriteString("\n" + id + c.dumped(keyTargetMember, id))
	}
	for _, regex := range slices.Sorted(c.regexes.keys()) {
		b.WriteString("\n" + regex + c.dumped(keyRegex, regex))
	}
	return b.String()
}

// broken says what is wrong with what follows from a consumer group's records; "" if nothing is.
func (c *consumer) broken() string {
	fresh := newConsumer()
	for id, m := range c.members.all() {
		fresh.put(id, m)
	}
	var b strings.Builder
	if !maps.Equal(maps.Collect(c.holders.all()), maps.Collect(fresh.holders.all())) {
		fmt.Fprintf(&b, "holders %v, really %v; ", c.holders, fresh.holders)
	}
	if c.static.len() != fresh.static.len() {
		fmt.Fprintf(&b, "static %v, really %v; ", c.static, fresh.static)
	}
	if c.size != fresh.size {
		fmt.Fprintf(&b, "size %d, really %d; ", c.size, fresh.size)
	}
	return b.String()
}

// brokenRun says what is wrong with a consumer group that runs: what may pass between two records must not
// stand.
func (c *consumer) brokenRun() string {
	var b strings.Builder
	b.WriteString(c.broken())
	for p, n := range c.holders.all() {
		if n != 1 {
			fmt.Fprintf(&b, "%d members hold %v; ", n, p)
		}
	}
	for id, m := range c.members.all() {
		t := c.timers.at(id)
		if t == nil || t.session == nil {
			fmt.Fprintf(&b, "member %s has no session; ", id)
		} else if _, armed := t.session.Armed(); !armed {
			fmt.Fprintf(&b, "member %s never expires; ", id)
		}
		if m.state == memberUnrevoked && m.classic == nil && m.epoch >= 0 {
			if t == nil || t.revocation == nil {
				fmt.Fprintf(&b, "member %s may take its time; ", id)
			}
		}
	}
	for id := range c.timers.all() {
		if c.members.at(id) == nil {
			fmt.Fprintf(&b, "timers of %s, who is gone; ", id)
		}
	}
	return b.String()
}

// image is all that the records of a share group say.
func (s *shareGroup) image() string {
	var b strings.Builder
	b.WriteString(s.dumped(keyShareGroup, "") + s.dumped(keyShareTarget, "") + s.dumped(keyShareStates, ""))
	for _, id := range slices.Sorted(s.members.keys()) {
		b.WriteString("\n" + id + s.dumped(keyShareMember, id) + s.dumped(keySharePlace, id))
	}
	for _, id := range slices.Sorted(s.target.keys()) {
		b.WriteString("\n" + id + s.dumped(keyShareTargetMember, id))
	}
	return b.String()
}

// broken says what is wrong with what follows from a share group's records; "" if nothing is.
func (s *shareGroup) broken() string {
	fresh := newShareGroup()
	for id, m := range s.members.all() {
		fresh.put(id, m)
	}
	var b strings.Builder
	if !maps.Equal(maps.Collect(s.reading.all()), maps.Collect(fresh.reading.all())) {
		fmt.Fprintf(&b, "reading %v, really %v; ", s.reading, fresh.reading)
	}
	if s.size != fresh.size {
		fmt.Fprintf(&b, "size %d, really %d; ", s.size, fresh.size)
	}
	return b.String()
}

// brokenRun says what is wrong with a share group that runs.
func (s *shareGroup) brokenRun() string {
	var b strings.Builder
	b.WriteString(s.broken())
	for id := range s.members.all() {
		if t := s.timers.at(id); t == nil {
			fmt.Fprintf(&b, "member %s has no session; ", id)
		} else if _, armed := t.Armed(); !armed {
			fmt.Fprintf(&b, "member %s never expires; ", id)
		}
	}
	for id := range s.timers.all() {
		if s.members.at(id) == nil {
			fmt.Fprintf(&b, "a timer of %s, who is gone; ", id)
		}
	}
	return b.String()
}
