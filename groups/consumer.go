package groups

import (
	"slices"

	"weir/metadata"
)

// consumer is the side of a group that follows the consumer protocol (KIP-848), in which the coordinator
// assigns.
//
// All of it is what records say, and changes in apply alone, except the timers and when topics were last
// looked at. Members, assignments and resolved expressions are never modified: a change puts a new one in
// place of the old.
type consumer struct {
	epoch     int32 // rises when the target must be computed anew
	hash      int64 // of the topics that members read, as they were at epoch
	hasTopics bool  // a record of an older format lists the topics too, and is to be dropped

	members few[string, *consumerMember] // by member id
	regexes few[string, *resolved]       // by regular expression, those that a member reads by

	target      few[string, []metadata.PartitionID] // by member id, sorted
	targetEpoch int32                               // of the group when the target was computed; 1 at first
	targetMs    int64                               // when that was; 0 if not known

	// What follows from the above.
	size    int                          // bytes that members say about themselves
	reading counts[string]               // how many members read a topic by its name
	readers counts[string]               // how many members read by a regular expression
	static  few[string, string]          // instance id to member id
	holders counts[metadata.PartitionID] // how many members hold a partition, or are to give it up

	timers   few[string, *consumerTimers] // by member id
	revision int64                        // of the metadata that hash was last compared with; 0: not yet
}

func newConsumer() *consumer {
	return &consumer{epoch: 1, targetEpoch: 1}
}

// Epochs of members that are not on their way to the group's.
const (
	epochJoin        = int32(0)
	epochLeave       = int32(-1)
	epochLeaveStatic = int32(-2) // a static member that means to come back
)

// memberState is how far a member has come towards its target, as records number it.
type memberState int8

const (
	memberStable     memberState = 0 // it has what the target gave it
	memberUnrevoked  memberState = 1 // it must give partitions up first
	memberUnreleased memberState = 2 // partitions of its target are still with others
)

// consumerMember is one member, immutable.
type consumerMember struct {
	id               string
	instanceID       *string
	rackID           *string
	clientID         string
	clientHost       string
	topics           []string // subscribed to by name, sorted
	regex            *string  // "" or nil for none
	rebalanceTimeout int32    // milliseconds; -1 if never told
	assignor         *string
	classic          *classicMetadata // nil if it speaks the consumer protocol

	epoch, previousEpoch int32
	state                memberState
	assigned             []held // sorted
	revoking             []held // what it is to give up, sorted
}

// classicMetadata is what a member that speaks the classic protocol joined with.
type classicMetadata struct {
	sessionTimeout int32 // milliseconds
	protocols      []Protocol
}

// held is a partition that a member has, with the epoch in which it got it.
type held struct {
	metadata.PartitionID
	epoch int32
}

// resolved is the topics that a regular expression stands for.
type resolved struct {
	topics      []string // sorted
	version     int64    // of the metadata
	timestampMs int64    // when they were looked up
}

// reconciled tells whether the member has all that the target of that epoch gives it.
func (m *consumerMember) reconciled(target int32) bool {
	return m.state == memberStable && m.epoch == target
}

// regexOrNone is the regular expression that the member reads by, "" for none.
func (m *consumerMember) regexOrNone() string {
	if m == nil || m.regex == nil {
		return ""
	}
	return *m.regex
}

// size is how many bytes the member says about itself, about.
func (m *consumerMember) size() int {
	n := len(m.regexOrNone()) + len(m.clientID)
	for _, t := range m.topics {
		n += len(t)
	}
	if m.classic != nil {
		n += metadataSize(m.classic.protocols)
	}
	return n
}

// sameSubscriber tells whether nothing that a member's own record holds differs.
func (m *consumerMember) sameSubscriber(o *consumerMember) bool {
	return equalText(m.instanceID, o.instanceID) && equalText(m.rackID, o.rackID) && m.clientID == o.clientID &&
		m.clientHost == o.clientHost && slices.Equal(m.topics, o.topics) && equalText(m.regex, o.regex) &&
		m.rebalanceTimeout == o.rebalanceTimeout && equalText(m.assignor, o.assignor) &&
		m.classic.equal(o.classic)
}

// samePlace tells whether nothing that the record of a member's assignment holds differs.
func (m *consumerMember) samePlace(o *consumerMember) bool {
	return m.epoch == o.epoch && m.previousEpoch == o.previousEpoch && m.state == o.state &&
		slices.Equal(m.assigned, o.assigned) && slices.Equal(m.revoking, o.revoking)
}

func (c *classicMetadata) equal(o *classicMetadata) bool {
	if c == nil || o == nil {
		return c == o
	}
	a := member{protocols: c.protocols}
	return c.sessionTimeout == o.sessionTimeout && a.matches(o.protocols)
}

func equalText(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// state names the state of the group, which is computed.
func (c *consumer) state() State {
	if c.members.len() == 0 {
		return StateEmpty
	}
	if c.epoch > c.targetEpoch {
		return StateAssigning
	}
	for _, m := range c.members.all() {
		if !m.reconciled(c.targetEpoch) {
			return StateReconciling
		}
	}
	return StateStable
}

// put sets or, with a nil member, removes a member, and keeps what follows from the members in step. Putting
// back what was there takes a change back exactly.
func (c *consumer) put(id string, m *consumerMember) {
	old := c.members.at(id)
	if old == nil || m == nil || old.regexOrNone() != m.regexOrNone() || !slices.Equal(old.topics, m.topics) {
		c.subscribed(old, -1)
		c.subscribed(m, 1)
	}
	if old != nil {
		c.hold(old, -1)
		c.size -= old.size()
		if old.instanceID != nil && c.static.at(*old.instanceID) == id {
			c.static.drop(*old.instanceID)
		}
	}
	if m == nil {
		c.members.drop(id)
		return
	}
	c.members.put(id, m)
	c.size += m.size()
	c.hold(m, 1)
	if m.instanceID != nil {
		c.static.put(*m.instanceID, id)
	}
}

// subscribed counts what a member reads; nil reads nothing.
func (c *consumer) subscribed(m *consumerMember, by int) {
	if m == nil {
		return
	}
	for _, t := range m.topics {
		c.reading.add(t, by)
	}
	if regex := m.regexOrNone(); regex != "" {
		c.readers.add(regex, by)
	}
}

func (c *consumer) hold(m *consumerMember, by int) {
	for _, list := range [][]held{m.assigned, m.revoking} {
		for _, p := range list {
			c.holders.add(p.PartitionID, by)
		}
	}
}

// staticMember gives the member with an instance id, nil if there is none.
func (c *consumer) staticMember(instanceID *string) *consumerMember {
	if instanceID == nil {
		return nil
	}
	return c.members.at(c.static.at(*instanceID))
}

// classicMembers counts the members that speak the classic protocol.
func (c *consumer) classicMembers() int {
	n := 0
	for _, m := range c.members.all() {
		if m.classic != nil {
			n++
		}
	}
	return n
}

// topics gives the names that members read, by name or by a regular expression.
func (c *consumer) topics() map[string]struct{} {
	all := make(map[string]struct{})
	for t := range c.reading.all() {
		all[t] = struct{}{}
	}
	for _, r := range c.regexes.all() {
		for _, t := range r.topics {
			all[t] = struct{}{}
		}
	}
	return all
}

// subscribedTo tells whether a member reads a topic.
func (c *consumer) subscribedTo(topic string) bool {
	for _, r := range c.regexes.all() {
		if _, found := slices.BinarySearch(r.topics, topic); found {
			return true
		}
	}
	return c.reading.at(topic) > 0
}

// reads tells whether one member reads a topic. An expression that is not resolved yet stands for nothing.
func (c *consumer) reads(m *consumerMember, topic string) bool {
	if _, found := slices.BinarySearch(m.topics, topic); found {
		return true
	}
	if r := c.regexes.at(m.regexOrNone()); r != nil {
		_, found := slices.BinarySearch(r.topics, topic)
		return found
	}
	return false
}
