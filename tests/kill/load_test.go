//go:build kill

package kill

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"weir/tests/checker"
)

// The load's size. Small segments make it roll, so that kills meet rolls.
const (
	producers  = 4
	partitions = 3
)

// topics are the load's: one in the default durability, one in Apache Kafka's own.
var topics = map[string]map[string]string{
	"fsynced":   {"segment.bytes": "1048576", "index.interval.bytes": "1024"},
	"pagecache": {"segment.bytes": "1048576", "flush.messages": "9223372036854775807"},
}

// load is what runs against the broker while it is killed. Every goroutine ends when the context does; done
// waits for them.
type load struct {
	t       *testing.T
	addr    string
	history *checker.History
	began   time.Time
	ids     map[[16]byte]string // names of the topics
	done    sync.WaitGroup
	acked   atomic.Int64
	read    atomic.Int64
	commits atomic.Int64

	byMembers atomic.Int64 // of the commits
	underWay  atomic.Int64 // commits that are not answered yet
}

// now is the history's clock.
func (l *load) now() int64 { return int64(time.Since(l.began)) }

// client never gives up: a broker that is away is asked again after a few milliseconds, for as long as it
// takes.
func (l *load) client(opts ...kgo.Opt) *kgo.Client {
	cl, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(l.addr),
		kgo.RetryBackoffFn(func(int) time.Duration { return 10 * time.Millisecond }),
		kgo.RetryTimeout(time.Hour), kgo.RequestRetries(1 << 30), kgo.DialTimeout(time.Second),
		kgo.MetadataMinAge(20 * time.Millisecond),
	}, opts...)...)
	if err != nil {
		l.t.Fatal(err)
	}
	return cl
}

func key(topic string, partition int32) string { return fmt.Sprintf("%s/%d", topic, partition) }

func (l *load) createTopics(ctx context.Context) {
	cl := l.client()
	defer cl.Close()
	for name, config := range topics {
		values := map[string]*string{}
		for k, v := range config {
			values[k] = &v
		}
		r, err := kadm.NewClient(cl).CreateTopic(ctx, partitions, 1, values, name)
		if errors.Join(err, r.Err) != nil {
			l.t.Fatal(err, r.Err)
		}
		l.ids[r.ID] = name
	}
}

func (l *load) start(ctx context.Context) {
	for i := range producers {
		l.run(func() { l.produce(ctx, i) })
	}
	l.run(func() { l.poll(ctx, producers) })
	l.run(func() { l.member(ctx, producers+1, "classic members") })
	l.run(func() { l.commit(ctx, producers+2, "by hand") })
	l.run(func() { l.member(ctx, producers+3, "consumer members", kgo.ServerSideBalancer()) })
}

func (l *load) run(f func()) {
	l.done.Add(1)
	go func() {
		defer l.done.Done()
		f()
	}()
}

// produce writes values of its own with idempotence and retries without limit. Data loss that the broker
// tells the client of (an unknown producer, a sequence out of order) stops the producer and with it the test.
func (l *load) produce(ctx context.Context, process int) {
	cl := l.client(kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.StopProducerOnDataLossDetected(),
		kgo.ProducerLinger(0), kgo.MaxBufferedRecords(200), kgo.ProducerBatchCompression(codecs[process%len(codecs)]))
	defer cl.Close()
	rng := rand.New(rand.NewPCG(uint64(process), 1))
	padding := make([]byte, 4096)
	for n := 0; ctx.Err() == nil; n++ {
		topic := "fsynced"
		if n%2 == 1 {
			topic = "pagecache"
		}
		name := fmt.Sprintf("p%d-%d", process, n)
		r := &kgo.Record{Topic: topic, Partition: int32(n/2) % partitions, Key: []byte(name),
			Value: padding[:rng.IntN(len(padding))]}
		began := l.now()
		// The context is not the load's: a record that was begun is finished, so its fate is known.
		cl.Produce(context.Background(), r, func(r *kgo.Record, err error) { l.sent(process, name, began, r, err) })
		if n%8 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	if err := cl.Flush(context.Background()); err != nil {
		l.t.Errorf("producer %d: %v", process, err)
	}
}

// codecs differ by producer.
var codecs = []kgo.CompressionCodec{
	kgo.NoCompression(), kgo.Lz4Compression(), kgo.ZstdCompression(), kgo.SnappyCompression(),
}

// sent records what became of a send; a client's promises come in order for each partition.
func (l *load) sent(process int, name string, began int64, r *kgo.Record, err error) {
	op := checker.Op{Process: process, Kind: checker.Send, Began: began, Ended: l.now(), Key: key(r.Topic, r.Partition),
		Value: name, Offset: r.Offset}
	if err != nil {
		op.Outcome, op.Offset = checker.Unknown, -1
		l.t.Errorf("producer %d gave up on %s: %v", process, name, err)
	} else {
		l.acked.Add(1)
	}
	l.history.Add(op)
}

// polled turns what a client returned into an operation.
func polled(process int, fetches kgo.Fetches) checker.Op {
	op := checker.Op{Process: process, Kind: checker.Poll}
	fetches.EachRecord(func(r *kgo.Record) {
		op.Records = append(op.Records, checker.Record{Key: key(r.Topic, r.Partition), Offset: r.Offset,
			Value: string(r.Key)})
	})
	return op
}

// assigned is every partition of the load, from its start.
func assigned() kgo.Opt {
	all := map[string]map[int32]kgo.Offset{}
	for topic := range topics {
		all[topic] = map[int32]kgo.Offset{}
		for p := range int32(partitions) {
			all[topic][p] = kgo.NewOffset().AtStart()
		}
	}
	return kgo.ConsumePartitions(all)
}

// poll reads everything, through all kills: no record is skipped, none comes twice.
func (l *load) poll(ctx context.Context, process int) {
	cl := l.client(assigned(), kgo.FetchMaxWait(100*time.Millisecond))
	defer cl.Close()
	for ctx.Err() == nil {
		fetches := cl.PollFetches(ctx)
		fetches.EachError(func(topic string, p int32, err error) {
			if ctx.Err() == nil && !kerr.IsRetriable(err) {
				l.t.Errorf("reading %s: %v", key(topic, p), err)
			}
		})
		op := polled(process, fetches)
		op.Ended = l.now()
		l.read.Add(int64(len(op.Records)))
		l.history.Add(op)
	}
}

// member consumes in a group and commits what it got; each time it is given its partitions anew it must be
// sent on from where it committed.
func (l *load) member(ctx context.Context, process int, group string, options ...kgo.Opt) {
	m := &committer{load: l, process: process, group: group}
	cl := l.client(append(options, kgo.ConsumerGroup(group), kgo.ConsumeTopics("fsynced", "pagecache"), kgo.DisableAutoCommit(),
		kgo.SessionTimeout(6*time.Second), kgo.HeartbeatInterval(200*time.Millisecond),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(100*time.Millisecond),
		kgo.OnOffsetsFetched(m.fetched))...)
	defer cl.Close()
	for ctx.Err() == nil {
		records := cl.PollFetches(ctx).Records()
		if len(records) > 0 {
			m.commit(ctx, cl, records)
		}
	}
}
