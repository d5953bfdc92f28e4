package oracle

import (
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

func topicScenarios() []scenario {
	return []scenario{
		{key: 19, name: "valid", run: createValid},
		{key: 19, name: "bad numbers", run: createBadNumbers},
		{key: 19, name: "bad names", run: createBadNames},
		{key: 19, name: "assignments", run: createAssignments},
		{key: 19, name: "configs", run: createConfigs},
		{key: 19, name: "several", run: createSeveral},
		{key: 20, name: "by name", run: deleteByName},
		{key: 20, name: "by id", min: 6, max: 6, run: deleteByID},
		{key: 37, name: "valid", run: growValid},
		{key: 37, name: "invalid", run: growInvalid},
	}
}

// create is a request for topics that differ from a plain one as edit says.
func create(names []string, edit func(i int, t *kmsg.CreateTopicsRequestTopic)) *kmsg.CreateTopicsRequest {
	req := kmsg.NewPtrCreateTopicsRequest()
	req.TimeoutMillis = 10000
	for i, name := range names {
		t := kmsg.NewCreateTopicsRequestTopic()
		t.Topic, t.NumPartitions, t.ReplicationFactor = name, 1, 1
		if edit != nil {
			edit(i, &t)
		}
		req.Topics = append(req.Topics, t)
	}
	return req
}

// one is create for a single topic.
func one(name string, edit func(t *kmsg.CreateTopicsRequestTopic)) *kmsg.CreateTopicsRequest {
	return create([]string{name}, func(_ int, t *kmsg.CreateTopicsRequestTopic) { edit(t) })
}

// setting is a topic setting for a create request; "name" alone is one with a null value.
func setting(text string) kmsg.CreateTopicsRequestTopicConfig {
	c := kmsg.NewCreateTopicsRequestTopicConfig()
	name, value, has := strings.Cut(text, "=")
	if c.Name = name; has {
		c.Value = &value
	}
	return c
}

func createValid(s *session) {
	s.ask("plain", create([]string{s.name("plain")}, nil))
	s.ask("again", create([]string{s.name("plain")}, nil))
	s.ask("three partitions", one(s.name("three"),
		func(t *kmsg.CreateTopicsRequestTopic) { t.NumPartitions = 3 }))
	s.ask("with a setting", one(s.name("set"), func(t *kmsg.CreateTopicsRequestTopic) {
		t.Configs = append(t.Configs, setting("retention.ms=1234"), setting("cleanup.policy=compact"))
	}))
	s.ask("defaults", one(s.name("defaults"), func(t *kmsg.CreateTopicsRequestTopic) {
		t.NumPartitions, t.ReplicationFactor = -1, -1
	}))
	only := create([]string{s.name("only")}, nil)
	only.ValidateOnly = true
	s.ask("validate only", only)
	s.ask("validate only again", only)
	s.ask("after validating", create([]string{s.name("only")}, nil))
	s.ask("validate one that exists", only)
	s.ask("nothing", create(nil, nil))
	s.settle()
	s.askAs("what exists", describeNames(s, "plain", "three", "set", "defaults", "only"))
}

// describeNames is a Metadata request for names of the scenario.
func describeNames(s *session, names ...string) *kmsg.MetadataRequest {
	req := kmsg.NewPtrMetadataRequest()
	req.Version, req.AllowAutoTopicCreation = 12, false
	req.Topics = []kmsg.MetadataRequestTopic{}
	for _, n := range names {
		name := s.name(n)
		req.Topics = append(req.Topics, kmsg.MetadataRequestTopic{Topic: &name})
	}
	return req
}

func createBadNumbers(s *session) {
	for _, n := range []int32{0, -1, -2, -2147483648} {
		s.ask(fmt.Sprintf("%d partitions", n), one(s.name(fmt.Sprintf("p%d", n)),
			func(t *kmsg.CreateTopicsRequestTopic) { t.NumPartitions = n }))
	}
	for _, n := range []int16{0, -1, -2, 2, 32767} {
		s.ask(fmt.Sprintf("replication factor %d", n), one(s.name(fmt.Sprintf("r%d", n)),
			func(t *kmsg.CreateTopicsRequestTopic) { t.ReplicationFactor = n }))
	}
	huge := one(s.name("huge"), func(t *kmsg.CreateTopicsRequestTopic) { t.NumPartitions = 2147483647 })
	huge.ValidateOnly = true
	s.ask("2147483647 partitions", huge)
}

func createBadNames(s *session) {
	for _, name := range []string{
		"", ".", "..", "../../etc/passwd", "a/b", "a\x00b", "a b", "a:b", "é", "日本", "a\n",
		strings.Repeat("x", 250), s.prefix + strings.Repeat("x", 249-len(s.prefix)),
		s.prefix + strings.Repeat("x", 250-len(s.prefix)),
		"__consumer_offsets", "__cluster_metadata",
	} {
		s.ask(fmt.Sprintf("name %q", name), create([]string{name}, nil))
	}
	s.ask("dot", create([]string{s.name("a.b")}, nil))
	s.ask("underscore that collides", create([]string{s.name("a_b")}, nil))
	s.ask("both that collide", create([]string{s.name("c.d"), s.name("c_d")}, nil))
}

func createAssignments(s *session) {
	type assignment = kmsg.CreateTopicsRequestTopicReplicaAssignment
	for _, c := range []struct {
		name  string
		parts int32
		repl  int16
		list  []assignment
	}{
		{"good", -1, -1, []assignment{{Partition: 0, Replicas: []int32{1}}, {Partition: 1, Replicas: []int32{1}}}},
		{"with counts", 2, 1, []assignment{{Partition: 0, Replicas: []int32{1}}}},
		{"with partitions", 1, -1, []assignment{{Partition: 0, Replicas: []int32{1}}}},
		{"with replication", -1, 1, []assignment{{Partition: 0, Replicas: []int32{1}}}},
		{"unknown broker", -1, -1, []assignment{{Partition: 0, Replicas: []int32{99}}}},
		{"negative broker", -1, -1, []assignment{{Partition: 0, Replicas: []int32{-1}}}},
		{"broker twice", -1, -1, []assignment{{Partition: 0, Replicas: []int32{1, 1}}}},
		{"no replicas", -1, -1, []assignment{{Partition: 0, Replicas: []int32{}}}},
		{"partition twice", -1, -1, []assignment{{Partition: 0, Replicas: []int32{1}},
			{Partition: 0, Replicas: []int32{1}}}},
		{"hole", -1, -1, []assignment{{Partition: 0, Replicas: []int32{1}}, {Partition: 2, Replicas: []int32{1}}}},
		{"from one", -1, -1, []assignment{{Partition: 1, Replicas: []int32{1}}}},
		{"negative partition", -1, -1, []assignment{{Partition: -1, Replicas: []int32{1}}}},
	} {
		s.ask(c.name, one(s.name(strings.ReplaceAll(c.name, " ", "-")), func(t *kmsg.CreateTopicsRequestTopic) {
			t.NumPartitions, t.ReplicationFactor, t.ReplicaAssignment = c.parts, c.repl, c.list
		}))
	}
}

func createConfigs(s *session) {
	for i, settings := range [][]string{
		{"no.such.setting=1"}, {"=1"}, {"retention.ms=abc"}, {"retention.ms=-2"}, {"retention.ms="},
		{"retention.ms"},
		{"cleanup.policy=compact,delete"}, {"cleanup.policy=sometimes"}, {"cleanup.policy="},
		{"compression.type=zstd"}, {"compression.type=rar"}, {"compression.gzip.level=10"},
		{"compression.zstd.level=3"}, {"compression.lz4.level=0"}, {"max.message.bytes=-1"},
		{"segment.bytes=1024"}, {"segment.bytes=1048576"}, {"segment.ms=0"}, {"min.insync.replicas=0"},
		{"min.insync.replicas=5"}, {"message.timestamp.type=LogAppendTime"}, {"message.timestamp.type=Never"},
		{"message.format.version=3.0"}, {"preallocate=true"}, {"preallocate=maybe"},
		{"unclean.leader.election.enable=TRUE"}, {"retention.ms=1", "retention.ms=2"}, {"flush.messages=0"},
		{"min.compaction.lag.ms=10", "max.compaction.lag.ms=5"}, {"min.cleanable.dirty.ratio=1.5"},
		{"leader.replication.throttled.replicas=*"}, {"leader.replication.throttled.replicas=x"},
		{"local.retention.ms=99", "retention.ms=10"}, {"remote.storage.enable=true"}, {"retention.ms=  77 "},
		{"max.decompressed.message.bytes=1000"}, {"errors.deadletterqueue.group.enable=true"},
		{"index.interval.bytes=-1"}, {"file.delete.delay.ms=0"}, {"delete.retention.ms=-1"},
	} {
		req := one(s.name(fmt.Sprintf("c%d", i)), func(t *kmsg.CreateTopicsRequestTopic) {
			for _, text := range settings {
				t.Configs = append(t.Configs, setting(text))
			}
		})
		req.ValidateOnly = i%2 == 0
		s.ask(fmt.Sprintf("settings %q", settings), req)
	}
}

func createSeveral(s *session) {
	s.ask("one good one bad", create([]string{s.name("good"), s.name("bad/")}, nil))
	s.ask("the same twice", create([]string{s.name("twice"), s.name("twice")}, nil))
	s.ask("the same twice and another", create([]string{s.name("twice"), s.name("other"), s.name("twice")}, nil))
	s.settle()
	s.askAs("what exists", describeNames(s, "good", "twice", "other"))
}

// removal is a DeleteTopics request in the form of the version.
func removal(version int16, names ...string) *kmsg.DeleteTopicsRequest {
	req := kmsg.NewPtrDeleteTopicsRequest()
	req.TimeoutMillis = 10000
	if version < 6 {
		req.TopicNames = names
		return req
	}
	for _, n := range names {
		req.Topics = append(req.Topics, kmsg.DeleteTopicsRequestTopic{Topic: &n})
	}
	return req
}

func deleteByName(s *session) {
	a, _ := s.topic("a", 2)
	b, _ := s.topic("b", 1)
	s.ask("one", removal(s.version, a))
	s.ask("again", removal(s.version, a))
	s.ask("known and unknown", removal(s.version, b, s.name("none")))
	s.ask("bad names", removal(s.version, "", "a/b", "."))
	c, _ := s.topic("c", 1)
	s.ask("twice in one request", removal(s.version, c, c))
	s.ask("nothing", removal(s.version))
	s.settle()
	s.askAs("what exists", describeNames(s, "a", "b", "c"))
	s.topic("a", 1)
	s.settle()
	s.askAs("made anew", describeNames(s, "a"))
}

func deleteByID(s *session) {
	type topic = kmsg.DeleteTopicsRequestTopic
	a, idA := s.topic("a", 1)
	_, idB := s.topic("b", 1)
	_, idC := s.topic("c", 1)
	ask := func(label string, list ...topic) {
		req := removal(6)
		req.Topics = list
		s.ask(label, req)
	}
	ask("unknown id", topic{TopicID: unknownID})
	ask("no name, no id", topic{})
	ask("name and id", topic{Topic: &a, TopicID: idA})
	ask("the same id twice", topic{TopicID: idC}, topic{TopicID: idC})
	ask("name and id of one topic", topic{Topic: &a}, topic{TopicID: idA})
	ask("one by id", topic{TopicID: idB})
	ask("again", topic{TopicID: idB})
	s.settle()
	s.askAs("what exists", describeNames(s, "a", "b", "c"))
}

// growth is a CreatePartitions request.
func growth(topic string, count int32, replicas ...[]int32) *kmsg.CreatePartitionsRequest {
	req := kmsg.NewPtrCreatePartitionsRequest()
	req.TimeoutMillis = 10000
	t := kmsg.NewCreatePartitionsRequestTopic()
	t.Topic, t.Count = topic, count
	for _, r := range replicas {
		t.Assignment = append(t.Assignment, kmsg.CreatePartitionsRequestTopicAssignment{Replicas: r})
	}
	req.Topics = append(req.Topics, t)
	return req
}

func growValid(s *session) {
	topic, _ := s.topic("t", 1)
	s.ask("to two", growth(topic, 2))
	s.ask("to four, assigned", growth(topic, 4, []int32{1}, []int32{1}))
	only := growth(topic, 9)
	only.ValidateOnly = true
	s.ask("validate only", only)
	s.ready(topic, 4)
	s.settle()
	s.askAs("what exists", describeNames(s, "t"))
	s.ask("nothing", &kmsg.CreatePartitionsRequest{TimeoutMillis: 1000})
}

func growInvalid(s *session) {
	topic, _ := s.topic("t", 3)
	for _, n := range []int32{3, 2, 0, -1, 2147483647} {
		if n < 2147483647 {
			s.ask(fmt.Sprintf("to %d", n), growth(topic, n))
			continue
		}
		only := growth(topic, n)
		only.ValidateOnly = true
		s.ask("to 2147483647", only)
	}
	s.ask("unknown topic", growth(s.name("none"), 2))
	s.ask("bad topic", growth("a/b", 2))
	s.ask("too few assignments", growth(topic, 5, []int32{1}))
	s.ask("too many assignments", growth(topic, 4, []int32{1}, []int32{1}))
	s.ask("unknown broker", growth(topic, 4, []int32{99}))
	s.ask("broker twice", growth(topic, 4, []int32{1, 1}))
	s.ask("no replicas", growth(topic, 4, []int32{}))
	s.ask("other replication", growth(topic, 5, []int32{1}, []int32{1, 99}))
	twice := growth(topic, 4)
	twice.Topics = append(twice.Topics, twice.Topics[0])
	s.ask("the same topic twice", twice)
	s.settle()
	s.askAs("what exists", describeNames(s, "t"))
}
