package protocol

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// produceFromKmsg is what DecodeProduce should give for a request.
func produceFromKmsg(k *kmsg.ProduceRequest) ProduceRequest {
	r := ProduceRequest{TransactionalID: k.TransactionID, Acks: k.Acks, TimeoutMs: k.TimeoutMillis}
	for _, kt := range k.Topics {
		t := ProduceTopic{Name: kt.Topic, ID: kt.TopicID}
		for _, kp := range kt.Partitions {
			t.Partitions = append(t.Partitions, ProducePartition{Index: kp.Partition, Records: kp.Records})
		}
		r.Topics = append(r.Topics, t)
	}
	return r
}

// show prints a request or answer so that equal ones are equal: null and empty
// bytes differ, nil and empty slices of structs do not.
func show(v any) string {
	switch v := v.(type) {
	case ProduceRequest:
		s := fmt.Sprintf("%s %d %d", quote(v.TransactionalID), v.Acks, v.TimeoutMs)
		for _, t := range v.Topics {
			s += fmt.Sprintf(" [%q %x", t.Name, t.ID)
			for _, p := range t.Partitions {
				s += fmt.Sprintf(" %d %v %x", p.Index, p.Records == nil, p.Records)
			}
		}
		return s
	case FetchRequest:
		id, topics, forgotten := quote(v.ClusterID), v.Topics, v.ForgottenTopics
		v.ClusterID, v.Topics, v.ForgottenTopics = nil, nil, nil
		s := fmt.Sprintf("%s %+v", id, v)
		for _, t := range topics {
			s += fmt.Sprintf(" [%q %x %+v]", t.Name, t.ID, t.Partitions)
		}
		for _, t := range forgotten {
			s += fmt.Sprintf(" (%q %x %+v)", t.Name, t.ID, t.Partitions)
		}
		return s
	}
	return fmt.Sprintf("%+v", v)
}

func quote(s *string) string {
	if s == nil {
		return "null"
	}
	return fmt.Sprintf("%q", *s)
}

func TestDecodeProduceAgreesWithKmsg(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 1))
	var r ProduceRequest // used again and again, as a connection does
	for v := int16(produceMin); v <= produceMax; v++ {
		for range 300 {
			body := requestSchema.randomMessage(rnd, keyProduce, v)
			k := kmsg.NewPtrProduceRequest()
			k.Version = v
			if err := k.ReadFrom(body); err != nil {
				t.Fatal(err)
			}
			if err := DecodeProduce(v, body, &r); err != nil {
				t.Fatalf("v%d: %v", v, err)
			}
			if got, want := show(r), show(produceFromKmsg(k)); got != want {
				t.Fatalf("v%d:\n got %s\nwant %s", v, got, want)
			}
		}
	}
}

func TestDecodeProduceAliasesRecords(t *testing.T) {
	k := kmsg.NewPtrProduceRequest()
	k.Version = 13
	k.Topics = []kmsg.ProduceRequestTopic{{
		Partitions: []kmsg.ProduceRequestTopicPartition{{Records: []byte("batch")}},
	}}
	body := k.AppendTo(nil)
	var r ProduceRequest
	if err := DecodeProduce(13, body, &r); err != nil {
		t.Fatal(err)
	}
	got := r.Topics[0].Partitions[0].Records
	if at := bytes.Index(body, []byte("batch")); &got[0] != &body[at] || cap(got) != 5 {
		t.Fatalf("records do not lie in the frame: cap %d", cap(got))
	}
}

// benchProduce is a request of ten partitions.
func benchProduce(v int16) []byte {
	k := kmsg.NewPtrProduceRequest()
	k.Version, k.Acks = v, -1
	t := kmsg.NewProduceRequestTopic()
	t.Topic = "departures"
	for i := range 10 {
		t.Partitions = append(t.Partitions, kmsg.ProduceRequestTopicPartition{Partition: int32(i),
			Records: make([]byte, 16<<10)})
	}
	k.Topics = append(k.Topics, t)
	return k.AppendTo(nil)
}

func TestDecodeDoesNotAllocate(t *testing.T) {
	for v := int16(produceMin); v <= produceMax; v++ {
		body := benchProduce(v)
		var r ProduceRequest
		if n := testing.AllocsPerRun(5, func() { _ = DecodeProduce(v, body, &r) }); n != 0 {
			t.Errorf("Produce v%d: %v allocations", v, n)
		}
	}
	rnd := rand.New(rand.NewPCG(2, 2))
	for v := int16(fetchMin); v <= fetchMax; v++ {
		body := requestSchema.randomMessage(rnd, keyFetch, v)
		var r FetchRequest
		if n := testing.AllocsPerRun(5, func() { _ = DecodeFetch(v, body, &r) }); n != 0 {
			t.Errorf("Fetch v%d: %v allocations", v, n)
		}
	}
}

func text(rnd *rand.Rand) string { return fmt.Sprintf("text-%d", rnd.IntN(1000)) }

func maybeText(rnd *rand.Rand) *string {
	if rnd.IntN(2) == 0 {
		return nil
	}
	s := text(rnd)
	return &s
}

func randomNodes(rnd *rand.Rand) (ours []NodeEndpoint) {
	for i := range rnd.IntN(3) {
		ours = append(ours, NodeEndpoint{NodeID: int32(i), Host: text(rnd), Port: rnd.Int32(),
			Rack: maybeText(rnd)})
	}
	return ours
}

func randomLeader(rnd *rand.Rand) *LeaderIDAndEpoch {
	if rnd.IntN(2) == 0 {
		return nil
	}
	return &LeaderIDAndEpoch{LeaderID: rnd.Int32(), LeaderEpoch: rnd.Int32()}
}

func randomProduceResponse(rnd *rand.Rand) *ProduceResponse {
	r := &ProduceResponse{ThrottleMs: rnd.Int32(), NodeEndpoints: randomNodes(rnd)}
	for range rnd.IntN(3) {
		t := ProduceTopicResponse{Name: text(rnd), ID: [16]byte{byte(rnd.IntN(256)), 5: 9}}
		for i := range rnd.IntN(4) {
			p := ProducePartitionResponse{Index: int32(i), ErrorCode: int16(rnd.IntN(100)), BaseOffset: rnd.Int64(),
				LogAppendTimeMs: -1, LogStartOffset: rnd.Int64(), ErrorMessage: maybeText(rnd),
				CurrentLeader: randomLeader(rnd)}
			for range rnd.IntN(3) {
				p.RecordErrors = append(p.RecordErrors, RecordErrorDetail{BatchIndex: rnd.Int32(),
					Message: maybeText(rnd)})
			}
			t.Partitions = append(t.Partitions, p)
		}
		r.Topics = append(r.Topics, t)
	}
	return r
}

// kmsgProduceResponse is the same answer as another codec has it.
func kmsgProduceResponse(r *ProduceResponse, v int16) *kmsg.ProduceResponse {
	k := kmsg.NewPtrProduceResponse()
	k.Version, k.ThrottleMillis = v, r.ThrottleMs
	// kmsg writes tagged fields in every flexible version, ours only where they are known.
	tagged := v >= produceCurrentLeader
	for i := 0; tagged && i < len(r.NodeEndpoints); i++ {
		n := r.NodeEndpoints[i]
		k.Brokers = append(k.Brokers, kmsg.ProduceResponseBroker{NodeID: n.NodeID, Host: n.Host, Port: n.Port,
			Rack: n.Rack})
	}
	for _, t := range r.Topics {
		kt := kmsg.ProduceResponseTopic{Topic: t.Name, TopicID: t.ID}
		for _, p := range t.Partitions {
			kp := kmsg.NewProduceResponseTopicPartition()
			kp.Partition, kp.ErrorCode, kp.BaseOffset = p.Index, p.ErrorCode, p.BaseOffset
			kp.LogAppendTime, kp.LogStartOffset, kp.ErrorMessage = p.LogAppendTimeMs, p.LogStartOffset, p.ErrorMessage
			if l := p.CurrentLeader; tagged && l != nil {
				kp.CurrentLeader.LeaderID, kp.CurrentLeader.LeaderEpoch = l.LeaderID, l.LeaderEpoch
			}
			for _, e := range p.RecordErrors {
				kp.ErrorRecords = append(kp.ErrorRecords, kmsg.ProduceResponseTopicPartitionErrorRecord{
					RelativeOffset: e.BatchIndex, ErrorMessage: e.Message})
			}
			kt.Partitions = append(kt.Partitions, kp)
		}
		k.Topics = append(k.Topics, kt)
	}
	return k
}

func TestProduceResponseAgreesWithKmsg(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 3))
	for v := int16(produceMin); v <= produceMax; v++ {
		for range 300 {
			r := randomProduceResponse(rnd)
			got := AppendProduceResponse([]byte("dst"), v, r)
			want := kmsgProduceResponse(r, v).AppendTo([]byte("dst"))
			if !bytes.Equal(got, want) {
				t.Fatalf("v%d:\n got %x\nwant %x", v, got, want)
			}
			if _, err := responseSchema.check(keyProduce, v, got[3:]); err != nil {
				t.Fatalf("v%d: %v", v, err)
			}
		}
	}
}

func BenchmarkDecodeProduce(b *testing.B) {
	body := benchProduce(13)
	var r ProduceRequest
	b.ReportAllocs()
	for b.Loop() {
		if err := DecodeProduce(13, body, &r); err != nil {
			b.Fatal(err)
		}
	}
}
