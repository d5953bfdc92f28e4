package oracle

import "github.com/twmb/franz-go/pkg/kmsg"

// shareOffsetScenarios are about where share groups are in partitions.
func shareOffsetScenarios() []scenario {
	return []scenario{
		{key: 90, name: "offsets", run: describeShareOffsets},
		{key: 91, name: "offsets", run: alterShareOffsets},
		{key: 92, name: "offsets", run: forgetShareOffsets},
		{key: 90, name: "more partitions", min: 1, max: 1, run: growShared},
		{key: 42, name: "states of share groups", min: 2, max: 2, run: endShare},
	}
}

func shareOffsetsOf(group string, topic string, partitions ...int32) *kmsg.DescribeShareGroupOffsetsRequest {
	asked := kmsg.NewDescribeShareGroupOffsetsRequestGroup()
	asked.GroupID = group
	if topic != "" {
		asked.Topics = []kmsg.DescribeShareGroupOffsetsRequestGroupTopic{{Topic: topic, Partitions: partitions}}
	}
	return &kmsg.DescribeShareGroupOffsetsRequest{Version: 1, Groups: []kmsg.DescribeShareGroupOffsetsRequestGroup{asked}}
}

func alterShareTo(group, topic string, starts ...int64) *kmsg.AlterShareGroupOffsetsRequest {
	t := kmsg.NewAlterShareGroupOffsetsRequestTopic()
	t.Topic = topic
	for i, start := range starts {
		p := kmsg.NewAlterShareGroupOffsetsRequestTopicPartition()
		p.Partition, p.StartOffset = int32(i), start
		t.Partitions = append(t.Partitions, p)
	}
	return &kmsg.AlterShareGroupOffsetsRequest{GroupID: group, Topics: []kmsg.AlterShareGroupOffsetsRequestTopic{t}}
}

func forgetShare(group string, topics ...string) *kmsg.DeleteShareGroupOffsetsRequest {
	req := &kmsg.DeleteShareGroupOffsetsRequest{GroupID: group}
	for _, t := range topics {
		req.Topics = append(req.Topics, kmsg.DeleteShareGroupOffsetsRequestTopic{Topic: t})
	}
	return req
}

// readableShare makes a group with one member, whose topic of two partitions has records, and which begins there with them.
func (s *session) readableShare(group string) string {
	topic := s.assignable()
	s.topicID(topic)
	s.shareOf(group, "m1", topic)
	return topic
}

func describeShareOffsets(s *session) {
	g := s.name("g")
	s.ask("unknown", shareOffsetsOf(g, ""))
	topic := s.readableShare(g)
	s.ask("all, nobody fetched", shareOffsetsOf(g, ""))
	s.ask("one, nobody fetched", shareOffsetsOf(g, topic, 0))
	s.ask("no such topic", shareOffsetsOf(g, s.name("none"), 0))
	none := shareOffsetsOf(g, "")
	none.Groups[0].Topics = []kmsg.DescribeShareGroupOffsetsRequestGroupTopic{}
	s.ask("no topics", none)
	s.ask("no name", shareOffsetsOf("", ""))
	s.must(shareBeat(g, "m1", -1))
	s.must(alterShareTo(g, topic, 0, 0))
	s.ask("all, altered", shareOffsetsOf(g, ""))
	s.ask("one, altered", shareOffsetsOf(g, topic, 1))
	classic := s.name("classic")
	s.syncAlone(classic, s.member(classic))
	s.ask("classic", shareOffsetsOf(classic, ""))
	s.ask("classic, a topic", shareOffsetsOf(classic, topic, 0))
}

func alterShareOffsets(s *session) {
	g := s.name("g")
	topic := s.readableShare(g)
	s.ask("with a member", alterShareTo(g, topic, 0))
	s.must(shareBeat(g, "m1", -1))
	s.ask("to the start", alterShareTo(g, topic, 0, 0))
	s.askAs("after", shareOffsetsOf(g, ""))
	s.ask("beyond the end", alterShareTo(g, topic, 100))
	s.ask("one that is not there", alterShareTo(g, topic, 0, 0, 0))
	s.ask("no such topic", alterShareTo(g, s.name("none"), 0))
	s.ask("no partitions", alterShareTo(g, topic))
	s.ask("no topics", &kmsg.AlterShareGroupOffsetsRequest{GroupID: g})
	s.ask("no name", alterShareTo("", topic, 0))
	fresh := s.name("fresh")
	s.ask("a new group", alterShareTo(fresh, topic, 0))
	s.askAs("the new group", &kmsg.ShareGroupDescribeRequest{Version: 1, GroupIDs: []string{fresh}})
	s.askAs("its offsets", shareOffsetsOf(fresh, ""))
	classic := s.name("classic")
	s.syncAlone(classic, s.member(classic))
	s.ask("classic", alterShareTo(classic, topic, 0))
}

func forgetShareOffsets(s *session) {
	g := s.name("g")
	s.ask("unknown", forgetShare(g, "t"))
	topic := s.readableShare(g)
	other, _ := s.topic("other", 1)
	s.ask("with a member", forgetShare(g, topic))
	s.must(shareBeat(g, "m1", -1))
	s.must(alterShareTo(g, topic, 0, 0))
	s.ask("a topic that is not there", forgetShare(g, s.name("none")))
	s.ask("a topic that was not begun", forgetShare(g, other))
	s.ask("begun, not begun and not there", forgetShare(g, topic, other, s.name("none")))
	s.askAs("after", shareOffsetsOf(g, ""))
	s.askAs("the topic after", shareOffsetsOf(g, topic, 0))
	s.ask("again", forgetShare(g, topic))
	s.ask("no topics", forgetShare(g))
	s.ask("no name", forgetShare("", topic))
	classic := s.name("classic")
	s.syncAlone(classic, s.member(classic))
	s.ask("classic", forgetShare(classic, topic))
}

// growShared has partitions come to a topic that a group reads: it begins them with their first record, whatever it does
// elsewhere.
func growShared(s *session) {
	g := s.name("g")
	topic := s.readableShare(g)
	s.ask("two partitions", shareOffsetsOf(g, ""))
	more := kmsg.NewCreatePartitionsRequestTopic()
	more.Topic, more.Count = topic, 4
	s.must(&kmsg.CreatePartitionsRequest{Version: 3, TimeoutMillis: 5000, Topics: []kmsg.CreatePartitionsRequestTopic{more}})
	s.ready(topic, 4)
	epoch := s.must(shareBeat(g, "m1", 0, topic)).(*kmsg.ShareGroupHeartbeatResponse).MemberEpoch
	for has := 2; has < 4; pause() {
		resp := s.must(shareBeat(g, "m1", epoch)).(*kmsg.ShareGroupHeartbeatResponse)
		s.check("beat", resp.ErrorCode)
		if epoch = resp.MemberEpoch; resp.Assignment != nil {
			has = len(shareOfAnswer(nil, resp))
		}
	}
	s.ask("four partitions", shareOffsetsOf(g, ""))
}

// endShare deletes a group that has settled something, and begins one of the same name.
func endShare(s *session) {
	g := s.name("g")
	topic := s.readableShare(g)
	s.must(shareBeat(g, "m1", -1))
	s.must(alterShareTo(g, topic, 0, 0))
	s.askAs("before", shareOffsetsOf(g, ""))
	s.ask("delete", &kmsg.DeleteGroupsRequest{Groups: []string{g}})
	s.askAs("after", shareOffsetsOf(g, ""))
	s.askAs("a partition after", shareOffsetsOf(g, topic, 0))
	s.shareOf(g, "m1", topic)
	s.askAs("begun anew", shareOffsetsOf(g, ""))
}
