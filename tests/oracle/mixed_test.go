package oracle

import (
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// mixedScenarios are those in which both protocols meet in one group.
func mixedScenarios() []scenario {
	return []scenario{
		{key: 11, name: "into a consumer group", run: joinConsumerGroup},
		{key: 14, name: "in a consumer group", run: syncInConsumerGroup},
		{key: 12, name: "in a consumer group", run: beatInConsumerGroup},
		{key: 13, name: "from a consumer group", run: leaveConsumerGroup},
		{key: 14, name: "leaves while it waits", min: 5, max: 5, run: leaveWhileSyncing},
		{key: 68, name: "into a classic group", run: upgradeRefused},
	}
}

// consumerOf makes a consumer group with one member, and gives its epoch.
func (s *session) consumerOf(group, topic string) int32 {
	join := consumerJoin(group, "m1", topic)
	join.Version = 1
	resp := s.must(join).(*kmsg.ConsumerGroupHeartbeatResponse)
	s.check("join", resp.ErrorCode)
	return resp.MemberEpoch
}

// joinConsumerGroup has members of the classic protocol try to join a group of the other one.
func joinConsumerGroup(s *session) {
	topic := s.assignable()
	g := s.name("g")
	s.consumerOf(g, topic)
	ask := func(label string, edit func(r *kmsg.JoinGroupRequest)) *kmsg.JoinGroupResponse {
		req := joinRequest(g, "")
		req.Protocols[0].Metadata = subscription(topic)
		edit(req)
		resp, _ := s.ask(label, req).(*kmsg.JoinGroupResponse)
		return resp
	}
	ask("other protocol type", func(r *kmsg.JoinGroupRequest) { r.ProtocolType = "connect" })
	ask("no protocol type", func(r *kmsg.JoinGroupRequest) { r.ProtocolType = "" })
	ask("no protocols", func(r *kmsg.JoinGroupRequest) { r.Protocols = nil })
	ask("metadata that is none", func(r *kmsg.JoinGroupRequest) { r.Protocols[0].Metadata = []byte{1} })
	ask("session timeout", func(r *kmsg.JoinGroupRequest) { r.SessionTimeoutMillis = 1 })
	first := ask("first", func(*kmsg.JoinGroupRequest) {})
	if first == nil {
		return
	}
	id := first.MemberID
	if first.ErrorCode == 79 {
		ask("with the id given", func(r *kmsg.JoinGroupRequest) { r.MemberID = id })
	}
	ask("other protocols", func(r *kmsg.JoinGroupRequest) { r.Protocols[0].Name = "sticky" })
	ask("member with other protocols", func(r *kmsg.JoinGroupRequest) { r.MemberID, r.Protocols[0].Name = id, "sticky" })
	ask("member with another type", func(r *kmsg.JoinGroupRequest) { r.MemberID, r.ProtocolType = id, "connect" })
	ask("again", func(r *kmsg.JoinGroupRequest) { r.MemberID = id })
	ask("the consumer's id", func(r *kmsg.JoinGroupRequest) { r.MemberID = "m1" })
	if s.version >= 5 {
		instance := "i"
		ask("static", func(r *kmsg.JoinGroupRequest) { r.InstanceID = &instance })
		ask("static, unknown member", func(r *kmsg.JoinGroupRequest) { r.InstanceID, r.MemberID = &instance, "nobody" })
	}
}

// classicIn makes a consumer group with a member of each protocol, the classic one synced.
func (s *session) classicIn(group, topic string) member {
	s.consumerOf(group, topic)
	req := joinRequest(group, "")
	req.Protocols[0].Metadata, req.Version = subscription(topic), 3
	resp := s.must(req).(*kmsg.JoinGroupResponse)
	s.check("join", resp.ErrorCode)
	return member{resp.MemberID, resp.Generation, topic}
}

func syncInConsumerGroup(s *session) {
	g := s.name("g")
	m := s.classicIn(g, s.assignable())
	sync := func(label, id string, generation int32) {
		req := syncRequest(g, member{id, generation, ""})
		req.GroupAssignment = nil
		s.ask(label, req)
	}
	sync("unknown member", "nobody", m.generation)
	sync("the consumer", "m1", m.generation)
	sync("old generation", m.id, m.generation-1)
	sync("future generation", m.id, m.generation+1)
	sync("synced", m.id, m.generation)
	sync("again", m.id, m.generation)
	if s.version >= 5 {
		other := "connect"
		req := syncRequest(g, m)
		req.ProtocolType = &other
		s.ask("other protocol type", req)
		req = syncRequest(g, m)
		req.Protocol = &other
		s.ask("other protocol", req)
	}
}

func beatInConsumerGroup(s *session) {
	g := s.name("g")
	m := s.classicIn(g, s.assignable())
	s.ask("before the sync", heartbeat(0, g, m))
	req := syncRequest(g, m)
	req.Version, req.GroupAssignment = 3, nil
	s.check("sync", s.must(req).(*kmsg.SyncGroupResponse).ErrorCode)
	s.ask("synced", heartbeat(0, g, m))
	s.ask("unknown member", heartbeat(0, g, member{"nobody", m.generation, ""}))
	s.ask("the consumer", heartbeat(0, g, member{"m1", m.generation, ""}))
	s.ask("old generation", heartbeat(0, g, member{m.id, m.generation - 1, ""}))
	s.ask("future generation", heartbeat(0, g, member{m.id, m.generation + 1, ""}))
}

func leaveConsumerGroup(s *session) {
	g := s.name("g")
	m := s.classicIn(g, s.assignable())
	leave := func(label string, ids ...string) {
		req := kmsg.NewPtrLeaveGroupRequest()
		req.Group, req.MemberID = g, ids[0]
		for _, id := range ids {
			req.Members = append(req.Members, kmsg.LeaveGroupRequestMember{MemberID: id})
		}
		s.ask(label, req)
	}
	leave("unknown member", "nobody")
	leave("no member", "")
	if s.version >= 3 {
		id := "instance"
		req := kmsg.NewPtrLeaveGroupRequest()
		req.Group = g
		req.Members = []kmsg.LeaveGroupRequestMember{{InstanceID: &id}, {MemberID: m.id, InstanceID: &id}}
		s.ask("unknown instance", req)
		leave("known twice and unknown", m.id, m.id, "nobody")
	} else {
		leave("member", m.id)
	}
	leave("again", m.id)
	leave("the consumer", "m1")
	s.askAs("described", &kmsg.ConsumerGroupDescribeRequest{Version: 1, Groups: []string{g}})
}

// leaveWhileSyncing has a member leave while its sync is held back for want of the leader's.
func leaveWhileSyncing(s *session) {
	g := s.name("g")
	first := s.member(g)
	s.syncAlone(g, first)
	req := joinRequest(g, "")
	req.Version = 3
	other := &session{broker: s.broker, prefix: s.prefix, normal: s.normal, limit: s.limit}
	defer other.hangUp()
	w := other.line()
	w.corr++
	if err := w.send(frame(req, w.corr)); err != nil {
		panic(failure{err})
	}
	s.untilRebalance(g, first)
	rejoin := joinRequest(g, first.id)
	rejoin.Version = 3
	s.check("join again", s.must(rejoin).(*kmsg.JoinGroupResponse).ErrorCode)
	resp, err := w.answer(req, answerLimit)
	if err != nil {
		panic(failure{err})
	}
	second := member{resp.(*kmsg.JoinGroupResponse).MemberID, resp.(*kmsg.JoinGroupResponse).Generation, ""}
	sync := syncRequest(g, second)
	sync.Version, sync.GroupAssignment = 3, nil
	w.corr++
	if err := w.send(frame(sync, w.corr)); err != nil {
		panic(failure{err})
	}
	for range 3 { // its sync has been seen by then
		s.must(&kmsg.DescribeGroupsRequest{Version: 4, Groups: []string{g}})
	}
	s.askAs("leaves", &kmsg.LeaveGroupRequest{Version: 2, Group: g, MemberID: second.id})
	resp, err = w.answer(sync, 2*time.Second)
	s.record("its sync", resp, err)
}

// upgradeRefused has a consumer come to classic groups that cannot become consumer groups.
func upgradeRefused(s *session) {
	topic := s.assignable()
	connect, custom := s.name("connect"), s.name("custom")
	join := joinRequest(connect, "")
	join.ProtocolType, join.Version = "connect", 3
	resp := s.must(join).(*kmsg.JoinGroupResponse)
	s.check("join", resp.ErrorCode)
	s.ask("another protocol type", consumerJoin(connect, "m1", topic))
	s.ask("beat in a classic group", consumerBeat(connect, "m1", 1))
	s.ask("leave of a classic group", consumerBeat(connect, "m1", -1))
	m := s.member(custom)
	sync := syncRequest(custom, m)
	a := kmsg.NewConsumerMemberAssignment()
	a.UserData = []byte("of our own")
	sync.GroupAssignment[0].MemberAssignment, sync.Version = a.AppendTo(nil), 3
	s.check("sync", s.must(sync).(*kmsg.SyncGroupResponse).ErrorCode)
	s.ask("an assignor of their own", consumerJoin(custom, "m1", topic))
	empty := s.name("empty")
	alone := s.member(empty)
	s.must(&kmsg.LeaveGroupRequest{Version: 2, Group: empty, MemberID: alone.id})
	s.ask("an empty one", consumerJoin(empty, "m1", topic))
}
