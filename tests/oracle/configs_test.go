package oracle

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// Kafka's types of configuration resources.
const (
	onTopic        = kmsg.ConfigResourceTypeTopic
	onBroker       = kmsg.ConfigResourceTypeBroker
	onBrokerLogger = kmsg.ConfigResourceTypeBrokerLogger
	onMetrics      = kmsg.ConfigResourceTypeClientMetrics
	onGroup        = kmsg.ConfigResourceType(32)
)

// theBroker is the node id that both brokers have.
const theBroker = "1"

func configScenarios() []scenario {
	return []scenario{
		{key: 32, name: "topic", run: describeTopicConfigs},
		{key: 32, name: "broker", run: describeBrokerConfigs},
		{key: 32, name: "group", run: describeGroupConfigs},
		{key: 32, name: "bad", run: describeBadConfigs},
		{key: 33, name: "topic", run: replaceTopicConfigs},
		{key: 33, name: "bad", run: replaceBad},
		{key: 44, name: "topic", run: alterTopicConfigs},
		{key: 44, name: "bad", run: alterBad},
		{key: 44, name: "broker", run: alterBroker},
		{key: 44, name: "group", run: alterGroup},
		{key: 74, name: "list", run: listResources},
	}
}

type resourceType = kmsg.ConfigResourceType

// describe is a DescribeConfigs request for one resource; no names mean all.
func describe(kind resourceType, name string, names ...string) *kmsg.DescribeConfigsRequest {
	req := kmsg.NewPtrDescribeConfigsRequest()
	req.IncludeSynonyms = true
	r := kmsg.NewDescribeConfigsRequestResource()
	r.ResourceType, r.ResourceName, r.ConfigNames = kind, name, names
	req.Resources = append(req.Resources, r)
	return req
}

func describeTopicConfigs(s *session) {
	t, _ := s.topic("t", 1, "retention.ms=5000", "cleanup.policy=compact,delete")
	s.ask("all", describe(onTopic, t))
	plain := describe(onTopic, t)
	plain.IncludeSynonyms = false
	s.ask("all without synonyms", plain)
	s.ask("two names", describe(onTopic, t, "retention.ms", "segment.bytes"))
	s.ask("unknown name", describe(onTopic, t, "retention.ms", "no.such.setting"))
	none := describe(onTopic, t)
	none.Resources[0].ConfigNames = []string{}
	s.ask("no names", none)
	docs := describe(onTopic, t, "retention.ms")
	docs.IncludeDocumentation = true
	s.ask("documentation", docs)
	twice := describe(onTopic, t, "retention.ms")
	twice.Resources = append(twice.Resources, twice.Resources[0])
	s.ask("the same resource twice", twice)
	s.ask("internal topic", describe(onTopic, "__consumer_offsets"))
}

func describeBrokerConfigs(s *session) {
	s.ask("all", describe(onBroker, theBroker))
	s.ask("some", describe(onBroker, theBroker, "log.retention.ms", "log.retention.hours", "node.id", "log.dirs",
		"num.partitions", "message.max.bytes", "offsets.topic.num.partitions"))
	s.ask("default", describe(onBroker, ""))
}

func describeGroupConfigs(s *session) {
	s.ask("unknown group", describe(onGroup, s.name("g")))
	s.ask("no group", describe(onGroup, ""))
}

func describeBadConfigs(s *session) {
	s.ask("unknown topic", describe(onTopic, s.name("none")))
	s.ask("bad topic", describe(onTopic, "a/b"))
	s.ask("no topic", describe(onTopic, ""))
	s.ask("other broker", describe(onBroker, "99"))
	s.ask("broker that is no number", describe(onBroker, "x"))
	s.ask("logger of another broker", describe(onBrokerLogger, "99"))
	s.ask("logger that is no number", describe(onBrokerLogger, "x"))
	s.ask("no logger", describe(onBrokerLogger, ""))
	s.ask("client metrics", describe(onMetrics, s.name("m")))
	s.ask("no client metrics", describe(onMetrics, ""))
	for _, kind := range []resourceType{0, 1, 3, 5, 64, 127, -1} {
		s.ask(fmt.Sprintf("resource type %d", kind), describe(kind, "x"))
	}
}

// replace is an AlterConfigs request: it sets exactly these.
func replace(kind resourceType, name string, settings ...string) *kmsg.AlterConfigsRequest {
	req := kmsg.NewPtrAlterConfigsRequest()
	r := kmsg.NewAlterConfigsRequestResource()
	r.ResourceType, r.ResourceName = kind, name
	for _, text := range settings {
		c := setting(text)
		r.Configs = append(r.Configs, kmsg.AlterConfigsRequestResourceConfig{Name: c.Name, Value: c.Value})
	}
	req.Resources = append(req.Resources, r)
	return req
}

// overrides records which settings of a topic are its own.
func overrides(s *session, label string, kind resourceType, name string, names ...string) {
	s.settle()
	req := describe(kind, name, names...)
	req.Version = 4
	s.askAs(label, req)
}

func replaceTopicConfigs(s *session) {
	t, _ := s.topic("t", 1, "retention.ms=5000")
	names := []string{"retention.ms", "retention.bytes", "cleanup.policy"}
	s.ask("other settings", replace(onTopic, t, "retention.bytes=99", "cleanup.policy=compact"))
	overrides(s, "after", onTopic, t, names...)
	only := replace(onTopic, t, "retention.ms=7")
	only.ValidateOnly = true
	s.ask("validate only", only)
	overrides(s, "after validating", onTopic, t, names...)
	s.ask("nothing", replace(onTopic, t))
	overrides(s, "after nothing", onTopic, t, names...)
	s.ask("no resources", kmsg.NewPtrAlterConfigsRequest())
}

func replaceBad(s *session) {
	t, _ := s.topic("t", 1)
	for _, settings := range [][]string{{"no.such=1"}, {"retention.ms=x"}, {"retention.ms"},
		{"retention.ms=1", "retention.ms=2"}} {
		s.ask(fmt.Sprintf("settings %q", settings), replace(onTopic, t, settings...))
	}
	s.ask("unknown topic", replace(onTopic, s.name("none"), "retention.ms=1"))
	s.ask("bad topic", replace(onTopic, "a/b", "retention.ms=1"))
	s.ask("no topic", replace(onTopic, "", "retention.ms=1"))
	s.ask("other broker", replace(onBroker, "99", "log.cleaner.threads=1"))
	s.ask("broker that is no number", replace(onBroker, "x", "log.cleaner.threads=1"))
	s.ask("broker logger", replace(onBrokerLogger, theBroker, "root=INFO"))
	s.ask("resource type 0", replace(0, "x", "a=1"))
	s.ask("resource type 77", replace(77, "x", "a=1"))
	overrides(s, "after", onTopic, t, "retention.ms")
}

// Operations of IncrementalAlterConfigs.
const (
	opSet      = kmsg.IncrementalAlterConfigOpSet
	opDelete   = kmsg.IncrementalAlterConfigOpDelete
	opAppend   = kmsg.IncrementalAlterConfigOpAppend
	opSubtract = kmsg.IncrementalAlterConfigOpSubtract
)

type alterOp = kmsg.IncrementalAlterConfigOp

// alter is an IncrementalAlterConfigs request with one operation on every setting.
func alter(kind resourceType, name string, op alterOp, settings ...string,
) *kmsg.IncrementalAlterConfigsRequest {
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	r := kmsg.NewIncrementalAlterConfigsRequestResource()
	r.ResourceType, r.ResourceName = kind, name
	for _, text := range settings {
		c := setting(text)
		r.Configs = append(r.Configs, kmsg.IncrementalAlterConfigsRequestResourceConfig{Name: c.Name, Op: op,
			Value: c.Value})
	}
	req.Resources = append(req.Resources, r)
	return req
}

func alterTopicConfigs(s *session) {
	t, _ := s.topic("t", 1, "retention.ms=5000")
	names := []string{"retention.ms", "retention.bytes", "cleanup.policy",
		"leader.replication.throttled.replicas"}
	ask := func(label string, op alterOp, settings ...string) {
		s.ask(label, alter(onTopic, t, op, settings...))
		overrides(s, "after "+label, onTopic, t, names...)
	}
	ask("set", opSet, "retention.bytes=99")
	ask("set two", opSet, "retention.bytes=98", "retention.ms=97")
	ask("delete", opDelete, "retention.bytes=ignored")
	ask("delete what is not set", opDelete, "retention.bytes")
	ask("append", opAppend, "cleanup.policy=compact")
	ask("append what is there", opAppend, "cleanup.policy=compact")
	ask("subtract", opSubtract, "cleanup.policy=delete")
	ask("subtract what is not there", opSubtract, "cleanup.policy=delete")
	ask("append two", opAppend, "leader.replication.throttled.replicas=0:1,0:2")
	ask("subtract one", opSubtract, "leader.replication.throttled.replicas=0:1")
	ask("set with spaces", opSet, "retention.ms=  55  ")
	only := alter(onTopic, t, opSet, "retention.ms=7")
	only.ValidateOnly = true
	s.ask("validate only", only)
	overrides(s, "after validating", onTopic, t, names...)
	ask("nothing", opSet)
	s.ask("no resources", kmsg.NewPtrIncrementalAlterConfigsRequest())
}

func alterBad(s *session) {
	t, _ := s.topic("t", 1)
	s.ask("unknown setting", alter(onTopic, t, opSet, "no.such=1"))
	s.ask("bad value", alter(onTopic, t, opSet, "retention.ms=x"))
	s.ask("null value", alter(onTopic, t, opSet, "retention.ms"))
	s.ask("null appended", alter(onTopic, t, opAppend, "cleanup.policy"))
	s.ask("append to a number", alter(onTopic, t, opAppend, "retention.ms=1"))
	s.ask("subtract from a number", alter(onTopic, t, opSubtract, "retention.ms=1"))
	s.ask("delete of an unknown setting", alter(onTopic, t, opDelete, "no.such"))
	s.ask("unknown operation", alter(onTopic, t, 9, "retention.ms=1"))
	s.ask("the same setting twice", alter(onTopic, t, opSet, "retention.ms=1", "retention.ms=2"))
	s.ask("good and bad", alter(onTopic, t, opSet, "retention.ms=1", "segment.bytes=x"))
	s.ask("unknown topic", alter(onTopic, s.name("none"), opSet, "retention.ms=1"))
	s.ask("bad topic", alter(onTopic, "a/b", opSet, "retention.ms=1"))
	s.ask("no topic", alter(onTopic, "", opSet, "retention.ms=1"))
	s.ask("resource type 0", alter(0, "x", opSet, "a=1"))
	s.ask("resource type 77", alter(77, "x", opSet, "a=1"))
	twice := alter(onTopic, t, opSet, "retention.ms=1")
	twice.Resources = append(twice.Resources, twice.Resources[0])
	s.ask("the same resource twice", twice)
	two := alter(onTopic, t, opSet, "retention.ms=66")
	two.Resources = append(two.Resources, alter(onTopic, s.name("none"), opSet, "a=b").Resources...)
	s.ask("one good one bad", two)
	overrides(s, "after", onTopic, t, "retention.ms")
}

func alterBroker(s *session) {
	ask := func(label, name string, op alterOp, settings ...string) {
		s.ask(label, alter(onBroker, name, op, settings...))
		overrides(s, "after "+label, onBroker, theBroker, "log.retention.ms", "message.max.bytes")
	}
	ask("cluster-wide", "", opSet, "log.retention.ms=86400000")
	ask("this broker", theBroker, opSet, "message.max.bytes=2000000")
	s.settle()
	s.ask("default", describe(onBroker, ""))
	ask("read-only", theBroker, opSet, "node.id=5")
	ask("read-only list", theBroker, opSet, "log.dirs=/tmp/x")
	ask("unknown setting", theBroker, opSet, "no.such=1")
	ask("bad value", theBroker, opSet, "message.max.bytes=x")
	ask("per-broker setting cluster-wide", "", opSet, "listeners=PLAINTEXT://:1")
	ask("other broker", "99", opSet, "message.max.bytes=2000000")
	ask("no number", "x", opSet, "message.max.bytes=2000000")
	ask("delete", "", opDelete, "log.retention.ms")
	ask("delete again", theBroker, opDelete, "message.max.bytes")
	s.ask("logger of another broker", alter(onBrokerLogger, "99", opSet, "root=INFO"))
}

func alterGroup(s *session) {
	g := s.name("g")
	names := []string{"consumer.session.timeout.ms", "share.auto.offset.reset"}
	ask := func(label string, op alterOp, settings ...string) {
		s.ask(label, alter(onGroup, g, op, settings...))
		overrides(s, "after "+label, onGroup, g, names...)
	}
	ask("set", opSet, "consumer.session.timeout.ms=50000", "share.auto.offset.reset=earliest")
	ask("below the minimum", opSet, "consumer.session.timeout.ms=1")
	ask("bad value", opSet, "share.auto.offset.reset=never")
	ask("unknown setting", opSet, "no.such=1")
	ask("delete", opDelete, "share.auto.offset.reset")
	s.ask("no group", alter(onGroup, "", opSet, "consumer.session.timeout.ms=50000"))
	ask("delete the last", opDelete, "consumer.session.timeout.ms")
}

func listResources(s *session) {
	s.topic("t", 1)
	set := alter(onGroup, s.name("g"), opSet, "consumer.session.timeout.ms=50000")
	set.Version = 1
	s.must(set)
	s.settle() // the broker is told of what was altered a moment later
	for _, types := range [][]int8{nil, {2}, {4}, {32}, {16}, {8}, {77}, {2, 32}, {32, 32}, {0}, {-1}} {
		if s.version == 0 && types != nil {
			break
		}
		req := kmsg.NewPtrListConfigResourcesRequest()
		req.ResourceTypes = types
		s.ask(fmt.Sprintf("types %v", types), req)
	}
}
