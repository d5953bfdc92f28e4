package oracle

import "github.com/twmb/franz-go/pkg/kmsg"

func shareAcks(s *session) {
	m := s.sharing(3)
	m.take()
	m.settle("accept", ack{0, 1, allOf(accept)})
	m.settle("release", ack{2, 3, allOf(release)})
	m.settle("reject", ack{4, 4, allOf(reject)})
	m.settle("several", ack{5, 9, []int8{accept, gap, reject, release, accept}}, ack{10, 14, allOf(accept)})
	m.look("what is left")
	m.settle("nothing")
	req := m.settling()
	req.Topics = nil
	m.tell("no topics", req)
	m.settle("all that is left", ack{2, 3, allOf(accept)}, ack{8, 8, allOf(accept)})
	m.look("none is left")
}

func shareBadAcks(s *session) {
	m := s.sharing(3)
	m.take()
	m.settle("unordered", ack{5, 9, allOf(accept)}, ack{0, 4, allOf(accept)})
	m.settle("backwards", ack{4, 0, allOf(accept)})
	m.settle("negative", ack{-1, 0, allOf(accept)})
	m.settle("very negative", ack{-5, -3, allOf(accept)})
	m.settle("no types", ack{0, 4, nil})
	m.settle("too few types", ack{0, 4, []int8{accept, accept}})
	m.settle("too many types", ack{0, 1, []int8{accept, accept, accept}})
	m.settle("type 5", ack{0, 4, allOf(5)})
	m.settle("type -1", ack{0, 4, allOf(-1)})
	m.settle("huge", ack{0, 1 << 40, allOf(accept)})
	m.settle("good and bad", ack{0, 4, allOf(accept)}, ack{5, 9, allOf(9)})
	req := m.settling(ack{0, 1, allOf(accept)})
	req.Topics[0].Partitions[0].Partition = 7
	m.tell("unknown partition", req)
	req = m.settling(ack{0, 1, allOf(accept)})
	req.Topics[0].TopicID = [16]byte{1}
	m.tell("unknown topic", req)
	req = m.settling(ack{0, 1, allOf(accept)})
	req.Topics[0].Partitions[0].Partition = 1
	m.tell("a partition without records", req)
	m.settle("all of it counts still", ack{0, 14, allOf(release)})
	m.look("is there again")
}

func shareStaleAcks(s *session) {
	m := s.sharing(3)
	m.take()
	m.settle("accept", ack{5, 9, allOf(accept)})
	m.settle("accept again", ack{5, 9, allOf(accept)})
	m.settle("release what is accepted", ack{5, 5, allOf(release)})
	m.settle("reach over what is accepted", ack{4, 10, allOf(accept)})
	m.settle("beyond the end", ack{10, 20, allOf(accept)})
	other := m.another("m2")
	other.take()
	other.settle("another's", ack{0, 4, allOf(accept)})
	m.settle("release", ack{0, 4, allOf(release)})
	m.settle("settle what is released", ack{0, 4, allOf(accept)})
	other.look("another takes it")
	m.settle("too late", ack{0, 4, allOf(accept)})
	other.settle("its own", ack{0, 4, allOf(accept)})
	m.settle("before the start", ack{0, 4, allOf(accept)})
}

func shareAckSessions(s *session) {
	m := s.sharing(2)
	tell := func(label string, epoch int32, acks ...ack) {
		req := m.settling(acks...)
		req.ShareSessionEpoch = epoch
		s.ask(label, req)
	}
	tell("no session", 1)
	tell("no session to close", -1)
	tell("cannot open", 0)
	m.take()
	tell("cannot open again", 0)
	tell("ahead", 2)
	tell("epoch -2", -2)
	m.settle("accept", ack{0, 1, allOf(accept)})
	tell("the same again", 1, ack{2, 3, allOf(accept)})
	tell("close", -1, ack{2, 3, allOf(accept)})
	tell("closed", 2)
	m.epoch = 0
	m.look("what was not settled is there again")
	none, long := "", "0123456789012345678901234567890123456789"
	bad := func(label string, edit func(r *kmsg.ShareAcknowledgeRequest)) {
		req := m.settling()
		edit(req)
		s.ask(label, req)
	}
	bad("no group", func(r *kmsg.ShareAcknowledgeRequest) { r.GroupID = nil })
	bad("empty group", func(r *kmsg.ShareAcknowledgeRequest) { r.GroupID = &none })
	bad("no member", func(r *kmsg.ShareAcknowledgeRequest) { r.MemberID = nil })
	bad("empty member", func(r *kmsg.ShareAcknowledgeRequest) { r.MemberID = &none })
	bad("long member", func(r *kmsg.ShareAcknowledgeRequest) { r.MemberID = &long })
}

func shareAckRenew(s *session) {
	m := s.sharing(1)
	m.take()
	m.settle("renew without saying so", ack{0, 4, allOf(renew)})
	req := m.settling(ack{0, 4, allOf(renew)})
	req.IsRenewAck = s.version >= 2
	m.tell("renew", req)
	req = m.settling(ack{0, 4, []int8{renew, accept, reject, accept, renew}})
	req.IsRenewAck = s.version >= 2
	m.tell("renew and settle", req)
	m.look("nothing is released")
}
