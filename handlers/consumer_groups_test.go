package handlers

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestConsumerGroupHeartbeat(t *testing.T) {
	f := newFixture(t)
	f.coordinate()
	topic := f.topic("t", 3)
	f.Groups.SetImage(f.Cluster.Image())
	beat := func(epoch int32) *kmsg.ConsumerGroupHeartbeatRequest {
		req := kmsg.NewPtrConsumerGroupHeartbeatRequest()
		req.Group, req.MemberID, req.MemberEpoch = "g", "m", epoch
		return req
	}
	if resp := ask[*kmsg.ConsumerGroupHeartbeatResponse](f, 1, beat(1)); resp.ErrorCode != 69 || resp.ErrorMessage == nil {
		t.Errorf("unknown group: %+v", resp)
	}
	join := beat(0)
	join.RebalanceTimeoutMillis, join.SubscribedTopicNames = 30000, []string{"t"}
	join.Topics = []kmsg.ConsumerGroupHeartbeatRequestTopic{}
	resp := ask[*kmsg.ConsumerGroupHeartbeatResponse](f, 1, join)
	if resp.ErrorCode != 0 || resp.Assignment == nil || len(resp.Assignment.Topics) != 1 {
		t.Fatalf("join: %+v", resp)
	}
	if got := resp.Assignment.Topics[0]; got.TopicID != topic.ID || len(got.Partitions) != 3 {
		t.Errorf("assigned %+v", got)
	}
	if again := ask[*kmsg.ConsumerGroupHeartbeatResponse](f, 1, beat(resp.MemberEpoch)); again.Assignment != nil {
		t.Errorf("nothing has changed: %+v", again)
	}
	describe := kmsg.NewPtrConsumerGroupDescribeRequest()
	describe.Groups = []string{"g", "none"}
	all := ask[*kmsg.ConsumerGroupDescribeResponse](f, 1, describe).Groups
	if len(all) != 2 || all[0].State != "Stable" || len(all[0].Members) != 1 || all[1].ErrorCode != 69 {
		t.Fatalf("described %+v", all)
	}
	if m := all[0].Members[0]; m.MemberType != 1 || len(m.TargetAssignment.TopicPartitions) != 1 ||
		m.TargetAssignment.TopicPartitions[0].Topic != "t" {
		t.Errorf("member %+v", m)
	}
	stale := commit("g", "t", topic.ID, 0)
	stale.MemberID, stale.Generation = "m", resp.MemberEpoch+1
	code := ask[*kmsg.OffsetCommitResponse](f, 9, stale).Topics[0].Partitions[0].ErrorCode
	if code != 113 {
		t.Errorf("commit in a wrong epoch: %d", code)
	}
	old := commit("g", "t", topic.ID, 0)
	old.MemberID, old.Generation = "m", resp.MemberEpoch
	if code := ask[*kmsg.OffsetCommitResponse](f, 8, old).Topics[0].Partitions[0].ErrorCode; code != 35 {
		t.Errorf("commit of an old version: %d", code)
	}
}
