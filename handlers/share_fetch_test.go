package handlers

import (
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/metadata"
)

// sharing makes a topic of one partition with ten records in two batches, which group g reads from its begin, and leads the
// one shard of share groups.
func (f *fixture) sharing() *metadata.Topic {
	f.t.Helper()
	topic := f.toShare()
	join := kmsg.NewPtrShareGroupHeartbeatRequest()
	join.GroupID, join.MemberID, join.SubscribedTopicNames = "g", "m1", []string{"t"}
	if resp := ask[*kmsg.ShareGroupHeartbeatResponse](f, 1, join); resp.ErrorCode != 0 {
		f.t.Fatalf("join: %d", resp.ErrorCode)
	}
	if read, err := f.Groups.SharePartitions("g").Result(); err != nil || len(read) != 1 {
		f.t.Fatalf("the group reads %v: %v", read, err)
	}
	return topic
}

// toShare makes all that a share group needs but members.
func (f *fixture) toShare() *metadata.Topic {
	f.t.Helper()
	f.coordinate()
	topic := f.topic("t", 1)
	for range 2 {
		resp := ask[*kmsg.ProduceResponse](f, 9, produceRequest("t", benchBatch(5, 100)))
		if code := resp.Topics[0].Partitions[0].ErrorCode; code != 0 {
			f.t.Fatalf("produce: %d", code)
		}
	}
	if err := f.createInternal(f.shareTopic()); err != nil {
		f.t.Fatal(err)
	}
	f.open(f.Cluster.Image().Topic(shareTopic))
	alter := kmsg.NewPtrIncrementalAlterConfigsRequest()
	alter.Resources = []kmsg.IncrementalAlterConfigsRequestResource{{ResourceType: 32, ResourceName: "g",
		Configs: []kmsg.IncrementalAlterConfigsRequestResourceConfig{{Name: "share.auto.offset.reset", Value: text("earliest")}}}}
	ask[*kmsg.IncrementalAlterConfigsResponse](f, 1, alter)
	f.Shares.SetImage(f.Cluster.Image())
	f.Groups.SetImage(f.Cluster.Image())
	return topic
}

// shareFetchRequest fetches partition 0 of a topic without waiting, and settles records given as "first-last type".
func shareFetchRequest(id metadata.TopicID, member string, epoch int32, acks ...string) *kmsg.ShareFetchRequest {
	req := kmsg.NewPtrShareFetchRequest()
	req.GroupID, req.MemberID, req.ShareSessionEpoch = text("g"), &member, epoch
	req.MaxBytes, req.MaxRecords, req.BatchSize = 1<<20, 500, 500
	p := kmsg.NewShareFetchRequestTopicPartition()
	for _, a := range acks {
		var b kmsg.ShareFetchRequestTopicPartitionAcknowledgementBatch
		var kind int8
		if _, err := fmt.Sscanf(a, "%d-%d %d", &b.FirstOffset, &b.LastOffset, &kind); err != nil {
			panic(err)
		}
		b.AcknowledgeTypes = []int8{kind}
		p.AcknowledgementBatches = append(p.AcknowledgementBatches, b)
	}
	req.Topics = []kmsg.ShareFetchRequestTopic{{TopicID: id, Partitions: []kmsg.ShareFetchRequestTopicPartition{p}}}
	return req
}

// told is what an answer says of its partitions: what was acquired, how often it was delivered, errors.
func told(resp *kmsg.ShareFetchResponse) string {
	all := []string{}
	if resp.ErrorCode != 0 {
		all = append(all, fmt.Sprintf("error %d", resp.ErrorCode))
	}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			for _, a := range p.AcquiredRecords {
				all = append(all, fmt.Sprintf("%d-%d x%d", a.FirstOffset, a.LastOffset, a.DeliveryCount))
			}
			if p.ErrorCode != 0 || p.AcknowledgeErrorCode != 0 {
				all = append(all, fmt.Sprintf("errors %d and %d", p.ErrorCode, p.AcknowledgeErrorCode))
			}
			if (len(p.Records) > 0) != (len(p.AcquiredRecords) > 0) {
				all = append(all, fmt.Sprintf("%d bytes of records", len(p.Records)))
			}
		}
	}
	return strings.Join(all, ", ")
}

func TestShareFetchSettles(t *testing.T) {
	f := newFixture(t)
	topic := f.sharing()
	for i, step := range []struct {
		member string
		epoch  int32
		acks   []string
		want   string
	}{
		{"m1", 1, nil, "error 122"},
		{"m1", -1, nil, "error 122"},
		{"m1", 0, []string{"0-4 1"}, "error 42"},
		{"m1", 0, nil, "0-9 x1"},
		{"m1", 2, nil, "error 123"},
		{"m1", 1, []string{"0-2 1", "3-4 2"}, "3-4 x2"},
		{"m1", 2, []string{"3-4 3", "4-6 1"}, "errors 0 and 121"}, // one and the same record twice: nothing counts
		{"m1", 3, []string{"4-3 1"}, "errors 0 and 42"},
		{"m1", 4, []string{"3-3 5"}, "errors 0 and 42"},
		{"m2", 0, nil, ""},
		{"m2", 1, []string{"3-4 1"}, "errors 0 and 121"},
		{"m1", -1, []string{"3-4 3"}, ""},
		{"m1", 5, nil, "error 122"},
		{"m2", 2, nil, "5-9 x2"},
	} {
		resp := ask[*kmsg.ShareFetchResponse](f, 2, shareFetchRequest(topic.ID, step.member, step.epoch, step.acks...))
		if got := told(resp); got != step.want {
			t.Errorf("step %d, %s in epoch %d with %q: %q, want %q", i, step.member, step.epoch, step.acks, got, step.want)
		}
	}
}

// Who belongs to no group makes nothing that is kept.
func TestShareFetchOfStrangers(t *testing.T) {
	f := newFixture(t)
	topic := f.sharing()
	req := shareFetchRequest(topic.ID, "m1", 0)
	req.GroupID = text("nobody")
	if got := told(ask[*kmsg.ShareFetchResponse](f, 2, req)); got != "errors -1 and 0" {
		t.Errorf("a group that is not there: %s", got)
	}
	other := f.topic("other", 1)
	if got := told(ask[*kmsg.ShareFetchResponse](f, 2, shareFetchRequest(other.ID, "m1", 0))); got != "errors -1 and 0" {
		t.Errorf("a topic that the group does not read: %s", got)
	}
	if keys, err := f.Shares.Keys("").Result(); err != nil || len(keys) != 0 {
		t.Errorf("states %v: %v", keys, err)
	}
}

// A session ends with the connection on which it was opened, and with no other.
func TestShareSessionEndsWithConnection(t *testing.T) {
	f := newFixture(t)
	topic := f.sharing()
	first, second := f.connect("INSIDE"), f.connect("INSIDE")
	first.ID, second.ID = 11, 12
	fetch := func(c *Conn, member string, epoch int32) string {
		return told(askOn[*kmsg.ShareFetchResponse](f, c, 2, shareFetchRequest(topic.ID, member, epoch)))
	}
	if got := fetch(first, "m1", 0); got != "0-9 x1" {
		t.Fatal(got)
	}
	if got := fetch(second, "m2", 0); got != "" {
		t.Fatalf("what one holds another got: %s", got)
	}
	first.End()
	if got := fetch(second, "m1", 1); got != "error 122" {
		t.Errorf("the session lives on: %s", got)
	}
	if got := fetch(second, "m2", 1); got != "0-9 x2" {
		t.Errorf("what it held is not there again: %s", got)
	}
	if got := fetch(first, "m2", 0); got != "" { // it goes on here
		t.Fatal(got)
	}
	second.End()
	if got := fetch(first, "m2", 1); got != "" {
		t.Errorf("the member's session has moved: %s", got)
	}
}

func TestShareSessionsAreBounded(t *testing.T) {
	f := newFixture(t, "group.share.max.share.sessions=200")
	topic := f.sharing()
	for i := range 201 {
		member := fmt.Sprintf("m%d", i)
		want := "error 133"
		switch i {
		case 0:
			want = "0-9 x1"
		case 200:
		default:
			want = ""
		}
		if got := told(ask[*kmsg.ShareFetchResponse](f, 2, shareFetchRequest(topic.ID, member, 0))); got != want {
			t.Fatalf("session %d: %q, want %q", i, got, want)
		}
	}
	ask[*kmsg.ShareFetchResponse](f, 2, shareFetchRequest(topic.ID, "m5", -1))
	if got := told(ask[*kmsg.ShareFetchResponse](f, 2, shareFetchRequest(topic.ID, "m200", 0))); got != "" {
		t.Errorf("there is room again: %s", got)
	}
	if f.shares.mu.partitions != 200 || len(f.shares.mu.sessions) != 200 || len(f.shares.mu.opened) != 1 {
		t.Errorf("%d partitions of %d sessions", f.shares.mu.partitions, len(f.shares.mu.sessions))
	}
	f.conn.End()
	if f.shares.mu.partitions != 0 || len(f.shares.mu.sessions) != 0 || len(f.shares.mu.opened) != 0 {
		t.Errorf("after the end %d partitions of %d sessions", f.shares.mu.partitions, len(f.shares.mu.sessions))
	}
}

func TestShareSessionTakesTurns(t *testing.T) {
	parts := make([]sharePart, 3)
	for i := range parts {
		parts[i].id.Index = int32(i)
	}
	for epoch, want := range []string{"012", "120", "201", "012"} {
		got := ""
		for _, p := range rotated(parts, int32(epoch)) {
			got += fmt.Sprint(p.id.Index)
		}
		if got != want {
			t.Errorf("epoch %d: %s, want %s", epoch, got, want)
		}
	}
}
