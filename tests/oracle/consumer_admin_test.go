package oracle

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// consumerAdminScenarios are what administrators ask about groups of the consumer protocol.
func consumerAdminScenarios() []scenario {
	return []scenario{
		{key: 16, name: "both kinds", run: listBothKinds},
		{key: 15, name: "a consumer group", run: describeConsumerGroup},
		{key: 42, name: "consumer groups", run: deleteConsumerGroups},
		{key: 47, name: "of a consumer group", run: deleteConsumerOffsets},
		{key: 8, name: "as a consumer", run: commitAsConsumer},
		{key: 9, name: "as a consumer", min: 9, max: 10, run: fetchAsConsumer},
		{key: 44, name: "group bounds", run: alterGroupBounds},
		{key: 68, name: "expression", min: 1, max: 1, run: subscribeByExpression},
		{key: 68, name: "two members", run: consumerPair},
	}
}

func listBothKinds(s *session) {
	topic := s.assignable()
	s.consumerOf(s.name("consumer"), topic)
	classic := s.name("classic")
	s.syncAlone(classic, s.member(classic))
	gone := s.name("emptied")
	s.consumerOf(gone, topic)
	leave := consumerBeat(gone, "m1", -1)
	leave.Version = 1
	s.must(leave)
	s.ask("all", kmsg.NewPtrListGroupsRequest())
	if s.version >= 4 {
		for _, states := range [][]string{{"Stable"}, {"Empty"}, {"Assigning", "reconciling"}, {"Stable", "Empty"}} {
			s.ask(fmt.Sprintf("states %q", states), &kmsg.ListGroupsRequest{StatesFilter: states})
		}
	}
	if s.version >= 5 {
		for _, types := range [][]string{{"consumer"}, {"Classic"}, {"consumer", "classic"}, {"share", "streams"}} {
			s.ask(fmt.Sprintf("types %q", types), &kmsg.ListGroupsRequest{TypesFilter: types})
			s.ask(fmt.Sprintf("stable of types %q", types),
				&kmsg.ListGroupsRequest{TypesFilter: types, StatesFilter: []string{"Stable"}})
		}
	}
}

func describeConsumerGroup(s *session) {
	g := s.name("g")
	s.consumerOf(g, s.assignable())
	s.ask("with a member", &kmsg.DescribeGroupsRequest{Groups: []string{g}})
	s.ask("with operations", &kmsg.DescribeGroupsRequest{Groups: []string{g}, IncludeAuthorizedOperations: true})
	leave := consumerBeat(g, "m1", -1)
	leave.Version = 1
	s.must(leave)
	s.ask("empty", &kmsg.DescribeGroupsRequest{Groups: []string{g}})
}

func deleteConsumerGroups(s *session) {
	g := s.name("g")
	topic := s.assignable()
	s.consumerOf(g, topic)
	ask := func(label string) { s.ask(label, &kmsg.DeleteGroupsRequest{Groups: []string{g}}) }
	ask("with a member")
	leave := consumerBeat(g, "m1", -1)
	leave.Version = 1
	s.must(leave)
	commit := commitRequest(g, topic, 0, 3)
	commit.Version = 7
	s.must(commit)
	ask("empty, with offsets")
	ask("again")
	s.committed("after", g, topic, 0)
	s.askAs("described", &kmsg.ConsumerGroupDescribeRequest{Version: 1, Groups: []string{g}})
}

func deleteConsumerOffsets(s *session) {
	g := s.name("g")
	topic := s.assignable()
	other, _ := s.topic("other", 1)
	for _, name := range []string{topic, other} {
		commit := commitRequest(g, name, 0, 3)
		commit.Version = 7
		s.must(commit)
	}
	s.consumerOf(g, topic)
	for _, name := range []string{topic, other} {
		s.ask("of "+name[len(s.prefix):], &kmsg.OffsetDeleteRequest{Group: g, Topics: []kmsg.OffsetDeleteRequestTopic{
			{Topic: name, Partitions: []kmsg.OffsetDeleteRequestTopicPartition{{Partition: 0}, {Partition: 7}}}}})
	}
	s.committed("after", g, topic, 0)
	s.committed("after, the other", g, other, 0)
}

// commitAsConsumer commits at every version: those that know no member epochs are refused to a consumer's member.
func commitAsConsumer(s *session) {
	g := s.name("g")
	topic := s.assignable()
	epoch := s.consumerOf(g, topic)
	id := s.topicID(topic)
	for _, c := range []struct {
		label, member string
		epoch         int32
	}{{"in its epoch", "m1", epoch}, {"ahead", "m1", epoch + 1}, {"behind", "m1", epoch - 1}, {"epoch -1", "m1", -1},
		{"another", "m2", epoch}, {"nobody", "", -1}, {"nobody in an epoch", "", epoch}} {
		req := commitRequest(g, topic, 0, 3)
		req.MemberID, req.Generation, req.Topics[0].TopicID = c.member, c.epoch, id
		s.ask(c.label, req)
	}
	s.committed("after", g, topic, 0)
	unknown := commitRequest(g, topic, 9, 3)
	unknown.MemberID, unknown.Generation, unknown.Topics[0].TopicID = "m1", epoch, id
	s.ask("unknown partition", unknown)
	behind := commitRequest(g, topic, 9, 3)
	behind.MemberID, behind.Generation, behind.Topics[0].TopicID = "m1", epoch+5, unknownID
	s.ask("unknown id, ahead", behind)
}

func fetchAsConsumer(s *session) {
	g := s.name("g")
	topic := s.assignable()
	epoch := s.consumerOf(g, topic)
	id := s.topicID(topic)
	for _, c := range []struct {
		label  string
		member *string
		epoch  int32
	}{{"in its epoch", kmsg.StringPtr("m1"), epoch}, {"ahead", kmsg.StringPtr("m1"), epoch + 1},
		{"behind", kmsg.StringPtr("m1"), epoch - 1}, {"epoch -1", kmsg.StringPtr("m1"), -1}, {"another", kmsg.StringPtr("m2"), epoch},
		{"empty", kmsg.StringPtr(""), -1}, {"nobody", nil, -1}, {"nobody in an epoch", nil, epoch}} {
		for _, stable := range []bool{false, true} {
			req := fetchOffsets(s.version, g, topic, id, 0, 9)
			req.Groups[0].MemberID, req.Groups[0].MemberEpoch, req.RequireStable = c.member, c.epoch, stable
			s.ask(fmt.Sprintf("%s, stable %t", c.label, stable), req)
		}
	}
	all := fetchOffsets(s.version, g, topic, id)
	s.ask("all", all)
}

// alterGroupBounds sets each setting of groups of consumers at its bounds and beyond, and what is none.
func alterGroupBounds(s *session) {
	g := s.name("g")
	for _, text := range []string{
		"consumer.session.timeout.ms=45000", "consumer.session.timeout.ms=44999", "consumer.session.timeout.ms=60000",
		"consumer.session.timeout.ms=60001", "consumer.session.timeout.ms=0", "consumer.session.timeout.ms=-1",
		"consumer.session.timeout.ms=", "consumer.session.timeout.ms=x", "consumer.session.timeout.ms",
		"consumer.heartbeat.interval.ms=4999", "consumer.heartbeat.interval.ms=5000", "consumer.heartbeat.interval.ms=15000",
		"consumer.heartbeat.interval.ms=15001", "consumer.heartbeat.interval.ms=2147483648",
		"consumer.assignment.interval.ms=0", "consumer.assignment.interval.ms=15000", "consumer.assignment.interval.ms=15001",
		"consumer.assignment.interval.ms=-1", "group.consumer.session.timeout.ms=45000", "retention.ms=1", "=1",
	} {
		s.ask(text, alter(onGroup, g, opSet, text))
	}
	s.ask("append", alter(onGroup, g, opAppend, "consumer.session.timeout.ms=45000"))
	s.ask("subtract", alter(onGroup, g, opSubtract, "consumer.session.timeout.ms=45000"))
	s.ask("interval not below the session", alter(onGroup, g, opSet, "consumer.session.timeout.ms=45000",
		"consumer.heartbeat.interval.ms=45000"))
	only := alter(onGroup, g, opSet, "consumer.session.timeout.ms=50000")
	only.ValidateOnly = true
	s.ask("validate only", only)
	overrides(s, "after", onGroup, g, "consumer.session.timeout.ms", "consumer.heartbeat.interval.ms",
		"consumer.assignment.interval.ms")
	s.ask("delete", alter(onGroup, g, opDelete, "consumer.session.timeout.ms", "consumer.heartbeat.interval.ms",
		"consumer.assignment.interval.ms"))
	overrides(s, "after the deletion", onGroup, g, "consumer.session.timeout.ms", "consumer.heartbeat.interval.ms")
}

// subscribeByExpression waits after each change until the coordinator has resolved the expression: when it does is its
// own affair.
func subscribeByExpression(s *session) {
	g := s.name("g")
	topic := s.assignable()
	expression := func(text string, epoch int32) *kmsg.ConsumerGroupHeartbeatRequest {
		req := consumerJoin(g, "m1", topic)
		req.MemberEpoch, req.SubscribedTopicNames, req.SubscribedTopicRegex = epoch, []string{}, &text
		return req
	}
	s.ask("join with one that is none", expression("a(b", 0))
	s.ask("join with an unknown class", expression(`\p{Nonsense}`, 0))
	s.ask("join with a look-ahead", expression("(?=a)b", 0))
	join := expression(topic[:len(topic)-1]+"[t-z]", 0)
	join.Version = 1
	resp := s.must(join).(*kmsg.ConsumerGroupHeartbeatResponse)
	s.check("join", resp.ErrorCode)
	assigned := func(want int) {
		epoch := resp.MemberEpoch
		for range 500 {
			beat := consumerBeat(g, "m1", epoch)
			beat.Version = 1
			r := s.must(beat).(*kmsg.ConsumerGroupHeartbeatResponse)
			s.check("beat", r.ErrorCode)
			epoch, resp.MemberEpoch = r.MemberEpoch, r.MemberEpoch
			if r.Assignment != nil {
				resp.Assignment = r.Assignment
			}
			if resp.Assignment != nil && len(resp.Assignment.Topics) == want {
				return
			}
			pause()
		}
		panic(failure{fmt.Errorf("prepare: the expression is not resolved")})
	}
	assigned(1)
	s.ask("described", &kmsg.ConsumerGroupDescribeRequest{Version: 1, Groups: []string{g}})
}

// consumerPair has a second member come, the first give up half and the second get it.
func consumerPair(s *session) {
	g := s.name("g")
	topic := s.assignable()
	id := s.topicID(topic)
	range1 := "range"
	owns := func(r *kmsg.ConsumerGroupHeartbeatRequest, partitions ...int32) *kmsg.ConsumerGroupHeartbeatRequest {
		r.Topics = []kmsg.ConsumerGroupHeartbeatRequestTopic{}
		if len(partitions) > 0 {
			r.Topics = []kmsg.ConsumerGroupHeartbeatRequestTopic{{TopicID: id, Partitions: partitions}}
		}
		return r
	}
	with := func(r *kmsg.ConsumerGroupHeartbeatRequest) *kmsg.ConsumerGroupHeartbeatRequest {
		r.ServerAssignor = &range1
		return r
	}
	first := joined(s.ask("first", with(consumerJoin(g, "m1", topic))))
	s.ask("first has it", owns(consumerBeat(g, "m1", first), 0, 1))
	second := joined(s.ask("second", with(consumerJoin(g, "m2", topic))))
	s.askAs("described", &kmsg.ConsumerGroupDescribeRequest{Version: 1, Groups: []string{g}})
	s.ask("first is told", owns(consumerBeat(g, "m1", first), 0, 1))
	s.ask("second waits", owns(consumerBeat(g, "m2", second)))
	s.askAs("described while one is given up", &kmsg.ConsumerGroupDescribeRequest{Version: 1, Groups: []string{g}})
	s.ask("first gives up a wrong one", owns(consumerBeat(g, "m1", first), 1))
	first = joined(s.ask("first gives up", owns(consumerBeat(g, "m1", first), 0)))
	s.ask("second gets it", owns(consumerBeat(g, "m2", second)))
	s.ask("second has it", owns(consumerBeat(g, "m2", second), 1))
	s.ask("first again, in the epoch before", owns(consumerBeat(g, "m1", first-1), 0))
	s.ask("first in the epoch before with more", owns(consumerBeat(g, "m1", first-1), 0, 1))
	s.askAs("described at rest", &kmsg.ConsumerGroupDescribeRequest{Version: 1, Groups: []string{g}})
}
