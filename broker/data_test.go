package broker

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// TestProduceConsume writes with every codec and reads back keys, headers, tombstones and timestamps.
func TestProduceConsume(t *testing.T) {
	b := openDir(t, t.TempDir())
	for name, codec := range map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	} {
		t.Run(name, func(t *testing.T) {
			topic(t, b, name, 1)
			c := client(t, b, kgo.ProducerBatchCompression(codec))
			var sent []*kgo.Record
			for i := range 500 {
				r := &kgo.Record{Topic: name, Key: fmt.Appendf(nil, "key %d", i)}
				r.Value = fmt.Appendf(nil, "value %d", i)
				r.Headers = []kgo.RecordHeader{{Key: "h", Value: []byte{byte(i)}}, {Key: "empty"}}
				if i%10 == 0 {
					r.Value = nil
				}
				sent = append(sent, r)
			}
			if err := c.ProduceSync(limit(t), sent...).FirstErr(); err != nil {
				t.Fatal(err)
			}
			for i, r := range consumeN(t, b, name, len(sent)) {
				w := sent[i]
				same := string(r.Key) == string(w.Key) && string(r.Value) == string(w.Value) &&
					(r.Value == nil) == (w.Value == nil) && r.Timestamp.UnixMilli() == w.Timestamp.UnixMilli() &&
					r.Offset == int64(i) && len(r.Headers) == 2 && r.Headers[0].Value[0] == byte(i)
				if !same {
					t.Fatalf("record %d: got %+v, want %+v", i, r, w)
				}
			}
		})
	}
}

// TestAcks writes with every kind of acknowledgement.
func TestAcks(t *testing.T) {
	b := openDir(t, t.TempDir())
	for name, acks := range map[string]kgo.Acks{
		"all": kgo.AllISRAcks(), "leader": kgo.LeaderAck(), "none": kgo.NoAck(),
	} {
		t.Run(name, func(t *testing.T) {
			topic(t, b, name, 1)
			c := client(t, b, kgo.RequiredAcks(acks), kgo.DisableIdempotentWrite())
			for i := range 100 {
				r := &kgo.Record{Topic: name, Value: fmt.Append(nil, i)}
				if err := c.ProduceSync(limit(t), r).FirstErr(); err != nil {
					t.Fatal(err)
				}
			}
			for i, r := range consumeN(t, b, name, 100) {
				if string(r.Value) != fmt.Sprint(i) {
					t.Fatalf("record %d is %q", i, r.Value)
				}
			}
		})
	}
}

// TestLongPoll shows that a waiting fetch is answered when a record comes, not when its time is up.
func TestLongPoll(t *testing.T) {
	b := openDir(t, t.TempDir())
	topic(t, b, "poll", 3)
	c := client(t, b, kgo.ConsumeTopics("poll"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMaxWait(time.Minute))
	produceN(t, b, "poll", 0, "first", 1)
	pollN(t, c, 1)
	for i := range 5 {
		polled := make(chan kgo.Fetches, 1)
		go func() { polled <- c.PollFetches(limit(t)) }()
		produceN(t, b, "poll", int32(i%3), "next", 1)
		if fetches := <-polled; fetches.Err() != nil || fetches.NumRecords() != 1 {
			t.Fatalf("poll %d: %d records, error %v", i, fetches.NumRecords(), fetches.Err())
		}
	}
}

// TestFetchWaitsItsTime shows that a fetch with nothing to read is answered empty after max wait.
func TestFetchWaitsItsTime(t *testing.T) {
	b := openDir(t, t.TempDir())
	topic(t, b, "empty", 1)
	c := client(t, b, kgo.ConsumeTopics("empty"), kgo.FetchMaxWait(100*time.Millisecond))
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := c.PollFetches(ctx).Err(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

// TestPipelined keeps many idempotent produce requests in flight over several partitions.
func TestPipelined(t *testing.T) {
	b := openDir(t, t.TempDir())
	topic(t, b, "pipe", 4)
	c := client(t, b, kgo.ProducerBatchMaxBytes(2000),
		kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
	const count = 5000
	for i := range count {
		r := &kgo.Record{Topic: "pipe", Value: fmt.Appendf(nil, "%05d", i)}
		c.Produce(limit(t), r, func(_ *kgo.Record, err error) {
			if err != nil {
				t.Errorf("record %d: %v", i, err)
			}
		})
	}
	if err := c.Flush(limit(t)); err != nil {
		t.Fatal(err)
	}
	last := make(map[int32]string)
	for _, r := range consumeN(t, b, "pipe", count) {
		if string(r.Value) <= last[r.Partition] {
			t.Fatalf("partition %d: %s after %s", r.Partition, r.Value, last[r.Partition])
		}
		last[r.Partition] = string(r.Value)
	}
}

// TestLimits fetches with limits far below what is there: everything still comes, at least one batch at a
// time.
func TestLimits(t *testing.T) {
	b := openDir(t, t.TempDir())
	topic(t, b, "limits", 2, "max.message.bytes=2000000")
	c := client(t, b, kgo.ProducerBatchMaxBytes(1_500_000), kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
	for i := range 8 {
		value := make([]byte, 300_000*(i%4)+10)
		if err := c.ProduceSync(limit(t), &kgo.Record{Topic: "limits", Value: value}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	for _, bytes := range []int32{1, 1000, 400_000, 10 << 20} {
		consumeN(t, b, "limits", 8, kgo.FetchMaxBytes(bytes), kgo.FetchMaxPartitionBytes(bytes))
	}
}

// TestTooLarge holds B18 as a client sees it.
func TestTooLarge(t *testing.T) {
	b := openDir(t, t.TempDir())
	topic(t, b, "small", 1, "max.message.bytes=1000")
	c := client(t, b, kgo.ProducerBatchCompression(kgo.NoCompression()))
	err := c.ProduceSync(limit(t), &kgo.Record{Topic: "small", Value: make([]byte, 5000)}).FirstErr()
	if !errors.Is(err, kerr.MessageTooLarge) {
		t.Errorf("error %v", err)
	}
	internal := &kgo.Record{Topic: "__consumer_offsets", Value: []byte("x")}
	if err := c.ProduceSync(limit(t), internal).FirstErr(); err == nil {
		t.Error("a client writes to an internal topic")
	}
}

// TestOffsets asks for the special offsets and for offsets by time.
func TestOffsets(t *testing.T) {
	b := openDir(t, t.TempDir())
	topic(t, b, "times", 1)
	c := client(t, b)
	base := time.Now().Add(-time.Hour).UnixMilli()
	for i, ms := range []int64{0, 10, 5, 20, 7} {
		r := &kgo.Record{Topic: "times", Value: fmt.Append(nil, i), Timestamp: time.UnixMilli(base + ms)}
		if err := c.ProduceSync(limit(t), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	a := kadm.NewClient(c)
	if _, err := a.DeleteRecords(limit(t), offsetsAt("times", 1)); err != nil {
		t.Fatal(err)
	}
	check := func(what string, want int64) func(kadm.ListedOffsets, error) {
		return func(listed kadm.ListedOffsets, err error) {
			t.Helper()
			at, ok := listed.Lookup("times", 0)
			if err != nil || !ok || at.Err != nil || at.Offset != want {
				t.Errorf("%s: %+v, error %v; want %d", what, at, err, want)
			}
		}
	}
	check("start", 1)(a.ListStartOffsets(limit(t), "times"))
	check("end", 5)(a.ListEndOffsets(limit(t), "times"))
	check("max", 3)(a.ListMaxTimestampOffsets(limit(t), "times"))
	check("by time", 1)(a.ListOffsetsAfterMilli(limit(t), base+6, "times"))
	check("past all", 5)(a.ListOffsetsAfterMilli(limit(t), base+21, "times"))
	if got := consumeN(t, b, "times", 4); got[0].Offset != 1 {
		t.Errorf("the first record left has offset %d", got[0].Offset)
	}
}

func offsetsAt(topic string, at int64) kadm.Offsets {
	var o kadm.Offsets
	o.Add(kadm.Offset{Topic: topic, Partition: 0, At: at})
	return o
}

// TestDeletedTopic deletes a topic under a consumer and creates it anew: the new one is another topic.
func TestDeletedTopic(t *testing.T) {
	b := openDir(t, t.TempDir())
	topic(t, b, "again", 1)
	produceN(t, b, "again", 0, "old", 3)
	consumeN(t, b, "again", 3)
	if _, err := admin(t, b).DeleteTopic(limit(t), "again"); err != nil {
		t.Fatal(err)
	}
	topic(t, b, "again", 1)
	produceN(t, b, "again", 0, "new", 2)
	if got := consumeN(t, b, "again", 2); string(got[0].Value) != "new0" || got[0].Offset != 0 {
		t.Errorf("first record of the new topic: %q at %d", got[0].Value, got[0].Offset)
	}
}
