package oracle

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

func consumerGroupScenarios() []scenario {
	return []scenario{
		{key: 68, name: "one member", run: consumerLife},
		{key: 68, name: "bad", run: consumerBad},
		{key: 68, name: "static", run: consumerStatic},
		{key: 69, name: "describe", run: describeConsumers},
		{key: 8, name: "member epochs", min: 9, max: 10, run: commitEpochs},
		{key: 28, name: "member epochs", min: 3, max: 6, run: commitEpochsInTransaction},
	}
}

// consumerJoin is a member of the consumer protocol that wants to join.
func consumerJoin(group, member, topic string) *kmsg.ConsumerGroupHeartbeatRequest {
	req := consumerBeat(group, member, 0)
	req.RebalanceTimeoutMillis = 30000
	req.SubscribedTopicNames = []string{topic}
	req.Topics = []kmsg.ConsumerGroupHeartbeatRequestTopic{}
	return req
}

func consumerBeat(group, member string, epoch int32) *kmsg.ConsumerGroupHeartbeatRequest {
	req := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	req.Group, req.MemberID, req.MemberEpoch = group, member, epoch
	return req
}

// joined gives the epoch that a member got.
func joined(resp kmsg.Response) int32 {
	if r, ok := resp.(*kmsg.ConsumerGroupHeartbeatResponse); ok && r != nil {
		return r.MemberEpoch
	}
	return 0
}

func consumerLife(s *session) {
	g := s.name("g")
	topic := s.assignable()
	s.ask("beat of nobody", consumerBeat(g, "m1", 1))
	s.ask("leave of nobody", consumerBeat(g, "m1", -1))
	epoch := joined(s.ask("join", consumerJoin(g, "m1", topic)))
	s.ask("join again", consumerJoin(g, "m1", topic))
	s.ask("beat", consumerBeat(g, "m1", epoch))
	s.ask("beat of another", consumerBeat(g, "m2", epoch))
	s.ask("beat ahead", consumerBeat(g, "m1", epoch+1))
	s.ask("beat behind", consumerBeat(g, "m1", epoch-1))
	s.ask("leave", consumerBeat(g, "m1", -1))
	s.ask("leave again", consumerBeat(g, "m1", -1))
}

func consumerBad(s *session) {
	g := s.name("g")
	ask := func(label string, edit func(r *kmsg.ConsumerGroupHeartbeatRequest)) {
		req := consumerJoin(g, "m1", "t")
		edit(req)
		s.ask(label, req)
	}
	none, assignor, regex := "", "magic", "a(b"
	ask("no group", func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.Group = "" })
	ask("no timeout", func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.RebalanceTimeoutMillis = -1 })
	ask("no topics", func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.SubscribedTopicNames = nil })
	ask("nothing owned", func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.Topics = nil })
	ask("empty instance", func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.InstanceID = &none })
	ask("empty rack", func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.RackID = &none })
	ask("epoch -3", func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.MemberEpoch = -3 })
	ask("epoch -2", func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.MemberEpoch = -2 })
	ask("assignor", func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.ServerAssignor = &assignor })
	if s.version >= 1 {
		ask("no member", func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.MemberID = "" })
		ask("expression", func(r *kmsg.ConsumerGroupHeartbeatRequest) {
			r.SubscribedTopicNames, r.SubscribedTopicRegex = nil, &regex
		})
	}
}

func consumerStatic(s *session) {
	g, instance := s.name("g"), "one"
	topic := s.assignable()
	static := func(r *kmsg.ConsumerGroupHeartbeatRequest) *kmsg.ConsumerGroupHeartbeatRequest {
		r.InstanceID = &instance
		return r
	}
	epoch := joined(s.ask("join", static(consumerJoin(g, "m1", topic))))
	s.ask("beat", static(consumerBeat(g, "m1", epoch)))
	s.ask("another with the instance", static(consumerJoin(g, "m2", topic)))
	s.ask("beat of another", static(consumerBeat(g, "m2", epoch)))
	s.ask("leave for a while", static(consumerBeat(g, "m1", -2)))
	s.ask("come back", static(consumerJoin(g, "m2", topic)))
	s.ask("beat of the one before", static(consumerBeat(g, "m1", epoch)))
	s.ask("leave for good", static(consumerBeat(g, "m2", -1)))
}

func describeConsumers(s *session) {
	g := s.name("g")
	topic := s.assignable()
	ask := func(label string, groups ...string) {
		req := kmsg.NewPtrConsumerGroupDescribeRequest()
		req.Groups = groups
		s.ask(label, req)
	}
	ask("unknown", g)
	ask("no name", "")
	join := consumerJoin(g, "m1", topic)
	join.Version = 1
	s.must(join)
	ask("one member", g)
	leave := consumerBeat(g, "m1", -1)
	leave.Version = 1
	s.must(leave)
	ask("empty", g)
	classic := s.name("classic")
	s.syncAlone(classic, s.member(classic))
	ask("classic", classic)
}

// commitEpochs commits in the epochs that a member has had, and in others.
func commitEpochs(s *session) { s.inEpochs(s.name("g"), commitInEpoch) }

// commitInEpoch is a member's commit of an offset of partition 0.
func commitInEpoch(group, member string, epoch int32, topic string, id [16]byte) kmsg.Request {
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group, req.MemberID, req.Generation = group, member, epoch
	t := kmsg.NewOffsetCommitRequestTopic()
	t.Topic, t.TopicID = topic, id
	p := kmsg.NewOffsetCommitRequestTopicPartition()
	p.Offset = 3
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	return req
}

// commitEpochsInTransaction is commitEpochs in a transaction.
func commitEpochsInTransaction(s *session) {
	p, group := s.transactional("tx"), s.name("g")
	if s.version < 5 {
		s.must(p.addOffsets(group))
	}
	s.inEpochs(group, func(group, member string, epoch int32, topic string, id [16]byte) kmsg.Request {
		req := p.commit(group, topic, id, 3)
		req.MemberID, req.Generation = member, epoch
		return req
	})
}

// inEpochs asks in the epochs that a member has had, and in others.
func (s *session) inEpochs(group string, request func(group, member string, epoch int32, topic string, id [16]byte) kmsg.Request) {
	topic := s.assignable()
	join := consumerJoin(group, "m1", topic)
	join.Version = 1
	resp := s.must(join).(*kmsg.ConsumerGroupHeartbeatResponse)
	s.check("join", resp.ErrorCode)
	id := resp.Assignment.Topics[0].TopicID
	for _, c := range []struct {
		label, member string
		epoch         int32
	}{
		{"in its epoch", "m1", resp.MemberEpoch}, {"ahead", "m1", resp.MemberEpoch + 1},
		{"behind", "m1", resp.MemberEpoch - 1}, {"another", "m2", resp.MemberEpoch}, {"nobody", "", -1},
	} {
		s.ask(c.label, request(group, c.member, c.epoch, topic, id))
	}
}

// assignable makes a topic of two partitions that the coordinator assigns.
func (s *session) assignable() string {
	topic, _ := s.topic("t", 2)
	s.assigned(topic, namePrefix+"probe-of-"+s.prefix) // a name that no listing of the scenario shows
	return topic
}

// assigned waits until the coordinator assigns a topic: Apache Kafka's learns of topics a moment after their creation
// was answered. It asks with groups of its own.
func (s *session) assigned(topic, probe string) {
	for i := range 100 {
		join := consumerJoin(fmt.Sprintf("%s-%d", probe, i), "m", topic)
		join.Version = 1
		resp := s.must(join).(*kmsg.ConsumerGroupHeartbeatResponse)
		s.check("probe", resp.ErrorCode)
		leave := consumerBeat(join.Group, "m", -1)
		leave.Version = 1
		s.must(leave)
		if resp.Assignment != nil && len(resp.Assignment.Topics) > 0 {
			break
		}
	}
}
