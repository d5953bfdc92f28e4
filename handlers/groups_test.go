package handlers

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/groups"
	"weir/metadata"
)

// commit asks for offset 7 of partitions of one topic.
func commit(group, topic string, id metadata.TopicID, partitions ...int32) *kmsg.OffsetCommitRequest {
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group, req.Generation = group, groups.NoGeneration
	t := kmsg.NewOffsetCommitRequestTopic()
	t.Topic, t.TopicID = topic, id
	for _, p := range partitions {
		c := kmsg.NewOffsetCommitRequestTopicPartition()
		c.Partition, c.Offset = p, 7
		t.Partitions = append(t.Partitions, c)
	}
	req.Topics = append(req.Topics, t)
	return req
}

func TestOffsetCommitKeepsPlaces(t *testing.T) {
	f := newFixture(t)
	f.coordinate()
	topic := f.topic("t", 2)
	req := commit("g", "t", metadata.TopicID{}, 5, 1, -1, 0)
	req.Topics = append(req.Topics, commit("g", "no", metadata.TopicID{}, 0).Topics...)
	long := string(make([]byte, 4097))
	req.Topics[0].Partitions[3].Metadata = &long
	resp := ask[*kmsg.OffsetCommitResponse](f, 8, req)
	var got []int16
	for _, topic := range resp.Topics {
		for _, p := range topic.Partitions {
			got = append(got, p.ErrorCode)
		}
	}
	want := []int16{3, 0, 3, 12, 3}
	for i := range want {
		if len(got) != len(want) || got[i] != want[i] {
			t.Fatalf("codes %v, want %v", got, want)
		}
	}
	byID := ask[*kmsg.OffsetCommitResponse](f, 10, commit("g", "", metadata.NewTopicID(), 0))
	if code := byID.Topics[0].Partitions[0].ErrorCode; code != 100 {
		t.Errorf("unknown id: %d", code)
	}
	byID = ask[*kmsg.OffsetCommitResponse](f, 10, commit("g", "", topic.ID, 0))
	if code := byID.Topics[0].Partitions[0].ErrorCode; code != 0 || byID.Topics[0].TopicID != topic.ID {
		t.Errorf("known id: %+v", byID.Topics[0])
	}
}

func TestOffsetFetchForms(t *testing.T) {
	f := newFixture(t)
	f.coordinate()
	topic := f.topic("t", 2)
	ask[*kmsg.OffsetCommitResponse](f, 8, commit("g", "t", metadata.TopicID{}, 1))
	old := kmsg.NewPtrOffsetFetchRequest()
	old.Group = "g"
	old.Topics = []kmsg.OffsetFetchRequestTopic{{Topic: "t", Partitions: []int32{0, 1}}}
	resp := ask[*kmsg.OffsetFetchResponse](f, 7, old)
	if p := resp.Topics[0].Partitions; p[0].Offset != -1 || p[1].Offset != 7 {
		t.Errorf("v7: %+v", p)
	}
	old.Topics = nil
	if resp = ask[*kmsg.OffsetFetchResponse](f, 2, old); len(resp.Topics) != 1 {
		t.Errorf("all, v2: %+v", resp.Topics)
	}
	if resp = ask[*kmsg.OffsetFetchResponse](f, 1, old); len(resp.Topics) != 0 {
		t.Errorf("nothing, v1: %+v", resp.Topics)
	}
	several := kmsg.NewPtrOffsetFetchRequest()
	for _, id := range []string{"g", "unknown"} {
		g := kmsg.NewOffsetFetchRequestGroup()
		g.Group = id
		g.Topics = []kmsg.OffsetFetchRequestGroupTopic{{TopicID: topic.ID, Partitions: []int32{1}},
			{TopicID: metadata.NewTopicID(), Partitions: []int32{0}}}
		several.Groups = append(several.Groups, g)
	}
	resp = ask[*kmsg.OffsetFetchResponse](f, 10, several)
	if resp.Groups[0].Group != "g" || resp.Groups[0].Topics[0].Partitions[0].Offset != 7 ||
		resp.Groups[0].Topics[1].Partitions[0].ErrorCode != 100 ||
		resp.Groups[1].Topics[0].Partitions[0].Offset != -1 {
		t.Errorf("v10: %+v", resp.Groups)
	}
}

func TestOffsetFetchWithoutCoordinator(t *testing.T) {
	f := newFixture(t)
	req := kmsg.NewPtrOffsetFetchRequest()
	req.Group = "g"
	req.Topics = []kmsg.OffsetFetchRequestTopic{{Topic: "t", Partitions: []int32{0}}}
	if resp := ask[*kmsg.OffsetFetchResponse](f, 1, req); resp.Topics[0].Partitions[0].ErrorCode != 16 {
		t.Errorf("v1 has its code at the partition: %+v", resp)
	}
	if resp := ask[*kmsg.OffsetFetchResponse](f, 2, req); resp.ErrorCode != 16 || len(resp.Topics) != 0 {
		t.Errorf("v2 has its code at the top: %+v", resp)
	}
	req.Groups = []kmsg.OffsetFetchRequestGroup{{Group: "g"}}
	if resp := ask[*kmsg.OffsetFetchResponse](f, 8, req); resp.Groups[0].ErrorCode != 16 {
		t.Errorf("v8 has its code at the group: %+v", resp)
	}
}

func TestFindCoordinator(t *testing.T) {
	f := newFixture(t)
	id := metadata.NewTopicID().String()
	for _, c := range []struct {
		version int16
		kind    int8
		key     string
		code    int16
		text    string
	}{
		{0, 0, "g", 0, ""}, {1, 0, "g", 0, "NONE"}, {4, 0, "g", 0, ""}, {4, 1, "tx", 0, ""},
		{4, 2, "g:" + id + ":0", 42, ""}, {6, 2, "g:" + id + ":0", 0, ""}, {6, 2, "g:" + id, 42, ""},
		{6, 2, ":" + id + ":0", 42, ""}, {6, 2, "g:" + id + ":x", 42, ""}, {6, 9, "g", 42, malformed},
		{3, 9, "g", 42, malformed},
	} {
		req := kmsg.NewPtrFindCoordinatorRequest()
		req.CoordinatorType, req.CoordinatorKey, req.CoordinatorKeys = c.kind, c.key, []string{c.key}
		resp := ask[*kmsg.FindCoordinatorResponse](f, c.version, req)
		got := kmsg.FindCoordinatorResponseCoordinator{ErrorCode: resp.ErrorCode, NodeID: resp.NodeID,
			Host: resp.Host, Port: resp.Port, ErrorMessage: resp.ErrorMessage}
		if c.version >= 4 {
			got = resp.Coordinators[0]
		}
		if got.ErrorCode != c.code || orEmpty(got.ErrorMessage) != c.text {
			t.Errorf("v%d type %d %q: %+v", c.version, c.kind, c.key, got)
		}
		if found := got.NodeID == 1 && got.Host == "10.0.0.1" && got.Port == 9092; found != (c.code == 0) {
			t.Errorf("v%d type %d %q: %+v", c.version, c.kind, c.key, got)
		}
	}
	if topic := f.Cluster.Image().Topic(offsetsTopic); topic == nil || !topic.Internal ||
		topic.Configs["segment.bytes"] != "104857600" || topic.Configs["compression.type"] != "producer" {
		t.Errorf("made for the first group: %+v", topic)
	}
	if topic := f.Cluster.Image().Topic(shareTopic); topic == nil || !topic.Internal || len(topic.Partitions) != 50 ||
		topic.Configs["cleanup.policy"] != "delete" || topic.Configs["retention.ms"] != "-1" {
		t.Errorf("made for the first share partition: %+v", topic)
	}
}

// joined is a stable group of one member, subscribed to topic t.
func joined(f *fixture) (group, member string, generation int32) {
	t := f.t
	f.coordinate()
	f.topic("t", 1)
	join := kmsg.NewPtrJoinGroupRequest()
	join.Group, join.SessionTimeoutMillis, join.RebalanceTimeoutMillis = "g", 30000, 30000
	join.ProtocolType = "consumer"
	subscription := kmsg.NewConsumerMemberMetadata()
	subscription.Topics = []string{"t"}
	join.Protocols = []kmsg.JoinGroupRequestProtocol{{Name: "range", Metadata: subscription.AppendTo(nil)}}
	joined := ask[*kmsg.JoinGroupResponse](f, 9, join)
	if joined.ErrorCode != 79 || joined.MemberID == "" || joined.Generation != -1 || joined.Protocol != nil {
		t.Fatalf("first: %+v", joined)
	}
	join.MemberID = joined.MemberID
	joined = ask[*kmsg.JoinGroupResponse](f, 9, join)
	if joined.ErrorCode != 0 || joined.LeaderID != join.MemberID || len(joined.Members) != 1 {
		t.Fatalf("second: %+v", joined)
	}
	sync := kmsg.NewPtrSyncGroupRequest()
	sync.Group, sync.MemberID, sync.Generation = "g", join.MemberID, joined.Generation
	if resp := ask[*kmsg.SyncGroupResponse](f, 5, sync); resp.ErrorCode != 23 {
		t.Errorf("sync without protocol: %+v", resp)
	}
	sync.ProtocolType, sync.Protocol = text("consumer"), text("range")
	sync.GroupAssignment = []kmsg.SyncGroupRequestGroupAssignment{{MemberID: join.MemberID,
		MemberAssignment: []byte("yours")}}
	if resp := ask[*kmsg.SyncGroupResponse](f, 5, sync); string(resp.MemberAssignment) != "yours" {
		t.Errorf("sync: %+v", resp)
	}
	return "g", join.MemberID, joined.Generation
}

func TestGroupsForAdministrators(t *testing.T) {
	f := newFixture(t)
	joined(f)
	described := ask[*kmsg.DescribeGroupsResponse](f, 6, &kmsg.DescribeGroupsRequest{
		Groups: []string{"g", "no"}, IncludeAuthorizedOperations: true})
	g, no := described.Groups[0], described.Groups[1]
	if g.State != "Stable" || g.AuthorizedOperations != 3400 || g.Members[0].ClientHost != "/10.0.0.2" ||
		g.Members[0].ClientID != "tester" || no.ErrorCode != 69 || no.ErrorMessage == nil {
		t.Errorf("described: %+v", described.Groups)
	}
	old := ask[*kmsg.DescribeGroupsResponse](f, 5, &kmsg.DescribeGroupsRequest{Groups: []string{"no"}})
	if old.Groups[0].ErrorCode != 0 || old.Groups[0].State != "Dead" {
		t.Errorf("unknown group before v6: %+v", old.Groups[0])
	}
	deleted := ask[*kmsg.DeleteGroupsResponse](f, 3, &kmsg.DeleteGroupsRequest{Groups: []string{"g", "no", "g"}})
	if len(deleted.Groups) != 2 || deleted.Groups[0].ErrorCode != 68 || deleted.Groups[1].ErrorCode != 69 {
		t.Errorf("deleted: %+v", deleted.Groups)
	}
	drop := &kmsg.OffsetDeleteRequest{Group: "g", Topics: []kmsg.OffsetDeleteRequestTopic{{Topic: "t",
		Partitions: []kmsg.OffsetDeleteRequestTopicPartition{{Partition: 0}, {Partition: 4}}}}}
	dropped := ask[*kmsg.OffsetDeleteResponse](f, 0, drop)
	if p := dropped.Topics[0].Partitions; p[0].ErrorCode != 86 || p[1].ErrorCode != 3 {
		t.Errorf("dropped: %+v", dropped)
	}
}

func TestGroupMembersLeave(t *testing.T) {
	f := newFixture(t)
	group, member, generation := joined(f)
	left := ask[*kmsg.LeaveGroupResponse](f, 2, &kmsg.LeaveGroupRequest{Group: group, MemberID: "nobody"})
	if left.ErrorCode != 25 {
		t.Errorf("unknown member leaves, v2: %+v", left)
	}
	leave := &kmsg.LeaveGroupRequest{Group: group, Members: []kmsg.LeaveGroupRequestMember{{MemberID: "nobody"},
		{MemberID: member}}}
	left = ask[*kmsg.LeaveGroupResponse](f, 5, leave)
	if left.ErrorCode != 0 || left.Members[0].ErrorCode != 25 || left.Members[1].ErrorCode != 0 {
		t.Errorf("leave: %+v", left)
	}
	listed := ask[*kmsg.ListGroupsResponse](f, 5, &kmsg.ListGroupsRequest{StatesFilter: []string{"empty"}})
	if len(listed.Groups) != 1 || listed.Groups[0].GroupState != "Empty" ||
		listed.Groups[0].GroupType != "classic" {
		t.Errorf("listed: %+v", listed.Groups)
	}
	beat := &kmsg.HeartbeatRequest{Group: group, MemberID: member, Generation: generation}
	if resp := ask[*kmsg.HeartbeatResponse](f, 4, beat); resp.ErrorCode != 25 {
		t.Errorf("heartbeat after leaving: %+v", resp)
	}
}
