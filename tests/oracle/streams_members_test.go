package oracle

import (
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// streamsKinds has members of the protocols meet in each other's groups.
func streamsKinds(s *session) {
	topic := s.assignable()
	classic := s.name("classic")
	alone := s.member(classic)
	s.syncAlone(classic, alone)
	m := func(group string) *streamsMember { return s.streamsMember(group, "m1", "p1", reads("0", topic)) }
	m(classic).join()
	m(classic).ask("beats", m(classic).at(1))
	leave := kmsg.NewPtrLeaveGroupRequest()
	leave.Version, leave.Group, leave.MemberID = 2, classic, alone.id
	s.must(leave)
	m(classic).ask("beats in one that is empty", m(classic).at(1))
	m(classic).join()
	consumer := s.name("consumer")
	s.consumerOf(consumer, topic)
	m(consumer).join()
	m(consumer).leave()
	streams := m(s.name("streams"))
	streams.join()
	join := consumerJoin(streams.group, "c1", topic)
	join.Version = 1
	s.askAs("consumer joins", join)
	req := joinRequest(streams.group, "")
	req.Version = 3
	s.askAs("classic member joins", req)
	s.askAs("classic member beats", heartbeat(3, streams.group, member{"m1", streams.epoch, ""}))
	remove := kmsg.NewPtrDeleteGroupsRequest()
	remove.Version, remove.Groups = 2, []string{streams.group}
	s.askAs("delete", remove)
	list := kmsg.NewPtrListGroupsRequest()
	list.Version, list.TypesFilter = 5, []string{"streams"}
	s.askAs("list", list)
	streams.leave()
	s.askAs("list empty", list)
	s.askAs("consumer joins the empty one", join)
	s.askAs("classic member joins the empty one", req)
	streams.join()
	s.askAs("delete what is another's now", remove)
}

// streamsCommits commits in the epochs that a member has had, and in others.
func streamsCommits(s *session) {
	topic := s.assignable()
	id := s.topicID(topic)
	m := s.streamsMember(s.name("g"), "m1", "p1", reads("0", topic))
	m.quietly(m.joining())
	commit := func(label, member string, epoch int32) {
		s.ask(label, commitInEpoch(m.group, member, epoch, topic, id))
	}
	commit("in its epoch", "m1", m.epoch)
	commit("ahead", "m1", m.epoch+1)
	commit("behind", "m1", m.epoch-1)
	commit("another", "m2", m.epoch)
	commit("nobody", "", -1)
	m2 := s.streamsMember(m.group, "m2", "p2", reads("0", topic))
	m2.quietly(m2.joining())
	m.quietly(m.owning())
	commit("what it keeps", "m1", m.epoch)
	m.quietly(m.owning())
	commit("since before", "m1", m.epoch-1)
	deletion := kmsg.NewPtrOffsetDeleteRequest()
	deletion.Group = m.group
	t := kmsg.NewOffsetDeleteRequestTopic()
	t.Topic = topic
	t.Partitions = []kmsg.OffsetDeleteRequestTopicPartition{{}}
	deletion.Topics = append(deletion.Topics, t)
	s.askAs("delete offsets", deletion)
	m.quietly(m.at(-1))
	m2.quietly(m2.at(-1))
	commit("nobody, of an empty group", "", -1)
	s.askAs("delete offsets of an empty group", deletion)
	remove := kmsg.NewPtrDeleteGroupsRequest()
	remove.Version, remove.Groups = 2, []string{m.group}
	s.askAs("delete the group", remove)
}

// describeStreams asks for a group in the scenario's version, or the newest when it is about another API.
func (s *session) describeStreams(groups ...string) {
	req := kmsg.NewPtrStreamsGroupDescribeRequest()
	req.Groups, req.Version = groups, min(s.version, 1)
	s.askAs("describe "+strings.TrimPrefix(strings.Join(groups, ","), s.prefix), req)
}

func streamsShutdown(s *session) {
	topic := s.assignable()
	m1 := s.streamsMember(s.name("g"), "m1", "p1", reads("0", topic))
	m2 := s.streamsMember(m1.group, "m2", "p2", reads("0", topic))
	m1.join()
	m2.join()
	req := m1.owning()
	req.ShutdownApplication = true
	m1.ask("asks for the end", req)
	m2.beat()
	again := m2.beating()
	again.ShutdownApplication = true
	m2.ask("asks too", again)
	m1.beat()
	m1.leave()
	m2.beat()
	m2.leave()
	m1.epoch = 0
	m1.join()
	leaving := m1.at(-1)
	leaving.ShutdownApplication = true
	m1.ask("leaves and asks for the end", leaving)
	m2.join()
}

func streamsEndpoints(s *session) {
	topic := s.assignable()
	at := func(m *streamsMember, req *kmsg.StreamsGroupHeartbeatRequest, host string) *kmsg.StreamsGroupHeartbeatRequest {
		req.UserEndpoint = &kmsg.StreamsGroupHeartbeatRequestUserEndpoint{Host: host, Port: 65535}
		return req
	}
	m1 := s.streamsMember(s.name("g"), "m1", "p1", reads("0", topic))
	m2 := s.streamsMember(m1.group, "m2", "p2", reads("0", topic))
	m1.ask("joins", at(m1, m1.joining(), "a"))
	known := m1.owning()
	known.EndpointInformationEpoch = 1
	m1.ask("knows endpoints", known)
	m2.ask("joins", at(m2, m2.joining(), "b"))
	for range 3 {
		m1.owns()
		m2.owns()
	}
	m2.ask("moves", at(m2, m2.owning(), "c"))
	m1.owns()
	s.describeStreams(m1.group)
	m2.leave()
	m1.owns()
}

func streamsStatic(s *session) {
	topic := s.assignable()
	instance := "i"
	as := func(req *kmsg.StreamsGroupHeartbeatRequest) *kmsg.StreamsGroupHeartbeatRequest {
		req.InstanceID = &instance
		return req
	}
	m1 := s.streamsMember(s.name("g"), "m1", "p1", reads("0", topic))
	m2 := s.streamsMember(m1.group, "m2", "p1", reads("0", topic))
	other := s.streamsMember(m1.group, "other", "p2", reads("0", topic))
	m1.ask("joins", as(m1.joining()))
	m1.ask("has them", as(m1.owning()))
	m1.ask("beats without its instance", m1.beating())
	m1.ask("joins again", as(m1.joining()))
	m2.ask("joins meanwhile", as(m2.joining()))
	m2.ask("beats", as(m2.at(m1.epoch)))
	m2.ask("leaves for it", as(m2.at(-2)))
	other.join()
	m1.ask("has them", as(m1.owning()))
	m1.ask("has less", as(m1.owning()))
	other.owns()
	m1.ask("goes for a while", as(m1.at(-2)))
	s.describeStreams(m1.group)
	m1.ask("beats though it went", as(m1.owning()))
	other.beat()
	m2.ask("comes in its place", as(m2.joining()))
	m2.ask("has them", as(m2.owning()))
	m1.ask("beats", as(m1.at(m1.epoch)))
	m1.ask("beats ahead", as(m1.at(m1.epoch+7)))
	s.describeStreams(m1.group)
	m2.ask("goes for a while", as(m2.at(-2)))
	m3 := s.streamsMember(m1.group, "m3", "p3", reads("0", topic))
	m3.ask("comes from another process", as(m3.joining()))
	other.owns()
	m3.ask("goes", as(m3.at(-2)))
	m3.ask("comes back with its id", as(m3.joining()))
	m3.ask("leaves for good", as(m3.at(-1)))
	m3.ask("leaves again", as(m3.at(-1)))
	other.owns()
	s.describeStreams(m1.group)
}
