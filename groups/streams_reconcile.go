package groups

import (
	"maps"
	"slices"

	"weir/coordinator"
	"weir/metadata"
)

// laidOut gives the layout of a topology with the topics of now: of the group's one it is kept.
func (m *machine) laidOut(s *streams, t *topology) *layout {
	image := m.image()
	if t != s.topology {
		return layOut(t, image)
	}
	if s.laid == nil || s.image != image {
		s.image, s.laid = image, layOut(t, image)
	}
	return s.laid
}

// bumpStreams starts a new epoch of the group if the target is not right any more.
func (m *machine) bumpStreams(tx *coordinator.Tx, groupID string, s *streams, l *layout, changed bool) {
	hash := m.topicsHash(m.image(), l.names)
	validated := int32(-1)
	if l.problem == nil {
		validated = s.topology.Epoch
	}
	standbys := m.setting(groupID, "streams.num.standby.replicas", m.config.Streams.Standbys)
	if changed || hash != s.hash || validated != s.validated || standbys != s.standbys {
		tx.Append(groupID, streamsGroupRecord(groupID, s.epoch+1, hash, validated, standbys))
	}
}

// retargetStreams shares the tasks out anew, if the group's epoch asks for it and it may be now. While the
// topology cannot run nobody is to have anything.
func (m *machine) retargetStreams(tx *coordinator.Tx, groupID string, s *streams, l *layout) {
	nowMs := tx.Now.UnixMilli()
	interval := int64(m.setting(groupID, "streams.assignment.interval.ms", m.config.Streams.AssignmentIntervalMs))
	if s.targetEpoch >= s.epoch || nowMs < s.notBeforeMs || s.targetMs != 0 && nowMs < s.targetMs+interval {
		return
	}
	shares := s.shareTasks(l, s.standbys)
	for _, id := range slices.Sorted(maps.Keys(shares)) {
		if old, had := s.target.get(id); !had || !old.equal(shares[id]) {
			tx.Append(groupID, streamsShareRecord(groupID, id, shares[id]))
		}
	}
	tx.Append(groupID, streamsTargetRecord(groupID, s.epoch, nowMs))
	m.logger.Info("streams group is assigned", "group", groupID, "epoch", s.epoch, "members", s.members.len())
}

// settleStreams brings a member as far towards its target as it and the others let it.
func (m *machine) settleStreams(tx *coordinator.Tx, groupID string, s *streams, mem *streamsMember, owned *TaskSet,
) *streamsMember {
	next := s.reconcile(mem, owned)
	if next.samePlace(mem) {
		return mem
	}
	tx.Append(groupID, streamsPlaceRecord(groupID, next))
	m.boundStreams(tx, groupID, s, next)
	tx.Then(func(tx *coordinator.Tx, err error) {
		if err != nil && m.holdsStreams(groupID, s) {
			m.loadedStreams(tx, groupID, s)
		}
	})
	return s.memberOr(mem.id)
}

// reconcile computes a member's next place (CurrentAssignmentBuilder). A task whose role changes is not given up between:
// a copy stays until it becomes active, and what was active becomes a copy at once.
func (s *streams) reconcile(mem *streamsMember, owned *TaskSet) *streamsMember {
	holds := func(t taskSet) bool { return owned == nil || overlaps(t, setOf(owned)) }
	switch mem.state {
	case memberStable:
		if mem.epoch == s.targetEpoch {
			return mem
		}
	case memberUnrevoked:
		if holds(mem.revoking) {
			return mem
		}
	}
	target := s.target.at(mem.id)
	next := *mem
	var kept, revoked, free taskSet
	for i, list := range mem.assigned.roles() {
		want := *target.roles()[i]
		*revoked.roles()[i] = withoutTasks(*list, want)
		*kept.roles()[i] = withoutTasks(*list, *revoked.roles()[i])
		*free.roles()[i] = withoutTasks(want, *list)
	}
	unreleased := s.drop(mem, &free)
	kept.take(&free, &revoked, mem)
	promoted := tasksIn(target.active, slices.Concat(mem.assigned.standby, mem.assigned.warmup))
	revoked.standby, revoked.warmup = withoutTasks(revoked.standby, promoted), withoutTasks(revoked.warmup, promoted)
	mustRevoke := !revoked.empty() && holds(revoked)
	waiting := promoted
	if !mustRevoke {
		waiting = withoutTasks(promoted, free.active)
	}
	kept.standby = sortedTasks(slices.Concat(kept.standby, tasksIn(mem.assigned.standby, waiting)))
	kept.warmup = sortedTasks(slices.Concat(kept.warmup, tasksIn(mem.assigned.warmup, waiting)))
	if mustRevoke {
		next.assigned, next.revoking, next.state = kept, revoked, memberUnrevoked
		epoch := mem.epoch
		if mem.state == memberUnrevoked {
			epoch++
		}
		next.enter(epoch)
		return &next
	}
	next.enter(s.targetEpoch)
	next.revoking, next.state = taskSet{}, memberStable
	if unreleased {
		next.state = memberUnreleased
	}
	for i, list := range kept.roles() {
		all := slices.Clone(*list)
		for _, t := range *free.roles()[i] {
			all = append(all, task{t.sub, t.index, s.targetEpoch})
		}
		*next.assigned.roles()[i] = sortedTasks(all)
	}
	return &next
}

// enter moves a member into an epoch; the one that it leaves is remembered.
func (m *streamsMember) enter(epoch int32) { m.epoch, m.previousEpoch = epoch, m.epoch }

// take has tasks change their role at once where nothing has to be waited for: from active to standby, and between the kinds of
// copies.
func (t *taskSet) take(free, revoked *taskSet, mem *streamsMember) {
	grant := func(kept, free *[]task, from []task) (granted []task) {
		granted = tasksIn(*free, from)
		*free = withoutTasks(*free, granted)
		*kept = sortedTasks(slices.Concat(*kept, granted))
		return granted
	}
	grant(&t.standby, &free.standby, mem.assigned.active)
	revoked.standby = withoutTasks(revoked.standby, grant(&t.warmup, &free.warmup, mem.assigned.standby))
	revoked.warmup = withoutTasks(revoked.warmup, grant(&t.standby, &free.standby, mem.assigned.warmup))
}

// tasksIn gives the tasks of a list that are in another, in whatever order that is.
func tasksIn(list, other []task) []task {
	return slices.DeleteFunc(slices.Clone(list), func(t task) bool {
		return !slices.ContainsFunc(other, func(o task) bool { return compareTasks(t, o) == 0 })
	})
}

// drop takes out of what a member could have what it must wait for: an active task that anybody has as one, and
// any task that another member of its process has in whatever role, since the state on the process's disk is locked.
func (s *streams) drop(mem *streamsMember, free *taskSet) (some bool) {
	if free.empty() {
		return false
	}
	active, process := make(map[task]bool), make(map[task]bool)
	for _, other := range s.members.all() {
		if other.id == mem.id {
			continue
		}
		for _, set := range []*taskSet{&other.assigned, &other.revoking} {
			for i, list := range set.roles() {
				for _, t := range *list {
					t.epoch = 0
					active[t] = active[t] || i == 0
					process[t] = process[t] || other.processID == mem.processID
				}
			}
		}
	}
	for i, list := range free.roles() {
		*list = slices.DeleteFunc(*list, func(t task) bool {
			t.epoch = 0
			held := process[t] || i == 0 && active[t]
			some = some || held
			return held
		})
	}
	return some
}

func overlaps(a, b taskSet) bool {
	for i, list := range a.roles() {
		if slices.ContainsFunc(*list, func(t task) bool { return hasTask(*b.roles()[i], t) }) {
			return true
		}
	}
	return false
}

// setOf and taskSetOf turn lists of a request into ours, and back.
func setOf(t *TaskSet) (s taskSet) {
	for i, list := range [][]Tasks{t.Active, t.Standby, t.Warmup} {
		var all []task
		for _, of := range list {
			for _, index := range of.Partitions {
				all = append(all, task{sub: of.Subtopology, index: index})
			}
		}
		*s.roles()[i] = sortedTasks(all)
	}
	return s
}

func taskSetOf(s taskSet) (t TaskSet) {
	for i, to := range []*[]Tasks{&t.Active, &t.Standby, &t.Warmup} {
		*to = []Tasks{}
		for _, one := range *s.roles()[i] {
			if last := len(*to) - 1; last < 0 || (*to)[last].Subtopology != one.sub {
				*to = append(*to, Tasks{Subtopology: one.sub})
			}
			last := &(*to)[len(*to)-1]
			last.Partitions = append(last.Partitions, one.index)
		}
	}
	return t
}

// endpoints gives what each member that has an endpoint serves (EndpointToPartitionsManager).
func (s *streams) endpoints(l *layout, image *metadata.Image) []EndpointPartitions {
	all := []EndpointPartitions{}
	for _, id := range slices.Sorted(s.members.keys()) {
		mem := s.members.at(id)
		if mem.endpoint == nil || l.problem != nil {
			continue
		}
		copies := sortedTasks(slices.Concat(mem.assigned.standby, mem.assigned.warmup))
		all = append(all, EndpointPartitions{*mem.endpoint, s.topology.partitions(mem.assigned.active, image),
			s.topology.partitions(copies, image)})
	}
	return all
}

// partitions gives the partitions that tasks read.
func (t *topology) partitions(tasks []task, image *metadata.Image) []TopicPartitions {
	all := []TopicPartitions{}
	for i := range t.Subtopologies {
		s := &t.Subtopologies[i]
		for _, name := range s.inputs() {
			topic, read := image.Topic(name), TopicPartitions{Topic: name}
			for _, one := range tasks {
				if one.sub == s.ID && topic != nil && int(one.index) < len(topic.Partitions) {
					read.Partitions = append(read.Partitions, one.index)
				}
			}
			if len(read.Partitions) > 0 {
				all = append(all, read)
			}
		}
	}
	return all
}
