package protocol

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

func randomShareFetchResponse(rnd *rand.Rand) *ShareFetchResponse {
	r := &ShareFetchResponse{ThrottleMs: rnd.Int32(), ErrorCode: int16(rnd.IntN(100)), ErrorMessage: maybeText(rnd), LockTimeoutMs: rnd.Int32(),
		NodeEndpoints: randomNodes(rnd)}
	for range rnd.IntN(3) {
		t := ShareFetchTopicResponse{ID: [16]byte{byte(rnd.IntN(256)), 5: 9}}
		for i := range rnd.IntN(4) {
			p := ShareFetchPartitionResponse{Index: int32(i), ErrorCode: int16(rnd.IntN(100)), ErrorMessage: maybeText(rnd),
				AcknowledgeCode: int16(rnd.IntN(100)), AcknowledgeMessage: maybeText(rnd),
				CurrentLeader: LeaderIDAndEpoch{LeaderID: rnd.Int32(), LeaderEpoch: rnd.Int32()}}
			for range rnd.IntN(3) {
				p.Records = append(p.Records, fakeSender(bytes.Repeat([]byte{'r'}, rnd.IntN(400))))
			}
			for range rnd.IntN(3) {
				p.Acquired = append(p.Acquired, AcquiredRecords{rnd.Int64(), rnd.Int64(), int16(rnd.IntN(9))})
			}
			t.Partitions = append(t.Partitions, p)
		}
		r.Topics = append(r.Topics, t)
	}
	return r
}

// kmsgShareFetchResponse is the same answer as another codec has it.
func kmsgShareFetchResponse(r *ShareFetchResponse, v int16) *kmsg.ShareFetchResponse {
	k := kmsg.NewPtrShareFetchResponse()
	k.Version, k.ThrottleMillis, k.ErrorCode, k.ErrorMessage = v, r.ThrottleMs, r.ErrorCode, r.ErrorMessage
	k.AcquisitionLockTimeoutMillis = r.LockTimeoutMs
	for _, n := range r.NodeEndpoints {
		k.NodeEndpoints = append(k.NodeEndpoints, kmsg.ShareFetchResponseNodeEndpoint{NodeID: n.NodeID, Host: n.Host, Port: n.Port, Rack: n.Rack})
	}
	for _, t := range r.Topics {
		kt := kmsg.ShareFetchResponseTopic{TopicID: t.ID}
		for _, p := range t.Partitions {
			kp := kmsg.NewShareFetchResponseTopicPartition()
			kp.Partition, kp.ErrorCode, kp.ErrorMessage = p.Index, p.ErrorCode, p.ErrorMessage
			kp.AcknowledgeErrorCode, kp.AcknowledgeErrorMessage = p.AcknowledgeCode, p.AcknowledgeMessage
			kp.CurrentLeader.LeaderID, kp.CurrentLeader.LeaderEpoch = p.CurrentLeader.LeaderID, p.CurrentLeader.LeaderEpoch
			kp.Records = []byte{}
			for _, s := range p.Records {
				kp.Records = append(kp.Records, s.(fakeSender)...)
			}
			for _, a := range p.Acquired {
				kp.AcquiredRecords = append(kp.AcquiredRecords, kmsg.ShareFetchResponseTopicPartitionAcquiredRecord{
					FirstOffset: a.FirstOffset, LastOffset: a.LastOffset, DeliveryCount: a.DeliveryCount})
			}
			kt.Partitions = append(kt.Partitions, kp)
		}
		k.Topics = append(k.Topics, kt)
	}
	return k
}

func TestShareFetchResponseAgreesWithKmsg(t *testing.T) {
	rnd := rand.New(rand.NewPCG(78, 1))
	for v := int16(1); v <= 2; v++ {
		for range 300 {
			r := randomShareFetchResponse(rnd)
			got := join(AppendShareFetchResponse([]byte("dst"), v, r))
			if want := kmsgShareFetchResponse(r, v).AppendTo([]byte("dst")); !bytes.Equal(got, want) {
				t.Fatalf("v%d:\n got %x\nwant %x", v, got, want)
			}
		}
	}
}
