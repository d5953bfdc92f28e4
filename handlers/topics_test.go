package handlers

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/metadata"
)

func TestCreateTopics(t *testing.T) {
	f := newFixture(t)
	topic := func(name string, edit func(*kmsg.CreateTopicsRequestTopic)) kmsg.CreateTopicsRequestTopic {
		c := kmsg.NewCreateTopicsRequestTopic()
		c.Topic, c.NumPartitions, c.ReplicationFactor = name, 1, 1
		if edit != nil {
			edit(&c)
		}
		return c
	}
	req := kmsg.NewPtrCreateTopicsRequest()
	req.Topics = []kmsg.CreateTopicsRequestTopic{
		topic("twice", nil),
		topic("set", func(c *kmsg.CreateTopicsRequestTopic) {
			c.NumPartitions = 2
			c.Configs = []kmsg.CreateTopicsRequestTopicConfig{{Name: "retention.ms", Value: text("7")}}
		}),
		topic("twice", nil),
		topic("assigned", func(c *kmsg.CreateTopicsRequestTopic) {
			c.NumPartitions, c.ReplicationFactor = -1, -1
			c.ReplicaAssignment = []kmsg.CreateTopicsRequestTopicReplicaAssignment{
				{Partition: 0, Replicas: []int32{1}}, {Partition: 0, Replicas: []int32{1}}}
		}),
	}
	resp := ask[*kmsg.CreateTopicsResponse](f, 7, req)
	got := map[string]kmsg.CreateTopicsResponseTopic{}
	for _, c := range resp.Topics {
		got[c.Topic] = c
	}
	if len(resp.Topics) != 3 || got["twice"].ErrorCode != 42 || got["assigned"].ErrorCode != 39 {
		t.Errorf("answers %+v", got)
	}
	set := got["set"]
	if set.ErrorCode != 0 || set.NumPartitions != 2 || set.ReplicationFactor != 1 || len(set.Configs) != 44 ||
		set.TopicID != f.Cluster.Image().Topic("set").ID {
		t.Errorf("created: %+v", set)
	}
	for _, c := range set.Configs {
		if c.Name == "retention.ms" && (orEmpty(c.Value) != "7" || c.Source != 1) {
			t.Errorf("setting: %+v", c)
		}
	}
	if twice := got["twice"]; twice.NumPartitions != -1 || len(twice.Configs) != 0 {
		t.Errorf("refused: %+v", twice)
	}
}

func TestCreateTopicsValidateOnly(t *testing.T) {
	f := newFixture(t)
	req := kmsg.NewPtrCreateTopicsRequest()
	req.ValidateOnly = true
	c := kmsg.NewCreateTopicsRequestTopic()
	c.Topic, c.NumPartitions, c.ReplicationFactor = "a", 5, -1
	req.Topics = append(req.Topics, c)
	resp := ask[*kmsg.CreateTopicsResponse](f, 5, req)
	if resp.Topics[0].ErrorCode != 0 || resp.Topics[0].NumPartitions != 5 {
		t.Errorf("answer %+v", resp.Topics[0])
	}
	if f.Cluster.Image().Topic("a") != nil {
		t.Error("the topic was created")
	}
}

func TestDeleteTopics(t *testing.T) {
	f := newFixture(t)
	a, b, c := f.topic("a", 1), f.topic("b", 1), f.topic("c", 1)
	req := kmsg.NewPtrDeleteTopicsRequest()
	unknown := metadata.NewTopicID()
	type asked = kmsg.DeleteTopicsRequestTopic
	req.Topics = []asked{{Topic: text("a")}, {TopicID: a.ID}, {TopicID: b.ID}, {TopicID: b.ID}, {TopicID: c.ID},
		{Topic: text("no")}, {TopicID: unknown}, {}, {Topic: text("x"), TopicID: c.ID}}
	resp := ask[*kmsg.DeleteTopicsResponse](f, 6, req)
	type answer struct {
		name string
		id   [16]byte
	}
	got := map[answer]int16{}
	for _, t := range resp.Topics {
		got[answer{orEmpty(t.Topic), t.TopicID}] = t.ErrorCode
	}
	want := map[answer]int16{
		{"a", a.ID}: 42, {"", b.ID}: 42, {"c", c.ID}: 0, {"no", [16]byte{}}: 3, {"", unknown}: 100,
		{"", [16]byte{}}: 42, {"x", c.ID}: 42,
	}
	if len(resp.Topics) != len(want) {
		t.Errorf("%d answers: %+v", len(resp.Topics), got)
	}
	for k, code := range want {
		if c, ok := got[k]; !ok || c != code {
			t.Errorf("%v: code %d (%t), want %d", k, c, ok, code)
		}
	}
	image := f.Cluster.Image()
	if image.Topic("a") == nil || image.Topic("b") == nil || image.Topic("c") != nil {
		t.Error("not the right topics were deleted")
	}
	f = newFixture(t, "delete.topic.enable=false")
	f.topic("a", 1)
	off := ask[*kmsg.DeleteTopicsResponse](f, 1, &kmsg.DeleteTopicsRequest{TopicNames: []string{"a"}})
	if off.Topics[0].ErrorCode != 73 || f.Cluster.Image().Topic("a") == nil {
		t.Errorf("switched off: %+v", off.Topics[0])
	}
}

func TestCreatePartitions(t *testing.T) {
	f := newFixture(t)
	f.topic("a", 1)
	f.topic("b", 1)
	req := kmsg.NewPtrCreatePartitionsRequest()
	for _, c := range []struct {
		name  string
		count int32
	}{{"a", 3}, {"b", 2}, {"b", 4}, {"no", 2}} {
		req.Topics = append(req.Topics, kmsg.CreatePartitionsRequestTopic{Topic: c.name, Count: c.count})
	}
	resp := ask[*kmsg.CreatePartitionsResponse](f, 3, req)
	got := map[string]int16{}
	for _, t := range resp.Topics {
		got[t.Topic] = t.ErrorCode
	}
	if len(resp.Topics) != 3 || got["a"] != 0 || got["b"] != 42 || got["no"] != 3 {
		t.Errorf("answers %v", got)
	}
	if n := len(f.Cluster.Image().Topic("a").Partitions); n != 3 {
		t.Errorf("a has %d partitions", n)
	}
}

func TestDescribeTopicPartitionsPages(t *testing.T) {
	f := newFixture(t, "max.request.partition.size.limit=4")
	f.topic("a", 3)
	f.topic("b", 2)
	f.topic("c", 1)
	var seen []string
	var cursor *kmsg.DescribeTopicPartitionsRequestCursor
	for range 5 {
		req := kmsg.NewPtrDescribeTopicPartitionsRequest()
		req.ResponsePartitionLimit, req.Cursor = 2000, cursor
		resp := ask[*kmsg.DescribeTopicPartitionsResponse](f, 0, req)
		for _, topic := range resp.Topics {
			for _, p := range topic.Partitions {
				seen = append(seen, orEmpty(topic.Topic)+string(rune('0'+p.Partition)))
			}
		}
		if resp.NextCursor == nil {
			break
		}
		cursor = &kmsg.DescribeTopicPartitionsRequestCursor{Topic: resp.NextCursor.Topic,
			Partition: resp.NextCursor.Partition}
	}
	if got := len(seen); got != 6 || seen[0] != "a0" || seen[3] != "b0" || seen[5] != "c0" {
		t.Errorf("all topics in pages: %v", seen)
	}
	req := kmsg.NewPtrDescribeTopicPartitionsRequest()
	req.Topics = []kmsg.DescribeTopicPartitionsRequestTopic{{Topic: "b"}, {Topic: "a"}}
	req.Cursor = &kmsg.DescribeTopicPartitionsRequestCursor{Topic: "aa"}
	for _, topic := range ask[*kmsg.DescribeTopicPartitionsResponse](f, 0, req).Topics {
		if topic.ErrorCode != 42 {
			t.Errorf("cursor that is not in the list: %+v", topic)
		}
	}
}
