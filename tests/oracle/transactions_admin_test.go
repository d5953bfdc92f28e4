package oracle

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

func describeTransactions(s *session) {
	topic, _ := s.topic("t", 3)
	other, _ := s.topic("other", 1)
	p, q := s.transactional("p"), s.transactional("q")
	ids := []string{p.id, q.id, s.name("none"), ""}
	s.ask("idle", &kmsg.DescribeTransactionsRequest{TransactionalIDs: ids})
	s.must(p.add(topic, 2, 0))
	s.must(p.add(other, 0))
	s.ask("open", &kmsg.DescribeTransactionsRequest{TransactionalIDs: ids})
	s.must(p.end(true))
	s.settledAs("settled", p.end(true))
	s.ask("committed", &kmsg.DescribeTransactionsRequest{TransactionalIDs: ids})
	s.ask("none", &kmsg.DescribeTransactionsRequest{})
	s.ask("the same twice", &kmsg.DescribeTransactionsRequest{TransactionalIDs: []string{p.id, p.id}})
}

func listTransactions(s *session) {
	topic, _ := s.topic("t", 1)
	p, q, r := s.transactional("p"), s.transactional("q"), s.transactional("r")
	s.must(p.add(topic, 0))
	s.must(q.add(topic, 0))
	s.must(q.end(false))
	s.settledAs("settled", q.end(false))
	ask := func(label string, edit func(req *kmsg.ListTransactionsRequest)) {
		req := kmsg.NewPtrListTransactionsRequest()
		req.DurationFilterMillis = -1
		edit(req)
		s.ask(label, req)
	}
	ask("all", func(*kmsg.ListTransactionsRequest) {})
	for _, states := range [][]string{{"Ongoing"}, {"CompleteAbort", "Empty"}, {"Dead"}, {"PrepareEpochFence", "x"}, {"ongoing"}} {
		ask(fmt.Sprintf("states %q", states), func(req *kmsg.ListTransactionsRequest) { req.StateFilters = states })
	}
	ask("producers", func(req *kmsg.ListTransactionsRequest) { req.ProducerIDFilters = []int64{p.pid, r.pid} })
	ask("no producer", func(req *kmsg.ListTransactionsRequest) { req.ProducerIDFilters = []int64{-7} })
	if s.version >= 1 {
		ask("long", func(req *kmsg.ListTransactionsRequest) {
			req.DurationFilterMillis, req.StateFilters = 3_600_000, []string{"Ongoing"}
		})
		ask("not long", func(req *kmsg.ListTransactionsRequest) { req.StateFilters = []string{"Ongoing"} })
	}
	if s.version >= 2 {
		for _, pattern := range []string{s.name("p"), ".*-p", "p", "", "(", s.name("(q|r)")} {
			ask("pattern "+pattern[max(0, len(pattern)-5):], func(req *kmsg.ListTransactionsRequest) {
				req.TransactionalIDPattern = &pattern
			})
		}
	}
	s.askAs("end", p.end(true))
}

// writeMarkers is an administrator who ends what nobody ends.
func writeMarkers(s *session) {
	topic, id := s.topic("t", 2)
	p := s.transactional("tx")
	s.must(p.add(topic, 0))
	write := p.produce(topic, [16]byte{}, 0, 0, "a")
	write.Version = 9
	s.must(write)
	ask := func(label string, pid int64, epoch int16, commit bool, partitions ...int32) {
		m := kmsg.NewWriteTxnMarkersRequestMarker()
		m.ProducerID, m.ProducerEpoch, m.Committed = pid, epoch, commit
		m.Topics = []kmsg.WriteTxnMarkersRequestMarkerTopic{{Topic: topic, Partitions: partitions}}
		s.ask(label, &kmsg.WriteTxnMarkersRequest{Markers: []kmsg.WriteTxnMarkersRequestMarker{m}})
	}
	s.initialise(p)
	s.must(p.add(topic, 0))
	write = p.produce(topic, [16]byte{}, 0, 0, "b")
	write.Version = 9
	s.must(write)
	ask("epoch that is over", p.pid, p.epoch-1, false, 0)
	ask("no such partition", p.pid, p.epoch, false, 7)
	ask("abort", p.pid, p.epoch, false, 0)
	ask("of a stranger", p.pid+1_000_000, 0, true, 1)
	fetch := fetchRequest(topic, id, 0, 0)
	fetch.Version, fetch.IsolationLevel = 12, 1
	s.askAs("read committed", fetch)
	s.askAs("producers", &kmsg.DescribeProducersRequest{Topics: []kmsg.DescribeProducersRequestTopic{
		{Topic: topic, Partitions: []int32{0, 1}}}})
}

func findTransactions(s *session) {
	p := s.transactional("tx")
	req := kmsg.NewPtrFindCoordinatorRequest()
	req.CoordinatorType, req.CoordinatorKey, req.CoordinatorKeys = 1, p.id, []string{p.id, s.name("other")}
	s.ask("coordinator", req)
}

// commit is an offset of partition 0 in a producer's transaction.
func (p *producer) commit(group, topic string, id [16]byte, offset int64) *kmsg.TxnOffsetCommitRequest {
	req := kmsg.NewPtrTxnOffsetCommitRequest()
	req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Group = p.id, p.pid, p.epoch, group
	req.Generation = -1
	t := kmsg.NewTxnOffsetCommitRequestTopic()
	t.Topic, t.TopicID = topic, id
	metadata := "m"
	t.Partitions = []kmsg.TxnOffsetCommitRequestTopicPartition{{Partition: 0, Offset: offset, LeaderEpoch: -1, Metadata: &metadata}}
	req.Topics = append(req.Topics, t)
	return req
}

// commitTransaction is offsets in transactions.
func commitTransaction(s *session) {
	topic, id := s.topic("t", 2)
	group, p := s.name("g"), s.transactional("tx")
	commit := func(label string, p *producer, edit func(r *kmsg.TxnOffsetCommitRequest)) {
		req := p.commit(group, topic, id, 7)
		edit(req)
		s.settled(label, req)
	}
	same := func(*kmsg.TxnOffsetCommitRequest) {}
	fetch := func(label string, stable bool) {
		req := kmsg.NewPtrOffsetFetchRequest()
		req.Version, req.Group, req.RequireStable = 7, group, stable
		req.Topics = []kmsg.OffsetFetchRequestTopic{{Topic: topic, Partitions: []int32{0, 1}}}
		s.askAs(label, req)
	}
	if s.version < 5 {
		commit("not in the transaction", p, same)
		s.must(p.addOffsets(group))
	}
	commit("unknown id", &producer{id: s.name("none"), pid: p.pid + 1_000_000}, same)
	commit("offsets", p, same)
	fetch("fetched before the end", false)
	fetch("stable ones", true)
	commit("epoch ahead", &producer{id: p.id, pid: p.pid, epoch: 9}, same)
	commit("other producer", &producer{id: p.id, pid: p.pid + 1_000_000}, same)
	commit("no group", p, func(r *kmsg.TxnOffsetCommitRequest) { r.Group = "" })
	commit("partition that is not there", p, func(r *kmsg.TxnOffsetCommitRequest) { r.Topics[0].Partitions[0].Partition = 9 })
	commit("topic that is not there", p, func(r *kmsg.TxnOffsetCommitRequest) {
		r.Topics[0].Topic, r.Topics[0].TopicID = s.name("none"), unknownID
	})
	if s.version >= 3 {
		commit("generation", p, func(r *kmsg.TxnOffsetCommitRequest) { r.Generation = 3 })
		commit("member", p, func(r *kmsg.TxnOffsetCommitRequest) { r.MemberID = "nobody" })
		instance := "i"
		commit("instance", p, func(r *kmsg.TxnOffsetCommitRequest) { r.InstanceID = &instance })
	}
	end := p.end(true)
	if s.version >= 5 {
		end.Version = 5
	}
	s.settledAs("end", end)
	req := kmsg.NewPtrOffsetFetchRequest()
	req.Version, req.Group, req.RequireStable = 7, group, true
	req.Topics = []kmsg.OffsetFetchRequestTopic{{Topic: topic, Partitions: []int32{0, 1}}}
	s.settledAs("fetched after the end", req)
	commit("after the end", p, same)
}

// commitBehindNone is offsets in a transaction, where the one before had the group's partition too, but no offsets.
func commitBehindNone(s *session) {
	topic, id := s.topic("t", 1)
	group, p := s.name("g"), s.transactional("tx")
	add := func(label string) {
		if s.version < 5 {
			s.settledAs(label, p.addOffsets(group))
		}
	}
	end := func(label string, commit bool) {
		req := p.end(commit)
		if s.version >= 5 {
			req.Version = 5
		}
		resp, _ := s.settledAs(label, req).(*kmsg.EndTxnResponse)
		if resp != nil && resp.ErrorCode == 0 && s.version >= 5 {
			p.pid, p.epoch = resp.ProducerID, resp.ProducerEpoch
		}
	}
	fetch := kmsg.NewPtrOffsetFetchRequest()
	fetch.Version, fetch.Group, fetch.RequireStable = 7, group, true
	fetch.Topics = []kmsg.OffsetFetchRequestTopic{{Topic: topic, Partitions: []int32{0}}}
	for round, commit := range []bool{false, true} {
		add("added, for nothing")
		if s.version >= 5 { // the group refuses what has made its partition part of the transaction
			req := p.commit(group, topic, id, 1)
			req.Generation = 3
			s.settled("refused", req)
		}
		end("end of nothing", commit)
		add("added")
		s.settled("offsets", p.commit(group, topic, id, int64(10+round)))
		end("end", true)
		s.settledAs("fetched", fetch)
	}
}
