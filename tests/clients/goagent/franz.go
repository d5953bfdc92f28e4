package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// franz is franz-go, with its admin package.
type franz struct {
	bootstrap string
	producers map[string]*kgo.Client // by codec, or by transactional id
	m         *member
	group     *kgo.Client
	topic     string
	stop      context.CancelFunc
	stopped   chan struct{}
	sharers   map[string]*franzSharer
}

func newFranz(bootstrap string) *franz {
	return &franz{bootstrap: bootstrap, producers: map[string]*kgo.Client{}}
}

func (f *franz) open(opts ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(f.bootstrap),
		kgo.FetchMaxPartitionBytes(maxBytes),
		kgo.FetchMaxWait(200 * time.Millisecond),
	}, opts...)...)
}

func (f *franz) hello() (answer, error) {
	return answer{
		Version: version("github.com/twmb/franz-go"),
		Codecs:  []string{"none", "gzip", "snappy", "lz4", "zstd"},
		Can:     []string{"admin", "idempotent", "static", "cooperative", "headers"},
	}, nil
}

// ask runs one admin call on a client of its own.
func (f *franz) ask(call func(context.Context, *kadm.Client) error) error {
	cl, err := f.open()
	if err != nil {
		return err
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return call(ctx, kadm.NewClient(cl))
}

func (f *franz) create(q request) error {
	configs := map[string]*string{}
	for k, v := range q.Config {
		configs[k] = &v
	}
	return f.ask(func(ctx context.Context, adm *kadm.Client) error {
		r, err := adm.CreateTopic(ctx, q.Partitions, 1, configs, q.Topic)
		return errors.Join(err, r.Err)
	})
}

func (f *franz) remove(q request) error {
	return f.ask(func(ctx context.Context, adm *kadm.Client) error {
		r, err := adm.DeleteTopics(ctx, q.Topic)
		return errors.Join(err, r.Error())
	})
}

func (f *franz) producer(codec string) (*kgo.Client, error) {
	if cl := f.producers[codec]; cl != nil {
		return cl, nil
	}
	c := map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}[codec]
	hash := kgo.StickyKeyPartitioner(nil)
	cl, err := f.open(kgo.ProducerBatchCompression(c), kgo.ProducerBatchMaxBytes(maxBytes),
		kgo.ProducerLinger(5*time.Millisecond),
		kgo.RecordPartitioner(kgo.BasicConsistentPartitioner(func(topic string) func(*kgo.Record, int) int {
			byKey := hash.ForTopic(topic)
			return func(r *kgo.Record, n int) int {
				if r.Partition >= 0 {
					return int(r.Partition)
				}
				return byKey.Partition(r, n)
			}
		})))
	if err == nil {
		f.producers[codec] = cl
	}
	return cl, err
}

func (f *franz) produce(q request) (answer, error) {
	cl, err := f.producer(q.Codec)
	if err != nil {
		return answer{}, err
	}
	var records []*kgo.Record
	for _, r := range q.Records {
		out := &kgo.Record{Topic: q.Topic, Partition: r.P, Key: r.K, Value: r.V}
		if r.T > 0 {
			out.Timestamp = time.UnixMilli(r.T)
		}
		for _, h := range r.H {
			out.Headers = append(out.Headers, kgo.RecordHeader{Key: h.Key, Value: h.Value})
		}
		records = append(records, out)
	}
	if err := cl.ProduceSync(context.Background(), records...).FirstErr(); err != nil {
		return answer{}, err
	}
	var a answer
	for _, r := range records {
		a.Offsets, a.Partitions = append(a.Offsets, r.Offset), append(a.Partitions, r.Partition)
	}
	return a, nil
}

func fromFranz(r *kgo.Record) rec {
	out := rec{P: r.Partition, O: r.Offset, T: r.Timestamp.UnixMilli(), K: r.Key, V: r.Value}
	for _, h := range r.Headers {
		out.H = append(out.H, header{h.Key, h.Value})
	}
	return out
}

func (f *franz) offset(q request) (answer, error) {
	var a answer
	err := f.ask(func(ctx context.Context, adm *kadm.Client) error {
		var l kadm.ListedOffsets
		var err error
		switch *q.At {
		case -1:
			l, err = adm.ListEndOffsets(ctx, q.Topic)
		case -2:
			l, err = adm.ListStartOffsets(ctx, q.Topic)
		default:
			l, err = adm.ListOffsetsAfterMilli(ctx, *q.At, q.Topic)
		}
		if err != nil {
			return err
		}
		o, ok := l.Lookup(q.Topic, q.Partition)
		if !ok {
			return fmt.Errorf("no answer for partition %d", q.Partition)
		}
		a.Offset = o.Offset
		return o.Err
	})
	return a, err
}

func (f *franz) fetch(q request) (answer, error) {
	at := kgo.NewOffset().At(q.From)
	if q.At != nil {
		at = kgo.NewOffset().AfterMilli(*q.At)
	}
	isolation := kgo.ReadUncommitted()
	if q.Isolation == "read_committed" {
		isolation = kgo.ReadCommitted()
	}
	cl, err := f.open(kgo.FetchIsolationLevel(isolation), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{q.Topic: {q.Partition: at}}))
	if err != nil {
		return answer{}, err
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(context.Background(), q.wait())
	defer cancel()
	var a answer
	for len(a.Records) < q.Count && ctx.Err() == nil {
		got := cl.PollRecords(ctx, q.Count-len(a.Records))
		if err := got.Err0(); err != nil && ctx.Err() == nil {
			return a, err
		}
		got.EachRecord(func(r *kgo.Record) { a.Records = append(a.Records, fromFranz(r)) })
	}
	return a, nil
}

func (f *franz) committed(q request) (answer, error) {
	a := answer{Offset: -1}
	err := f.ask(func(ctx context.Context, adm *kadm.Client) error {
		got, err := adm.FetchOffsets(ctx, q.Group)
		if err != nil {
			return err
		}
		if o, ok := got.Lookup(q.Topic, q.Partition); ok {
			a.Offset = o.At
			return o.Err
		}
		return nil
	})
	return a, err
}

// franzBalancer is the assignor; in the consumer protocol it stands for the server's of the same manner.
func franzBalancer(name string) kgo.GroupBalancer {
	switch name {
	case "cooperative", "uniform":
		return kgo.CooperativeStickyBalancer()
	case "sticky":
		return kgo.StickyBalancer()
	case "roundrobin":
		return kgo.RoundRobinBalancer()
	}
	return kgo.RangeBalancer()
}

func (f *franz) join(q request) error {
	m := newMember()
	lose := func(_ context.Context, _ *kgo.Client, gone map[string][]int32) {
		for _, partitions := range gone {
			for _, p := range partitions {
				m.lose(p)
			}
		}
	}
	opts := []kgo.Opt{
		kgo.ConsumerGroup(q.Group), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.Balancers(franzBalancer(q.Assignor)),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, got map[string][]int32) {
			for _, partitions := range got {
				for _, p := range partitions {
					m.gain(p)
				}
			}
		}),
		kgo.OnPartitionsRevoked(lose), kgo.OnPartitionsLost(lose),
	}
	if q.Regex != "" {
		opts = append(opts, kgo.ConsumeTopics("^"+q.Regex+"$"), kgo.ConsumeRegex(), kgo.MetadataMinAge(500*time.Millisecond),
			kgo.MetadataMaxAge(time.Second))
	} else {
		opts = append(opts, kgo.ConsumeTopics(q.Topic))
	}
	if q.Instance != "" {
		opts = append(opts, kgo.InstanceID(q.Instance))
	}
	if q.Protocol == "consumer" {
		opts = append(opts, kgo.ServerSideBalancer())
	} else if q.SessionMs > 0 {
		opts = append(opts, kgo.SessionTimeout(time.Duration(q.SessionMs)*time.Millisecond),
			kgo.HeartbeatInterval(500*time.Millisecond))
	}
	cl, err := f.open(opts...)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	f.m, f.group, f.topic, f.stop, f.stopped = m, cl, q.Topic, cancel, make(chan struct{})
	go func() {
		defer close(f.stopped)
		for ctx.Err() == nil {
			cl.PollFetches(ctx).EachRecord(func(r *kgo.Record) { m.got(fromFranz(r)) })
		}
	}()
	return nil
}

func (f *franz) state() (answer, error) { return f.m.state() }

func (f *franz) commit() error {
	commit := map[string]map[int32]kgo.EpochOffset{f.topic: {}}
	for p, o := range f.m.positions() {
		commit[f.topic][p] = kgo.EpochOffset{Epoch: -1, Offset: o}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var failed error
	f.group.CommitOffsetsSync(ctx, commit, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest,
		resp *kmsg.OffsetCommitResponse, err error) {
		if failed = err; err != nil {
			return
		}
		for _, t := range resp.Topics {
			for _, p := range t.Partitions {
				failed = errors.Join(failed, kerr.ErrorForCode(p.ErrorCode))
			}
		}
	})
	return failed
}

func (f *franz) leave() error {
	f.stop()
	<-f.stopped
	f.group.Close()
	return nil
}
