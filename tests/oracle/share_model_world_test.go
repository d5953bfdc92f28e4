package oracle

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/record"
)

// takerCount is how many members a share group of the model has, sharedPartitions how many partitions its topic.
const (
	takerCount       = 3
	sharedPartitions = 2
)

// longLockMs is a lock that no script outlasts, shortLockMs one whose end is waited for.
const (
	longLockMs  = 3_600_000
	shortLockMs = 1000
)

// shareWorld is one broker with one share group and its members, and what was heard of it in the last step.
type shareWorld struct {
	s      *session
	asking *session // for questions: nobody's session ends with its connection
	group  string
	topic  string
	id     [16]byte
	limit  int  // deliveries
	second bool // the broker was started again
	takers []*taker
	ends   [sharedPartitions]int64

	heard map[string]string
	err   error
}

// taker is a member with what it holds: deliveries by partition and offset.
type taker struct {
	*sharer
	name        string
	in, open    bool // in the group, with a session
	memberEpoch int32
	reads       int32 // the partition of its session
	held        [sharedPartitions]map[int64]int16
}

// newShareWorld makes the topic, the group and its members, of which each has partitions.
func newShareWorld(b endpoint, prefix string, limit int) (w *shareWorld, err error) {
	line := func() *session {
		return &session{broker: b, prefix: prefix, limit: answerLimit,
			normal: &normal{host: b.host, port: b.port, prefix: prefix, ids: map[[16]byte]string{}, made: map[string]string{}}}
	}
	s := line()
	w = &shareWorld{s: s, asking: line(), group: prefix + "group", limit: limit, heard: map[string]string{}}
	w.perform(shareAction{"begin", func(w *shareWorld) {
		w.topic, w.id = s.topic("t", sharedPartitions)
		w.configure(fmt.Sprintf("share.delivery.count.limit=%d", limit), "share.auto.offset.reset=earliest")
		s.settle()
		for i := range takerCount {
			name := fmt.Sprintf("m%d", i)
			m := &taker{sharer: &sharer{s: s, group: w.group, member: name, id: w.id}, name: name, in: true}
			m.letGo()
			w.takers = append(w.takers, m)
			m.memberEpoch, _ = s.shareOf(w.group, name, w.topic)
		}
		for _, m := range w.takers {
			first := &kmsg.ShareGroupHeartbeatResponse{MemberEpoch: m.memberEpoch, Assignment: &kmsg.ShareGroupHeartbeatResponseAssignment{
				TopicPartitions: []kmsg.ShareGroupHeartbeatResponseAssignmentTopicPartition{{Partitions: []int32{0}}}}}
			m.memberEpoch, _ = s.shareRest(w.group, m.name, first)
		}
		w.wake()
	}})
	return w, w.err
}

// wake has both partitions used once: Apache Kafka tells where a group is in a partition only when something was settled there, and
// leaves out of an answer partitions that are not loaded yet.
func (w *shareWorld) wake() {
	for p := range int32(sharedPartitions) {
		w.produce(p, 1)
	}
	m := w.takers[0]
	for len(m.held[0]) == 0 || len(m.held[1]) == 0 {
		w.fetch(m, want{records: 500, batch: 500, both: true})
	}
	one := []ack{{0, 0, allOf(accept)}}
	w.acknowledge(m, [sharedPartitions][]ack{one, one}, false, true)
	w.heard = map[string]string{}
}

// letGo forgets what the member holds.
func (m *taker) letGo() {
	for p := range m.held {
		m.held[p] = map[int64]int16{}
	}
}

// held tells whether anybody holds a record.
func (w *shareWorld) held(p int, offset int64) bool {
	return slices.ContainsFunc(w.takers, func(m *taker) bool { return m.held[p][offset] > 0 })
}

// holds is what the member holds of a partition, in order.
func (m *taker) holds(p int32) []int64 { return slices.Sorted(maps.Keys(m.held[p])) }

func (w *shareWorld) configure(settings ...string) {
	resp := w.s.must(withVersion(1, alter(onGroup, w.group, opSet, settings...))).(*kmsg.IncrementalAlterConfigsResponse)
	w.s.check("set "+strings.Join(settings, " "), resp.Resources[0].ErrorCode)
}

// perform does one step; a broken connection ends the script.
func (w *shareWorld) perform(a shareAction) {
	defer caught(a.label, &w.err)
	a.run(w)
}

func (w *shareWorld) produce(p int32, records int) {
	var values []string
	for i := range records {
		values = append(values, sharedValue(p, w.ends[p]+int64(i)))
	}
	w.ends[p] += int64(records)
	resp := w.s.must(withVersion(9, produceRequest(w.topic, w.id, p, newBatch(values...).bytes()))).(*kmsg.ProduceResponse)
	w.s.check("produce", resp.Topics[0].Partitions[0].ErrorCode)
}

func sharedValue(p int32, offset int64) string { return fmt.Sprintf("%d-%d", p, offset) }

// want is what a member fetches, and settles with it.
type want struct {
	records, batch int32
	reads          int32 // the partition of the session, if there is none yet
	exactly        bool  // Kafka's mode record-limit
	waitMs         int32
	acks           [sharedPartitions][]ack
	end            bool // the session
	both           bool // the session has both partitions; which comes first is a matter of hashes at Apache Kafka
}

func (w *shareWorld) fetch(m *taker, x want) *kmsg.ShareFetchResponse {
	if !m.open {
		m.reads = x.reads
	}
	req := m.request()
	req.Version, req.MaxRecords, req.BatchSize, req.MaxWaitMillis = 2, x.records, x.batch, max(x.waitMs, 100)
	if x.exactly {
		req.ShareAcquireMode = 1
	}
	first := req.Topics[0].Partitions[0]
	req.Topics[0].Partitions = nil
	for p, acks := range x.acks {
		if int32(p) != m.reads && len(acks) == 0 && !x.both {
			continue
		}
		part := first
		part.Partition, part.AcknowledgementBatches = int32(p), nil
		for _, a := range acks {
			b := kmsg.NewShareFetchRequestTopicPartitionAcknowledgementBatch()
			b.FirstOffset, b.LastOffset, b.AcknowledgeTypes = a.first, a.last, a.types
			part.AcknowledgementBatches = append(part.AcknowledgementBatches, b)
		}
		req.Topics[0].Partitions = append(req.Topics[0].Partitions, part)
	}
	if x.end {
		req.ShareSessionEpoch = -1
	}
	resp := w.s.must(req).(*kmsg.ShareFetchResponse)
	w.s.check("fetch", resp.ErrorCode)
	m.open, m.epoch = true, m.epoch+1
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			if p.AcknowledgeErrorCode == 0 {
				m.settled(p.Partition, x.acks[p.Partition])
			}
			for _, a := range p.AcquiredRecords {
				for o := a.FirstOffset; o <= a.LastOffset; o++ {
					m.held[p.Partition][o] = a.DeliveryCount
				}
			}
		}
	}
	if x.end {
		m.open, m.epoch = false, 0
		m.letGo()
	}
	return resp
}

// settled takes in that acknowledgements were taken.
func (m *taker) settled(p int32, acks []ack) {
	for _, a := range acks {
		for o := a.first; o <= a.last; o++ {
			t := a.types[0]
			if len(a.types) > 1 {
				t = a.types[o-a.first]
			}
			if t != renew {
				delete(m.held[p], o)
			}
		}
	}
}

// hear keeps what a fetch was answered, neighbours of equal deliveries as one: how a broker cuts that up no client can tell.
func (w *shareWorld) hear(m *taker, resp *kmsg.ShareFetchResponse) {
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			values := valuesOf(p.Records)
			text := fmt.Sprintf("code %d, acknowledged %d:", p.ErrorCode, p.AcknowledgeErrorCode)
			for _, a := range neighboured(p.AcquiredRecords) {
				text += fmt.Sprintf(" %d-%d*%d", a.FirstOffset, a.LastOffset, a.DeliveryCount)
				for o := a.FirstOffset; o <= a.LastOffset; o++ {
					if want := sharedValue(p.Partition, o); values[o] != want {
						text += fmt.Sprintf(" (%d is %q, want %q)", o, values[o], want)
					}
				}
			}
			if p.ErrorCode != 0 || p.AcknowledgeErrorCode != 0 || len(p.AcquiredRecords) > 0 {
				w.heard[fmt.Sprintf("%s gets of %d", m.name, p.Partition)] = text
			}
		}
	}
}

// neighboured makes neighbours of equal deliveries one.
func neighboured(list []kmsg.ShareFetchResponseTopicPartitionAcquiredRecord,
) (all []kmsg.ShareFetchResponseTopicPartitionAcquiredRecord) {
	for _, a := range list {
		if n := len(all) - 1; n >= 0 && all[n].LastOffset+1 == a.FirstOffset && all[n].DeliveryCount == a.DeliveryCount {
			all[n].LastOffset = a.LastOffset
			continue
		}
		all = append(all, a)
	}
	return all
}

// valuesOf reads the batches of an answer.
func valuesOf(raw []byte) map[int64]string {
	all := map[int64]string{}
	for len(raw) > 0 {
		h, err := record.ParseHeader(raw)
		if err != nil || h.Size() > len(raw) {
			break // Apache Kafka may cut the last one short
		}
		b := record.Batch{Header: h, Raw: raw[:h.Size()]}
		for r, err := range b.Records(0) {
			if err != nil {
				panic(failure{err})
			}
			all[r.Offset] = string(r.Value)
		}
		raw = raw[h.Size():]
	}
	return all
}

// acknowledge settles without fetching.
func (w *shareWorld) acknowledge(m *taker, acks [sharedPartitions][]ack, renewing, end bool) *kmsg.ShareAcknowledgeResponse {
	req := m.settling()
	req.Version, req.IsRenewAck = 2, renewing
	req.Topics[0].Partitions = nil
	for p, list := range acks {
		if len(list) == 0 {
			continue
		}
		part := kmsg.NewShareAcknowledgeRequestTopicPartition()
		part.Partition = int32(p)
		for _, a := range list {
			b := kmsg.NewShareAcknowledgeRequestTopicPartitionAcknowledgementBatch()
			b.FirstOffset, b.LastOffset, b.AcknowledgeTypes = a.first, a.last, a.types
			part.AcknowledgementBatches = append(part.AcknowledgementBatches, b)
		}
		req.Topics[0].Partitions = append(req.Topics[0].Partitions, part)
	}
	if len(req.Topics[0].Partitions) == 0 {
		req.Topics = nil
	}
	if end {
		req.ShareSessionEpoch = -1
	}
	resp := w.s.must(req).(*kmsg.ShareAcknowledgeResponse)
	w.s.check("acknowledge", resp.ErrorCode)
	m.epoch++
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			w.heard[fmt.Sprintf("%s is told of %d", m.name, p.Partition)] = strconv.Itoa(int(p.ErrorCode))
			if p.ErrorCode == 0 {
				m.settled(p.Partition, acks[p.Partition])
			}
		}
	}
	if end {
		m.open, m.epoch = false, 0
		m.letGo()
	}
	return resp
}

// lookOnce asks what is not settled. Where the group begins is not compared: Apache Kafka tells where it began before the last change.
func (w *shareWorld) lookOnce() (seen map[string]string, lag int64) {
	seen = map[string]string{}
	resp := w.askOffsets()
	for _, g := range resp.Groups {
		w.s.check("describe offsets", g.ErrorCode)
		for _, t := range g.Topics {
			for _, p := range t.Partitions {
				seen[fmt.Sprintf("partition %d", p.Partition)] = fmt.Sprintf("lag %d, code %d", p.Lag, p.ErrorCode)
				lag += max(p.Lag, 0)
			}
		}
	}
	return seen, lag
}

// askOffsets asks again if nothing comes: Apache Kafka loses such a question now and then.
func (w *shareWorld) askOffsets() *kmsg.DescribeShareGroupOffsetsResponse {
	for silent := 0; silent < 3; {
		resp, err := w.asking.line().ask(shareOffsetsOf(w.group, ""), answerLimit/2)
		if err != nil {
			silent++
			w.asking.hangUp()
			continue
		}
		told := resp.(*kmsg.DescribeShareGroupOffsetsResponse)
		if code := told.Groups[0].ErrorCode; code < 14 || code > 16 { // it is loading
			return told
		}
		pause()
	}
	panic(failure{fmt.Errorf("offsets of %s are not told", w.group)})
}

// look gives what was heard and all that can be asked.
func (w *shareWorld) look() (seen map[string]string) {
	w.perform(shareAction{"look", func(w *shareWorld) {
		seen, _ = w.lookOnce()
		maps.Copy(seen, w.heard)
	}})
	return seen
}
