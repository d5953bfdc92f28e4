package handlers

import (
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// shareBeat is a heartbeat of member m of group g.
func (f *fixture) shareBeat(epoch int32, topics ...string) *kmsg.ShareGroupHeartbeatResponse {
	req := kmsg.NewPtrShareGroupHeartbeatRequest()
	req.GroupID, req.MemberID, req.MemberEpoch, req.SubscribedTopicNames = "g", "m", epoch, topics
	return ask[*kmsg.ShareGroupHeartbeatResponse](f, 1, req)
}

// shareAt is where group g is in partition 0 of topic t, by way of all that it has begun.
func (f *fixture) shareAt() string {
	req := kmsg.NewPtrDescribeShareGroupOffsetsRequest()
	req.Groups = []kmsg.DescribeShareGroupOffsetsRequestGroup{{GroupID: "g"}}
	g := ask[*kmsg.DescribeShareGroupOffsetsResponse](f, 1, req).Groups[0]
	if g.ErrorCode != 0 || len(g.Topics) == 0 {
		return fmt.Sprintf("error %d, %d topics", g.ErrorCode, len(g.Topics))
	}
	p := g.Topics[0].Partitions[0]
	return fmt.Sprintf("%s %d at %d, lag %d, error %d", g.Topics[0].Topic, p.Partition, p.StartOffset, p.Lag, p.ErrorCode)
}

// TestShareGroupLife has a member join, take records, and leave; then the group's start is moved, forgotten, and the group
// deleted, and nothing of it is left.
func TestShareGroupLife(t *testing.T) {
	f := newFixture(t)
	topic := f.toShare()
	joined := f.shareBeat(0, "t")
	if joined.ErrorCode != 0 {
		t.Fatalf("join: %d %s", joined.ErrorCode, orEmpty(joined.ErrorMessage))
	}
	epoch := joined.MemberEpoch
	for beat := joined; beat.Assignment == nil || len(beat.Assignment.TopicPartitions) == 0; epoch = beat.MemberEpoch {
		if beat = f.shareBeat(epoch); beat.ErrorCode != 0 {
			t.Fatalf("beat: %d %s", beat.ErrorCode, orEmpty(beat.ErrorMessage))
		}
	}
	step := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	step("nobody has fetched", f.shareAt(), "t 0 at -1, lag -1, error 0")
	ask[*kmsg.ShareFetchResponse](f, 2, shareFetchRequest(topic.ID, "m", 0))
	ask[*kmsg.ShareFetchResponse](f, 2, shareFetchRequest(topic.ID, "m", 1, "0-4 1"))
	step("five are settled", f.shareAt(), "t 0 at 5, lag 5, error 0")

	alter := func() int16 {
		req := kmsg.NewPtrAlterShareGroupOffsetsRequest()
		req.GroupID = "g"
		req.Topics = []kmsg.AlterShareGroupOffsetsRequestTopic{{Topic: "t",
			Partitions: []kmsg.AlterShareGroupOffsetsRequestTopicPartition{{Partition: 0, StartOffset: 2}}}}
		return ask[*kmsg.AlterShareGroupOffsetsResponse](f, 0, req).ErrorCode
	}
	remove := func() int16 {
		return ask[*kmsg.DeleteGroupsResponse](f, 2, &kmsg.DeleteGroupsRequest{Groups: []string{"g"}}).Groups[0].ErrorCode
	}
	step("with a member", fmt.Sprint(alter(), remove()), "68 68")
	f.shareBeat(-1)
	step("altered", fmt.Sprint(alter(), " ", f.shareAt()), "0 t 0 at 2, lag 8, error 0")
	forget := kmsg.NewPtrDeleteShareGroupOffsetsRequest()
	forget.GroupID, forget.Topics = "g", []kmsg.DeleteShareGroupOffsetsRequestTopic{{Topic: "t"}}
	forgotten := ask[*kmsg.DeleteShareGroupOffsetsResponse](f, 0, forget)
	step("forgotten", fmt.Sprint(forgotten.ErrorCode, forgotten.Topics[0].ErrorCode, " ", f.shareAt()), "0 0 error 0, 0 topics")
	alter()
	keys := func() int {
		all, err := f.Shares.Keys("g").Result()
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	step("before its end", fmt.Sprint(keys()), "1")
	step("deleted", fmt.Sprint(remove(), keys(), " ", f.shareAt()), "0 0 error 0, 0 topics")
}
