package broker

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/record"
)

// announcing is a producer of the first generation on raw connections: its epoch stays the same from one transaction to
// the next.
type announcing struct {
	t     *testing.T
	id    string
	pid   int64
	epoch int16
	asked int32
}

// ask sends a request on a connection and gives the answer.
func (p *announcing) ask(c *rawConn, req kmsg.Request) kmsg.Response {
	p.t.Helper()
	p.asked++
	c.send(req, p.asked)
	return c.receive(req, p.asked)
}

func (p *announcing) init(c *rawConn) {
	p.t.Helper()
	find := kmsg.NewPtrFindCoordinatorRequest() // makes __transaction_state
	find.Version, find.CoordinatorType, find.CoordinatorKey = 3, 1, p.id
	p.ask(c, find)
	req := kmsg.NewPtrInitProducerIDRequest()
	req.Version, req.TransactionalID, req.TransactionTimeoutMillis = 3, &p.id, 60_000
	for {
		answer := p.ask(c, req).(*kmsg.InitProducerIDResponse)
		switch err := kerr.ErrorForCode(answer.ErrorCode); err {
		case nil:
			p.pid, p.epoch = answer.ProducerID, answer.ProducerEpoch
			return
		case kerr.CoordinatorLoadInProgress, kerr.CoordinatorNotAvailable, kerr.NotCoordinator:
		default:
			p.t.Fatal(err)
		}
	}
}

func (p *announcing) partitions(topic string) *kmsg.AddPartitionsToTxnRequest {
	req := kmsg.NewPtrAddPartitionsToTxnRequest()
	req.Version, req.TransactionalID, req.ProducerID, req.ProducerEpoch = 3, p.id, p.pid, p.epoch
	t := kmsg.NewAddPartitionsToTxnRequestTopic()
	t.Topic, t.Partitions = topic, []int32{0}
	req.Topics = append(req.Topics, t)
	return req
}

func (p *announcing) offsetsOf(group string) *kmsg.AddOffsetsToTxnRequest {
	req := kmsg.NewPtrAddOffsetsToTxnRequest()
	req.Version, req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Group = 3, p.id, p.pid, p.epoch, group
	return req
}

func (p *announcing) offset(group, topic string, at int64) *kmsg.TxnOffsetCommitRequest {
	req := kmsg.NewPtrTxnOffsetCommitRequest()
	req.Version, req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Group = 3, p.id, p.pid, p.epoch, group
	req.Generation = -1
	t := kmsg.NewTxnOffsetCommitRequestTopic()
	t.Topic = topic
	part := kmsg.NewTxnOffsetCommitRequestTopicPartition()
	part.Offset = at
	t.Partitions = append(t.Partitions, part)
	req.Topics = append(req.Topics, t)
	return req
}

func (p *announcing) batch(topic string, sequence int32) *kmsg.ProduceRequest {
	b := record.NewBuilder(record.Options{HasProducer: true, ProducerID: p.pid, ProducerEpoch: p.epoch,
		BaseSequence: sequence, Transactional: true})
	b.Append(1, nil, []byte("value"))
	req := kmsg.NewPtrProduceRequest()
	req.Version, req.TransactionID, req.Acks, req.TimeoutMillis = 9, &p.id, -1, 30_000
	t := kmsg.NewProduceRequestTopic()
	t.Topic = topic
	part := kmsg.NewProduceRequestTopicPartition()
	part.Records = b.Build().Raw
	t.Partitions = append(t.Partitions, part)
	req.Topics = append(req.Topics, t)
	return req
}

func (p *announcing) end(commit bool) *kmsg.EndTxnRequest {
	req := kmsg.NewPtrEndTxnRequest()
	req.Version, req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Commit = 3, p.id, p.pid, p.epoch, commit
	return req
}

// works asks on a connection and fails unless no error is answered.
func (p *announcing) works(c *rawConn, requests ...kmsg.Request) {
	p.t.Helper()
	for _, req := range requests {
		code := int16(-1)
		switch answer := p.ask(c, req).(type) {
		case *kmsg.AddPartitionsToTxnResponse:
			code = answer.Topics[0].Partitions[0].ErrorCode
		case *kmsg.AddOffsetsToTxnResponse:
			code = answer.ErrorCode
		case *kmsg.TxnOffsetCommitResponse:
			code = answer.Topics[0].Partitions[0].ErrorCode
		case *kmsg.ProduceResponse:
			code = answer.Topics[0].Partitions[0].ErrorCode
		case *kmsg.EndTxnResponse:
			code = answer.ErrorCode
		}
		if err := kerr.ErrorForCode(code); err != nil {
			p.t.Fatalf("%s: %v", kmsg.NameForKey(req.Key()), err)
		}
	}
}

// TestLateRequests sends requests of an earlier transaction when a later one of the same producer and epoch is open, on a
// connection that its client has given up (KAFKA-17754). None of them touches the later one, and its connection is closed.
func TestLateRequests(t *testing.T) {
	b := openDir(t, t.TempDir())
	topic(t, b, "a", 1)
	topic(t, b, "b", 1)
	if err := admin(t, b).CommitAllOffsets(limit(t), "elsewhere", kadm.Offsets{}); err != nil { // makes __consumer_offsets
		t.Fatal(err)
	}
	for name, late := range map[string]func(p *announcing) kmsg.Request{
		"commit":     func(p *announcing) kmsg.Request { return p.end(true) },
		"abort":      func(p *announcing) kmsg.Request { return p.end(false) },
		"partitions": func(p *announcing) kmsg.Request { return p.partitions("a") },
		"offsets":    func(p *announcing) kmsg.Request { return p.offsetsOf("more") },
		"offset":     func(p *announcing) kmsg.Request { return p.offset("group-of-"+p.id, "a", 1) },
		"batch":      func(p *announcing) kmsg.Request { return p.batch("b", 0) },
	} {
		t.Run(name, func(t *testing.T) {
			p := &announcing{t: t, id: name}
			group := "group-of-" + name
			old, young := dialRaw(t, b), dialRaw(t, b)
			p.init(old)
			p.works(old, p.partitions("a"), p.batch("a", 0), p.offsetsOf(group), p.offset(group, "a", 5))
			p.works(young, p.end(true), p.partitions("b"), p.offsetsOf(group))

			old.send(late(p), 1)
			old.mustClose()

			describe := kmsg.NewPtrDescribeTransactionsRequest()
			describe.TransactionalIDs = []string{name}
			s := p.ask(young, describe).(*kmsg.DescribeTransactionsResponse).TransactionStates[0]
			if s.State != "Ongoing" || len(s.Topics) != 2 {
				t.Errorf("the later transaction is %+v", s)
			}
			p.works(young, p.batch("b", 0), p.end(true))
			got, err := admin(t, b).FetchOffsets(limit(t), group)
			if o, ok := got.Lookup("a", 0); err != nil || !ok || o.At != 5 {
				t.Errorf("the group is at %v, %v; want 5", o.At, err)
			}
		})
	}
	if read := consumeN(t, b, "b", 6); len(read) != 6 {
		t.Errorf("read %d records", len(read))
	}
}
