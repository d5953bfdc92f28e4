package oracle

import (
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"
)

func shareFetchScenarios() []scenario {
	return []scenario{
		{key: 78, name: "acquire", run: shareAcquire},
		{key: 78, name: "acks", run: shareFetchAcks},
		{key: 78, name: "sessions", run: shareSessions},
		{key: 78, name: "leave", run: shareLeave},
		{key: 78, name: "connection", run: shareConnection},
		{key: 78, name: "many sessions", run: shareManySessions},
		{key: 78, name: "limits", run: shareLimits},
		{key: 78, name: "record limit", min: 2, max: 2, run: shareRecordLimit},
		{key: 78, name: "turns", run: shareTurns},
		{key: 78, name: "renew", min: 2, max: 2, run: shareFetchRenew},
		{key: 78, name: "topics", run: shareTopics},
		{key: 78, name: "bad", run: shareFetchBad},
		{key: 78, name: "strangers", run: shareStrangers},
		{key: 78, name: "deliveries", run: shareDeliveries},
		{key: 78, name: "lock", run: shareLock},
		{key: 79, name: "acks", run: shareAcks},
		{key: 79, name: "bad acks", run: shareBadAcks},
		{key: 79, name: "stale", run: shareStaleAcks},
		{key: 79, name: "sessions", run: shareAckSessions},
		{key: 79, name: "renew", run: shareAckRenew},
	}
}

func allOf(t int8) []int8 { return []int8{t} }

func shareAcquire(s *session) {
	m := s.sharing(3)
	m.fetch("first")
	m.fetch("nothing left")
	m.fetch("accept and release", ack{0, 4, allOf(accept)}, ack{5, 9, allOf(release)})
	m.fetch("each of its own", ack{5, 9, []int8{accept, gap, reject, release, accept}})
	m.fetch("all", ack{8, 8, allOf(accept)}, ack{10, 14, allOf(accept)})
	m.close("close")
	m.epoch = 0
	m.fetch("all is settled")
}

func shareFetchAcks(s *session) {
	m := s.sharing(3)
	m.fetch("first")
	m.fetch("unordered", ack{5, 9, allOf(accept)}, ack{0, 4, allOf(accept)})
	m.fetch("backwards", ack{4, 0, allOf(accept)})
	m.fetch("no types", ack{0, 4, nil})
	m.fetch("too few types", ack{0, 4, []int8{accept, accept}})
	m.fetch("type 5", ack{0, 4, allOf(5)})
	m.fetch("type -1", ack{0, 4, allOf(-1)})
	m.fetch("one more than there is", ack{0, 15, allOf(accept)})
	m.fetch("beyond", ack{100, 110, allOf(accept)})
	m.fetch("overlap", ack{0, 4, allOf(accept)}, ack{4, 9, allOf(accept)})
	m.fetch("nothing was taken of that", ack{0, 14, allOf(release)})
	req := m.request(ack{0, 4, allOf(accept)})
	req.Topics[0].Partitions = append(req.Topics[0].Partitions, kmsg.ShareFetchRequestTopicPartition{Partition: 1})
	m.ask("and a partition without", req)
	req = m.request(ack{5, 9, allOf(accept)})
	other := m.request(ack{0, 1, allOf(accept)})
	other.Topics[0].Partitions[0].Partition = 7
	unknown := m.request(ack{0, 1, allOf(accept)})
	unknown.Topics[0].TopicID = [16]byte{1, 2, 3}
	req.Topics[0].Partitions = append(req.Topics[0].Partitions, other.Topics[0].Partitions[0])
	req.Topics = append(req.Topics, unknown.Topics[0])
	m.ask("of what does not exist", req)
	last := m.request(ack{10, 11, allOf(accept)})
	last.ShareSessionEpoch = -1
	m.ask("at the end", last)
	next := m.another("m2")
	next.fetch("the next one has the rest")
}

func shareSessions(s *session) {
	m := s.sharing(2)
	ask := func(label string, epoch int32, acks ...ack) {
		req := m.request(acks...)
		req.ShareSessionEpoch = epoch
		m.s.ask(label, req)
	}
	ask("no session", 1)
	ask("no session to close", -1)
	ask("epoch -2", -2)
	ask("open with acknowledgements", 0, ack{0, 4, allOf(accept)})
	m.fetch("open")
	ask("ahead", 2)
	ask("behind", 0+5)
	m.fetch("goes on")
	ask("the same again", 1)
	m.fetch("goes on still")
	ask("of another member's", 3)
	m.another("m2").close("another has none")
	m.epoch = 0
	m.fetch("open again: nothing is released")
	m.fetch("what it took it may settle", ack{0, 4, allOf(accept)})
	m.close("close")
	ask("closed", 2)
	ask("close again", -1)
	m.epoch = 0
	m.fetch("what was left is there again")
	forget := m.request()
	forget.Topics = nil
	forget.ForgottenTopicsData = []kmsg.ShareFetchRequestForgottenTopicsData{{TopicID: m.id, Partitions: []int32{0}}}
	m.ask("forget", forget)
	none := m.request()
	none.Topics = nil
	m.ask("nothing is fetched", none)
	m.fetch("add again", ack{5, 9, allOf(release)})
}

// shareLeave has members leave in order: what they had taken is there at once, and counts as delivered.
func shareLeave(s *session) {
	m := s.sharing(3)
	m.fetch("taken")
	m.fetch("two are settled", ack{0, 1, allOf(accept)})
	m.close("the session ends")
	leave := kmsg.NewPtrShareGroupHeartbeatRequest()
	leave.Version, leave.GroupID, leave.MemberID, leave.MemberEpoch = 1, m.group, m.member, -1
	s.check("leave", s.must(leave).(*kmsg.ShareGroupHeartbeatResponse).ErrorCode)
	next := m.another("m2")
	next.fetch("the next one has the rest")
	last := next.settling(ack{2, 14, allOf(release)})
	last.ShareSessionEpoch = -1
	resp := s.must(withVersion(1, last)).(*kmsg.ShareAcknowledgeResponse)
	s.check("end with a release", resp.ErrorCode)
	m.another("m3").fetch("the third has all of that")
}

func shareConnection(s *session) {
	m := s.sharing(2)
	m.fetch("open")
	s.hangUp()
	other := m.another("m2")
	for range 100 { // the broker notices it in its own time
		resp := s.must(withVersion(1, other.request())).(*kmsg.ShareFetchResponse)
		s.check("open", resp.ErrorCode)
		if len(resp.Topics) > 0 && len(resp.Topics[0].Partitions[0].AcquiredRecords) > 0 {
			a := resp.Topics[0].Partitions[0].AcquiredRecords[0]
			s.note("released", fmt.Sprintf("%d-%d x%d", a.FirstOffset, a.LastOffset, a.DeliveryCount))
			break
		}
		other.epoch++
	}
	m.fetch("the session has ended")
	m.settle2("so it has for acknowledgements", ack{0, 4, allOf(accept)})
}

// settle2 acknowledges at version 1 in a scenario about another API.
func (m *sharer) settle2(label string, acks ...ack) {
	m.s.askAs(label, withVersion(1, m.settling(acks...)))
}

// shareSessionsMax is the limit that both brokers have (group.share.max.share.sessions).
const shareSessionsMax = 30

func shareManySessions(s *session) {
	m := s.sharing(0)
	opened, refused := 0, false
	for i := range shareSessionsMax + 1 {
		req := m.another(fmt.Sprintf("m%d", i)).request()
		req.MaxWaitMillis = 1
		resp := s.must(withVersion(s.version, req)).(*kmsg.ShareFetchResponse)
		if refused = resp.ErrorCode == 133; refused {
			break
		}
		opened++
	}
	s.note("some are refused", fmt.Sprint(refused))
	last := m.another("one too many")
	last.fetch("one too many")
	for i := range opened {
		req := m.another(fmt.Sprintf("m%d", i)).request()
		req.ShareSessionEpoch, req.Topics = -1, nil
		s.must(withVersion(s.version, req))
	}
	last.fetch("room again")
}

func shareLimits(s *session) {
	m := s.sharing(4)
	ask := func(label string, edit func(r *kmsg.ShareFetchRequest)) {
		req := m.request()
		edit(req)
		m.ask(label, req)
	}
	ask("no records", func(r *kmsg.ShareFetchRequest) { r.MaxRecords = 0 })
	ask("no bytes", func(r *kmsg.ShareFetchRequest) { r.MaxBytes = 0 })
	ask("one record: a whole batch", func(r *kmsg.ShareFetchRequest) { r.MaxRecords = 1 })
	ask("one byte: a whole batch", func(r *kmsg.ShareFetchRequest) { r.MaxBytes = 1 })
	ask("batches of three", func(r *kmsg.ShareFetchRequest) { r.BatchSize = 3 })
	ask("no wait", func(r *kmsg.ShareFetchRequest) { r.MaxWaitMillis = 0 })
	m.close("close")
	m.epoch = 0
	ask("one record again: a whole batch", func(r *kmsg.ShareFetchRequest) { r.MaxRecords = 1 })
	ask("all again, batches of one", func(r *kmsg.ShareFetchRequest) { r.BatchSize = 1 })
}

func shareRecordLimit(s *session) {
	m := s.sharing(3)
	request := func(records int32) *kmsg.ShareFetchRequest {
		req := m.request()
		req.MaxRecords, req.ShareAcquireMode = records, 1
		return req
	}
	m.ask("three", request(3))
	m.lookWith("four more, of two batches", withVersion(2, request(4)))
	m.lookWith("the rest", withVersion(2, request(100)))
	req := m.request()
	req.ShareAcquireMode = 2
	m.ask("mode 2", req)
}

// shareTurns has the partitions of a session take turns to be first.
func shareTurns(s *session) {
	m := s.sharing(1)
	topic := s.name("t")
	s.fill(topic, m.id, 1, 0)
	fetch := func(records int32) map[int32]string {
		req := m.request()
		req.MaxRecords, req.BatchSize = records, 5
		req.Topics[0].Partitions = append(req.Topics[0].Partitions, kmsg.ShareFetchRequestTopicPartition{Partition: 1})
		resp := s.must(withVersion(s.version, req)).(*kmsg.ShareFetchResponse)
		s.check("fetch", resp.ErrorCode)
		m.epoch++
		got := map[int32]string{}
		for _, t := range resp.Topics {
			for _, p := range t.Partitions {
				for _, a := range p.AcquiredRecords {
					got[p.Partition] += fmt.Sprintf("%d-%d ", a.FirstOffset, a.LastOffset)
				}
			}
		}
		return got
	}
	for got := 0; got < 2; { // Apache Kafka leaves out a partition that is not loaded yet
		got += len(fetch(500))
	}
	// Nothing is left for the close to release: that counts at Apache Kafka when it is written, some time after the answer.
	settle := m.settling(ack{0, 4, allOf(accept)})
	t := &settle.Topics[0]
	other := t.Partitions[0]
	other.Partition = 1
	t.Partitions = append(t.Partitions, other)
	s.must(withVersion(s.version, settle))
	m.epoch++
	m.close("close")
	m.epoch = 0
	s.fill(topic, m.id, 0, 1)
	s.note("one has records", fmt.Sprint(fetch(5)))
	s.fill(topic, m.id, 0, 2)
	s.fill(topic, m.id, 1, 1)
	s.note("both have", fmt.Sprint(fetch(1)))
}

func shareFetchRenew(s *session) {
	m := s.sharing(2)
	m.fetch("open")
	m.fetch("renew without saying so", ack{0, 4, allOf(renew)})
	still := m.request(ack{0, 4, allOf(renew)})
	still.IsRenewAck = true
	m.ask("with limits", still)
	renewing := func(acks ...ack) *kmsg.ShareFetchRequest {
		req := m.request(acks...)
		req.IsRenewAck = true
		req.MaxBytes, req.MinBytes, req.MaxRecords, req.MaxWaitMillis = 0, 0, 0, 0
		return req
	}
	m.ask("renew", renewing(ack{0, 4, allOf(renew)}))
	m.ask("renew and settle", renewing(ack{0, 4, []int8{renew, accept, release, reject, renew}}))
	m.ask("renew what is settled", renewing(ack{1, 1, allOf(renew)}))
	m.ask("renews nothing", renewing())
	m.fetch("what was released")
}

func shareTopics(s *session) {
	m := s.sharing(1)
	req := m.request()
	req.Topics[0].TopicID = [16]byte{9, 9}
	m.ask("unknown topic", req)
	m.epoch = 0
	req = m.request()
	req.Topics[0].Partitions[0].Partition = 9
	m.ask("unknown partition", req)
	m.epoch = 0
	req = m.request()
	req.Topics = append(req.Topics, kmsg.ShareFetchRequestTopic{TopicID: [16]byte{9, 9},
		Partitions: []kmsg.ShareFetchRequestTopicPartition{{Partition: 3}}})
	m.ask("some of each", req)
	req = m.request()
	req.Topics = nil
	m.ask("errors again and again", req)
	m.s.must(withVersion(5, removal(5, s.name("t"))))
	s.gone(s.name("t"))
	req = m.request()
	req.Topics = nil
	m.ask("the topic is deleted", req)
}

func shareFetchBad(s *session) {
	m := s.sharing(1)
	ask := func(label string, edit func(r *kmsg.ShareFetchRequest)) {
		req := m.request()
		edit(req)
		s.ask(label, req)
	}
	none, long := "", "0123456789012345678901234567890123456789"
	ask("no group", func(r *kmsg.ShareFetchRequest) { r.GroupID = nil })
	ask("empty group", func(r *kmsg.ShareFetchRequest) { r.GroupID = &none })
	ask("no member", func(r *kmsg.ShareFetchRequest) { r.MemberID = nil })
	ask("empty member", func(r *kmsg.ShareFetchRequest) { r.MemberID = &none })
	ask("long member", func(r *kmsg.ShareFetchRequest) { r.MemberID = &long })
	ask("no topics", func(r *kmsg.ShareFetchRequest) { r.Topics = nil })
}

// shareStrangers fetches as who belongs to no group, and as a group that has not got the partition.
func shareStrangers(s *session) {
	m := s.sharing(1)
	other, unread := s.topic("other", 1)
	s.fill(other, unread, 0, 0)
	nobody := &sharer{s: s, group: s.name("nobody"), member: "m", id: m.id}
	nobody.fetch("a group that is not there")
	nobody.fetch("again")
	foreign := &sharer{s: s, group: m.group, member: m.member, id: unread}
	foreign.fetch("a topic that the group does not read")
	classic := s.name("classic")
	s.syncAlone(classic, s.member(classic))
	wrong := &sharer{s: s, group: classic, member: "m", id: m.id}
	wrong.fetch("a classic group")
}

func shareDeliveries(s *session) {
	m := s.sharing(1, "share.delivery.count.limit=2")
	m.fetch("first")
	m.fetch("second", ack{0, 4, allOf(release)})
	m.fetch("given up", ack{0, 3, allOf(release)})
	m.close("close")
	m.epoch = 0
	m.fetch("the end of the session is a release too")
}

func shareLock(s *session) {
	m := s.sharing(1, "share.record.lock.duration.ms=1000")
	m.fetch("first")
	req := m.request()
	req.MaxWaitMillis = 10000
	m.ask("available again", req)
	m.fetch("accepted in time", ack{0, 1, allOf(accept)})
	var again []string
	for len(again) < 3 { // Apache Kafka may give them one by one, as each lock ends, in any order
		req = m.request()
		req.MaxWaitMillis = 10000
		resp := s.must(withVersion(1, req)).(*kmsg.ShareFetchResponse)
		s.check("fetch", resp.ErrorCode)
		m.epoch++
		for _, a := range resp.Topics[0].Partitions[0].AcquiredRecords {
			for o := a.FirstOffset; o <= a.LastOffset; o++ {
				again = append(again, fmt.Sprintf("%d x%d", o, a.DeliveryCount))
			}
		}
	}
	slices.Sort(again)
	s.note("there again", fmt.Sprint(again))
}
