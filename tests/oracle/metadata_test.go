package oracle

import (
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

func metadataScenarios() []scenario {
	return []scenario{
		{key: 3, name: "names", run: metadataNames},
		{key: 3, name: "all topics", run: metadataAll},
		{key: 3, name: "auto-create", run: metadataAutoCreate},
		{key: 3, name: "ids", min: 10, max: 13, run: metadataIDs},
		{key: 3, name: "operations", min: 8, max: 13, run: metadataOperations},
		{key: 60, name: "answer", run: describeCluster},
		{key: 75, name: "pages", run: describePages},
		{key: 75, name: "bad", run: describeBad},
	}
}

// named is a Metadata request for full names that creates nothing, where the version can say so.
func named(names ...string) *kmsg.MetadataRequest {
	req := kmsg.NewPtrMetadataRequest()
	req.Topics = []kmsg.MetadataRequestTopic{}
	for _, name := range names {
		req.Topics = append(req.Topics, kmsg.MetadataRequestTopic{Topic: &name})
	}
	return req
}

func metadataNames(s *session) {
	a, _ := s.topic("a", 3)
	b, _ := s.topic("b", 1)
	s.ask("two", named(a, b))
	s.ask("the same twice", named(a, a))
	if s.version >= 4 {
		s.ask("unknown", named(s.name("none"), a))
		s.ask("bad names", named("a/b", "", ".", "..", "a\x00b", strings.Repeat("x", 250), "é"))
	}
	s.ask("internal", named("__consumer_offsets"))
}

func metadataAll(s *session) {
	s.topic("a", 2)
	s.ask("null topics", kmsg.NewPtrMetadataRequest())
	s.ask("empty topics", named())
}

func metadataAutoCreate(s *session) {
	make := named(s.name("new"))
	make.AllowAutoTopicCreation = true
	if s.version < 4 {
		make = named(s.name("new"))
	}
	s.ask("first", make)
	s.ready(s.name("new"), 1)
	s.ask("then", make)
	bad := named("a/b", "", s.name("x")+"\n")
	bad.AllowAutoTopicCreation = true
	s.ask("bad names", bad)
	s.topic("d.e", 1)
	collides := named(s.name("d_e"))
	collides.AllowAutoTopicCreation = true
	s.ask("colliding name", collides)
}

func metadataIDs(s *session) {
	type topic = kmsg.MetadataRequestTopic
	a, id := s.topic("a", 1)
	ask := func(label string, list ...topic) {
		req := named()
		req.Topics = list
		s.ask(label, req)
	}
	ask("by id", topic{TopicID: id})
	ask("unknown id", topic{TopicID: unknownID})
	ask("known and unknown id", topic{TopicID: id}, topic{TopicID: unknownID})
	ask("id and name", topic{TopicID: id, Topic: &a})
	ask("unknown id with a name", topic{TopicID: unknownID, Topic: &a})
	ask("neither", topic{})
	ask("one by id, one by name", topic{TopicID: id}, topic{Topic: &a})
	ask("the same id twice", topic{TopicID: id}, topic{TopicID: id})
}

func metadataOperations(s *session) {
	a, _ := s.topic("a", 1)
	req := named(a)
	req.IncludeTopicAuthorizedOperations = true
	s.ask("topic operations", req)
	req = named(a)
	req.IncludeClusterAuthorizedOperations = true
	s.ask("cluster operations", req)
}

func describeCluster(s *session) {
	for _, endpoint := range []int8{1, 2, 0, 9} {
		req := kmsg.NewPtrDescribeClusterRequest()
		req.EndpointType = endpoint
		s.ask(fmt.Sprintf("endpoint type %d", endpoint), req)
		if s.version == 0 {
			break
		}
	}
	req := kmsg.NewPtrDescribeClusterRequest()
	req.IncludeClusterAuthorizedOperations = true
	s.ask("with operations", req)
	req = kmsg.NewPtrDescribeClusterRequest()
	req.IncludeFencedBrokers = true
	s.ask("with fenced brokers", req)
}

// page is a DescribeTopicPartitions request.
func page(limit int32, cursor *kmsg.DescribeTopicPartitionsRequestCursor, names ...string,
) *kmsg.DescribeTopicPartitionsRequest {
	req := kmsg.NewPtrDescribeTopicPartitionsRequest()
	req.ResponsePartitionLimit, req.Cursor = limit, cursor
	for _, n := range names {
		req.Topics = append(req.Topics, kmsg.DescribeTopicPartitionsRequestTopic{Topic: n})
	}
	return req
}

func cursorAt(topic string, partition int32) *kmsg.DescribeTopicPartitionsRequestCursor {
	return &kmsg.DescribeTopicPartitionsRequestCursor{Topic: topic, Partition: partition}
}

func describePages(s *session) {
	a, _ := s.topic("a", 3)
	b, _ := s.topic("b", 2)
	c, _ := s.topic("c", 1)
	s.ask("three topics", page(2000, nil, c, a, b))
	s.ask("the same twice", page(2000, nil, a, a))
	for limit := int32(1); limit <= 7; limit++ {
		s.ask(fmt.Sprintf("limit %d", limit), page(limit, nil, c, b, a))
	}
	s.ask("cursor in a topic", page(2, cursorAt(a, 1), a, b, c))
	s.ask("cursor at the next topic", page(2, cursorAt(b, 0), a, b, c))
	s.ask("cursor before all", page(10, cursorAt(s.prefix, 0), a, b, c))
	s.ask("cursor between", page(10, cursorAt(a+"x", 1), a, b, c))
	s.ask("cursor past the partitions", page(10, cursorAt(a, 7), a, b))
	s.ask("cursor past all", page(10, cursorAt(s.name("z"), 0), a, b))
	s.ask("unknown topic in between", page(2, nil, a, s.name("aa"), b))
	s.ask("unknown topics", page(10, nil, s.name("none"), s.name("no")))
}

func describeBad(s *session) {
	a, _ := s.topic("a", 2)
	s.ask("bad name", page(10, nil, "a/b", a))
	s.ask("negative cursor partition", page(10, cursorAt(a, -1), a))
	s.ask("limit 0", page(0, nil, a))
	s.ask("limit -1", page(-1, nil, a))
	s.ask("limit 100000", page(100000, nil, a))
}
