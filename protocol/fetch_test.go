package protocol

import (
	"bytes"
	"math/rand/v2"
	"net"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// fetchFromKmsg is what DecodeFetch should give for a request.
func fetchFromKmsg(k *kmsg.FetchRequest) FetchRequest {
	r := FetchRequest{ClusterID: k.ClusterID, ReplicaID: k.ReplicaID, ReplicaEpoch: -1,
		MaxWaitMs: k.MaxWaitMillis, MinBytes: k.MinBytes, MaxBytes: k.MaxBytes, IsolationLevel: k.IsolationLevel,
		SessionID:    k.SessionID,
		SessionEpoch: k.SessionEpoch, RackID: k.Rack}
	if k.Version >= fetchReplicaState {
		r.ReplicaID, r.ReplicaEpoch = k.ReplicaState.ID, k.ReplicaState.Epoch
	}
	for _, kt := range k.Topics {
		t := FetchTopic{Name: kt.Topic, ID: kt.TopicID}
		for _, kp := range kt.Partitions {
			t.Partitions = append(t.Partitions, FetchPartition{Index: kp.Partition,
				CurrentLeaderEpoch: kp.CurrentLeaderEpoch, FetchOffset: kp.FetchOffset,
				LastFetchedEpoch: kp.LastFetchedEpoch, LogStartOffset: kp.LogStartOffset,
				MaxBytes: kp.PartitionMaxBytes, ReplicaDirectoryID: kp.ReplicaDirectoryID,
				HighWatermark: kp.HighWatermark})
		}
		r.Topics = append(r.Topics, t)
	}
	for _, kt := range k.ForgottenTopics {
		r.ForgottenTopics = append(r.ForgottenTopics, ForgottenTopic{Name: kt.Topic, ID: kt.TopicID,
			Partitions: kt.Partitions})
	}
	return r
}

func TestDecodeFetchAgreesWithKmsg(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 1))
	var r FetchRequest // used again and again, as a connection does
	for v := int16(fetchMin); v <= fetchMax; v++ {
		for range 300 {
			body := requestSchema.randomMessage(rnd, keyFetch, v)
			k := kmsg.NewPtrFetchRequest()
			k.Version = v
			if err := k.ReadFrom(body); err != nil {
				t.Fatal(err)
			}
			if err := DecodeFetch(v, body, &r); err != nil {
				t.Fatalf("v%d: %v", v, err)
			}
			if got, want := show(r), show(fetchFromKmsg(k)); got != want {
				t.Fatalf("v%d:\n got %s\nwant %s", v, got, want)
			}
		}
	}
}

// Our decoders refuse exactly what Check refuses, for bodies damaged anywhere.
func TestDecodersAreAsStrictAsCheck(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 2))
	var p ProduceRequest
	var f FetchRequest
	try := func(key, v int16, body []byte) {
		t.Helper()
		want := Check(key, v, body)
		var got error
		if key == keyProduce {
			got = DecodeProduce(v, body, &p)
		} else {
			got = DecodeFetch(v, body, &f)
		}
		if (got == nil) != (want == nil) {
			t.Fatalf("key %d v%d, %x:\ndecode: %v\n check: %v", key, v, body, got, want)
		}
	}
	for _, key := range []int16{keyProduce, keyFetch} {
		api, _ := Lookup(key)
		for v := api.Min; v <= api.Max; v++ {
			for range 20 {
				body := requestSchema.randomMessage(rnd, key, v)
				for range 50 {
					bad := slices.Clone(body)
					bad[rnd.IntN(len(bad))] = byte(rnd.IntN(256))
					try(key, v, bad)
					try(key, v, bad[:rnd.IntN(len(bad))])
				}
			}
		}
	}
}

// fakeSender stands for a range of a segment.
type fakeSender []byte

func (f fakeSender) Len() int { return len(f) }
func (f fakeSender) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(f).ReadAt(p, off)
}
func (f fakeSender) SendTo(c net.Conn) (int64, error) { n, err := c.Write(f); return int64(n), err }
func (f fakeSender) Release()                         {}

// join is what a client receives.
func join(parts []Part) []byte {
	var b []byte
	for _, p := range parts {
		if p.File != nil {
			b = append(b, p.File.(fakeSender)...)
		} else {
			b = append(b, p.Bytes...)
		}
	}
	return b
}

func randomFetchResponse(rnd *rand.Rand) *FetchResponse {
	r := &FetchResponse{ThrottleMs: rnd.Int32(), ErrorCode: int16(rnd.IntN(100)), SessionID: rnd.Int32(),
		NodeEndpoints: randomNodes(rnd)}
	for range rnd.IntN(3) {
		t := FetchTopicResponse{Name: text(rnd), ID: [16]byte{byte(rnd.IntN(256)), 5: 9}}
		for i := range rnd.IntN(4) {
			p := FetchPartitionResponse{Index: int32(i), ErrorCode: int16(rnd.IntN(100)), HighWatermark: rnd.Int64(),
				LastStableOffset: rnd.Int64(), LogStartOffset: rnd.Int64(), PreferredReadReplica: -1,
				CurrentLeader: randomLeader(rnd)}
			if rnd.IntN(2) == 0 {
				p.Diverging = &EpochEndOffset{Epoch: rnd.Int32(), EndOffset: rnd.Int64()}
			}
			if rnd.IntN(2) == 0 {
				p.Aborted = []AbortedTransaction{}
				for range rnd.IntN(3) {
					p.Aborted = append(p.Aborted, AbortedTransaction{ProducerID: rnd.Int64(),
						FirstOffset: rnd.Int64()})
				}
			}
			for range rnd.IntN(3) {
				p.Records = append(p.Records, fakeSender(bytes.Repeat([]byte{'r'}, rnd.IntN(400))))
			}
			t.Partitions = append(t.Partitions, p)
		}
		r.Topics = append(r.Topics, t)
	}
	return r
}

// kmsgFetchResponse is the same answer as another codec has it.
func kmsgFetchResponse(r *FetchResponse, v int16) *kmsg.FetchResponse {
	k := kmsg.NewPtrFetchResponse()
	k.Version, k.ThrottleMillis, k.ErrorCode, k.SessionID = v, r.ThrottleMs, r.ErrorCode, r.SessionID
	for i := 0; v >= fetchNodeEndpoints && i < len(r.NodeEndpoints); i++ {
		n := r.NodeEndpoints[i]
		k.Brokers = append(k.Brokers, kmsg.FetchResponseBroker{NodeID: n.NodeID, Host: n.Host, Port: n.Port,
			Rack: n.Rack})
	}
	for _, t := range r.Topics {
		kt := kmsg.FetchResponseTopic{Topic: t.Name, TopicID: t.ID}
		for _, p := range t.Partitions {
			kp := kmsg.NewFetchResponseTopicPartition()
			kp.Partition, kp.ErrorCode, kp.HighWatermark = p.Index, p.ErrorCode, p.HighWatermark
			kp.LastStableOffset, kp.LogStartOffset = p.LastStableOffset, p.LogStartOffset
			kp.PreferredReadReplica, kp.RecordBatches = p.PreferredReadReplica, []byte{}
			if p.Diverging != nil {
				kp.DivergingEpoch.Epoch, kp.DivergingEpoch.EndOffset = p.Diverging.Epoch, p.Diverging.EndOffset
			}
			if l := p.CurrentLeader; l != nil {
				kp.CurrentLeader.LeaderID, kp.CurrentLeader.LeaderEpoch = l.LeaderID, l.LeaderEpoch
			}
			if p.Aborted != nil {
				kp.AbortedTransactions = []kmsg.FetchResponseTopicPartitionAbortedTransaction{}
			}
			for _, a := range p.Aborted {
				kp.AbortedTransactions = append(kp.AbortedTransactions,
					kmsg.FetchResponseTopicPartitionAbortedTransaction{ProducerID: a.ProducerID,
						FirstOffset: a.FirstOffset})
			}
			for _, s := range p.Records {
				kp.RecordBatches = append(kp.RecordBatches, s.(fakeSender)...)
			}
			kt.Partitions = append(kt.Partitions, kp)
		}
		k.Topics = append(k.Topics, kt)
	}
	return k
}

func TestFetchResponseAgreesWithKmsg(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	for v := int16(fetchMin); v <= fetchMax; v++ {
		for range 300 {
			r := randomFetchResponse(rnd)
			parts := AppendFetchResponse([]byte("dst"), v, r)
			got, want := join(parts), kmsgFetchResponse(r, v).AppendTo([]byte("dst"))
			if !bytes.Equal(got, want) {
				t.Fatalf("v%d:\n got %x\nwant %x", v, got, want)
			}
			size := 0
			for _, p := range parts {
				if p.Len() == 0 {
					t.Fatalf("v%d: an empty part", v)
				}
				size += p.Len()
			}
			if size != len(want) {
				t.Fatalf("v%d: parts of %d bytes, want %d", v, size, len(want))
			}
			if _, err := responseSchema.check(keyFetch, v, got[3:]); err != nil {
				t.Fatalf("v%d: %v", v, err)
			}
		}
	}
}

func BenchmarkDecodeFetch(b *testing.B) {
	k := kmsg.NewPtrFetchRequest()
	k.Version = 18
	k.Topics = []kmsg.FetchRequestTopic{{Partitions: make([]kmsg.FetchRequestTopicPartition, 100)}}
	body := k.AppendTo(nil)
	var r FetchRequest
	b.ReportAllocs()
	for b.Loop() {
		if err := DecodeFetch(18, body, &r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFetchResponse(b *testing.B) {
	r := &FetchResponse{Topics: []FetchTopicResponse{{Partitions: make([]FetchPartitionResponse, 10)}}}
	for i := range r.Topics[0].Partitions {
		r.Topics[0].Partitions[i].Records = []Sender{fakeSender(make([]byte, 1000))}
	}
	dst := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		AppendFetchResponse(dst[:0], 18, r)
	}
}

func BenchmarkCheck(b *testing.B) {
	body := requestSchema.randomMessage(rand.New(rand.NewPCG(5, 5)), 3, 12)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if err := Check(3, 12, body); err != nil {
			b.Fatal(err)
		}
	}
}
