package handlers

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

func describeOne(f *fixture, kind kmsg.ConfigResourceType, name string, names ...string,
) kmsg.DescribeConfigsResponseResource {
	req := kmsg.NewPtrDescribeConfigsRequest()
	req.IncludeSynonyms, req.IncludeDocumentation = true, true
	req.Resources = []kmsg.DescribeConfigsRequestResource{{ResourceType: kind, ResourceName: name,
		ConfigNames: names}}
	return ask[*kmsg.DescribeConfigsResponse](f, 4, req).Resources[0]
}

func TestDescribeConfigs(t *testing.T) {
	f := newFixture(t, "log.retention.ms=99", "ssl.key.password=secret")
	f.topic("t", 1, "segment.bytes=2000000")
	all := describeOne(f, kmsg.ConfigResourceTypeTopic, "t")
	if len(all.Configs) != 44 || all.ErrorMessage == nil || *all.ErrorMessage != "" {
		t.Errorf("topic: %d settings, message %v", len(all.Configs), all.ErrorMessage)
	}
	some := describeOne(f, kmsg.ConfigResourceTypeTopic, "t", "retention.ms", "segment.bytes", "no.such")
	if len(some.Configs) != 2 {
		t.Fatalf("by name: %+v", some.Configs)
	}
	retention, segment := some.Configs[0], some.Configs[1]
	if orEmpty(retention.Value) != "99" || retention.Source != kmsg.ConfigSourceStaticBrokerConfig ||
		retention.Documentation == nil || retention.ConfigType != kmsg.ConfigTypeLong {
		t.Errorf("retention.ms: %+v", retention)
	}
	if orEmpty(segment.Value) != "2000000" || segment.Source != kmsg.ConfigSourceDynamicTopicConfig ||
		len(segment.ConfigSynonyms) != 2 {
		t.Errorf("segment.bytes: %+v", segment)
	}
	secret := describeOne(f, kmsg.ConfigResourceTypeBroker, "1", "ssl.key.password").Configs[0]
	if !secret.IsSensitive || secret.Value != nil || secret.ConfigSynonyms[0].Value != nil {
		t.Errorf("password: %+v", secret)
	}
	for _, c := range []struct {
		kind kmsg.ConfigResourceType
		name string
		code int16
	}{
		{kmsg.ConfigResourceTypeTopic, "no", 3}, {kmsg.ConfigResourceTypeTopic, "a/b", 17},
		{kmsg.ConfigResourceTypeBroker, "2", 42}, {kmsg.ConfigResourceTypeBroker, "x", 42},
		{kmsg.ConfigResourceTypeBroker, "", 0}, {kmsg.ConfigResourceTypeBrokerLogger, "1", 0},
		{kmsg.ConfigResourceTypeBrokerLogger, "", 42}, {kmsg.ConfigResourceTypeGroupConfig, "g", 0},
		{kmsg.ConfigResourceTypeGroupConfig, "", 42}, {kmsg.ConfigResourceTypeClientMetrics, "", 42},
		{kmsg.ConfigResourceTypeUnknown, "x", 42},
	} {
		if got := describeOne(f, c.kind, c.name); got.ErrorCode != c.code {
			t.Errorf("%v %q: code %d, want %d", c.kind, c.name, got.ErrorCode, c.code)
		}
	}
}

// change is one resource of IncrementalAlterConfigs that sets one setting.
func change(kind kmsg.ConfigResourceType, name, setting, value string,
) kmsg.IncrementalAlterConfigsRequestResource {
	r := kmsg.NewIncrementalAlterConfigsRequestResource()
	r.ResourceType, r.ResourceName = kind, name
	c := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
	c.Name, c.Value = setting, &value
	r.Configs = append(r.Configs, c)
	return r
}

func TestIncrementalAlterConfigs(t *testing.T) {
	f := newFixture(t)
	f.topic("t", 1)
	topic, broker, logger := kmsg.ConfigResourceTypeTopic, kmsg.ConfigResourceTypeBroker,
		kmsg.ConfigResourceTypeBrokerLogger
	strange := change(topic, "t", "retention.ms", "1")
	strange.Configs[0].Op = 9
	double := change(topic, "t", "retention.ms", "1")
	double.Configs = append(double.Configs, double.Configs[0])
	for _, c := range []struct {
		why  string
		what []kmsg.IncrementalAlterConfigsRequestResource
		code []int16
	}{
		{"topic", []kmsg.IncrementalAlterConfigsRequestResource{change(topic, "t", "retention.ms", "5")},
			[]int16{0}},
		{"one bad", []kmsg.IncrementalAlterConfigsRequestResource{change(topic, "no", "retention.ms", "5"),
			change(topic, "t", "retention.bytes", "6")}, []int16{3, 0}},
		{"resource twice", []kmsg.IncrementalAlterConfigsRequestResource{change(topic, "t", "retention.ms", "1"),
			change(topic, "t", "retention.bytes", "1")}, []int16{42, 42}},
		{"operation", []kmsg.IncrementalAlterConfigsRequestResource{strange}, []int16{42}},
		{"setting twice", []kmsg.IncrementalAlterConfigsRequestResource{double}, []int16{42}},
		{"logger", []kmsg.IncrementalAlterConfigsRequestResource{change(logger, "1", "root", "INFO"),
			change(logger, "2", "root", "INFO")}, []int16{40, 42}},
		{"metrics", []kmsg.IncrementalAlterConfigsRequestResource{
			change(kmsg.ConfigResourceTypeClientMetrics, "m", "interval.ms", "1")}, []int16{42}},
		{"unknown kind", []kmsg.IncrementalAlterConfigsRequestResource{change(77, "x", "a", "b")}, []int16{42}},
		{"read-only", []kmsg.IncrementalAlterConfigsRequestResource{change(broker, "1", "log.dirs", "/x")},
			[]int16{42}},
		{"broker", []kmsg.IncrementalAlterConfigsRequestResource{
			change(broker, "1", "message.max.bytes", "2000000")}, []int16{0}},
	} {
		req := kmsg.NewPtrIncrementalAlterConfigsRequest()
		req.Resources = c.what
		for i, r := range ask[*kmsg.IncrementalAlterConfigsResponse](f, 1, req).Resources {
			if r.ErrorCode != c.code[i] || r.ResourceName != c.what[i].ResourceName {
				t.Errorf("%s %d: %+v, want code %d", c.why, i, r, c.code[i])
			}
		}
	}
	got := f.Cluster.Image().Topic("t").Configs
	if len(got) != 2 || got["retention.ms"] != "5" || got["retention.bytes"] != "6" {
		t.Errorf("settings of the topic: %v", got)
	}
	if n := f.Settings().Int("message.max.bytes"); n != 2000000 {
		t.Errorf("message.max.bytes in force: %d", n)
	}
}

func TestAlterConfigsReplaces(t *testing.T) {
	f := newFixture(t)
	f.topic("t", 1, "retention.ms=5")
	req := kmsg.NewPtrAlterConfigsRequest()
	r := kmsg.NewAlterConfigsRequestResource()
	r.ResourceType, r.ResourceName = kmsg.ConfigResourceTypeTopic, "t"
	r.Configs = []kmsg.AlterConfigsRequestResourceConfig{{Name: "retention.bytes", Value: text("9")}}
	logger := r
	logger.ResourceType, logger.ResourceName = kmsg.ConfigResourceTypeBrokerLogger, "1"
	req.Resources = []kmsg.AlterConfigsRequestResource{r, logger}
	req.ValidateOnly = true
	ask[*kmsg.AlterConfigsResponse](f, 2, req)
	if got := f.Cluster.Image().Topic("t").Configs; got["retention.ms"] != "5" || len(got) != 1 {
		t.Errorf("validating changed: %v", got)
	}
	req.ValidateOnly = false
	resp := ask[*kmsg.AlterConfigsResponse](f, 2, req)
	if resp.Resources[0].ErrorCode != 0 || resp.Resources[1].ErrorCode != 42 {
		t.Errorf("answers: %+v", resp.Resources)
	}
	if got := f.Cluster.Image().Topic("t").Configs; got["retention.bytes"] != "9" || len(got) != 1 {
		t.Errorf("settings: %v", got)
	}
}

func TestListConfigResources(t *testing.T) {
	f := newFixture(t)
	f.topic("t", 1)
	set := kmsg.NewPtrIncrementalAlterConfigsRequest()
	set.Resources = []kmsg.IncrementalAlterConfigsRequestResource{
		change(kmsg.ConfigResourceTypeGroupConfig, "g", "share.auto.offset.reset", "earliest")}
	ask[*kmsg.IncrementalAlterConfigsResponse](f, 1, set)
	for _, c := range []struct {
		version int16
		types   []int8
		count   int
		code    int16
	}{{0, nil, 0, 0}, {1, nil, 4, 0}, {1, []int8{2}, 1, 0}, {1, []int8{32, 32}, 1, 0}, {1, []int8{16}, 0, 0},
		{1, []int8{2, 77}, 0, 35}} {
		resp := ask[*kmsg.ListConfigResourcesResponse](f, c.version, &kmsg.ListConfigResourcesRequest{
			ResourceTypes: c.types})
		if len(resp.ConfigResources) != c.count || resp.ErrorCode != c.code {
			t.Errorf("v%d %v: %+v", c.version, c.types, resp)
		}
	}
}

func TestDescribeLogDirs(t *testing.T) {
	f := newFixture(t)
	f.topic("t", 2)
	f.topic("u", 1)
	all := ask[*kmsg.DescribeLogDirsResponse](f, 5, kmsg.NewPtrDescribeLogDirsRequest()).Dirs[0]
	if all.Dir != "/data" || len(all.Topics) != 2 || len(all.Topics[0].Partitions) != 2 || all.UsableBytes < 0 ||
		all.TotalBytes != -1 { // memory has no size
		t.Errorf("all: %+v", all)
	}
	req := kmsg.NewPtrDescribeLogDirsRequest()
	req.Topics = []kmsg.DescribeLogDirsRequestTopic{{Topic: "t", Partitions: []int32{1, 7}}, {Topic: "no",
		Partitions: []int32{0}}, {Topic: "u"}}
	some := ask[*kmsg.DescribeLogDirsResponse](f, 4, req).Dirs[0]
	if len(some.Topics) != 1 || len(some.Topics[0].Partitions) != 1 ||
		some.Topics[0].Partitions[0].Partition != 1 {
		t.Errorf("some: %+v", some.Topics)
	}
}

func TestDescribeCluster(t *testing.T) {
	f := newFixture(t)
	for _, c := range []struct {
		version  int16
		endpoint int8
		code     int16
	}{{0, 0, 0}, {1, 1, 0}, {2, 2, 114}, {2, 9, 115}} {
		req := kmsg.NewPtrDescribeClusterRequest()
		req.EndpointType, req.IncludeClusterAuthorizedOperations = c.endpoint, true
		resp := ask[*kmsg.DescribeClusterResponse](f, c.version, req)
		if resp.ErrorCode != c.code || (c.code == 0) != (len(resp.Brokers) == 1 && resp.ControllerID == 1 &&
			resp.ClusterID != "" && resp.ClusterAuthorizedOperations == 8096) {
			t.Errorf("v%d endpoint type %d: %+v", c.version, c.endpoint, resp)
		}
	}
}
