package handlers

import (
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/protocol"
	"weir/record"
)

// benchBatch is one batch as it travels.
func benchBatch(records, bytes int) []byte {
	b := record.NewBuilder(record.Options{})
	for range records {
		b.Append(1, nil, make([]byte, bytes))
	}
	out := b.Build()
	return out.Raw
}

// serveAgain serves the same request again and again, without a socket, until the answer is encoded.
func serveAgain(b *testing.B, f *fixture, version int16, req kmsg.Request) {
	req.SetVersion(version)
	client := "bench"
	header := protocol.RequestHeader{Key: req.Key(), Version: version, ClientID: &client}
	body := req.AppendTo(nil)
	b.ReportAllocs()
	for b.Loop() {
		reply, err := f.Serve(f.conn, &Request{Header: header, Body: body})
		if err != nil {
			b.Fatal(err)
		}
		reply.Wait(nil)
		reply.Encode(nil)
		reply.Release()
	}
}

func produceRequest(topic string, batch []byte) *kmsg.ProduceRequest {
	p := kmsg.NewProduceRequestTopicPartition()
	p.Records = batch
	t := kmsg.NewProduceRequestTopic()
	t.Topic, t.Partitions = topic, []kmsg.ProduceRequestTopicPartition{p}
	req := kmsg.NewPtrProduceRequest()
	req.Acks, req.TimeoutMillis, req.Topics = -1, 10_000, []kmsg.ProduceRequestTopic{t}
	return req
}

// BenchmarkProduce is a request of one batch, over a file system in memory.
func BenchmarkProduce(b *testing.B) {
	for _, records := range []int{1, 100} {
		b.Run(fmt.Sprintf("records=%d", records), func(b *testing.B) {
			f := newFixture(b)
			f.topic("t", 1, "retention.bytes=67108864")
			batch := benchBatch(records, 100)
			b.SetBytes(int64(len(batch)))
			serveAgain(b, f, 9, produceRequest("t", batch))
		})
	}
}

// BenchmarkFetch is a request for a partition's records from its begin, up to what the bytes say.
func BenchmarkFetch(b *testing.B) {
	for _, bytes := range []int32{1 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("bytes=%d", bytes), func(b *testing.B) {
			f := newFixture(b)
			f.topic("t", 1)
			for range 256 {
				ask[*kmsg.ProduceResponse](f, 9, produceRequest("t", benchBatch(40, 100)))
			}
			p := kmsg.NewFetchRequestTopicPartition()
			p.PartitionMaxBytes, p.CurrentLeaderEpoch = bytes, -1
			t := kmsg.NewFetchRequestTopic()
			t.Topic, t.Partitions = "t", []kmsg.FetchRequestTopicPartition{p}
			req := kmsg.NewPtrFetchRequest()
			req.MaxBytes, req.MinBytes, req.SessionEpoch, req.Topics = bytes, 1, -1, []kmsg.FetchRequestTopic{t}
			serveAgain(b, f, 12, req)
		})
	}
}
