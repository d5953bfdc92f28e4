package groups

import (
	"encoding/binary"

	"weir/coordinator"
)

// Versions of keys of the records of streams groups.
const (
	keyStreamsGroup    = 17 // the group's epoch
	keyStreamsMember   = 19 // who a member is
	keyStreamsTarget   = 20 // the epoch for which the target was computed
	keyStreamsShare    = 21 // the target of a member
	keyStreamsPlace    = 22 // what a member has
	keyStreamsTopology = 23 // what the members run
)

// standbysKey is the name under which the group's record keeps how many copies of a task there were to be.
const standbysKey = "num.standby.replicas"

// firstStreamsState is the number that the records have for memberStable; the other states follow.
const firstStreamsState = 1

// streamsState gives the state that a record says. From one that is not known the member goes on with its next
// heartbeat.
func streamsState(n int8) memberState {
	switch s := memberState(n - firstStreamsState); s {
	case memberStable, memberUnrevoked:
		return s
	}
	return memberUnreleased
}

// appendTags appends optional fields in the order of their numbers; nil ones are left out.
func appendTags(b []byte, fields ...[]byte) []byte {
	n := 0
	for _, f := range fields {
		if f != nil {
			n++
		}
	}
	b = binary.AppendUvarint(b, uint64(n))
	for number, f := range fields {
		if f != nil {
			b = binary.AppendUvarint(b, uint64(number))
			b = append(binary.AppendUvarint(b, uint64(len(f))), f...)
		}
	}
	return b
}

// streamsGroupRecord tells the group's epoch, the hash of its topics, and what the epoch goes by.
func streamsGroupRecord(groupID string, epoch int32, hash int64, validated, standbys int32) coordinator.Record {
	v := appendInt64(appendInt32(newValue(), epoch), hash)
	var valid, configs []byte
	if validated != -1 {
		valid = appendInt32(nil, validated)
	}
	if standbys >= 0 {
		configs = appendPairs(nil, []Tag{{standbysKey, itoa(standbys)}})
	}
	return coordinator.Record{Key: consumerKey(keyStreamsGroup, groupID), Value: appendTags(v, valid, configs)}
}

func appendPairs(b []byte, pairs []Tag) []byte {
	b = appendCount(b, len(pairs))
	for _, p := range pairs {
		b = appendTag(appendText(appendText(b, p.Key), p.Value), nil)
	}
	return b
}

// streamsMemberRecord tells who a member is.
func streamsMemberRecord(groupID string, m *streamsMember) coordinator.Record {
	v := appendTextOrNull(newValue(), m.instanceID)
	v = appendTextOrNull(v, m.rackID)
	v = appendText(v, m.clientID)
	v = appendText(v, m.clientHost)
	v = appendInt32(v, m.rebalanceTimeout)
	v = appendInt32(v, m.topologyEpoch)
	v = appendText(v, m.processID)
	if m.endpoint == nil {
		v = append(v, 0xff) // a structure that is null is -1
	} else {
		v = appendText(append(v, 1), m.endpoint.Host)
		v = appendTag(binary.BigEndian.AppendUint16(v, m.endpoint.Port), nil)
	}
	v = appendPairs(v, m.tags)
	return coordinator.Record{Key: consumerKey(keyStreamsMember, groupID, m.id), Value: appendTag(v, nil)}
}

// streamsTargetRecord tells for which epoch the target was computed, and when.
func streamsTargetRecord(groupID string, epoch int32, nowMs int64) coordinator.Record {
	r := targetRecord(groupID, epoch, nowMs)
	r.Key = consumerKey(keyStreamsTarget, groupID)
	return r
}

// streamsShareRecord tells the target of one member.
func streamsShareRecord(groupID, memberID string, share taskSet) coordinator.Record {
	v := newValue()
	for _, list := range share.roles() {
		v = appendTasks(v, *list, false)
	}
	return coordinator.Record{Key: consumerKey(keyStreamsShare, groupID, memberID), Value: appendTag(v, nil)}
}

// streamsPlaceRecord tells what a member has.
func streamsPlaceRecord(groupID string, m *streamsMember) coordinator.Record {
	v := appendInt32(newValue(), m.epoch)
	v = append(appendInt32(v, m.previousEpoch), byte(m.state)+firstStreamsState)
	for _, set := range []taskSet{m.assigned, m.revoking} {
		for i, list := range set.roles() {
			v = appendTasks(v, *list, i == 0)
		}
	}
	return coordinator.Record{Key: consumerKey(keyStreamsPlace, groupID, m.id), Value: appendTag(v, nil)}
}

// appendTasks appends a sorted list, with the epochs in which tasks were given if they are kept.
func appendTasks(b []byte, all []task, epochs bool) []byte {
	var body []byte
	n := 0
	for len(all) > 0 {
		run := 1
		for run < len(all) && all[run].sub == all[0].sub {
			run++
		}
		n++
		body = appendCount(appendText(body, all[0].sub), run)
		since := appendCount(nil, run)
		for _, t := range all[:run] {
			body = appendInt32(body, t.index)
			since = appendInt32(since, t.epoch)
		}
		if !epochs {
			since = nil
		}
		body = appendTag(body, since)
		all = all[run:]
	}
	return append(appendCount(b, n), body...)
}

// topologyRecord tells what the members run.
func topologyRecord(groupID string, t *topology) coordinator.Record {
	v := appendCount(appendInt32(newValue(), t.Epoch), len(t.Subtopologies))
	for i := range t.Subtopologies {
		s := &t.Subtopologies[i]
		v = appendTexts(appendText(v, s.ID), s.Sources)
		v = appendInternal(appendTexts(v, s.SourceRegex), s.Changelogs)
		v = appendInternal(appendTexts(v, s.Sinks), s.Repartition)
		v = appendCount(v, len(s.Copartition))
		for _, g := range s.Copartition {
			for _, list := range [][]int16{g.Sources, g.SourceRegex, g.Repartition} {
				v = appendCount(v, len(list))
				for _, i := range list {
					v = binary.BigEndian.AppendUint16(v, uint16(i))
				}
			}
			v = appendTag(v, nil)
		}
		v = appendTag(v, nil)
	}
	return coordinator.Record{Key: consumerKey(keyStreamsTopology, groupID), Value: appendTag(v, nil)}
}

func appendInternal(b []byte, all []InternalTopic) []byte {
	b = appendCount(b, len(all))
	for _, t := range all {
		b = appendInt32(appendText(b, t.Name), t.Partitions)
		b = binary.BigEndian.AppendUint16(b, uint16(t.Replication))
		b = appendTag(appendPairs(b, t.Configs), nil)
	}
	return b
}

// readStreamsGroup reads a group's record.
func (r *flexible) readStreamsGroup() (epoch int32, hash int64, validated, standbys int32) {
	epoch, hash, validated, standbys = r.int32(), r.int64(), -1, -1
	r.fields(func(number uint64, r *flexible) {
		switch number {
		case 0:
			validated = r.int32()
		case 1:
			for _, p := range r.pairs() {
				if p.Key == standbysKey {
					standbys = atoi(p.Value)
				}
			}
		}
	})
	return epoch, hash, validated, standbys
}

func (r *flexible) pairs() []Tag {
	var all []Tag
	for range r.count(3) {
		all = append(all, Tag{r.text(), r.text()})
		r.tags(nil)
	}
	return all
}

// readStreamsMember reads who a member is into m.
func (r *flexible) readStreamsMember(m *streamsMember) {
	m.instanceID, m.rackID = r.textOrNull(), r.textOrNull()
	m.clientID, m.clientHost = r.text(), r.text()
	m.rebalanceTimeout, m.topologyEpoch = r.int32(), r.int32()
	m.processID = r.text()
	if r.int8() >= 0 {
		m.endpoint = &Endpoint{r.text(), r.uint16()}
		r.tags(nil)
	}
	m.tags = r.pairs()
	r.tags(nil)
}

// readTasks reads a list. Tasks that do not tell their epoch have the member's.
func (r *flexible) readTasks(epoch int32) []task {
	var all []task
	for range r.count(3) {
		sub, indexes := r.text(), r.int32s()
		var epochs []int32
		r.tags(func(r *flexible) { epochs = r.int32s() })
		for i, index := range indexes {
			t := task{sub, index, epoch}
			if len(epochs) == len(indexes) {
				t.epoch = epochs[i]
			}
			all = append(all, t)
		}
	}
	return sortedTasks(all)
}

func (r *flexible) readTaskSet(epoch int32) taskSet {
	return taskSet{r.readTasks(epoch), r.readTasks(0), r.readTasks(0)}
}

// readStreamsPlace reads what a member has into m.
func (r *flexible) readStreamsPlace(m *streamsMember) {
	m.epoch, m.previousEpoch, m.state = r.int32(), r.int32(), streamsState(r.int8())
	m.assigned, m.revoking = r.readTaskSet(m.epoch), r.readTaskSet(m.epoch)
	r.tags(nil)
}

func (r *flexible) int16s() []int16 {
	all := make([]int16, r.count(2))
	for i := range all {
		all[i] = int16(r.uint16())
	}
	return all
}

func (r *flexible) internal() []InternalTopic {
	all := make([]InternalTopic, r.count(9))
	for i := range all {
		all[i] = InternalTopic{r.text(), r.int32(), int16(r.uint16()), r.pairs()}
		r.tags(nil)
	}
	return all
}

// readTopology reads what the members run.
func (r *flexible) readTopology() *topology {
	t := &topology{Epoch: r.int32()}
	t.Subtopologies = make([]Subtopology, r.count(8))
	for i := range t.Subtopologies {
		s := &t.Subtopologies[i]
		s.ID, s.Sources, s.SourceRegex = r.text(), r.texts(), r.texts()
		s.Changelogs, s.Sinks, s.Repartition = r.internal(), r.texts(), r.internal()
		s.Copartition = make([]CopartitionGroup, r.count(4))
		for j := range s.Copartition {
			s.Copartition[j] = CopartitionGroup{r.int16s(), r.int16s(), r.int16s()}
			r.tags(nil)
		}
		r.tags(nil)
	}
	r.tags(nil)
	if r.err == nil && (*Topology)(t).check() != nil {
		r.fail()
	}
	return t
}
