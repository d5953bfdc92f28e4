package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"weir/bench"
)

// session is a bench.TransactionWriter over franz-go.
type session struct {
	cl      *kgo.Client
	values  [][]byte
	records int
	next    int   // of values
	at      int32 // of partitions
	of      int32
}

func (d *Driver) newSession(topic, id string, c bench.Config, i int) (*session, error) {
	values, err := bench.Values(c)
	if err != nil {
		return nil, err
	}
	z, err := Codec(c.Codec)
	if err != nil {
		return nil, err
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(d.target.Bootstrap), kgo.TransactionalID(id), kgo.DefaultProduceTopic(topic), kgo.ProducerLinger(c.Linger),
		kgo.ProducerBatchCompression(z), kgo.ProducerBatchMaxBytes(c.BatchBytes),
		kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		return nil, fmt.Errorf("make client: %w", err)
	}
	return &session{cl: cl, values: values, records: c.TransactionRecords, at: int32(i) % c.Partitions, of: c.Partitions}, nil
}

// Transact writes one transaction.
func (s *session) Transact(ctx context.Context) (t bench.Transaction, err error) {
	if err := s.cl.BeginTransaction(); err != nil {
		return t, fmt.Errorf("begin: %w", err)
	}
	rs := make([]*kgo.Record, s.records)
	for i := range rs {
		rs[i] = &kgo.Record{Value: s.values[s.next%len(s.values)], Partition: s.at}
		s.next++
		t.Bytes += len(rs[i].Value)
	}
	t.Records, s.at = len(rs), (s.at+1)%s.of
	if err := s.cl.ProduceSync(ctx, rs...).FirstErr(); err != nil {
		return t, fmt.Errorf("produce: %w", err)
	}
	began := time.Now()
	if err := s.cl.EndTransaction(ctx, kgo.TryCommit); err != nil {
		return t, fmt.Errorf("end transaction: %w", err)
	}
	t.Commit = time.Since(began)
	return t, nil
}

// Close ends the client.
func (s *session) Close() error {
	s.cl.Close()
	return nil
}

// processor is a bench.Processor over franz-go's group sessions.
type processor struct {
	s      *kgo.GroupTransactSession
	from   string
	failed atomic.Pointer[error] // the first record's that could not be written
}

// NewProcessor joins the group as its i-th member and waits for its partitions, of which it reads nothing yet.
func (d *Driver) NewProcessor(ctx context.Context, from, to, group string, c bench.Config, i int) (bench.Processor, error) {
	z, err := Codec(c.Codec)
	if err != nil {
		return nil, err
	}
	given := make(chan struct{})
	var once sync.Once
	assigned := func(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
		if len(partitions) > 0 {
			once.Do(func() { close(given) })
		}
	}
	s, err := kgo.NewGroupTransactSession(kgo.OnPartitionsAssigned(assigned), kgo.SeedBrokers(d.target.Bootstrap), kgo.TransactionalID(fmt.Sprintf("%s-processor-%d", from, i)),
		kgo.ConsumerGroup(group), kgo.ConsumeTopics(from), kgo.DefaultProduceTopic(to), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.ProducerLinger(c.Linger),
		kgo.ProducerBatchCompression(z), kgo.ProducerBatchMaxBytes(c.BatchBytes), kgo.MaxBufferedRecords(maxBuffered), kgo.MaxBufferedBytes(maxBufferedBytes))
	if err != nil {
		return nil, fmt.Errorf("make client: %w", err)
	}
	s.Client().PauseFetchTopics(from)
	select {
	case <-given:
		return &processor{s: s, from: from}, nil
	case <-ctx.Done():
		s.Close()
		return nil, fmt.Errorf("wait for partitions: %w", context.Cause(ctx))
	}
}

// Process copies what comes.
func (p *processor) Process(ctx context.Context, length time.Duration) (t bench.Transaction, err error) {
	p.s.Client().ResumeFetchTopics(p.from)
	if err := p.s.Begin(); err != nil {
		return t, fmt.Errorf("begin: %w", err)
	}
	open, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	for open.Err() == nil {
		fetched := p.s.PollFetches(open)
		for _, e := range fetched.Errors() {
			if !errors.Is(e.Err, context.DeadlineExceeded) && !errors.Is(e.Err, context.Canceled) {
				return t, fmt.Errorf("read %s-%d: %w", e.Topic, e.Partition, e.Err)
			}
		}
		fetched.EachRecord(func(r *kgo.Record) {
			t.Records++
			t.Bytes += len(r.Key) + len(r.Value)
			p.s.Produce(ctx, &kgo.Record{Key: r.Key, Value: r.Value}, p.written)
		})
	}
	began := time.Now()
	committed, err := p.s.End(ctx, kgo.TryCommit)
	t.Commit = time.Since(began)
	if failed := p.failed.Load(); failed != nil {
		err = errors.Join(err, *failed)
	}
	if err != nil {
		return t, fmt.Errorf("end transaction: %w", err)
	}
	if !committed {
		return bench.Transaction{}, nil
	}
	return t, nil
}

func (p *processor) written(_ *kgo.Record, err error) {
	if err != nil {
		p.failed.CompareAndSwap(nil, &err)
	}
}

// Close leaves the group.
func (p *processor) Close() error {
	p.s.Close()
	return nil
}
