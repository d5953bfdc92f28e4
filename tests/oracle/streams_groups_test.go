package oracle

import (
	"github.com/twmb/franz-go/pkg/kmsg"
)

func streamsGroupScenarios() []scenario {
	return []scenario{
		{key: 88, name: "one member", run: streamsLife},
		{key: 88, name: "bad", run: streamsBad},
		{key: 88, name: "two members", run: streamsPair},
		{key: 88, name: "internal topics", run: streamsInternalTopics},
		{key: 88, name: "standby tasks", run: streamsStandbys},
		{key: 88, name: "tasks of others", run: streamsForeignTasks},
		{key: 88, name: "static members", run: streamsStatic},
		{key: 88, name: "endpoints", run: streamsEndpoints},
		{key: 88, name: "shutdown", run: streamsShutdown},
		{key: 88, name: "topologies", run: streamsTopologies},
		{key: 88, name: "copartitioning", run: streamsCopartitions},
		{key: 88, name: "another topology", run: streamsChange},
		{key: 88, name: "other kinds of groups", run: streamsKinds},
		{key: 8, name: "streams member epochs", min: 9, max: 10, run: streamsCommits},
		{key: 89, name: "describe", run: describeStreams},
	}
}

type (
	subtopology = kmsg.StreamsGroupHeartbeatRequestTopologySubtopology
	together    = kmsg.StreamsGroupHeartbeatRequestTopologySubtopologyCopartitionGroup
)

// streamsMember is a member of a streams group, which keeps what it was told.
type streamsMember struct {
	s              *session
	group, id      string
	process        string
	subtopologies  []subtopology
	topologyEpoch  int32
	epoch          int32
	active, copies []kmsg.TaskIDs
}

func (s *session) streamsMember(group, id, process string, subtopologies ...subtopology) *streamsMember {
	return &streamsMember{s: s, group: group, id: id, process: process, subtopologies: subtopologies}
}

// joining is the request with which the member joins.
func (m *streamsMember) joining() *kmsg.StreamsGroupHeartbeatRequest {
	req := m.beating()
	req.MemberEpoch, req.RebalanceTimeoutMillis, req.ProcessID = 0, 30000, &m.process
	req.ActiveTasks, req.StandbyTasks, req.WarmupTasks = []kmsg.TaskIDs{}, []kmsg.TaskIDs{}, []kmsg.TaskIDs{}
	req.Topology = &kmsg.StreamsGroupHeartbeatRequestTopology{Epoch: m.topologyEpoch, Subtopologies: m.subtopologies}
	return req
}

func (m *streamsMember) beating() *kmsg.StreamsGroupHeartbeatRequest {
	req := kmsg.NewPtrStreamsGroupHeartbeatRequest()
	req.Group, req.MemberID, req.MemberEpoch, req.RebalanceTimeoutMillis = m.group, m.id, m.epoch, -1
	return req
}

// owning is the request with which the member says that it has what it was given.
func (m *streamsMember) owning() *kmsg.StreamsGroupHeartbeatRequest {
	req := m.beating()
	req.ActiveTasks, req.StandbyTasks, req.WarmupTasks = m.active, m.copies, []kmsg.TaskIDs{}
	return req
}

func (m *streamsMember) hear(resp kmsg.Response) {
	r, _ := resp.(*kmsg.StreamsGroupHeartbeatResponse)
	if r == nil || r.ErrorCode != 0 {
		return
	}
	m.epoch = r.MemberEpoch
	if r.ActiveTasks != nil {
		m.active, m.copies = r.ActiveTasks, r.StandbyTasks
	}
}

func (m *streamsMember) ask(label string, req *kmsg.StreamsGroupHeartbeatRequest) {
	m.hear(m.s.ask(m.id+" "+label, req))
}

func (m *streamsMember) join()  { m.ask("joins", m.joining()) }
func (m *streamsMember) beat()  { m.ask("beats", m.beating()) }
func (m *streamsMember) owns()  { m.ask("has them", m.owning()) }
func (m *streamsMember) leave() { m.ask("leaves", m.at(-1)) }

// at is a heartbeat in some epoch.
func (m *streamsMember) at(epoch int32) *kmsg.StreamsGroupHeartbeatRequest {
	req := m.beating()
	req.MemberEpoch = epoch
	return req
}

// quietly joins or goes on without a record of the answer.
func (m *streamsMember) quietly(req *kmsg.StreamsGroupHeartbeatRequest) {
	req.Version = 1
	resp := m.s.must(req).(*kmsg.StreamsGroupHeartbeatResponse)
	m.s.check("heartbeat", resp.ErrorCode)
	m.hear(resp)
}

func reads(id string, topics ...string) subtopology {
	return subtopology{SubtopologyID: id, SourceTopics: topics}
}

// keeps gives the subtopology state in a changelog.
func (s *session) keeps(sub subtopology) subtopology {
	info := kmsg.NewTopicInfo()
	info.Topic = s.name("changelog-" + sub.SubtopologyID)
	info.Configs = []kmsg.TopicInfoConfig{{Key: "cleanup.policy", Value: "compact"}}
	sub.StateChangelogTopics = append(sub.StateChangelogTopics, info)
	return sub
}

func repartition(name string, partitions int32) []kmsg.TopicInfo {
	info := kmsg.NewTopicInfo()
	info.Topic, info.NumPartitions = name, partitions
	return []kmsg.TopicInfo{info}
}

// counting are two subtopologies with a repartition topic between them, the second with state.
func (s *session) counting(topic string) []subtopology {
	first, second := reads("0", topic), s.keeps(reads("1"))
	first.RepartitionSinkTopics = []string{s.name("again")}
	second.RepartitionSourceTopics = repartition(s.name("again"), 0)
	second.SourceTopics = []string{}
	return []subtopology{first, second}
}

func tasks(sub string, partitions ...int32) []kmsg.TaskIDs {
	return []kmsg.TaskIDs{{SubtopologyID: sub, Partitions: partitions}}
}

func streamsLife(s *session) {
	m := s.streamsMember(s.name("g"), "m1", "p1", reads("0", s.assignable()))
	other := s.streamsMember(m.group, "m2", "p2")
	m.ask("beats in no group", m.at(1))
	m.ask("leaves no group", m.at(-1))
	m.ask("leaves no group for a while", m.at(-2))
	m.join()
	m.join()
	m.beat()
	m.owns()
	other.ask("beats", m.beatingAs("m2"))
	m.ask("ahead", m.at(m.epoch+1))
	m.ask("behind", m.at(m.epoch-1))
	behind := m.owning()
	behind.MemberEpoch--
	m.ask("behind with its tasks", behind)
	more := m.owning()
	more.MemberEpoch, more.ActiveTasks = m.epoch-1, tasks("0", 0, 1, 2)
	m.ask("behind with more tasks", more)
	m.ask("goes for a while without an instance", m.at(-2))
	m.leave()
	m.ask("leaves again", m.at(-1))
	m.ask("beats after all left", m.at(1))
	m.join()
}

func (m *streamsMember) beatingAs(id string) *kmsg.StreamsGroupHeartbeatRequest {
	req := m.beating()
	req.MemberID = id
	return req
}

func streamsBad(s *session) {
	m := s.streamsMember(s.name("g"), "m1", "p1", reads("0", s.name("t")))
	none, id := "", "i"
	some := tasks("0", 0)
	for _, c := range []struct {
		label string
		edit  func(r *kmsg.StreamsGroupHeartbeatRequest)
	}{
		{"no group", func(r *kmsg.StreamsGroupHeartbeatRequest) { r.Group = "" }},
		{"no member", func(r *kmsg.StreamsGroupHeartbeatRequest) { r.MemberID = "" }},
		{"blank member", func(r *kmsg.StreamsGroupHeartbeatRequest) { r.MemberID = " " }},
		{"empty instance", func(r *kmsg.StreamsGroupHeartbeatRequest) { r.InstanceID = &none }},
		{"empty rack", func(r *kmsg.StreamsGroupHeartbeatRequest) { r.RackID = &none }},
		{"no timeout", func(r *kmsg.StreamsGroupHeartbeatRequest) { r.RebalanceTimeoutMillis = -1 }},
		{"active tasks", func(r *kmsg.StreamsGroupHeartbeatRequest) { r.ActiveTasks = some }},
		{"standby tasks", func(r *kmsg.StreamsGroupHeartbeatRequest) { r.StandbyTasks = some }},
		{"warmup tasks", func(r *kmsg.StreamsGroupHeartbeatRequest) { r.WarmupTasks = some }},
		{"active tasks null", func(r *kmsg.StreamsGroupHeartbeatRequest) { r.ActiveTasks = nil }},
		{"standby tasks null", func(r *kmsg.StreamsGroupHeartbeatRequest) { r.StandbyTasks = nil }},
		{"warmup tasks null", func(r *kmsg.StreamsGroupHeartbeatRequest) { r.WarmupTasks = nil }},
		{"no topology", func(r *kmsg.StreamsGroupHeartbeatRequest) { r.Topology = nil }},
		{"topology of a beat", func(r *kmsg.StreamsGroupHeartbeatRequest) { r.MemberEpoch = 1 }},
		{"topology of a leave", func(r *kmsg.StreamsGroupHeartbeatRequest) { r.MemberEpoch = -1 }},
		{"epoch -2", func(r *kmsg.StreamsGroupHeartbeatRequest) { r.MemberEpoch = -2 }},
		{"epoch -2 with an instance", func(r *kmsg.StreamsGroupHeartbeatRequest) {
			r.MemberEpoch, r.InstanceID, r.Topology = -2, &id, nil
		}},
		{"epoch -3", func(r *kmsg.StreamsGroupHeartbeatRequest) { r.MemberEpoch = -3 }},
		{"no process", func(r *kmsg.StreamsGroupHeartbeatRequest) { r.ProcessID = nil }},
	} {
		req := m.joining()
		c.edit(req)
		s.ask(c.label, req)
	}
}

// streamsPair has a second member take tasks of the first.
func streamsPair(s *session) {
	topic := s.assignable()
	m1 := s.streamsMember(s.name("g"), "m1", "p1", reads("0", topic))
	m2 := s.streamsMember(m1.group, "m2", "p2", reads("0", topic))
	m1.join()
	m1.owns()
	m2.join()
	m2.beat()
	m1.beat()
	m1.owns()
	m1.ask("says nothing of them", m1.at(m1.epoch))
	m2.owns()
	m1.owns()
	m2.owns()
	m2.beat()
	m2.leave()
	m1.owns()
	m1.owns()
	s.describeStreams(m1.group)
}

// madeTopics waits until topics are there and the coordinator knows of them.
func (s *session) madeTopics(names ...string) {
	for _, name := range names {
		for range 500 {
			if s.topicID(name) != [16]byte{} {
				break
			}
			pause()
		}
		s.assigned(name, namePrefix+"probe-of-"+name)
	}
}

func streamsInternalTopics(s *session) {
	topic := s.assignable()
	m := s.streamsMember(s.name("g"), "m1", "p1", s.counting(topic)...)
	m.join()
	s.describeStreams(m.group)
	s.madeTopics(s.name("again"), s.name("changelog-1"))
	m.beat()
	s.describeStreams(m.group)
	req := kmsg.NewPtrDescribeConfigsRequest()
	req.Version = 4
	for _, name := range []string{s.name("again"), s.name("changelog-1")} {
		r := kmsg.NewDescribeConfigsRequestResource()
		r.ResourceType, r.ResourceName, r.ConfigNames = kmsg.ConfigResourceTypeTopic, name, []string{"cleanup.policy"}
		req.Resources = append(req.Resources, r)
	}
	s.askAs("settings of internal topics", req)
	meta := kmsg.NewPtrMetadataRequest()
	meta.Version = 12
	for _, name := range []string{s.name("again"), s.name("changelog-1")} {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = &name
		meta.Topics = append(meta.Topics, t)
	}
	s.askAs("internal topics", meta)
}

func streamsStandbys(s *session) {
	topic := s.assignable()
	sub := s.keeps(reads("0", topic))
	s.topic("changelog-0", 2)
	s.madeTopics(s.name("changelog-0"))
	group := s.name("g")
	s.groupSetting(group, "streams.num.standby.replicas", "1")
	m1 := s.streamsMember(group, "m1", "p1", sub)
	m2 := s.streamsMember(group, "m2", "p2", sub)
	m3 := s.streamsMember(group, "m3", "p2", sub)
	m1.join()
	m1.owns()
	m2.join()
	for range 3 {
		m1.owns()
		m2.owns()
	}
	s.describeStreams(group)
	m3.join()
	for range 3 {
		m1.owns()
		m2.owns()
		m3.owns()
	}
	m1.leave()
	for range 3 {
		m2.owns()
		m3.owns()
	}
	s.groupSetting(group, "streams.num.standby.replicas", "0")
	for range 3 {
		m2.owns()
		m3.owns()
	}
	s.describeStreams(group)
}

// groupSetting changes a setting of a group and returns when it is in force.
func (s *session) groupSetting(group, name, value string) {
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	req.Version = 1
	r := kmsg.NewIncrementalAlterConfigsRequestResource()
	r.ResourceType, r.ResourceName = kmsg.ConfigResourceTypeGroupConfig, group
	c := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
	c.Name, c.Value = name, &value
	r.Configs = append(r.Configs, c)
	req.Resources = append(req.Resources, r)
	s.check("setting of a group", s.must(req).(*kmsg.IncrementalAlterConfigsResponse).Resources[0].ErrorCode)
	s.settle()
}

func streamsForeignTasks(s *session) {
	m := s.streamsMember(s.name("g"), "m1", "p1", reads("0", s.assignable()))
	m.join()
	for _, c := range []struct {
		label string
		tasks []kmsg.TaskIDs
	}{
		{"unknown subtopology", tasks("7", 0)}, {"partition beyond", tasks("0", 0, 2)}, {"partition below", tasks("0", -1)},
		{"empty", tasks("0")}, {"twice", append(tasks("0", 0), tasks("0", 0)...)},
	} {
		active, standby, warmup := m.owning(), m.owning(), m.owning()
		active.ActiveTasks, standby.StandbyTasks, warmup.WarmupTasks = c.tasks, c.tasks, c.tasks
		m.ask("active, "+c.label, active)
		m.ask("standby, "+c.label, standby)
		m.ask("warm-up, "+c.label, warmup)
	}
	partial := m.owning()
	partial.WarmupTasks = nil
	m.ask("without warm-up tasks", partial)
	twice := m.owning()
	twice.TaskOffsets = []kmsg.TaskOffset{{SubtopologyID: "0"}, {SubtopologyID: "0", Offset: 1}}
	m.ask("tells offsets twice", twice)
	offsets := m.owning()
	offsets.TaskOffsets = []kmsg.TaskOffset{{SubtopologyID: "0", Partition: 1, Offset: 7}}
	offsets.TaskEndOffsets = []kmsg.TaskOffset{{SubtopologyID: "0", Partition: 1, Offset: 9}}
	m.ask("tells offsets", offsets)
	s.describeStreams(m.group)
	m.ask("tells no offsets", m.owning())
	s.describeStreams(m.group)
}

// at1 is the join in the newest version.
func (m *streamsMember) at1() *kmsg.StreamsGroupHeartbeatRequest {
	req := m.joining()
	req.Version = 1
	return req
}

func describeStreams(s *session) {
	topic := s.assignable()
	m := s.streamsMember(s.name("g"), "m1", "p1", reads("0", topic))
	s.describeStreams(m.group)
	s.describeStreams("")
	req := m.joining()
	rack := "r"
	req.RackID, req.ClientTags = &rack, []kmsg.StreamsGroupHeartbeatRequestClientTag{{Key: "zone", Value: "z"}}
	m.quietly(req)
	s.describeStreams(m.group)
	full := kmsg.NewPtrStreamsGroupDescribeRequest()
	full.Groups, full.IncludeAuthorizedOperations = []string{m.group, m.group}, true
	full.IncludeTopologyDescription = true
	s.ask("with all that there is", full)
	m.quietly(m.at(-1))
	s.describeStreams(m.group)
	classic := s.name("classic")
	s.syncAlone(classic, s.member(classic))
	s.describeStreams(classic)
	consumer := s.name("consumer")
	s.consumerOf(consumer, topic)
	s.describeStreams(consumer)
}
