package handlers

import (
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/metadata"
)

// metadataFor asks for names, as a producer does: they may be created.
func metadataFor(names ...string) *kmsg.MetadataRequest {
	req := kmsg.NewPtrMetadataRequest()
	req.AllowAutoTopicCreation = true
	req.Topics = []kmsg.MetadataRequestTopic{}
	for _, name := range names {
		req.Topics = append(req.Topics, kmsg.MetadataRequestTopic{Topic: &name})
	}
	return req
}

// codes is name and error code of each topic, in order.
func codes(resp *kmsg.MetadataResponse) map[string]int16 {
	out := map[string]int16{}
	for _, t := range resp.Topics {
		out[orEmpty(t.Topic)] = t.ErrorCode
	}
	return out
}

func TestMetadataAllTopics(t *testing.T) {
	f := newFixture(t)
	f.topic("a", 1)
	f.topic("b", 2)
	for _, c := range []struct {
		version int16
		null    bool
		want    int
	}{{0, false, 2}, {0, true, 2}, {1, true, 2}, {1, false, 0}, {13, true, 2}, {13, false, 0}} {
		req := metadataFor()
		if c.null {
			req.Topics = nil
		}
		resp := ask[*kmsg.MetadataResponse](f, c.version, req)
		if len(resp.Topics) != c.want {
			t.Errorf("v%d, null %t: %d topics, want %d", c.version, c.null, len(resp.Topics), c.want)
		}
	}
}

func TestMetadataAutoCreate(t *testing.T) {
	f := newFixture(t, "num.partitions=3")
	req := metadataFor("new", "a/b", "new")
	resp := ask[*kmsg.MetadataResponse](f, 9, req)
	if got := codes(resp); got["new"] != 0 || got["a/b"] != 17 || len(resp.Topics) != 2 {
		t.Errorf("codes %v of %d topics", got, len(resp.Topics))
	}
	if topic := f.Cluster.Image().Topic("new"); topic == nil || len(topic.Partitions) != 3 {
		t.Errorf("created: %+v", topic)
	}
	req = metadataFor("other")
	req.AllowAutoTopicCreation = false
	if got := codes(ask[*kmsg.MetadataResponse](f, 9, req)); got["other"] != 3 {
		t.Errorf("not allowed: codes %v", got)
	}
	ask[*kmsg.MetadataResponse](f, 9, metadataFor("n.e"))
	if got := codes(ask[*kmsg.MetadataResponse](f, 9, metadataFor("n_e"))); got["n_e"] != 17 {
		t.Errorf("colliding name: codes %v", got)
	}
	f = newFixture(t, "auto.create.topics.enable=false")
	if got := codes(ask[*kmsg.MetadataResponse](f, 3, metadataFor("new"))); got["new"] != 3 {
		t.Errorf("switched off: codes %v", got)
	}
}

func TestMetadataCreatesOffsetsTopic(t *testing.T) {
	f := newFixture(t)
	resp := ask[*kmsg.MetadataResponse](f, 9, metadataFor(offsetsTopic))
	topic := f.Cluster.Image().Topic(offsetsTopic)
	if resp.Topics[0].ErrorCode != 0 || !resp.Topics[0].IsInternal || topic == nil || !topic.Internal ||
		topic.Configs["cleanup.policy"] != "compact" {
		t.Errorf("answer %+v, topic %+v", resp.Topics[0], topic)
	}
}

func TestMetadataTopicIDs(t *testing.T) {
	f := newFixture(t)
	a := f.topic("a", 1)
	unknown := metadata.NewTopicID()
	req := metadataFor("b")
	req.Topics = append(req.Topics, kmsg.MetadataRequestTopic{TopicID: a.ID},
		kmsg.MetadataRequestTopic{TopicID: unknown}, kmsg.MetadataRequestTopic{TopicID: a.ID})
	resp := ask[*kmsg.MetadataResponse](f, 12, req)
	if len(resp.Topics) != 2 || resp.Topics[0].TopicID != a.ID || orEmpty(resp.Topics[0].Topic) != "a" ||
		resp.Topics[1].Topic != nil || resp.Topics[1].ErrorCode != 100 {
		t.Errorf("v12: %+v", resp.Topics)
	}
	resp = ask[*kmsg.MetadataResponse](f, 11, req)
	for _, topic := range resp.Topics {
		if topic.ErrorCode != 42 {
			t.Errorf("v11: %+v", topic)
		}
	}
	if f.Cluster.Image().Topic("b") != nil {
		t.Error("a name beside ids was created")
	}
}

func TestMetadataListeners(t *testing.T) {
	f := newFixture(t)
	f.topic("a", 1)
	for listener, want := range map[string]string{"OUTSIDE": "weir.example", "INSIDE": "10.0.0.1"} {
		resp := askOn[*kmsg.MetadataResponse](f, f.connect(listener), 9, metadataFor("a"))
		if len(resp.Brokers) != 1 || resp.Brokers[0].Host != want || orEmpty(resp.Brokers[0].Rack) != "r1" ||
			resp.ControllerID != 1 || resp.Topics[0].Partitions[0].Leader != 1 {
			t.Errorf("%s: %+v", listener, resp)
		}
	}
	for version, want := range map[int16]int16{5: 5, 6: 72} {
		resp := askOn[*kmsg.MetadataResponse](f, f.connect("OTHER"), version, metadataFor("a"))
		p := resp.Topics[0].Partitions[0]
		if len(resp.Brokers) != 0 || p.ErrorCode != want || p.Leader != -1 {
			t.Errorf("unknown listener v%d: brokers %v, partition %+v", version, resp.Brokers, p)
		}
	}
}

func TestMetadataOperations(t *testing.T) {
	f := newFixture(t)
	f.topic("a", 1)
	req := metadataFor("a")
	resp := ask[*kmsg.MetadataResponse](f, 9, req)
	got := []int32{resp.AuthorizedOperations, resp.Topics[0].AuthorizedOperations}
	if !slices.Equal(got, []int32{operationsNotAsked, operationsNotAsked}) {
		t.Errorf("not asked: %v", got)
	}
	req.IncludeClusterAuthorizedOperations, req.IncludeTopicAuthorizedOperations = true, true
	resp = ask[*kmsg.MetadataResponse](f, 9, req)
	got = []int32{resp.AuthorizedOperations, resp.Topics[0].AuthorizedOperations}
	if !slices.Equal(got, []int32{8096, 3576}) { // measured on Apache Kafka 4.4.0
		t.Errorf("asked: %v", got)
	}
}
