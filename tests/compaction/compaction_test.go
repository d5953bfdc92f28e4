//go:build clients

package compaction

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"weir/tests/brokers"
)

func TestMain(m *testing.M) { brokers.Main(m) }

// codecs are what the five topics are written with.
var codecs = []struct {
	name  string
	codec kgo.CompressionCodec
}{
	{"none", kgo.NoCompression()}, {"gzip", kgo.GzipCompression()}, {"snappy", kgo.SnappyCompression()},
	{"lz4", kgo.Lz4Compression()}, {"zstd", kgo.ZstdCompression()},
}

const (
	perKey        = 10  // records of a key, on average
	deletePercent = 5   // of the records
	valueBytes    = 100 // of the others
)

// records is how many there are a topic.
func records(t *testing.T) int {
	all := 100_000
	if text := os.Getenv("WEIR_COMPACTION_RECORDS"); text != "" {
		var err error
		if all, err = strconv.Atoi(text); err != nil || all < 1000 {
			t.Fatalf("WEIR_COMPACTION_RECORDS is %q", text)
		}
	}
	return all / len(codecs)
}

// script is the records of a topic: of the i-th the key and whether it is a delete. It is the same for both brokers.
type script struct {
	keys    []uint32
	deletes []bool
	last    []int32 // the last record of each key, -1 for none
	noise   []byte
}

func newScript(n int, seed uint64) *script {
	rng := rand.New(rand.NewPCG(seed, 7))
	s := &script{keys: make([]uint32, n), deletes: make([]bool, n), last: make([]int32, max(n/perKey, 1))}
	for i := range s.last {
		s.last[i] = -1
	}
	for i := range n {
		key := rng.IntN(len(s.last))
		s.keys[i], s.deletes[i], s.last[key] = uint32(key), rng.IntN(100) < deletePercent, int32(i)
	}
	s.noise = make([]byte, 1<<20)
	for i := range s.noise {
		s.noise[i] = byte(rng.Uint32())
	}
	return s
}

// record is the i-th. Its value says which it is, and is half text and half noise: it compresses about as events do.
func (s *script) record(topic string, i int) *kgo.Record {
	r := &kgo.Record{Topic: topic, Key: fmt.Appendf(nil, "key-%012d", s.keys[i])}
	if !s.deletes[i] {
		r.Value = append(make([]byte, 0, valueBytes), "departure, arrival, carrier, tail number, delay "...)
		r.Value = binary.BigEndian.AppendUint64(r.Value, uint64(i))
		at := i * 131 % (len(s.noise) - valueBytes)
		r.Value = append(r.Value, s.noise[at:at+valueBytes-len(r.Value)]...)
	}
	return r
}

// TestCompactedLogs is the whole run.
func TestCompactedLogs(t *testing.T) {
	n := records(t)
	scripts := make([]*script, len(codecs))
	for i := range scripts {
		scripts[i] = newScript(n, uint64(i))
	}
	settings := map[string]string{"log.cleaner.backoff.ms": "100"}
	for _, kind := range []string{brokers.KindWeir, brokers.KindKafka} {
		t.Run(kind, func(t *testing.T) {
			b := brokers.Measured(t, kind, settings)
			watch := watchCleaned(t, b)
			var topics []string
			var group sync.WaitGroup
			began := time.Now()
			for i, c := range codecs {
				topic := "compacted-" + c.name
				topics = append(topics, topic)
				create(t, b, topic)
				group.Go(func() { produce(t, b, topic, c.codec, scripts[i]) })
			}
			group.Wait()
			if t.Failed() {
				return
			}
			wrote := time.Since(began)
			size := diskSize(t, b)
			before, began := cpu(t, b), time.Now()
			release(t, b, topics)
			watch.wait(topics, int64(n))
			took, used := time.Since(began), cpu(t, b)-before
			left := int64(0)
			began = time.Now()
			for i, topic := range topics {
				left += verify(t, b, topic, scripts[i])
			}
			t.Logf("%s: %d records written in %.1f s, %.1f MiB; compacted in %.1f s with %.2f s of CPU, %.1f MiB a CPU second; "+
				"%d records left, read and compared in %.1f s", kind, n*len(codecs), wrote.Seconds(), mib(size),
				took.Seconds(), used, mib(size)/used, left, time.Since(began).Seconds())
		})
	}
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

func client(t *testing.T, b *brokers.Broker, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append(opts, kgo.SeedBrokers(b.Addr))...)
	if err != nil {
		t.Fatal(err)
	}
	return cl
}

func value(s string) *string { return &s }

// create makes a topic that is not compacted yet.
func create(t *testing.T, b *brokers.Broker, topic string) {
	t.Helper()
	cl := client(t, b)
	defer cl.Close()
	_, err := kadm.NewClient(cl).CreateTopic(t.Context(), 1, 1, map[string]*string{
		"cleanup.policy": value("compact"), "min.cleanable.dirty.ratio": value("1"), "segment.bytes": value("67108864"),
	}, topic)
	if err != nil {
		t.Fatalf("create %s: %v", topic, err)
	}
}

// produce writes a topic's records in order.
func produce(t *testing.T, b *brokers.Broker, topic string, codec kgo.CompressionCodec, s *script) {
	cl := client(t, b, kgo.ProducerBatchCompression(codec), kgo.ProducerLinger(5*time.Millisecond),
		kgo.ProducerBatchMaxBytes(64<<10), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	defer cl.Close()
	for i := range s.keys {
		cl.Produce(context.Background(), s.record(topic, i), func(_ *kgo.Record, err error) {
			if err != nil {
				t.Errorf("produce to %s: %v", topic, err)
			}
		})
		if i%10_000 == 0 && t.Failed() {
			return
		}
	}
	if err := cl.Flush(context.Background()); err != nil {
		t.Errorf("flush %s: %v", topic, err)
	}
}

// release lets the topics be compacted: whatever is dirty, and all that was written, since one more record begins a new
// segment.
func release(t *testing.T, b *brokers.Broker, topics []string) {
	t.Helper()
	cl := client(t, b, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	defer cl.Close()
	answers, err := kadm.NewClient(cl).AlterTopicConfigs(t.Context(), []kadm.AlterConfig{
		{Op: kadm.SetConfig, Name: "segment.ms", Value: value("1")},
		{Op: kadm.SetConfig, Name: "min.cleanable.dirty.ratio", Value: value("0")},
	}, topics...)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range answers {
		if a.Err != nil {
			t.Fatal(a.Err)
		}
	}
	for _, topic := range topics {
		r := &kgo.Record{Topic: topic, Key: []byte("the end"), Value: []byte("of it")}
		if err := cl.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

// verify reads a topic and compares: of each key there is the last record, in its place, and nothing else. It returns
// how many records there are.
func verify(t *testing.T, b *brokers.Broker, topic string, s *script) (left int64) {
	t.Helper()
	cl := client(t, b, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}}))
	defer cl.Close()
	n, last := int64(len(s.keys)), int64(-1)
	seen := make([]bool, len(s.last))
	for last < n {
		fetches := cl.PollFetches(t.Context())
		if err := fetches.Err(); err != nil {
			t.Fatalf("read %s: %v", topic, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if r.Offset <= last {
				t.Fatalf("%s: offset %d after %d", topic, r.Offset, last)
			}
			if last = r.Offset; last >= n {
				return
			}
			left++
			want := s.record(topic, int(last))
			if string(r.Key) != string(want.Key) || string(r.Value) != string(want.Value) || (r.Value == nil) != (want.Value == nil) {
				t.Fatalf("%s at %d: %q = %q; %q = %q was written", topic, last, r.Key, r.Value, want.Key, want.Value)
			}
			key := s.keys[last]
			if int64(s.last[key]) != last {
				t.Fatalf("%s: %q at %d; the last record of that key is at %d", topic, r.Key, last, s.last[key])
			}
			seen[key] = true
		})
	}
	for key, at := range s.last {
		if at >= 0 && !seen[key] {
			t.Fatalf("%s: the last record of key %d, at %d, is gone", topic, key, at)
		}
	}
	return left
}
