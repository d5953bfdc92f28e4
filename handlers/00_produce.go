package handlers

import (
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"weir/internal/clock"
	"weir/log"
	"weir/metadata"
	"weir/partition"
	"weir/protocol"
	"weir/record"
)

// Produce (key 0), v3-v13; advertised from v0, see API.AdvertiseMin.
//
// Behavior:
//   - Each partition takes exactly one record batch of format v2; it is validated, stamped and appended in
//     the connection's reader goroutine, without a copy. But for transactions, nothing there waits for a sync.
//   - acks=-1 is answered when the batch is committed (by default: after an fsync that began after the
//     write), acks=1 after the write, acks=0 not at all; an error under acks=0 closes the connection, as in
//     Kafka.
//   - When timeout.ms (at least leastCommitWait) passes first the answer is REQUEST_TIMED_OUT; the batch stays
//     in the log.
//   - A transactional batch without a transactional id answers 53 for the request. One that would open a
//     transaction in its partition is written when the coordinator has the partition in the producer's
//     transaction: from v12 on it is made part of it, before that the client must have said so (48 if not, from
//     v11 on 120). This waits for the coordinator, in the reader goroutine.
//   - Before v12, a request that would open one and comes on a connection that its client has given up (KAFKA-17754) is
//     not answered: the connection is closed.
//   - Writing to internal topics answers 17 whoever asks (Kafka lets its own admin client).
//   - A null or empty record set answers 87.
//
// Version notes: v5 log start offset, v7 zstd (76 before), v8 record errors and messages (KIP-467), v10
// current leader (KIP-951), v13 topic ids (KIP-516; unknown ones answer 100).
func (h *Handlers) serveProduce(c *Conn, r *Request) (Reply, error) {
	p := h.getProduce(c, r.Header.Version)
	if err := protocol.DecodeProduce(p.version, r.Body, &p.request); err != nil {
		p.Release()
		return nil, err
	}
	if !p.authorised() {
		p.refuse(kerr.TransactionalIDAuthorizationFailed)
	} else if err := p.appendAll(); err != nil {
		p.Release()
		return nil, err
	}
	r.Done() // the records are in the log or refused; nothing aliases the frame any more

	if p.request.Acks == 0 {
		err := p.firstError
		p.Release()
		if err != nil {
			return nil, fmt.Errorf("acks=0: %w", err)
		}
		return nil, nil
	}
	return p, nil
}

// leastCommitWait is how long a commit is waited for even if timeout.ms is less. In Kafka that timeout bounds the
// wait for other replicas, not the write to its own log, of which our sync is a part: clients may say 0.
const leastCommitWait = 5 * time.Second

// produce is one Produce request on its way: decoded, appended, waiting, answered. It is pooled with its
// slices.
type produce struct {
	h       *Handlers
	c       *Conn
	version int16

	request     protocol.ProduceRequest
	response    protocol.ProduceResponse
	waiting     []appended
	transaction *transaction // nil without a transactional id
	timer       clock.Timer  // for Wait; nil until the first that has to wait
	firstError  error
}

// appended is a batch in the log whose answer waits for the commit.
type appended struct {
	topic, partition int // indexes into the response
	ticket           partition.Ticket
}

func (h *Handlers) getProduce(c *Conn, version int16) *produce {
	p, ok := h.produces.Get().(*produce)
	if !ok {
		p = &produce{h: h}
	}
	p.c, p.version = c, version
	return p
}

// authorised is false when a batch is transactional and the request is not (B23).
func (p *produce) authorised() bool {
	id := p.request.TransactionalID
	if id != nil {
		return p.h.allowed(p.c, opWrite, transactionalIDResource, *id)
	}
	for _, t := range p.request.Topics {
		for _, part := range t.Partitions {
			header, err := record.ParseHeader(part.Records)
			if err == nil && header.IsTransactional() {
				return false
			}
		}
	}
	return true
}

// refuse answers every partition with one error.
func (p *produce) refuse(err error) {
	for i := range p.request.Topics {
		t := p.addTopic(&p.request.Topics[i])
		for _, part := range p.request.Topics[i].Partitions {
			p.fail(t, part.Index, nil, err)
		}
	}
}

// appendAll appends the batches or says why not in their answers. An error is for a request that is not to be answered.
func (p *produce) appendAll() error {
	image := p.h.Cluster.Image()
	p.joinTransaction(image)
	if err := p.late(); err != nil {
		return err
	}
	for i := range p.request.Topics {
		asked := &p.request.Topics[i]
		answer := p.addTopic(asked)
		topic, err := p.resolve(image, asked)
		for _, part := range asked.Partitions {
			if err != nil {
				p.fail(answer, part.Index, nil, err)
				continue
			}
			p.appendOne(answer, topic, part)
		}
	}
	return nil
}

// resolve finds the topic that the request names.
func (p *produce) resolve(image *metadata.Image, asked *protocol.ProduceTopic) (*metadata.Topic, error) {
	if p.version >= 13 {
		topic := image.TopicByID(asked.ID)
		if topic == nil {
			return nil, kerr.UnknownTopicID
		}
		if !p.h.allowed(p.c, opWrite, topicResource, topic.Name) {
			return nil, kerr.TopicAuthorizationFailed
		}
		return topic, nil
	}
	if !p.h.allowed(p.c, opWrite, topicResource, asked.Name) {
		return nil, kerr.TopicAuthorizationFailed
	}
	topic := image.Topic(asked.Name)
	if topic == nil {
		return nil, kerr.UnknownTopicOrPartition
	}
	return topic, nil
}

// appendOne validates and appends one partition's batch. The checks stand in Kafka's order.
func (p *produce) appendOne(answer int, topic *metadata.Topic, part protocol.ProducePartition) {
	to, err := p.h.findPartition(topic, part.Index)
	if err == nil {
		err = p.checkBeforeAppend(topic, part.Records)
	}
	var guard log.Guard
	if err == nil {
		guard, err = p.guardFor(to)
	}
	if err != nil {
		p.fail(answer, part.Index, nil, err)
		return
	}
	ticket, err := p.h.appendBatch(topic, to, part.Records, guard)
	if err != nil {
		if guard.Asks() {
			to.Unguard(p.transaction.producer.ID, guard)
		}
		p.fail(answer, part.Index, to, err)
		if errors.Is(err, partition.ErrNotLeader) {
			p.hintLeader(topic, part.Index)
		}
		return
	}
	partitions := &p.response.Topics[answer].Partitions
	*partitions = append(*partitions, protocol.ProducePartitionResponse{
		Index: part.Index, BaseOffset: ticket.BaseOffset, LogAppendTimeMs: ticket.AppendTimeMs,
		LogStartOffset: ticket.LogStartOffset,
	})
	if p.request.Acks == -1 && !ticket.Committed() {
		at := appended{topic: answer, partition: len(*partitions) - 1, ticket: ticket}
		p.waiting = append(p.waiting, at)
	}
}

// checkBeforeAppend makes the checks that precede the batch's own (ProduceRequest.validateRecords,
// ReplicaManager).
func (p *produce) checkBeforeAppend(topic *metadata.Topic, records []byte) error {
	if len(records) == 0 {
		return fmt.Errorf("a partition must have exactly one record batch: %w", kerr.InvalidRecord)
	}
	header, err := record.ParseHeader(records)
	if err == nil && header.Codec() == record.Zstd && p.version < 7 {
		return fmt.Errorf("zstd needs Produce v7: %w", kerr.UnsupportedCompressionType)
	}
	switch {
	case p.request.Acks < -1 || p.request.Acks > 1:
		return kerr.InvalidRequiredAcks
	case topic.Internal:
		return fmt.Errorf("cannot append to internal topic %s: %w", topic.Name, kerr.InvalidTopicException)
	}
	return nil
}

// appendBatch validates one batch by the topic's rules and appends it.
func (h *Handlers) appendBatch(topic *metadata.Topic, to *partition.Partition, raw []byte,
	guard log.Guard,
) (partition.Ticket, error) {
	rules := h.settings.of(h.Cluster.Image(), topic).rules
	rules.NowMs = h.Clock.Now().UnixMilli()
	batch, err := record.Validate(raw, rules)
	if err != nil {
		return partition.Ticket{}, err
	}
	return to.Append(&batch, partition.AppendOptions{ExpectedLeaderEpoch: -1, Guard: guard})
}

func (p *produce) addTopic(asked *protocol.ProduceTopic) int {
	n := len(p.response.Topics)
	if n < cap(p.response.Topics) { // keep the partitions' slice of an earlier request
		p.response.Topics = p.response.Topics[:n+1]
	} else {
		p.response.Topics = append(p.response.Topics, protocol.ProduceTopicResponse{})
	}
	t := &p.response.Topics[n]
	t.Name, t.ID, t.Partitions = asked.Name, asked.ID, t.Partitions[:0]
	return n
}

// fail answers one partition with err; the log start offset is told when the partition is known, as Kafka
// does.
func (p *produce) fail(answer int, index int32, at *partition.Partition, err error) {
	if p.firstError == nil {
		p.firstError = err
	}
	part := protocol.ProducePartitionResponse{
		Index: index, ErrorCode: p.h.code(err), BaseOffset: -1, LogAppendTimeMs: -1, LogStartOffset: -1,
		ErrorMessage: p.h.message(err),
	}
	if at != nil {
		part.LogStartOffset = at.StartOffset()
	}
	var bad *record.RecordError
	if errors.As(err, &bad) {
		part.RecordErrors = []protocol.RecordErrorDetail{{BatchIndex: bad.Index, Message: &bad.Message}}
	}
	partitions := &p.response.Topics[answer].Partitions
	*partitions = append(*partitions, part)
}

// hintLeader tells the client of the partition answered last where it is led (v10+).
func (p *produce) hintLeader(topic *metadata.Topic, index int32) {
	image := p.h.Cluster.Image()
	leader := p.h.leaderOf(p.c, image, topic.Partitions[index])
	partitions := p.response.Topics[len(p.response.Topics)-1].Partitions
	partitions[len(partitions)-1].CurrentLeader = &protocol.LeaderIDAndEpoch{
		LeaderID: leader.id, LeaderEpoch: leader.epoch,
	}
	p.response.NodeEndpoints = addNode(p.response.NodeEndpoints, leader)
}

// Ready implements Reply: everything is committed.
func (p *produce) Ready() bool {
	for i := range p.waiting {
		if !p.waiting[i].ticket.Committed() {
			return false
		}
	}
	return true
}

// Wait implements Reply. It waits for the commits whatever happens to the connection: a sync always ends.
func (p *produce) Wait(<-chan struct{}) {
	if p.Ready() {
		return
	}
	timeout := max(time.Duration(p.request.TimeoutMs)*time.Millisecond, leastCommitWait)
	if p.timer == nil {
		p.timer = p.h.Clock.NewTimer(timeout)
	} else {
		p.timer.Reset(timeout)
	}
	defer p.timer.Stop()
	var expired error
	for i := range p.waiting {
		w := &p.waiting[i]
		err := expired // the timer tells once
		if err == nil {
			err = w.ticket.WaitUntil(p.timer.C())
		}
		if errors.Is(err, partition.ErrExpired) {
			expired = err
		}
		if err == nil || w.ticket.Committed() {
			continue
		}
		part := &p.response.Topics[w.topic].Partitions[w.partition]
		*part = protocol.ProducePartitionResponse{
			Index: part.Index, ErrorCode: p.h.code(err), BaseOffset: -1, LogAppendTimeMs: -1,
			LogStartOffset: part.LogStartOffset, ErrorMessage: p.h.message(err),
		}
	}
}

// Encode implements Reply.
func (p *produce) Encode(dst []byte) []protocol.Part {
	return []protocol.Part{{Bytes: protocol.AppendProduceResponse(dst, p.version, &p.response)}}
}

// Release implements Reply.
func (p *produce) Release() {
	clear(p.waiting)
	for i := range p.response.Topics {
		clear(p.response.Topics[i].Partitions)
	}
	p.c, p.firstError, p.transaction = nil, nil, nil
	p.waiting, p.response.Topics, p.response.NodeEndpoints = p.waiting[:0], p.response.Topics[:0], nil
	p.h.produces.Put(p)
}

// addNode adds a leader's address to those a response lists, once.
func addNode(nodes []protocol.NodeEndpoint, leader leaderHint) []protocol.NodeEndpoint {
	if !leader.known {
		return nodes
	}
	for _, n := range nodes {
		if n.NodeID == leader.id {
			return nodes
		}
	}
	node := protocol.NodeEndpoint{NodeID: leader.id, Host: leader.host, Port: leader.port}
	if leader.rack != "" {
		node.Rack = &leader.rack
	}
	return append(nodes, node)
}
