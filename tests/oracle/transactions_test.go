package oracle

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

func transactionScenarios() []scenario {
	return []scenario{
		{key: 22, name: "transactional", run: initTransactional},
		{key: 22, name: "fencing", run: initFencing},
		{key: 24, name: "life", max: 3, run: addPartitions},
		{key: 25, name: "life", run: addOffsets},
		{key: 26, name: "announced", max: 4, run: endAnnounced},
		{key: 26, name: "bumped", min: 5, max: 5, run: endBumped},
		{key: 0, name: "transactions", min: 3, max: 13, run: produceTransactional},
		{key: 65, name: "describe", run: describeTransactions},
		{key: 66, name: "list", run: listTransactions},
		{key: 27, name: "markers", run: writeMarkers},
		{key: 28, name: "offsets", run: commitTransaction},
		{key: 28, name: "behind a transaction without offsets", run: commitBehindNone},
		{key: 10, name: "transactions", min: 1, max: 6, run: findTransactions},
	}
}

// concurrent is CONCURRENT_TRANSACTIONS: the end before is still being carried out.
const concurrent = 51

// unstable is UNSTABLE_OFFSET_COMMIT: the marker has not reached the offsets yet.
const unstable = 88

// producer is what one writes with under a transactional id.
type producer struct {
	id    string
	pid   int64
	epoch int16
}

// codeOf is the code of an answer about a transaction.
func codeOf(resp kmsg.Response) int16 {
	switch r := resp.(type) {
	case *kmsg.InitProducerIDResponse:
		return r.ErrorCode
	case *kmsg.EndTxnResponse:
		return r.ErrorCode
	case *kmsg.AddOffsetsToTxnResponse:
		return r.ErrorCode
	case *kmsg.TxnOffsetCommitResponse:
		if len(r.Topics) > 0 && len(r.Topics[0].Partitions) > 0 {
			return r.Topics[0].Partitions[0].ErrorCode
		}
	case *kmsg.OffsetFetchResponse:
		for _, t := range r.Topics {
			for _, p := range t.Partitions {
				if p.ErrorCode == unstable {
					return concurrent
				}
			}
		}
	case *kmsg.AddPartitionsToTxnResponse:
		if len(r.Topics) > 0 && len(r.Topics[0].Partitions) > 0 {
			return r.Topics[0].Partitions[0].ErrorCode
		}
	case *kmsg.ProduceResponse:
		if len(r.Topics) > 0 {
			return r.Topics[0].Partitions[0].ErrorCode
		}
	}
	return 0
}

// settled asks until what was under way is over, and records the answer then.
func (s *session) settled(label string, req kmsg.Request) kmsg.Response {
	req.SetVersion(s.version)
	return s.settledAs(label, req)
}

func (s *session) settledAs(label string, req kmsg.Request) kmsg.Response {
	for range 500 {
		resp, err := s.line().ask(req, s.limit)
		if err == nil && codeOf(resp) == concurrent {
			pause()
			continue
		}
		s.record(label, resp, err)
		return resp
	}
	panic(failure{fmt.Errorf("%s: still being carried out", label)})
}

func initRequest(id string) *kmsg.InitProducerIDRequest {
	req := kmsg.NewPtrInitProducerIDRequest()
	req.TransactionalID, req.TransactionTimeoutMillis = &id, 60000
	req.ProducerID, req.ProducerEpoch = -1, -1
	return req
}

// transactional is a producer with a new id, at the version that clients of the first generation use.
func (s *session) transactional(name string) *producer {
	p := &producer{id: s.name(name)}
	s.initialise(p)
	return p
}

// initialise gives a producer its next epoch.
func (s *session) initialise(p *producer) {
	find := kmsg.NewPtrFindCoordinatorRequest()
	find.Version, find.CoordinatorType, find.CoordinatorKey = 2, 1, p.id
	req := initRequest(p.id)
	req.Version = 4
	for range 500 {
		s.must(find)
		resp := s.must(req).(*kmsg.InitProducerIDResponse)
		if resp.ErrorCode == 0 {
			p.pid, p.epoch = resp.ProducerID, resp.ProducerEpoch
			return
		}
		pause()
	}
	panic(failure{fmt.Errorf("prepare: no producer for %s", p.id)})
}

func (p *producer) add(topic string, partitions ...int32) *kmsg.AddPartitionsToTxnRequest {
	req := kmsg.NewPtrAddPartitionsToTxnRequest()
	req.TransactionalID, req.ProducerID, req.ProducerEpoch = p.id, p.pid, p.epoch
	req.Topics = []kmsg.AddPartitionsToTxnRequestTopic{{Topic: topic, Partitions: partitions}}
	req.Version = 3
	return req
}

func (p *producer) addOffsets(group string) *kmsg.AddOffsetsToTxnRequest {
	req := kmsg.NewPtrAddOffsetsToTxnRequest()
	req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Group = p.id, p.pid, p.epoch, group
	req.Version = 3
	return req
}

func (p *producer) end(commit bool) *kmsg.EndTxnRequest {
	req := kmsg.NewPtrEndTxnRequest()
	req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Commit = p.id, p.pid, p.epoch, commit
	req.Version = 3
	return req
}

// produce is a batch of a producer's transaction.
func (p *producer) produce(topic string, id [16]byte, partition int32, sequence int32, values ...string,
) *kmsg.ProduceRequest {
	b := newBatch(values...)
	b.ProducerID, b.ProducerEpoch, b.FirstSequence = p.pid, p.epoch, sequence
	b.Attributes |= 0x10
	req := produceRequest(topic, id, partition, b.bytes())
	req.TransactionID = &p.id
	return req
}

func initTransactional(s *session) {
	s.transactional("before") // makes the topic of transactions
	id := s.name("tx")
	ask := func(label string, edit func(r *kmsg.InitProducerIDRequest)) *kmsg.InitProducerIDResponse {
		req := initRequest(id)
		edit(req)
		resp, _ := s.settled(label, req).(*kmsg.InitProducerIDResponse)
		return resp
	}
	ask("new", func(*kmsg.InitProducerIDRequest) {})
	given := ask("again", func(*kmsg.InitProducerIDRequest) {})
	for _, timeout := range []int32{0, -1, 900000, 900001, 2147483647} {
		ask(fmt.Sprintf("timeout %d", timeout), func(r *kmsg.InitProducerIDRequest) { r.TransactionTimeoutMillis = timeout })
	}
	ask("empty id", func(r *kmsg.InitProducerIDRequest) { none := ""; r.TransactionalID = &none })
	if s.version < 3 || given == nil {
		return
	}
	given = ask("now", func(*kmsg.InitProducerIDRequest) {})
	with := func(label string, pid int64, epoch int16) {
		ask(label, func(r *kmsg.InitProducerIDRequest) { r.ProducerID, r.ProducerEpoch = pid, epoch })
	}
	with("with what it has", given.ProducerID, given.ProducerEpoch)
	with("the same again", given.ProducerID, given.ProducerEpoch)
	with("with the next", given.ProducerID, given.ProducerEpoch+1)
	with("with one ahead", given.ProducerID, given.ProducerEpoch+9)
	with("with another producer id", given.ProducerID+1_000_000, 0)
	with("with an id only", given.ProducerID, -1)
	with("with an epoch only", -1, 0)
	ask("without", func(*kmsg.InitProducerIDRequest) {})
	with("with one before that", given.ProducerID, given.ProducerEpoch+2)
	id = s.name("other")
	with("new, with a producer id", given.ProducerID, 5)
}

// initFencing is a second producer that comes while the first has a transaction.
func initFencing(s *session) {
	topic, _ := s.topic("t", 1)
	p := s.transactional("tx")
	s.must(p.add(topic, 0))
	second, _ := s.settled("the second comes", initRequest(p.id)).(*kmsg.InitProducerIDResponse)
	s.askAs("the first adds", p.add(topic, 0))
	s.askAs("the first ends", p.end(true))
	if s.version >= 3 {
		req := initRequest(p.id)
		req.ProducerID, req.ProducerEpoch = p.pid, p.epoch
		s.ask("the first goes on", req)
	}
	if second != nil {
		p.pid, p.epoch = second.ProducerID, second.ProducerEpoch
	}
	s.askAs("the second adds", p.add(topic, 0))
	s.settledAs("the second ends", p.end(true))
}

func addPartitions(s *session) {
	topic, _ := s.topic("t", 3)
	p := s.transactional("tx")
	s.ask("unknown id", (&producer{id: s.name("none"), pid: p.pid, epoch: 0}).add(topic, 0))
	s.ask("no id", (&producer{id: "", pid: p.pid, epoch: 0}).add(topic, 0))
	s.ask("other producer", (&producer{id: p.id, pid: p.pid + 1_000_000, epoch: 0}).add(topic, 0))
	s.ask("epoch ahead", (&producer{id: p.id, pid: p.pid, epoch: 3}).add(topic, 0))
	s.ask("one", p.add(topic, 0))
	s.ask("again", p.add(topic, 0))
	s.ask("two more", p.add(topic, 1, 2))
	s.ask("one that is not there", p.add(topic, 0, 7))
	s.ask("a topic that is not there", p.add(s.name("none"), 0))
	s.ask("nothing", p.add(topic))
	s.askAs("described", &kmsg.DescribeTransactionsRequest{TransactionalIDs: []string{p.id}})
	s.must(p.end(true))
	s.settled("after the end", p.add(topic, 0))
	s.askAs("described then", &kmsg.DescribeTransactionsRequest{TransactionalIDs: []string{p.id}})
	s.initialise(p)
	s.ask("after another init", (&producer{id: p.id, pid: p.pid, epoch: p.epoch - 1}).add(topic, 0))
}

func addOffsets(s *session) {
	p := s.transactional("tx")
	s.ask("unknown id", (&producer{id: s.name("none"), pid: p.pid, epoch: 0}).addOffsets(s.name("g")))
	s.ask("no id", (&producer{id: "", pid: p.pid, epoch: 0}).addOffsets(s.name("g")))
	s.ask("other producer", (&producer{id: p.id, pid: p.pid + 1_000_000, epoch: 0}).addOffsets(s.name("g")))
	s.ask("epoch ahead", (&producer{id: p.id, pid: p.pid, epoch: 3}).addOffsets(s.name("g")))
	s.ask("offsets", p.addOffsets(s.name("g")))
	s.ask("again", p.addOffsets(s.name("g")))
	s.ask("no group", p.addOffsets(""))
	s.askAs("end", p.end(false))
	s.settled("after the end", p.addOffsets(s.name("h")))
}

func endAnnounced(s *session) {
	topic, _ := s.topic("t", 2)
	p := s.transactional("tx")
	s.ask("unknown id", (&producer{id: s.name("none"), pid: p.pid, epoch: 0}).end(true))
	s.ask("no id", (&producer{id: "", pid: p.pid, epoch: 0}).end(true))
	s.ask("other producer", (&producer{id: p.id, pid: p.pid + 1_000_000, epoch: 0}).end(true))
	s.ask("epoch ahead", (&producer{id: p.id, pid: p.pid, epoch: 3}).end(true))
	s.ask("commit of nothing", p.end(true))
	s.ask("abort of nothing", p.end(false))
	for _, commit := range []bool{true, false} {
		s.must(p.add(topic, 0, 1))
		s.ask(fmt.Sprintf("end %v", commit), p.end(commit))
		s.settled(fmt.Sprintf("end %v again", commit), p.end(commit))
		s.settled(fmt.Sprintf("end %v after it", !commit), p.end(!commit))
		s.askAs("described", &kmsg.DescribeTransactionsRequest{TransactionalIDs: []string{p.id}})
	}
	old := *p
	s.initialise(p)
	s.ask("an epoch that is over", old.end(true))
}

// endBumped is a producer of the second generation: every end raises its epoch.
func endBumped(s *session) {
	topic, id := s.topic("t", 1)
	p := s.transactional("tx")
	next := func(label string, commit bool) {
		resp, _ := s.settled(label, p.end(commit)).(*kmsg.EndTxnResponse)
		if resp != nil && resp.ErrorCode == 0 {
			p.pid, p.epoch = resp.ProducerID, resp.ProducerEpoch
		}
	}
	write := func(label, value string) {
		req := p.produce(topic, id, 0, 0, value)
		req.Version = 13
		s.settledAs(label, req)
	}
	next("commit of nothing", true)
	next("abort of nothing", false)
	for _, commit := range []bool{true, false} {
		write("write", fmt.Sprint(commit))
		old := *p
		next(fmt.Sprintf("end %v", commit), commit)
		s.settled("again", old.end(commit))
		s.settled("the other way", old.end(!commit))
		s.askAs("described", &kmsg.DescribeTransactionsRequest{TransactionalIDs: []string{p.id}})
		write("write next", "n")
		s.settled("late, of the one before", old.end(commit))
		s.settled("late, the other way", old.end(!commit))
		next("end next", true)
	}
	late := *p
	late.epoch--
	write("write last", "l") // waits for the end before it
	req := late.produce(topic, id, 0, 5, "late")
	req.Version = 13
	s.settledAs("write late", req)
	p.epoch += 5
	next("epoch ahead", true)
}

func produceTransactional(s *session) {
	topic, id := s.topic("t", 2)
	p := s.transactional("tx")
	ask := func(label string, req *kmsg.ProduceRequest) {
		if s.version < 13 {
			req.Topics[0].TopicID = [16]byte{}
		}
		s.settled(label, req)
	}
	ask("unknown id", (&producer{id: s.name("none"), pid: p.pid}).produce(topic, id, 0, 0, "x"))
	ask("not in the transaction", p.produce(topic, id, 0, 0, "a"))
	s.must(p.add(topic, 1))
	ask("in the transaction", p.produce(topic, id, 1, 0, "b"))
	ask("next", p.produce(topic, id, 1, 1, "c"))
	ask("resent", p.produce(topic, id, 1, 1, "c"))
	ask("epoch ahead", (&producer{id: p.id, pid: p.pid, epoch: 4}).produce(topic, id, 0, 0, "x"))
	ask("other producer", (&producer{id: p.id, pid: p.pid + 1_000_000}).produce(topic, id, 0, 0, "x"))
	plain := newBatch("plain")
	plain.ProducerID, plain.ProducerEpoch, plain.FirstSequence = p.pid, p.epoch, 2
	ask("plain batch of the producer", produceRequest(topic, id, 1, plain.bytes()))
	s.must(p.end(true))
	s.initialise(p)
	fetch := fetchRequest(topic, id, 1, 0)
	fetch.Version, fetch.IsolationLevel = 12, 1
	s.askAs("read committed", fetch)
}
