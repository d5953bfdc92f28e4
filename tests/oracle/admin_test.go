package oracle

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

func adminScenarios() []scenario {
	return []scenario{{key: 35, name: "describe", run: describeLogDirs}}
}

func describeGroups(s *session) {
	g := s.name("g")
	s.ask("unknown", &kmsg.DescribeGroupsRequest{Groups: []string{g}})
	s.ask("no group", &kmsg.DescribeGroupsRequest{Groups: []string{""}})
	s.ask("none", &kmsg.DescribeGroupsRequest{})
	m := s.member(g)
	s.ask("before the sync", &kmsg.DescribeGroupsRequest{Groups: []string{g}})
	s.syncAlone(g, m)
	s.ask("stable", &kmsg.DescribeGroupsRequest{Groups: []string{g}})
	s.ask("with operations", &kmsg.DescribeGroupsRequest{Groups: []string{g}, IncludeAuthorizedOperations: true})
	s.ask("known and unknown", &kmsg.DescribeGroupsRequest{Groups: []string{g, s.name("none")}})
	s.ask("the same twice", &kmsg.DescribeGroupsRequest{Groups: []string{g, g}})
	s.must(&kmsg.LeaveGroupRequest{Version: 2, Group: g, MemberID: m.id})
	s.ask("empty", &kmsg.DescribeGroupsRequest{Groups: []string{g}})
	offsets := s.name("offsets")
	topic, _ := s.topic("t", 1)
	commit := commitRequest(offsets, topic, 0, 1)
	commit.Version = 7
	s.must(commit)
	s.ask("offsets only", &kmsg.DescribeGroupsRequest{Groups: []string{offsets}})
}

func listGroups(s *session) {
	stable, empty, offsets := s.name("stable"), s.name("empty"), s.name("offsets")
	s.syncAlone(stable, s.member(stable))
	m := s.member(empty)
	s.must(&kmsg.LeaveGroupRequest{Version: 2, Group: empty, MemberID: m.id})
	topic, _ := s.topic("t", 1)
	commit := commitRequest(offsets, topic, 0, 1)
	commit.Version = 7
	s.must(commit)
	s.ask("all", kmsg.NewPtrListGroupsRequest())
	if s.version >= 4 {
		for _, states := range [][]string{{"Stable"}, {"Empty"}, {"stable", "EMPTY"}, {"Dead"}, {"Nonsense"}, {""},
			{"CompletingRebalance", "PreparingRebalance"}, {"Stable", "Nonsense"}} {
			s.ask(fmt.Sprintf("states %q", states), &kmsg.ListGroupsRequest{StatesFilter: states})
		}
	}
	if s.version >= 5 {
		for _, types := range [][]string{{"classic"}, {"consumer"}, {"CLASSIC"}, {"share"}, {"Nonsense"}, {""},
			{"streams", "classic"}} {
			s.ask(fmt.Sprintf("types %q", types), &kmsg.ListGroupsRequest{TypesFilter: types})
		}
		s.ask("both", &kmsg.ListGroupsRequest{StatesFilter: []string{"Empty"}, TypesFilter: []string{"classic"}})
	}
}

func deleteGroups(s *session) {
	stable, empty, offsets := s.name("stable"), s.name("empty"), s.name("offsets")
	s.syncAlone(stable, s.member(stable))
	m := s.member(empty)
	s.must(&kmsg.LeaveGroupRequest{Version: 2, Group: empty, MemberID: m.id})
	topic, _ := s.topic("t", 1)
	commit := commitRequest(offsets, topic, 0, 1)
	commit.Version = 7
	s.must(commit)
	ask := func(label string, groups ...string) { s.ask(label, &kmsg.DeleteGroupsRequest{Groups: groups}) }
	ask("unknown", s.name("none"))
	ask("no group", "")
	ask("none")
	ask("stable", stable)
	ask("empty and stable", empty, stable)
	ask("again", empty)
	ask("offsets only", offsets)
	ask("the same twice", s.name("none"), s.name("none"))
	s.committed("after", offsets, topic, 0)
}

func describeLogDirs(s *session) {
	topic, _ := s.filled("t")
	ask := func(label string, topics ...kmsg.DescribeLogDirsRequestTopic) {
		req := kmsg.NewPtrDescribeLogDirsRequest()
		req.Topics = topics
		s.ask(label, req)
	}
	ask("all")
	ask("one partition", kmsg.DescribeLogDirsRequestTopic{Topic: topic, Partitions: []int32{0}})
	ask("both and one unknown", kmsg.DescribeLogDirsRequestTopic{Topic: topic, Partitions: []int32{0, 1, 9}})
	ask("unknown topic", kmsg.DescribeLogDirsRequestTopic{Topic: s.name("none"), Partitions: []int32{0}})
	ask("no partitions", kmsg.DescribeLogDirsRequestTopic{Topic: topic})
	none := kmsg.NewPtrDescribeLogDirsRequest()
	none.Topics = []kmsg.DescribeLogDirsRequestTopic{}
	s.ask("no topics", none)
}
