package oracle

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// sharer is a member of a share group that takes records of one topic in a share session.
type sharer struct {
	s      *session
	group  string
	member string
	id     [16]byte // of the topic
	epoch  int32    // of the session: of the next request
}

// Types of acknowledgements.
const (
	gap int8 = iota
	accept
	release
	reject
	renew
)

// ack is what is said of neighbouring records.
type ack struct {
	first, last int64
	types       []int8
}

// sharing makes a topic of two partitions with records in the first, so many batches of five, and a share group that begins with
// the first of them and has this one member.
func (s *session) sharing(batches int, settings ...string) *sharer {
	topic, id := s.topic("t", 2)
	for i := range batches {
		s.fill(topic, id, 0, i)
	}
	g := s.name("g")
	s.must(withVersion(1, alter(onGroup, g, opSet, append(settings, "share.auto.offset.reset=earliest")...)))
	s.settle()
	m := &sharer{s: s, group: g, member: s.name("m"), id: id}
	if len(m.member) > 36 {
		m.member = m.member[len(m.member)-36:]
	}
	m.join(topic)
	return m
}

func withVersion(version int16, req kmsg.Request) kmsg.Request {
	req.SetVersion(version)
	return req
}

// fill puts a batch of five records into a partition.
func (s *session) fill(topic string, id [16]byte, partition int32, batch int) {
	var values []string
	for i := range 5 {
		values = append(values, fmt.Sprintf("v%d", 5*batch+i))
	}
	b := newBatch(values...)
	b.FirstTimestamp, b.MaxTimestamp = baseTime, baseTime+4
	resp := s.must(withVersion(9, produceRequest(topic, id, partition, b.bytes()))).(*kmsg.ProduceResponse)
	s.check("produce", resp.Topics[0].Partitions[0].ErrorCode)
}

// join has the group read the topic, and returns when the member has both partitions.
func (m *sharer) join(topic string) {
	epoch := int32(0)
	for range 300 {
		req := kmsg.NewPtrShareGroupHeartbeatRequest()
		req.Version, req.GroupID, req.MemberID, req.MemberEpoch = 1, m.group, m.member, epoch
		if epoch == 0 {
			req.SubscribedTopicNames = []string{topic}
		}
		resp := m.s.must(req).(*kmsg.ShareGroupHeartbeatResponse)
		m.s.check("join", resp.ErrorCode)
		epoch = resp.MemberEpoch
		if a := resp.Assignment; a != nil && len(a.TopicPartitions) > 0 && len(a.TopicPartitions[0].Partitions) == 2 {
			return
		}
		pause()
	}
	panic(failure{fmt.Errorf("prepare: member of %s gets no partitions", m.group)})
}

// another is a second member with a session of its own, on the same connection; it need not be known to the group.
func (m *sharer) another(name string) *sharer {
	return &sharer{s: m.s, group: m.group, member: name, id: m.id}
}

// request fetches from partition 0 and acknowledges, in the epoch which is due. It does not wait.
func (m *sharer) request(acks ...ack) *kmsg.ShareFetchRequest {
	req := kmsg.NewPtrShareFetchRequest()
	req.GroupID, req.MemberID, req.ShareSessionEpoch = &m.group, &m.member, m.epoch
	req.MaxWaitMillis, req.MinBytes, req.MaxBytes, req.MaxRecords, req.BatchSize = 500, 1, 1<<20, 500, 500
	t := kmsg.NewShareFetchRequestTopic()
	t.TopicID = m.id
	p := kmsg.NewShareFetchRequestTopicPartition()
	for _, a := range acks {
		b := kmsg.NewShareFetchRequestTopicPartitionAcknowledgementBatch()
		b.FirstOffset, b.LastOffset, b.AcknowledgeTypes = a.first, a.last, a.types
		p.AcknowledgementBatches = append(p.AcknowledgementBatches, b)
	}
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	return req
}

// ask sends a request of the session and records the answer; the session goes on if it was not refused.
func (m *sharer) ask(label string, req *kmsg.ShareFetchRequest) *kmsg.ShareFetchResponse {
	resp, _ := m.s.ask(label, req).(*kmsg.ShareFetchResponse)
	if resp != nil && resp.ErrorCode == 0 && req.ShareSessionEpoch >= 0 {
		m.epoch = req.ShareSessionEpoch + 1
	}
	return resp
}

// fetch takes what there is.
func (m *sharer) fetch(label string, acks ...ack) *kmsg.ShareFetchResponse {
	return m.ask(label, m.request(acks...))
}

// take fetches at a version that the scenario is not about, and records nothing.
func (m *sharer) take() {
	resp := m.s.must(withVersion(1, m.request())).(*kmsg.ShareFetchResponse)
	m.s.check("fetch", resp.ErrorCode)
	m.epoch++
}

// settling acknowledges without fetching.
func (m *sharer) settling(acks ...ack) *kmsg.ShareAcknowledgeRequest {
	req := kmsg.NewPtrShareAcknowledgeRequest()
	req.GroupID, req.MemberID, req.ShareSessionEpoch = &m.group, &m.member, m.epoch
	t := kmsg.NewShareAcknowledgeRequestTopic()
	t.TopicID = m.id
	p := kmsg.NewShareAcknowledgeRequestTopicPartition()
	for _, a := range acks {
		b := kmsg.NewShareAcknowledgeRequestTopicPartitionAcknowledgementBatch()
		b.FirstOffset, b.LastOffset, b.AcknowledgeTypes = a.first, a.last, a.types
		p.AcknowledgementBatches = append(p.AcknowledgementBatches, b)
	}
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	return req
}

// settle acknowledges and records the answer.
func (m *sharer) settle(label string, acks ...ack) { m.tell(label, m.settling(acks...)) }

// tell sends an acknowledgement of the session and records the answer.
func (m *sharer) tell(label string, req *kmsg.ShareAcknowledgeRequest) {
	resp, _ := m.s.ask(label, req).(*kmsg.ShareAcknowledgeResponse)
	if resp != nil && resp.ErrorCode == 0 && req.ShareSessionEpoch >= 0 {
		m.epoch = req.ShareSessionEpoch + 1
	}
}

// look fetches at version 1 and notes what was acquired: what the acknowledgements before have come to.
func (m *sharer) look(label string) { m.lookWith(label, withVersion(1, m.request())) }

// lookWith notes what a request acquires, neighbours as one: how a broker cuts that up is not compared.
func (m *sharer) lookWith(label string, req kmsg.Request) {
	resp := m.s.must(req).(*kmsg.ShareFetchResponse)
	m.s.check(label, resp.ErrorCode)
	m.epoch++
	var all []kmsg.ShareFetchResponseTopicPartitionAcquiredRecord
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			for _, a := range p.AcquiredRecords {
				n := len(all) - 1
				if n >= 0 && all[n].LastOffset+1 == a.FirstOffset && all[n].DeliveryCount == a.DeliveryCount {
					all[n].LastOffset = a.LastOffset
					continue
				}
				all = append(all, a)
			}
		}
	}
	text := ""
	for _, a := range all {
		text += fmt.Sprintf("%d-%d x%d ", a.FirstOffset, a.LastOffset, a.DeliveryCount)
	}
	m.s.note(label, text)
}

// close ends the session.
func (m *sharer) close(label string, acks ...ack) {
	req := m.request(acks...)
	req.ShareSessionEpoch = -1
	if len(acks) == 0 {
		req.Topics = nil
	}
	m.ask(label, req)
}
