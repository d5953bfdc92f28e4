package oracle

import (
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func groupScenarios() []scenario {
	return []scenario{
		{key: 10, name: "find", run: findCoordinators},
		{key: 11, name: "join", run: joinGroups},
		{key: 11, name: "bad", run: joinBad},
		{key: 11, name: "static", min: 5, max: 9, run: joinStatic},
		{key: 11, name: "two members", run: joinTwo},
		{key: 12, name: "beat", run: heartbeats},
		{key: 13, name: "leave", run: leaveGroups},
		{key: 14, name: "sync", run: syncGroups},
		{key: 15, name: "describe", run: describeGroups},
		{key: 16, name: "list", run: listGroups},
		{key: 42, name: "delete", run: deleteGroups},
	}
}

func findCoordinators(s *session) {
	ask := func(label string, kind int8, keys ...string) {
		req := kmsg.NewPtrFindCoordinatorRequest()
		req.CoordinatorType, req.CoordinatorKeys = kind, keys
		if len(keys) > 0 {
			req.CoordinatorKey = keys[0]
		}
		s.ask(label, req)
	}
	ask("group", 0, s.name("g"))
	ask("no group", 0, "")
	if s.version >= 1 {
		ask("type 5", 5, "x")
		ask("type -1", -1, "x")
		s.awaitShareCoordinator("g:AAAAAAAAAAAAAAAAAAAAAA:0")
		ask("share partition", 2, "g:AAAAAAAAAAAAAAAAAAAAAA:0")
		ask("bad share partition", 2, "x")
	}
	if s.version >= 4 {
		ask("no keys", 0)
		ask("two groups", 0, s.name("g"), s.name("h"))
		ask("the same twice", 0, s.name("g"), s.name("g"))
	}
}

// awaitShareCoordinator asks until the topic of share groups' state is there: the first to ask has it made.
func (s *session) awaitShareCoordinator(key string) {
	for {
		req := kmsg.NewPtrFindCoordinatorRequest()
		req.Version, req.CoordinatorType, req.CoordinatorKeys = 6, 2, []string{key}
		resp := s.must(req).(*kmsg.FindCoordinatorResponse)
		if len(resp.Coordinators) != 1 || resp.Coordinators[0].ErrorCode != kerr.CoordinatorNotAvailable.Code {
			return
		}
		pause()
	}
}

// joinRequest is a consumer that wants to join.
func joinRequest(group, member string) *kmsg.JoinGroupRequest {
	req := kmsg.NewPtrJoinGroupRequest()
	req.Group, req.MemberID = group, member
	req.SessionTimeoutMillis, req.RebalanceTimeoutMillis = 30000, 30000
	req.ProtocolType = "consumer"
	req.Protocols = []kmsg.JoinGroupRequestProtocol{{Name: "range", Metadata: subscription(group + "-topic")}}
	return req
}

// subscription is a consumer's, for one topic.
func subscription(topic string) []byte {
	m := kmsg.NewConsumerMemberMetadata()
	m.Topics = []string{topic}
	return m.AppendTo(nil)
}

// member is one that joined.
type member struct {
	id         string
	generation int32
	topic      string // that it subscribed to
}

// member joins a group as its only member, at a version that needs no second round.
func (s *session) member(group string) member {
	req := joinRequest(group, "")
	req.Version = 3
	resp := s.must(req).(*kmsg.JoinGroupResponse)
	s.check("join", resp.ErrorCode)
	return member{resp.MemberID, resp.Generation, group + "-topic"}
}

// syncRequest brings the leader's assignment of itself.
func syncRequest(group string, m member) *kmsg.SyncGroupRequest {
	req := kmsg.NewPtrSyncGroupRequest()
	req.Group, req.MemberID, req.Generation = group, m.id, m.generation
	kind, name := "consumer", "range"
	req.ProtocolType, req.Protocol = &kind, &name
	req.GroupAssignment = []kmsg.SyncGroupRequestGroupAssignment{{MemberID: m.id,
		MemberAssignment: []byte("assigned")}}
	return req
}

// syncAlone makes the group stable.
func (s *session) syncAlone(group string, m member) {
	req := syncRequest(group, m)
	req.Version = 3
	s.check("sync", s.must(req).(*kmsg.SyncGroupResponse).ErrorCode)
}

func joinGroups(s *session) {
	g := s.name("g")
	resp := s.ask("first", joinRequest(g, ""))
	if resp == nil {
		return
	}
	join := resp.(*kmsg.JoinGroupResponse)
	if join.ErrorCode == 79 { // the id that was given must be used
		join = s.ask("with the id given", joinRequest(g, join.MemberID)).(*kmsg.JoinGroupResponse)
	}
	m := member{join.MemberID, join.Generation, ""}
	s.syncAlone(g, m)
	s.ask("again, the same", joinRequest(g, m.id))
	changed := joinRequest(g, m.id)
	changed.Protocols[0].Metadata = subscription("other")
	s.ask("other metadata", changed)
	if s.version >= 8 {
		why := "because"
		reasoned := joinRequest(g, m.id)
		reasoned.Reason = &why
		s.ask("with a reason", reasoned)
	}
}

// joinBad is B32.
func joinBad(s *session) {
	g := s.name("g")
	ask := func(label string, edit func(r *kmsg.JoinGroupRequest)) {
		req := joinRequest(g, "")
		edit(req)
		s.ask(label, req)
	}
	ask("no group", func(r *kmsg.JoinGroupRequest) { r.Group = "" })
	for _, ms := range []int32{1, 5999, 86_400_000, 1_800_001, 0, -1} {
		ask(fmt.Sprintf("session timeout %d", ms), func(r *kmsg.JoinGroupRequest) { r.SessionTimeoutMillis = ms })
	}
	ask("unknown member", func(r *kmsg.JoinGroupRequest) { r.MemberID = "nobody" })
	ask("no protocols", func(r *kmsg.JoinGroupRequest) { r.Protocols = nil })
	ask("no protocol type", func(r *kmsg.JoinGroupRequest) { r.ProtocolType = "" })
	if s.version >= 5 {
		for _, id := range []string{"", ".", "a/b", strings.Repeat("x", 250)} {
			alone := s.name(fmt.Sprintf("g%d", len(id)))
			ask(fmt.Sprintf("instance %.20q", id),
				func(r *kmsg.JoinGroupRequest) { r.Group, r.InstanceID = alone, &id })
		}
	}
	m := s.member(g)
	s.syncAlone(g, m)
	ask("unknown member of a known group", func(r *kmsg.JoinGroupRequest) { r.MemberID = "nobody" })
	ask("other protocol type", func(r *kmsg.JoinGroupRequest) { r.ProtocolType = "connect" })
	ask("other protocol", func(r *kmsg.JoinGroupRequest) { r.Protocols[0].Name = "sticky" })
	ask("member with another type",
		func(r *kmsg.JoinGroupRequest) { r.MemberID, r.ProtocolType = m.id, "connect" })
	ask("member without protocols", func(r *kmsg.JoinGroupRequest) { r.MemberID, r.Protocols = m.id, nil })
}

func joinStatic(s *session) {
	g, id := s.name("g"), "instance-1"
	static := func(member string) *kmsg.JoinGroupRequest {
		req := joinRequest(g, member)
		req.InstanceID = &id
		return req
	}
	resp := s.ask("first", static(""))
	if resp == nil {
		return
	}
	join := resp.(*kmsg.JoinGroupResponse)
	m := member{join.MemberID, join.Generation, ""}
	s.syncAlone(g, m)
	s.ask("same member again", static(m.id))
	s.ask("wrong member", static("nobody"))
	again := s.ask("restarted", static("")).(*kmsg.JoinGroupResponse)
	s.ask("the one before", static(m.id))
	beat := kmsg.NewPtrHeartbeatRequest()
	beat.Version, beat.Group, beat.MemberID, beat.Generation, beat.InstanceID = 3, g, m.id, m.generation, &id
	s.askAs("heartbeat of the one before", beat)
	beat.MemberID, beat.Generation = again.MemberID, again.Generation
	s.askAs("heartbeat of the new one", beat)
	commit := commitRequest(g, s.name("none"), 0, 1)
	commit.Version, commit.MemberID, commit.Generation, commit.InstanceID = 7, m.id, m.generation, &id
	s.askAs("commit of the one before", commit)
	describe := &kmsg.DescribeGroupsRequest{Version: 5, Groups: []string{g}}
	s.askAs("described", describe)
	leave := &kmsg.LeaveGroupRequest{Version: 4, Group: g,
		Members: []kmsg.LeaveGroupRequestMember{{InstanceID: &id}, {InstanceID: &g}}}
	s.askAs("removed by instance", leave)
}

// joinTwo has a second member join, which the first one notices by heartbeat, join and sync.
func joinTwo(s *session) {
	g := s.name("g")
	first := s.member(g)
	s.syncAlone(g, first)
	other := &session{broker: s.broker, version: s.version, prefix: s.prefix, normal: s.normal, limit: s.limit}
	defer other.hangUp()
	req := joinRequest(g, "")
	req.Version = s.version
	if s.version >= 4 {
		resp := other.must(req).(*kmsg.JoinGroupResponse)
		req = joinRequest(g, resp.MemberID)
		req.Version = s.version
	}
	w := other.line()
	w.corr++
	if err := w.send(frame(req, w.corr)); err != nil {
		panic(failure{err})
	}
	s.untilRebalance(g, first)
	rejoin := joinRequest(g, first.id)
	s.ask("first joins again", rejoin)
	resp, err := w.answer(req, answerLimit)
	s.record("second joined", resp, err)
	if err != nil {
		return
	}
	second := member{resp.(*kmsg.JoinGroupResponse).MemberID, resp.(*kmsg.JoinGroupResponse).Generation, ""}
	first.generation = second.generation
	sync := syncRequest(g, first)
	sync.GroupAssignment = append(sync.GroupAssignment, kmsg.SyncGroupRequestGroupAssignment{
		MemberID: second.id, MemberAssignment: []byte("to the second")})
	sync.Version = 3
	s.askAs("leader syncs", sync)
	follow := syncRequest(g, second)
	follow.GroupAssignment, follow.Version = nil, 3
	s.askAs("follower syncs", follow)
	s.askAs("described", &kmsg.DescribeGroupsRequest{Version: 4, Groups: []string{g}})
	leave := &kmsg.LeaveGroupRequest{Version: 2, Group: g, MemberID: second.id}
	s.askAs("follower leaves", leave)
	s.askAs("leader's heartbeat", heartbeat(3, g, first))
}

func heartbeat(version int16, group string, m member) *kmsg.HeartbeatRequest {
	req := kmsg.NewPtrHeartbeatRequest()
	req.Version, req.Group, req.MemberID, req.Generation = version, group, m.id, m.generation
	return req
}

// untilRebalance waits until a member's heartbeat says that another one wants in.
func (s *session) untilRebalance(group string, m member) {
	for range 500 {
		if s.must(heartbeat(3, group, m)).(*kmsg.HeartbeatResponse).ErrorCode == 27 {
			return
		}
		pause()
	}
	panic(failure{fmt.Errorf("prepare: group %s does not rebalance", group)})
}

func heartbeats(s *session) {
	g := s.name("g")
	s.ask("unknown group", heartbeat(0, g, member{"nobody", 1, ""}))
	s.ask("no group", heartbeat(0, "", member{"nobody", 1, ""}))
	m := s.member(g)
	s.ask("before the sync", heartbeat(0, g, m))
	s.syncAlone(g, m)
	s.ask("stable", heartbeat(0, g, m))
	s.ask("old generation", heartbeat(0, g, member{m.id, m.generation - 1, ""}))
	s.ask("future generation", heartbeat(0, g, member{m.id, m.generation + 1, ""}))
	s.ask("unknown member", heartbeat(0, g, member{"nobody", m.generation, ""}))
	s.ask("no member", heartbeat(0, g, member{"", m.generation, ""}))
	if s.version >= 3 {
		id := "instance"
		req := heartbeat(0, g, m)
		req.InstanceID = &id
		s.ask("unknown instance", req)
	}
}

func leaveGroups(s *session) {
	g := s.name("g")
	leave := func(label, group string, ids ...string) {
		req := kmsg.NewPtrLeaveGroupRequest()
		req.Group, req.MemberID = group, ids[0]
		for _, id := range ids {
			req.Members = append(req.Members, kmsg.LeaveGroupRequestMember{MemberID: id})
		}
		s.ask(label, req)
	}
	leave("unknown group", g, "nobody")
	leave("no group", "", "nobody")
	m := s.member(g)
	s.syncAlone(g, m)
	leave("unknown member", g, "nobody")
	leave("no member", g, "")
	if s.version >= 3 {
		leave("known and unknown", g, m.id, "nobody")
		id := "instance"
		req := kmsg.NewPtrLeaveGroupRequest()
		req.Group = g
		req.Members = []kmsg.LeaveGroupRequestMember{{InstanceID: &id}, {MemberID: m.id, InstanceID: &id}}
		s.ask("unknown instance", req)
		req = kmsg.NewPtrLeaveGroupRequest()
		req.Group = g
		s.ask("nobody at all", req)
	} else {
		leave("member", g, m.id)
	}
	leave("again", g, m.id)
	s.askAs("described", &kmsg.DescribeGroupsRequest{Version: 4, Groups: []string{g}})
}

func syncGroups(s *session) {
	g := s.name("g")
	s.ask("unknown group", syncRequest(g, member{"nobody", 1, ""}))
	s.ask("no group", syncRequest("", member{"nobody", 1, ""}))
	m := s.member(g)
	s.ask("unknown member", syncRequest(g, member{"nobody", m.generation, ""}))
	s.ask("old generation", syncRequest(g, member{m.id, m.generation - 1, ""}))
	if s.version >= 5 {
		other := "connect"
		req := syncRequest(g, m)
		req.ProtocolType = &other
		s.ask("other protocol type", req)
		req = syncRequest(g, m)
		req.Protocol = &other
		s.ask("other protocol", req)
		req = syncRequest(g, m)
		req.Protocol, req.ProtocolType = nil, nil
		s.ask("no protocol", req)
	}
	s.ask("alone", syncRequest(g, m))
	s.ask("again", syncRequest(g, m))
	empty := syncRequest(g, m)
	empty.GroupAssignment = nil
	s.ask("again without assignment", empty)
}
