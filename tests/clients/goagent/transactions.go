package main

import (
	"context"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Transactions of the two clients that have them. A producer is made by its first begin; to make one is to fence those before it.

func (s *saramaClient) transactional(id string) (sarama.SyncProducer, error) {
	c := s.config()
	c.Producer.Transaction.ID = id
	return s.open(id, c)
}

func (s *saramaClient) begin(q request) error {
	p, err := s.transactional(q.ID)
	if err != nil {
		return err
	}
	if err := p.BeginTxn(); err != nil {
		return err
	}
	if _, err := sendSarama(p, q); err != nil || q.Group == "" {
		return err
	}
	return p.AddOffsetsToTxn(map[string][]*sarama.PartitionOffsetMetadata{
		q.Topic: {{Partition: q.Partition, Offset: q.From}},
	}, q.Group)
}

func (s *saramaClient) end(q request) error {
	p, err := s.transactional(q.ID)
	if err != nil {
		return err
	}
	if q.Commit {
		return p.CommitTxn()
	}
	return p.AbortTxn()
}

func (f *franz) transactional(id string) (*kgo.Client, error) {
	if cl := f.producers[id]; cl != nil {
		return cl, nil
	}
	cl, err := f.open(kgo.TransactionalID(id), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err == nil {
		f.producers[id] = cl
	}
	return cl, err
}

// begin sends no offsets: franz-go has them sent by a session that consumes, of what that consumed.
func (f *franz) begin(q request) error {
	cl, err := f.transactional(q.ID)
	if err != nil {
		return err
	}
	if err := cl.BeginTransaction(); err != nil {
		return err
	}
	var records []*kgo.Record
	for _, r := range q.Records {
		records = append(records, &kgo.Record{Topic: q.Topic, Partition: r.P, Value: r.V})
	}
	return cl.ProduceSync(context.Background(), records...).FirstErr()
}

func (f *franz) end(q request) error {
	cl, err := f.transactional(q.ID)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return cl.EndTransaction(ctx, kgo.TransactionEndTry(q.Commit))
}
