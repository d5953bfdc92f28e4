package groups

import (
	"slices"

	"weir/coordinator"
	"weir/metadata"
)

// shareGroup is the side of a group whose members take single records, several of them from one partition (KIP-932): the
// coordinator spreads members over partitions.
//
// As in a consumer group all of it is what records say and changes in apply alone, except the timers and when the state of
// partitions was last asked for. Members and lists of partitions are never modified.
type shareGroup struct {
	epoch int32 // rises when the target must be computed anew
	hash  int64 // of the topics that members read, as they were at epoch

	members few[string, *shareMember] // by member id

	target      few[string, []metadata.PartitionID] // by member id, sorted
	targetEpoch int32                               // of the group when the target was computed; 1 at first
	targetMs    int64                               // when that was; 0 if not known

	// states is of which partitions the group has a state, what records have been taken and settled. Members get only those.
	states shareStates

	// What follows from the above.
	size    int            // bytes that members say about themselves
	reading counts[string] // how many members read a topic

	timers   few[string, *coordinator.Timer] // sessions, by member id
	asked    map[metadata.TopicID]int64      // when the states of a topic were asked for, in milliseconds; nil for none
	revision int64                           // of the metadata that hash was last compared with; 0: not yet
	changes  uint64                          // counts what may make the target wrong, or right again
	compared uint64                          // changes when the target was last found to be right; 0: not yet
}

func newShareGroup() *shareGroup {
	return &shareGroup{epoch: 1, targetEpoch: 1, states: shareStates{}, changes: 1}
}

// shareMember is one member, immutable.
type shareMember struct {
	id         string
	rackID     *string
	clientID   string
	clientHost string
	topics     []string // sorted

	epoch, previousEpoch int32
	assigned             []metadata.PartitionID // sorted
}

// sameSubscriber tells whether nothing that a member's own record holds differs.
func (m *shareMember) sameSubscriber(o *shareMember) bool {
	return equalText(m.rackID, o.rackID) && m.clientID == o.clientID && m.clientHost == o.clientHost &&
		slices.Equal(m.topics, o.topics)
}

// size is how many bytes the member says about itself, about.
func (m *shareMember) size() int {
	n := len(m.clientID)
	for _, t := range m.topics {
		n += len(t)
	}
	return n
}

// memberOr gives the member, or one of which nothing is known.
func (s *shareGroup) memberOr(id string) *shareMember {
	if m := s.members.at(id); m != nil {
		return m
	}
	return &shareMember{id: id, previousEpoch: -1}
}

// put sets or, with a nil member, removes a member, and keeps what follows from the members in step.
func (s *shareGroup) put(id string, m *shareMember) {
	s.changes++
	if old := s.members.at(id); old != nil {
		s.size -= old.size()
		for _, t := range old.topics {
			s.reading.add(t, -1)
		}
	}
	if m == nil {
		s.members.drop(id)
		return
	}
	s.members.put(id, m)
	s.size += m.size()
	for _, t := range m.topics {
		s.reading.add(t, 1)
	}
}

// state names the state of the group: members have what they are to have from their next heartbeat on, so that there is
// nothing in between.
func (s *shareGroup) state() State {
	if s.members.len() == 0 {
		return StateEmpty
	}
	return StateStable
}

// topics gives the names that members read.
func (s *shareGroup) topics() map[string]struct{} {
	all := make(map[string]struct{}, s.reading.len())
	for t := range s.reading.all() {
		all[t] = struct{}{}
	}
	return all
}
