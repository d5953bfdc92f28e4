package groups

import (
	"cmp"
	"slices"

	"weir/coordinator"
	"weir/metadata"
)

// streams is the side of a group whose members run one Kafka Streams topology (KIP-1071): the coordinator gives
// them tasks.
//
// As in a consumer group all of it is what records say and changes in apply alone, except the timers, reported
// offsets, the endpoints' epoch and what the topology was last found to be. Members and task lists are never modified.
type streams struct {
	epoch     int32 // rises when the target must be computed anew
	hash      int64 // of the topics of the topology, as they were at epoch
	validated int32 // the epoch of the topology whose topics were right; -1: none
	standbys  int32 // copies of each task as of epoch; -1 if not known

	topology *topology // nil until the first member tells it
	members  few[string, *streamsMember]
	static   few[string, string] // instance id to member id
	target   few[string, taskSet]

	targetEpoch int32
	targetMs    int64 // when the target was computed; 0 if not known

	timers        few[string, *consumerTimers] // by member id; session and revocation only
	reported      few[string, reportedOffsets] // by member id; not in any record
	notBeforeMs   int64                        // a new group waits for more members until then
	endpointEpoch int32                        // rises when what an endpoint serves may have changed
	shutdown      string                       // the member that asked for the end of the application, "" for none

	image *metadata.Image // for which laid was laid out
	laid  *layout
}

func newStreams() *streams {
	return &streams{epoch: 1, targetEpoch: 1, validated: -1, standbys: -1}
}

// task is one partition of a subtopology. An active task that a member has tells the epoch in which it got it.
type task struct {
	sub   string
	index int32
	epoch int32
}

func compareTasks(a, b task) int {
	return cmp.Or(cmp.Compare(a.sub, b.sub), cmp.Compare(a.index, b.index))
}

// taskSet is tasks by their role; each list is sorted.
type taskSet struct{ active, standby, warmup []task }

func (t *taskSet) roles() [3]*[]task { return [3]*[]task{&t.active, &t.standby, &t.warmup} }

func sameTasks(a, b []task) bool {
	return slices.EqualFunc(a, b, func(a, b task) bool { return compareTasks(a, b) == 0 })
}

func (t taskSet) equal(o taskSet) bool {
	return sameTasks(t.active, o.active) && sameTasks(t.standby, o.standby) && sameTasks(t.warmup, o.warmup)
}

func (t taskSet) empty() bool { return len(t.active)+len(t.standby)+len(t.warmup) == 0 }

func hasTask(list []task, t task) bool {
	_, found := slices.BinarySearchFunc(list, t, compareTasks)
	return found
}

// withoutTasks gives the tasks of a list that are not in another.
func withoutTasks(list, other []task) []task {
	return slices.DeleteFunc(slices.Clone(list), func(t task) bool { return hasTask(other, t) })
}

func sortedTasks(list []task) []task {
	slices.SortFunc(list, compareTasks)
	return slices.CompactFunc(list, func(a, b task) bool { return compareTasks(a, b) == 0 })
}

// streamsMember is one member, immutable.
type streamsMember struct {
	id               string
	instanceID       *string
	rackID           *string
	clientID         string
	clientHost       string
	rebalanceTimeout int32 // milliseconds; -1 if never told
	topologyEpoch    int32
	processID        string
	endpoint         *Endpoint
	tags             []Tag

	epoch, previousEpoch int32
	state                memberState
	assigned             taskSet
	revoking             taskSet
}

func (m *streamsMember) sameClient(o *streamsMember) bool {
	return sameEndpoint(m, o) && equalText(m.instanceID, o.instanceID) && m.clientID == o.clientID &&
		m.clientHost == o.clientHost && m.rebalanceTimeout == o.rebalanceTimeout && m.sameTaskNeeds(o)
}

// sameTaskNeeds tells whether nothing has changed by which tasks are shared out.
func (m *streamsMember) sameTaskNeeds(o *streamsMember) bool {
	return equalText(m.rackID, o.rackID) && m.topologyEpoch == o.topologyEpoch && m.processID == o.processID &&
		slices.Equal(m.tags, o.tags)
}

func sameEndpoint(a, b *streamsMember) bool {
	return a.endpoint == b.endpoint || a.endpoint != nil && b.endpoint != nil && *a.endpoint == *b.endpoint
}

// reportedOffsets is how far a member says that its tasks' states are, and could be.
type reportedOffsets struct{ offsets, endOffsets []TaskOffset }

func (m *streamsMember) samePlace(o *streamsMember) bool {
	return m.epoch == o.epoch && m.previousEpoch == o.previousEpoch && m.state == o.state &&
		m.assigned.equal(o.assigned) && m.revoking.equal(o.revoking)
}

// memberOr gives the member, or one of which nothing is known.
func (s *streams) memberOr(id string) *streamsMember {
	if m := s.members.at(id); m != nil {
		return m
	}
	return &streamsMember{id: id, rebalanceTimeout: -1, topologyEpoch: -1}
}

// put sets or, with a nil member, removes a member, and keeps the index of static ones in step. Putting back what was
// there takes a change back exactly.
func (s *streams) put(id string, m *streamsMember) {
	if old := s.members.at(id); old != nil && old.instanceID != nil && s.static.at(*old.instanceID) == id {
		s.static.drop(*old.instanceID)
	}
	if m == nil {
		s.members.drop(id)
		return
	}
	s.members.put(id, m)
	if m.instanceID != nil {
		s.static.put(*m.instanceID, id)
	}
}

// set is put that can be taken back.
func (s *streams) set(id string, m *streamsMember, undo *coordinator.Undo) {
	old := s.members.at(id)
	s.put(id, m)
	undo.Add(func() { s.put(id, old) })
}

// staticMember gives the member with an instance id, nil if there is none.
func (s *streams) staticMember(instanceID *string) *streamsMember {
	if instanceID == nil {
		return nil
	}
	return s.members.at(s.static.at(*instanceID))
}

// state names the state of the group, which is computed.
func (s *streams) state() State {
	switch {
	case s.members.len() == 0:
		return StateEmpty
	case s.topology == nil || s.validated != s.topology.Epoch:
		return StateNotReady
	case s.epoch > s.targetEpoch:
		return StateAssigning
	}
	for _, m := range s.members.all() {
		if m.state != memberStable || m.epoch != s.targetEpoch {
			return StateReconciling
		}
	}
	return StateStable
}

// checkCommit tells whether the one who commits may. A member may commit in an older epoch what it already had
// then (KIP-1071, StreamsGroup.validateOffsetCommit).
func (s *streams) checkCommit(r *CommitRequest) error {
	if r.Generation < 0 && s.members.len() == 0 {
		return nil
	}
	mem := s.members.at(r.MemberID)
	switch {
	case mem == nil:
		return refuse(ErrUnknownMember, "Member %s is not a member of group %s.", r.MemberID, r.GroupID)
	case r.Generation == mem.epoch:
		return nil
	case r.Generation > mem.epoch:
		return ErrStaleMemberEpoch
	}
	for _, t := range r.Topics {
		sub := s.topology.reader(t.Name)
		for _, p := range t.Partitions {
			since, has := sinceEpoch(mem.assigned.active, task{sub: sub, index: p.Index})
			if !has {
				since, has = sinceEpoch(mem.revoking.active, task{sub: sub, index: p.Index})
			}
			if !has || r.Generation < since {
				return ErrStaleMemberEpoch
			}
		}
	}
	return nil
}

func sinceEpoch(list []task, t task) (int32, bool) {
	i, found := slices.BinarySearchFunc(list, t, compareTasks)
	if !found {
		return 0, false
	}
	return list[i].epoch, true
}

// checkFetch tells whether the one who asks for committed offsets may. Those who do not say who they are may.
func (s *streams) checkFetch(r *FetchRequest) error {
	if r.MemberID == nil && r.MemberEpoch < 0 {
		return nil
	}
	if r.MemberID == nil || s.members.at(*r.MemberID) == nil {
		return ErrUnknownMember
	}
	if s.members.at(*r.MemberID).epoch != r.MemberEpoch {
		return ErrStaleMemberEpoch
	}
	return nil
}
