package oracle

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// unusual are settings of transactions that are not the defaults.
const unusual = `transaction.partition.verification.enable=false
transaction.two.phase.commit.enable=true
transaction.abort.timed.out.transaction.cleanup.interval.ms=100
transaction.remove.expired.transaction.cleanup.interval.ms=100
transactional.id.expiration.ms=300
`

// TestTransactionSettings asks both brokers, with other settings of transactions than the defaults.
func TestTransactionSettings(t *testing.T) {
	kafka, weir := startKafka(t, "kafka", kafkaLibs(t), unusual), startWeir(t, unusual)
	for _, b := range []endpoint{kafka, weir} {
		warmUp(t, b)
	}
	ledger := newLedger(differences)
	for _, sc := range []scenario{
		{key: 0, name: "unverified", min: 3, max: 13, run: produceUnverified},
		{key: 28, name: "unverified", min: 0, max: 6, run: commitUnverified},
		{key: 22, name: "two-phase", min: 5, max: 5, run: twoPhase},
		{key: 65, name: "timed out and expired", run: timeOutAndExpire},
	} {
		t.Run(sc.name, func(t *testing.T) {
			for v := sc.min; v <= sc.max; v++ {
				compare(t, sc, v, "unusual", kafka, weir, ledger)
			}
		})
	}
}

// produceUnverified writes to partitions that are not part of the transaction: those who announce them are believed, the
// others' are made part of it.
func produceUnverified(s *session) {
	topic, id := s.topic("t", 3)
	p := s.transactional("tx")
	s.must(p.add(topic, 1))
	s.ask("unannounced", p.produce(topic, id, 0, 0, "a"))
	s.ask("again", p.produce(topic, id, 0, 1, "b"))
	s.ask("epoch ahead", (&producer{p.id, p.pid, p.epoch + 1}).produce(topic, id, 2, 0, "c"))
	s.ask("unknown id", (&producer{s.name("none"), p.pid + 1_000_000, 0}).produce(topic, id, 2, 0, "d"))
	s.askAs("transaction", &kmsg.DescribeTransactionsRequest{TransactionalIDs: []string{p.id}})
	s.askAs("end", p.end(true))
	s.settledAs("ended", p.end(true))
	s.askAs("producers", &kmsg.DescribeProducersRequest{Topics: []kmsg.DescribeProducersRequestTopic{
		{Topic: topic, Partitions: []int32{0, 1, 2}}}})
}

// commitUnverified is the same of offsets.
func commitUnverified(s *session) {
	topic, id := s.topic("t", 1)
	p := s.transactional("tx")
	req := kmsg.NewPtrTxnOffsetCommitRequest()
	req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Group, req.Generation = p.id, p.pid, p.epoch, s.name("g"), -1
	req.Topics = []kmsg.TxnOffsetCommitRequestTopic{{Topic: topic, TopicID: id,
		Partitions: []kmsg.TxnOffsetCommitRequestTopicPartition{{Offset: 7, LeaderEpoch: -1}}}}
	s.settled("unannounced", req)
	s.askAs("transaction", &kmsg.DescribeTransactionsRequest{TransactionalIDs: []string{p.id}})
}

// twoPhase asks whether two-phase commit is offered to clients where it is allowed.
func twoPhase(s *session) {
	for _, k := range s.must(apiVersionsRequest(4)).(*kmsg.ApiVersionsResponse).ApiKeys {
		if k.ApiKey == 22 && k.MaxVersion != 5 {
			s.note("versions", "more than 5")
		}
	}
	req := initRequest(s.name("tx"))
	req.Version = 6
	s.askAs("version 6", req)
}

// timeOutAndExpire opens a transaction that times out, and lets its id be forgotten.
func timeOutAndExpire(s *session) {
	topic, _ := s.topic("t", 1)
	p := &producer{id: s.name("tx")}
	s.initialise(p)
	req := initRequest(p.id)
	req.Version, req.TransactionTimeoutMillis = 4, 100
	got := s.must(req).(*kmsg.InitProducerIDResponse)
	s.check("short timeout", got.ErrorCode)
	p.pid, p.epoch = got.ProducerID, got.ProducerEpoch
	s.must(p.add(topic, 0))
	describe := &kmsg.DescribeTransactionsRequest{TransactionalIDs: []string{p.id}}
	s.until("aborted", describe, func(d kmsg.DescribeTransactionsResponseTransactionState) bool {
		return d.State == "CompleteAbort" || d.ErrorCode != 0
	})
	s.until("forgotten", describe, func(d kmsg.DescribeTransactionsResponseTransactionState) bool { return d.ErrorCode != 0 })
	s.askAs("described", describe)
}

// until describes one transactional id until it is as wanted.
func (s *session) until(label string, req *kmsg.DescribeTransactionsRequest,
	wanted func(kmsg.DescribeTransactionsResponseTransactionState) bool,
) {
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); pause() {
		if wanted(s.must(req).(*kmsg.DescribeTransactionsResponse).TransactionStates[0]) {
			s.note(label, "in the end")
			return
		}
	}
	s.note(label, "not in a minute")
}
