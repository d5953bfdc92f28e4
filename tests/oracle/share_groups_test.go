package oracle

import (
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// shareGroupScenarios are what members of share groups, and administrators of them, ask.
func shareGroupScenarios() []scenario {
	return []scenario{
		{key: 76, name: "one member", run: shareLife},
		{key: 76, name: "bad", run: shareBad},
		{key: 76, name: "members", run: shareCrowd},
		{key: 77, name: "describe", run: describeShares},
		{key: 10, name: "share partitions", min: 6, max: 6, run: findShareCoordinators},
		{key: 16, name: "share groups", run: listShares},
		{key: 15, name: "a share group", run: describeShareAsClassic},
		{key: 42, name: "share groups", run: deleteShares},
		{key: 44, name: "share group bounds", run: alterShareBounds},
		{key: 8, name: "of a share group", run: commitToShare},
		{key: 9, name: "of a share group", run: fetchFromShare},
		{key: 47, name: "of a share group", run: deleteShareOffsets},
		{key: 11, name: "a share group", run: joinShare},
		{key: 68, name: "a share group", run: beatShareAsConsumer},
		{key: 69, name: "a share group", run: describeShareAsConsumer},
		{key: 88, name: "a share group", run: beatShareAsStreams},
		{key: 76, name: "other kinds", run: shareOfOtherKinds},
	}
}

// shareBeat is a heartbeat of a share group's member.
func shareBeat(group, member string, epoch int32, topics ...string) *kmsg.ShareGroupHeartbeatRequest {
	req := kmsg.NewPtrShareGroupHeartbeatRequest()
	req.Version, req.GroupID, req.MemberID, req.MemberEpoch, req.SubscribedTopicNames = 1, group, member, epoch, topics
	return req
}

// shareOf makes a member that reads a topic, and gives its epoch and what it has: partitions come some heartbeats later.
func (s *session) shareOf(group, member, topic string) (int32, []int32) {
	resp := s.must(shareBeat(group, member, 0, topic)).(*kmsg.ShareGroupHeartbeatResponse)
	s.check("join", resp.ErrorCode)
	return s.shareRest(group, member, resp)
}

// shareRest sends heartbeats until the member has partitions, and one more gives the same epoch.
func (s *session) shareRest(group, member string, resp *kmsg.ShareGroupHeartbeatResponse) (int32, []int32) {
	epoch, partitions := resp.MemberEpoch, shareOfAnswer(nil, resp)
	for still := false; len(partitions) == 0 || !still; {
		pause()
		next := s.must(shareBeat(group, member, epoch)).(*kmsg.ShareGroupHeartbeatResponse)
		s.check("beat", next.ErrorCode)
		still = next.MemberEpoch == epoch
		epoch, partitions = next.MemberEpoch, shareOfAnswer(partitions, next)
	}
	return epoch, partitions
}

// shareOfAnswer is what a member has after an answer: the partitions of its one topic.
func shareOfAnswer(before []int32, resp *kmsg.ShareGroupHeartbeatResponse) []int32 {
	if resp.Assignment == nil {
		return before
	}
	var all []int32
	for _, t := range resp.Assignment.TopicPartitions {
		all = append(all, t.Partitions...)
	}
	return all
}

func shareLife(s *session) {
	g := s.name("g")
	topic := s.assignable()
	s.topicID(topic)
	s.ask("beat of nobody", shareBeat(g, "m1", 1))
	s.ask("leave of nobody", shareBeat(g, "m1", -1))
	s.ask("join", shareBeat(g, "m1", 0, topic))
	epoch, _ := s.shareOf(g, "m1", topic)
	s.ask("beat", shareBeat(g, "m1", epoch))
	s.ask("join again", shareBeat(g, "m1", 0, topic))
	s.ask("say the same", shareBeat(g, "m1", epoch, topic))
	s.ask("beat of another", shareBeat(g, "m2", epoch))
	s.ask("beat ahead", shareBeat(g, "m1", epoch+1))
	s.ask("beat behind", shareBeat(g, "m1", epoch-1))
	s.ask("beat far behind", shareBeat(g, "m1", epoch-2))
	s.ask("leave of another", shareBeat(g, "m2", -1))
	s.ask("leave", shareBeat(g, "m1", -1))
	s.ask("leave again", shareBeat(g, "m1", -1))
	s.ask("beat after it", shareBeat(g, "m1", epoch))
	s.ask("come back", shareBeat(g, "m1", 0, topic))
}

func shareBad(s *session) {
	g := s.name("g")
	ask := func(label string, edit func(r *kmsg.ShareGroupHeartbeatRequest)) {
		req := shareBeat(g, "m1", 0, "t")
		edit(req)
		s.ask(label, req)
	}
	none, blank := "", " "
	ask("no group", func(r *kmsg.ShareGroupHeartbeatRequest) { r.GroupID = "" })
	ask("blank group", func(r *kmsg.ShareGroupHeartbeatRequest) { r.GroupID = " " })
	ask("no member", func(r *kmsg.ShareGroupHeartbeatRequest) { r.MemberID = "" })
	ask("blank member", func(r *kmsg.ShareGroupHeartbeatRequest) { r.MemberID = " " })
	ask("member of 37 characters", func(r *kmsg.ShareGroupHeartbeatRequest) { r.MemberID = "0123456789012345678901234567890123456" })
	ask("empty rack", func(r *kmsg.ShareGroupHeartbeatRequest) { r.RackID = &none })
	ask("blank rack", func(r *kmsg.ShareGroupHeartbeatRequest) { r.RackID = &blank })
	ask("no topics", func(r *kmsg.ShareGroupHeartbeatRequest) { r.SubscribedTopicNames = nil })
	ask("empty topics", func(r *kmsg.ShareGroupHeartbeatRequest) { r.SubscribedTopicNames = []string{} })
	ask("epoch -2", func(r *kmsg.ShareGroupHeartbeatRequest) { r.MemberEpoch = -2 })
	ask("a topic that is not there", func(r *kmsg.ShareGroupHeartbeatRequest) { r.SubscribedTopicNames = []string{s.name("none")} })
	ask("the same topic twice", func(r *kmsg.ShareGroupHeartbeatRequest) {
		r.SubscribedTopicNames = []string{s.name("none"), s.name("none")}
	})
	ask("a name that no topic can have", func(r *kmsg.ShareGroupHeartbeatRequest) { r.SubscribedTopicNames = []string{"no/topic", ""} })
	ask("member of 36 characters", func(r *kmsg.ShareGroupHeartbeatRequest) { r.MemberID = "012345678901234567890123456789012345" })
}

// shareCrowd has more members than there are partitions. Which of them have which is up to the broker: how many each has is
// compared.
func shareCrowd(s *session) {
	g := s.name("g")
	topic := s.assignable()
	holders := make(map[string][]int32)
	epochs := make(map[string]int32)
	for _, member := range []string{"m1", "m2", "m3"} {
		epochs[member], holders[member] = s.shareOf(g, member, topic)
		for _, other := range []string{"m1", "m2", "m3"} {
			if epochs[other] > 0 && other != member {
				resp := s.must(shareBeat(g, other, epochs[other])).(*kmsg.ShareGroupHeartbeatResponse)
				s.check("beat", resp.ErrorCode)
				epochs[other], holders[other] = resp.MemberEpoch, shareOfAnswer(holders[other], resp)
			}
		}
		var counts []int
		all := make(map[int32]int)
		for _, list := range holders {
			counts = append(counts, len(list))
			for _, p := range list {
				all[p]++
			}
		}
		slices.Sort(counts)
		s.note("with "+member, fmt.Sprintf("members have %v, partitions %v, in epochs %v", counts, all, epochs))
	}
	s.must(shareBeat(g, "m2", -1))
	s.ask("others after a leave", shareBeat(g, "m1", epochs["m1"], topic+"-not"))
}

func describeShares(s *session) {
	g := s.name("g")
	topic := s.assignable()
	ask := func(label string, groups ...string) {
		s.ask(label, &kmsg.ShareGroupDescribeRequest{GroupIDs: groups, IncludeAuthorizedOperations: label == "with operations"})
	}
	ask("unknown", g)
	ask("no name", "")
	s.shareOf(g, "m1", topic)
	ask("one member", g)
	ask("with operations", g)
	s.must(shareBeat(g, "m1", -1))
	ask("empty", g)
	classic := s.name("classic")
	s.syncAlone(classic, s.member(classic))
	ask("classic and a share group", classic, g)
	s.consumerOf(s.name("consumer"), topic)
	ask("consumer", s.name("consumer"))
}

// findShareCoordinators asks until the topic is there: Kafka answers before it has made it.
func findShareCoordinators(s *session) {
	find := func(keys ...string) *kmsg.FindCoordinatorRequest {
		return &kmsg.FindCoordinatorRequest{CoordinatorType: 2, CoordinatorKeys: keys}
	}
	const id = "AAAAAAAAAAAAAAAAAAAAAQ"
	for range 500 {
		req := find("g:" + id + ":0")
		req.Version = s.version
		if s.must(req).(*kmsg.FindCoordinatorResponse).Coordinators[0].ErrorCode == 0 {
			break
		}
		pause()
	}
	s.ask("good", find("g:"+id+":0", "other:"+id+":7"))
	for _, key := range []string{"", "g", ":" + id + ":0", " :" + id + ":0", "g::0", "g:" + id + ":", "g:" + id + ":x", "g:" + id + ":0:0",
		"g:short:0", "a:b:" + id + ":0", "g:" + id + ":-1", "g:" + id + ":+1", "g:" + id + ":007", "g:" + id + ":2147483648"} {
		s.ask(fmt.Sprintf("key %q", key), find(key))
	}
	topic := kmsg.NewMetadataRequestTopic()
	name := "__share_group_state"
	topic.Topic = &name
	metadata := &kmsg.MetadataRequest{Version: 12, Topics: []kmsg.MetadataRequestTopic{topic}}
	resp := s.must(metadata).(*kmsg.MetadataResponse)
	s.note("the topic", fmt.Sprintf("internal %v, %d partitions, code %d", resp.Topics[0].IsInternal, len(resp.Topics[0].Partitions),
		resp.Topics[0].ErrorCode))
	configs := kmsg.NewDescribeConfigsRequestResource()
	configs.ResourceType, configs.ResourceName = kmsg.ConfigResourceTypeTopic, name
	configs.ConfigNames = []string{"cleanup.policy", "compression.type", "segment.bytes", "retention.ms"}
	described := s.must(&kmsg.DescribeConfigsRequest{Version: 4, Resources: []kmsg.DescribeConfigsRequestResource{configs}}).(*kmsg.DescribeConfigsResponse)
	var settings []string
	for _, c := range described.Resources[0].Configs {
		settings = append(settings, c.Name+"="+*c.Value)
	}
	slices.Sort(settings)
	s.note("its settings", fmt.Sprint(settings))
}

func listShares(s *session) {
	topic := s.assignable()
	s.shareOf(s.name("share"), "m1", topic)
	s.shareOf(s.name("emptied"), "m1", topic)
	s.must(shareBeat(s.name("emptied"), "m1", -1))
	s.consumerOf(s.name("consumer"), topic)
	s.ask("all", kmsg.NewPtrListGroupsRequest())
	if s.version >= 4 {
		for _, states := range [][]string{{"Stable"}, {"empty"}, {"Dead"}} {
			s.ask(fmt.Sprintf("states %q", states), &kmsg.ListGroupsRequest{StatesFilter: states})
		}
	}
	if s.version >= 5 {
		for _, types := range [][]string{{"share"}, {"Share", "consumer"}, {"classic"}} {
			s.ask(fmt.Sprintf("types %q", types), &kmsg.ListGroupsRequest{TypesFilter: types})
		}
	}
}

func describeShareAsClassic(s *session) {
	g := s.name("g")
	s.shareOf(g, "m1", s.assignable())
	s.ask("with a member", &kmsg.DescribeGroupsRequest{Groups: []string{g}})
	s.ask("with operations", &kmsg.DescribeGroupsRequest{Groups: []string{g}, IncludeAuthorizedOperations: true})
}

func deleteShares(s *session) {
	g := s.name("g")
	topic := s.assignable()
	s.shareOf(g, "m1", topic)
	ask := func(label string, groups ...string) { s.ask(label, &kmsg.DeleteGroupsRequest{Groups: groups}) }
	ask("with a member", g)
	s.must(shareBeat(g, "m1", -1))
	ask("empty, and one that is not there", g, s.name("none"))
	ask("again", g)
	s.askAs("described", &kmsg.ShareGroupDescribeRequest{Version: 1, GroupIDs: []string{g}})
	s.askAs("begun anew", shareBeat(g, "m1", 0, topic))
}

func alterShareBounds(s *session) {
	g := s.name("g")
	for _, text := range []string{
		"share.session.timeout.ms=45000", "share.session.timeout.ms=44999", "share.session.timeout.ms=60001", "share.session.timeout.ms=x",
		"share.heartbeat.interval.ms=4999", "share.heartbeat.interval.ms=15000", "share.heartbeat.interval.ms=15001",
		"share.assignment.interval.ms=-1", "share.assignment.interval.ms=15000", "share.assignment.interval.ms=15001",
		"share.record.lock.duration.ms=14999", "share.record.lock.duration.ms=15000", "share.record.lock.duration.ms=60001",
		"share.record.lock.duration.ms=999", "share.delivery.count.limit=1", "share.delivery.count.limit=2", "share.delivery.count.limit=10",
		"share.delivery.count.limit=11", "share.partition.max.record.locks=99", "share.partition.max.record.locks=100",
		"share.partition.max.record.locks=4001", "share.auto.offset.reset=earliest", "share.auto.offset.reset=EARLIEST",
		"share.auto.offset.reset=by_duration:PT1H", "share.auto.offset.reset=by_duration:-PT1H", "share.auto.offset.reset=by_duration:1h",
		"share.auto.offset.reset=by_duration", "share.auto.offset.reset=none", "share.isolation.level=read_committed",
		"share.isolation.level=READ_COMMITTED", "share.isolation.level=none", "share.renew.acknowledge.enable=false",
		"share.renew.acknowledge.enable=x", "errors.deadletterqueue.topic.name=dlq.dead", "errors.deadletterqueue.topic.name=",
		"errors.deadletterqueue.topic.name=__consumer_offsets", "errors.deadletterqueue.topic.name=dlq.letters",
		"errors.deadletterqueue.copy.record.enable=true", "errors.deadletterqueue.copy.record.enable=1",
		"group.share.delivery.count.limit=5",
	} {
		s.ask(text, alter(onGroup, g, opSet, text))
	}
	s.ask("interval not below the session", alter(onGroup, g, opSet, "share.session.timeout.ms=45000",
		"share.heartbeat.interval.ms=45000"))
	names := []string{"share.session.timeout.ms", "share.heartbeat.interval.ms", "share.assignment.interval.ms",
		"share.record.lock.duration.ms", "share.delivery.count.limit", "share.partition.max.record.locks", "share.auto.offset.reset",
		"share.isolation.level", "share.renew.acknowledge.enable", "errors.deadletterqueue.topic.name",
		"errors.deadletterqueue.copy.record.enable"}
	overrides(s, "after", onGroup, g, names...)
	s.ask("delete", alter(onGroup, g, opDelete, names...))
	overrides(s, "after the deletion", onGroup, g, names...)
}

func commitToShare(s *session) {
	g := s.name("g")
	topic := s.assignable()
	epoch, _ := s.shareOf(g, "m1", topic)
	id := s.topicID(topic)
	for _, c := range []struct {
		label, member string
		epoch         int32
	}{{"member", "m1", epoch}, {"nobody", "", -1}} {
		req := commitRequest(g, topic, 0, 3)
		req.MemberID, req.Generation, req.Topics[0].TopicID = c.member, c.epoch, id
		s.ask(c.label, req)
	}
	s.must(shareBeat(g, "m1", -1))
	req := commitRequest(g, topic, 0, 3)
	req.Topics[0].TopicID = id
	s.ask("nobody, empty", req)
}

func fetchFromShare(s *session) {
	g := s.name("g")
	topic := s.assignable()
	s.shareOf(g, "m1", topic)
	id := s.topicID(topic)
	of := kmsg.NewOffsetFetchRequestGroup()
	of.Group = g
	of.Topics = []kmsg.OffsetFetchRequestGroupTopic{{Topic: topic, TopicID: id, Partitions: []int32{0}}}
	of.MemberEpoch = -1
	s.ask("one", &kmsg.OffsetFetchRequest{Group: g, Topics: []kmsg.OffsetFetchRequestTopic{{Topic: topic, Partitions: []int32{0}}},
		Groups: []kmsg.OffsetFetchRequestGroup{of}})
	if s.version >= 2 {
		of.Topics = nil
		s.ask("all", &kmsg.OffsetFetchRequest{Group: g, Groups: []kmsg.OffsetFetchRequestGroup{of}})
	}
}

func deleteShareOffsets(s *session) {
	g := s.name("g")
	topic := s.assignable()
	s.shareOf(g, "m1", topic)
	s.ask("with a member", &kmsg.OffsetDeleteRequest{Group: g, Topics: []kmsg.OffsetDeleteRequestTopic{
		{Topic: topic, Partitions: []kmsg.OffsetDeleteRequestTopicPartition{{Partition: 0}}}}})
	s.must(shareBeat(g, "m1", -1))
	s.ask("empty", &kmsg.OffsetDeleteRequest{Group: g, Topics: []kmsg.OffsetDeleteRequestTopic{
		{Topic: topic, Partitions: []kmsg.OffsetDeleteRequestTopicPartition{{Partition: 0}}}}})
}

// joinShare has members of the classic protocol come to a share group, with one member and with none.
func joinShare(s *session) {
	g := s.name("g")
	s.shareOf(g, "m1", s.assignable())
	for _, state := range []string{"with a member", "empty"} {
		s.ask(state, joinRequest(g, ""))
		s.ask(state+", known", joinRequest(g, "m1"))
		s.askAs(state+", heartbeat", &kmsg.HeartbeatRequest{Version: 4, Group: g, MemberID: "m1", Generation: 1})
		s.askAs(state+", sync", &kmsg.SyncGroupRequest{Version: 4, Group: g, MemberID: "m1", Generation: 1})
		s.askAs(state+", leave", &kmsg.LeaveGroupRequest{Version: 4, Group: g, Members: []kmsg.LeaveGroupRequestMember{{MemberID: "m1"}}})
		if state == "with a member" {
			s.must(shareBeat(g, "m1", -1))
		}
	}
}

func beatShareAsConsumer(s *session) {
	g := s.name("g")
	topic := s.assignable()
	epoch, _ := s.shareOf(g, "m1", topic)
	s.ask("join", consumerJoin(g, "m2", topic))
	s.ask("beat", consumerBeat(g, "m1", epoch))
	s.ask("leave", consumerBeat(g, "m1", -1))
	s.must(shareBeat(g, "m1", -1))
	s.ask("join the empty group", consumerJoin(g, "m2", topic))
}

func describeShareAsConsumer(s *session) {
	g := s.name("g")
	s.shareOf(g, "m1", s.assignable())
	s.ask("a share group", &kmsg.ConsumerGroupDescribeRequest{Groups: []string{g}})
}

func beatShareAsStreams(s *session) {
	g := s.name("g")
	topic := s.assignable()
	s.shareOf(g, "m1", topic)
	process := "p"
	join := kmsg.NewPtrStreamsGroupHeartbeatRequest()
	join.Group, join.MemberID, join.RebalanceTimeoutMillis, join.ProcessID = g, "m2", 30000, &process
	join.ActiveTasks, join.StandbyTasks, join.WarmupTasks = []kmsg.TaskIDs{}, []kmsg.TaskIDs{}, []kmsg.TaskIDs{}
	topology := kmsg.NewStreamsGroupHeartbeatRequestTopology()
	sub := kmsg.NewStreamsGroupHeartbeatRequestTopologySubtopology()
	sub.SubtopologyID, sub.SourceTopics = "0", []string{topic}
	topology.Subtopologies = append(topology.Subtopologies, sub)
	join.Topology = &topology
	s.ask("join", join)
	s.must(shareBeat(g, "m1", -1))
	s.ask("join the empty group", join)
}

// shareOfOtherKinds has members of share groups come to groups of other kinds, with members and without.
func shareOfOtherKinds(s *session) {
	topic := s.assignable()
	classic, consumer, offsets := s.name("classic"), s.name("consumer"), s.name("offsets")
	m := s.member(classic)
	s.syncAlone(classic, m)
	epoch := s.consumerOf(consumer, topic)
	commit := commitRequest(offsets, topic, 0, 3)
	commit.Version = 7
	s.must(commit)
	for _, g := range []string{classic, consumer, offsets} {
		what := g[len(s.prefix):]
		s.ask("join "+what, shareBeat(g, "m9", 0, topic))
		s.ask("beat "+what, shareBeat(g, "m9", epoch))
		s.ask("leave "+what, shareBeat(g, "m9", -1))
	}
	leave := consumerBeat(consumer, "m1", -1)
	leave.Version = 1
	s.must(leave)
	s.must(&kmsg.LeaveGroupRequest{Version: 3, Group: classic, Members: []kmsg.LeaveGroupRequestMember{{MemberID: m.id}}})
	for _, g := range []string{classic, consumer} {
		s.ask("join "+g[len(s.prefix):]+", empty", shareBeat(g, "m9", 0, topic))
	}
}
