package oracle

import (
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

func offsetScenarios() []scenario {
	return []scenario{
		{key: 8, name: "simple", run: commitSimple},
		{key: 8, name: "bad", run: commitBad},
		{key: 8, name: "members", run: commitMembers},
		{key: 9, name: "simple", run: fetchCommitted},
		{key: 9, name: "several groups", min: 8, max: 10, run: fetchSeveralGroups},
		{key: 9, name: "members", min: 9, max: 10, run: fetchWithMember},
		{key: 47, name: "delete", run: deleteOffsets},
	}
}

// commitRequest commits for one partition, without being a member.
func commitRequest(group, topic string, partition int32, offset int64) *kmsg.OffsetCommitRequest {
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group, req.Generation = group, -1
	t := kmsg.NewOffsetCommitRequestTopic()
	t.Topic = topic
	p := kmsg.NewOffsetCommitRequestTopicPartition()
	p.Partition, p.Offset = partition, offset
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	return req
}

// fetchOffsets asks for committed offsets in the form of the version; no partitions mean all there are.
func fetchOffsets(version int16, group, topic string, id [16]byte, partitions ...int32,
) *kmsg.OffsetFetchRequest {
	req := kmsg.NewPtrOffsetFetchRequest()
	if version < 8 {
		req.Group = group
		if partitions != nil {
			req.Topics = []kmsg.OffsetFetchRequestTopic{{Topic: topic, Partitions: partitions}}
		}
		return req
	}
	g := kmsg.NewOffsetFetchRequestGroup()
	g.Group = group
	if partitions != nil {
		g.Topics = []kmsg.OffsetFetchRequestGroupTopic{{Topic: topic, TopicID: id, Partitions: partitions}}
	}
	req.Groups = append(req.Groups, g)
	return req
}

// committed records what is committed for partition 0.
func (s *session) committed(label, group, topic string, partitions ...int32) {
	req := fetchOffsets(8, group, topic, [16]byte{}, partitions...)
	req.Version = 8
	s.askAs(label, req)
}

func commitSimple(s *session) {
	topic, id := s.topic("t", 2)
	g := s.name("g")
	ask := func(label string, offset int64, edit func(p *kmsg.OffsetCommitRequestTopicPartition)) {
		req := commitRequest(g, topic, 0, offset)
		req.Topics[0].TopicID = id
		if edit != nil {
			edit(&req.Topics[0].Partitions[0])
		}
		s.ask(label, req)
		s.committed("after "+label, g, topic, 0, 1)
	}
	ask("offset 5", 5, nil)
	ask("lower offset", 3, nil)
	ask("offset past the end", 1<<40, nil)
	ask("offset -1", -1, nil)
	ask("offset -2", -2, nil)
	meta := "some metadata"
	ask("metadata", 7, func(p *kmsg.OffsetCommitRequestTopicPartition) { p.Metadata = &meta })
	epoch := s.epoch(topic)
	ask("leader epoch", 8, func(p *kmsg.OffsetCommitRequestTopicPartition) { p.LeaderEpoch = epoch + 3 })
	ask("partition 1", 9, func(p *kmsg.OffsetCommitRequestTopicPartition) { p.Partition = 1 })
	none := commitRequest(g, topic, 0, 1)
	none.Topics = nil
	s.ask("nothing", none)
}

// commitBad is B33.
func commitBad(s *session) {
	topic, id := s.topic("t", 1)
	g := s.name("g")
	in := func(topic string, id [16]byte, partition int32) *kmsg.OffsetCommitRequest {
		req := commitRequest(g, topic, partition, 1)
		req.Topics[0].TopicID = id
		return req
	}
	for _, n := range []int{4096, 4097} {
		meta := strings.Repeat("m", n)
		req := in(topic, id, 0)
		req.Topics[0].Partitions[0].Metadata = &meta
		s.ask(fmt.Sprintf("metadata of %d bytes", n), req)
	}
	for _, p := range []int32{1, -1, 2147483647} {
		s.ask(fmt.Sprintf("partition %d", p), in(topic, id, p))
	}
	if s.version < 10 {
		s.ask("unknown topic", in(s.name("none"), id, 0))
		s.ask("bad topic", in("a/b", id, 0))
	} else {
		s.ask("unknown id", in("", unknownID, 0))
		s.ask("zero id", in("", [16]byte{}, 0))
	}
	mixed := in(topic, id, 0)
	p := mixed.Topics[0].Partitions[0]
	p.Partition = 9
	mixed.Topics[0].Partitions = append(mixed.Topics[0].Partitions, p)
	s.ask("good and unknown partition", mixed)
	req := in(topic, id, 0)
	req.MemberID, req.Generation = "nobody", 1
	s.ask("unknown member", req)
	req = in(topic, id, 0)
	req.MemberID = "nobody"
	s.ask("member without generation", req)
	req = in(topic, id, 0)
	req.Generation = 1
	s.ask("generation without member", req)
	req = in(topic, id, 0)
	req.Group = ""
	s.ask("no group", req)
	if s.version >= 7 {
		static := "instance"
		req = in(topic, id, 0)
		req.InstanceID = &static
		s.ask("instance that is not there", req)
	}
}

func commitMembers(s *session) {
	topic, id := s.topic("t", 1)
	g := s.name("g")
	m := s.member(g)
	in := func(label, member string, generation int32) {
		req := commitRequest(g, topic, 0, 1)
		req.Topics[0].TopicID = id
		req.MemberID, req.Generation = member, generation
		s.ask(label, req)
	}
	in("before the sync", m.id, m.generation)
	s.syncAlone(g, m)
	in("member", m.id, m.generation)
	in("old generation", m.id, m.generation-1)
	in("future generation", m.id, m.generation+1)
	in("unknown member", "nobody", m.generation)
	in("not a member", "", -1)
	in("member without generation", m.id, -1)
}

func fetchCommitted(s *session) {
	topic, id := s.topic("t", 2)
	g := s.name("g")
	s.ask("unknown group", fetchOffsets(s.version, g, topic, id, 0, 1))
	s.ask("all of an unknown group", fetchOffsets(s.version, g, topic, id))
	commit := commitRequest(g, topic, 0, 42)
	commit.Version = 7
	meta := "m"
	commit.Topics[0].Partitions[0].Metadata = &meta
	commit.Topics[0].Partitions[0].LeaderEpoch = 0
	s.must(commit)
	s.ask("known and unknown partition", fetchOffsets(s.version, g, topic, id, 0, 1, 9))
	if s.version >= 2 {
		s.ask("all", fetchOffsets(s.version, g, topic, id))
	}
	stable := fetchOffsets(s.version, g, topic, id, 0)
	stable.RequireStable = true
	s.ask("stable", stable)
	s.ask("no partitions", fetchOffsets(s.version, g, topic, id, []int32{}...))
	s.ask("no group", fetchOffsets(s.version, "", topic, id, 0))
	if s.version < 10 {
		s.ask("unknown topic", fetchOffsets(s.version, g, s.name("none"), id, 0))
		s.ask("bad topic", fetchOffsets(s.version, g, "a/b", id, 0))
	} else {
		s.ask("unknown id", fetchOffsets(s.version, g, "", unknownID, 0))
		s.ask("zero id", fetchOffsets(s.version, g, "", [16]byte{}, 0))
	}
	gone := removal(5, topic)
	gone.Version = 5
	s.must(gone)
	s.gone(topic)
	s.forgotten(g, topic)
	s.ask("after the topic is gone", fetchOffsets(s.version, g, topic, id, 0))
}

// forgotten waits until a group has no offset of partition 0 of a deleted topic.
func (s *session) forgotten(group, topic string) {
	for range 150 {
		req := fetchOffsets(7, group, topic, [16]byte{}, 0)
		req.Version = 7
		if s.must(req).(*kmsg.OffsetFetchResponse).Topics[0].Partitions[0].Offset < 0 {
			return
		}
		pause()
	}
}

// gone waits until the broker has forgotten a deleted topic.
func (s *session) gone(topic string) {
	for range 200 {
		req := named(topic)
		req.Version, req.AllowAutoTopicCreation = 12, false
		if s.must(req).(*kmsg.MetadataResponse).Topics[0].ErrorCode != 0 {
			return
		}
		pause()
	}
	panic(failure{fmt.Errorf("prepare: topic %s stays", topic)})
}

func fetchSeveralGroups(s *session) {
	topic, id := s.topic("t", 1)
	a, b := s.name("a"), s.name("b")
	commit := commitRequest(a, topic, 0, 42)
	commit.Version = 7
	s.must(commit)
	req := fetchOffsets(s.version, a, topic, id, 0)
	req.Groups = append(req.Groups, fetchOffsets(s.version, b, topic, id, 0).Groups...)
	req.Groups = append(req.Groups, fetchOffsets(s.version, "", topic, id, 0).Groups...)
	s.ask("known, unknown, none", req)
	twice := fetchOffsets(s.version, a, topic, id, 0)
	twice.Groups = append(twice.Groups, twice.Groups[0])
	s.ask("the same group twice", twice)
	s.ask("no groups", kmsg.NewPtrOffsetFetchRequest())
}

func fetchWithMember(s *session) {
	topic, id := s.topic("t", 1)
	g := s.name("g")
	m := s.member(g)
	s.syncAlone(g, m)
	for _, c := range []struct {
		member string
		epoch  int32
	}{{m.id, m.generation}, {m.id, 99}, {"nobody", m.generation}, {"nobody", -1}} {
		req := fetchOffsets(s.version, g, topic, id, 0)
		req.Groups[0].MemberID, req.Groups[0].MemberEpoch = &c.member, c.epoch
		s.ask(fmt.Sprintf("member known: %t, epoch known: %t", c.member == m.id, c.epoch == m.generation), req)
	}
}

func deleteOffsets(s *session) {
	topic, _ := s.topic("t", 2)
	other, _ := s.topic("u", 1)
	g := s.name("g")
	ask := func(label, group, topic string, partitions ...int32) {
		req := kmsg.NewPtrOffsetDeleteRequest()
		req.Group = group
		t := kmsg.OffsetDeleteRequestTopic{Topic: topic}
		for _, p := range partitions {
			t.Partitions = append(t.Partitions, kmsg.OffsetDeleteRequestTopicPartition{Partition: p})
		}
		req.Topics = append(req.Topics, t)
		s.ask(label, req)
	}
	ask("unknown group", g, topic, 0)
	ask("no group", "", topic, 0)
	for _, name := range []string{topic, other} {
		commit := commitRequest(g, name, 0, 3)
		commit.Version = 7
		s.must(commit)
	}
	ask("known and unknown partition", g, topic, 0, 1, 9)
	s.committed("after", g, topic, 0)
	ask("unknown topic", g, s.name("none"), 0)
	s.ask("nothing", &kmsg.OffsetDeleteRequest{Group: g})
	m := s.member(g)
	s.syncAlone(g, m)
	ask("of a consuming group", g, other, 0)
	ask("of a topic it reads", g, m.topic, 0)
}
