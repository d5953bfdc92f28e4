package groups

import (
	"slices"
	"strings"
)

// checkStreamsHeartbeat refuses what no group could accept, in the order in which Kafka does.
func checkStreamsHeartbeat(r *StreamsHeartbeatRequest) error {
	joining := r.Epoch == epochJoin
	blank := func(s *string) bool { return s != nil && strings.TrimSpace(*s) == "" }
	switch {
	case r.Topology != nil && slices.ContainsFunc(r.Topology.Subtopologies, func(s Subtopology) bool { return len(s.SourceRegex) > 0 }):
		return refuse(ErrInvalidRequest, "Regular expressions for source topics are not supported yet.")
	case blank(&r.MemberID):
		return refuse(ErrInvalidRequest, "MemberId can't be empty.")
	case blank(&r.GroupID):
		return refuse(ErrInvalidRequest, "GroupId can't be empty.")
	case blank(r.InstanceID):
		return refuse(ErrInvalidRequest, "InstanceId can't be empty.")
	case blank(r.RackID):
		return refuse(ErrInvalidRequest, "RackId can't be empty.")
	case joining:
		if err := checkStreamsJoin(r); err != nil {
			return err
		}
	case r.Epoch == epochLeaveStatic && r.InstanceID == nil:
		return refuse(ErrInvalidRequest, "InstanceId can't be null.")
	case r.Epoch < epochLeaveStatic:
		return refuse(ErrInvalidRequest, "MemberEpoch is %d, but must be greater than or equal to -2.", r.Epoch)
	}
	if o := r.Owned; o != nil && (o.Active == nil || o.Standby == nil || o.Warmup == nil) {
		return refuse(ErrInvalidRequest, "If one task-type is non-null, all must be non-null.")
	}
	if !joining && r.Topology != nil {
		return refuse(ErrInvalidRequest, "Topology can only be provided when (re-)joining.")
	}
	return checkOffsets(r.Offsets, r.EndOffsets)
}

// checkStreamsJoin refuses what nobody can join with.
func checkStreamsJoin(r *StreamsHeartbeatRequest) error {
	var owned TaskSet
	if r.Owned != nil {
		owned = *r.Owned
	}
	none := func(list []Tasks) bool { return list != nil && len(list) == 0 }
	switch {
	case r.RebalanceTimeoutMs == -1:
		return refuse(ErrInvalidRequest, "RebalanceTimeoutMs must be provided in first request.")
	case !none(owned.Active):
		return refuse(ErrInvalidRequest, "ActiveTasks must be empty when (re-)joining.")
	case !none(owned.Standby):
		return refuse(ErrInvalidRequest, "StandbyTasks must be empty when (re-)joining.")
	case !none(owned.Warmup):
		return refuse(ErrInvalidRequest, "WarmupTasks must be empty when (re-)joining.")
	case r.Topology == nil:
		return refuse(ErrInvalidRequest, "Topology must be non-null when (re-)joining.")
	}
	return r.Topology.check()
}

func checkOffsets(lists ...[]TaskOffset) error {
	for _, list := range lists {
		told := make(map[task]bool, len(list))
		for _, o := range list {
			t := task{sub: o.Subtopology, index: o.Partition}
			if told[t] {
				return refuse(ErrInvalidRequest, "Task offsets contain a duplicate entry for subtopology %s and partition %d.",
					o.Subtopology, o.Partition)
			}
			told[t] = true
		}
	}
	return nil
}

// checkStreams tells whether a member may do what it asks for.
func (m *machine) checkStreams(r *StreamsHeartbeatRequest) error {
	g, joining := m.groups[r.GroupID], r.Epoch == epochJoin
	switch {
	case g == nil && !joining:
		return refuse(ErrGroupNotFound, "Streams group %s not found.", r.GroupID)
	case g == nil:
		return m.checkRoom()
	case g.streams == nil && (!joining || g.classic == nil || g.classic.state != StateEmpty):
		return refuse(ErrGroupNotFound, "Group %s is not a streams group.", r.GroupID)
	case g.streams == nil:
		return nil
	}
	s := g.streams
	mem := s.members.at(r.MemberID)
	if joining && mem == nil && s.staticMember(r.InstanceID) == nil && s.members.len() >= m.config.Streams.MaxSize {
		return refuse(ErrGroupMaxSize, "The streams group has reached its maximum capacity of %d members.",
			m.config.Streams.MaxSize)
	}
	if r.InstanceID != nil {
		return s.checkStatic(r)
	}
	if joining {
		return nil
	}
	if mem == nil {
		return unknownStreamsMember(r)
	}
	return mem.checkEpoch(r)
}

func unknownStreamsMember(r *StreamsHeartbeatRequest) error {
	return refuse(ErrUnknownMember, "Member %s is not a member of group %s.", r.MemberID, r.GroupID)
}

// checkStatic tells whether a static member may do what it asks for: while the one that has its instance id has
// not left, nobody joins with it.
func (s *streams) checkStatic(r *StreamsHeartbeatRequest) error {
	mem := s.staticMember(r.InstanceID)
	if r.Epoch == epochJoin {
		if mem != nil && mem.epoch != epochLeaveStatic {
			return refuse(ErrUnreleasedInstance, "Static member %s with instance id %s cannot join the group because the "+
				"instance id is owned by %s member.", r.MemberID, *r.InstanceID, mem.id)
		}
		return nil
	}
	if err := s.checkInstance(r, mem); err != nil {
		return err
	}
	return mem.checkEpoch(r)
}

// checkInstance tells whether the member that has the instance id is the one that speaks.
func (s *streams) checkInstance(r *StreamsHeartbeatRequest, mem *streamsMember) error {
	if mem == nil {
		return refuse(ErrUnknownMember, "Instance id %s is unknown.", *r.InstanceID)
	}
	if mem.id != r.MemberID {
		return refuse(ErrFencedInstance, "Static member %s with instance id %s was fenced by member %s.", r.MemberID,
			*r.InstanceID, mem.id)
	}
	return nil
}

// topologyFor gives the topology that the group has after the heartbeat, and whether it is a new one. A member may run
// an older one than the group's; no other differs from it, even in a group that is empty.
func (s *streams) topologyFor(r *StreamsHeartbeatRequest) (t *topology, isNew bool, err error) {
	told := (*topology)(r.Topology)
	switch {
	case s.topology == nil:
		return told, true, nil
	case told == nil || told.Epoch < s.topology.Epoch:
		return s.topology, false, nil
	case !slices.Equal(topologyRecord("", told).Value, topologyRecord("", s.topology).Value):
		return nil, false, refuse(ErrInvalidRequest, "Topology updates are not supported yet.")
	}
	return s.topology, false, nil
}

// checkEpoch tells whether a member speaks in its epoch, or in the one before while it may have missed the answer
// that told it of the new one.
func (m *streamsMember) checkEpoch(r *StreamsHeartbeatRequest) error {
	if r.Epoch == m.epoch {
		return nil
	}
	if r.Epoch < m.epoch && r.Epoch == m.previousEpoch && r.Owned != nil {
		owned := setOf(r.Owned)
		if len(withoutTasks(owned.active, m.assigned.active))+len(withoutTasks(owned.standby, m.assigned.standby))+
			len(withoutTasks(owned.warmup, m.assigned.warmup)) == 0 {
			return nil
		}
	}
	than := "smaller"
	if r.Epoch > m.epoch {
		than = "greater"
	}
	return refuse(ErrFencedMemberEpoch, "The streams group member has a %s member epoch (%d) than the one known by the "+
		"group coordinator (%d). The member must abandon all its partitions and rejoin.", than, r.Epoch, m.epoch)
}

// checkOwned tells whether the tasks that a member says it has are tasks of the topology, if that can run.
func (l *layout) checkOwned(owned *TaskSet) error {
	if owned == nil || l.problem != nil {
		return nil
	}
	for _, list := range [][]Tasks{owned.Active, owned.Standby, owned.Warmup} {
		for _, t := range list {
			n, known := l.tasks[t.Subtopology]
			if !known {
				return refuse(ErrInvalidRequest, "Subtopology %s does not exist in the topology.", t.Subtopology)
			}
			for _, i := range t.Partitions {
				if i < 0 || i >= n {
					return refuse(ErrInvalidRequest, "Task %d for subtopology %s is invalid. Number of tasks for this subtopology: %d",
						i, t.Subtopology, n)
				}
			}
		}
	}
	return nil
}
