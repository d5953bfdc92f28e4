package kafka

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"weir/bench"
)

// maxBuffered bounds the records, and their bytes, that a producer holds before Send waits.
const (
	maxBuffered      = 1 << 16
	maxBufferedBytes = 64 << 20
)

// producer is a bench.Producer over franz-go.
type producer struct {
	cl   *kgo.Client
	pool sync.Pool // *pending
	// A record's time is read once in 64 records: asking for each would cost as much as a small record itself.
	now time.Time
	n   uint
}

// pending is a record on its way, used again when it is done.
type pending struct {
	kgo.Record
	p       *producer
	done    func(error)
	promise func(*kgo.Record, error) // finish, bound once
}

func (q *pending) finish(_ *kgo.Record, err error) {
	done := q.done
	q.Record, q.done = kgo.Record{}, nil
	q.p.pool.Put(q)
	done(err)
}

// Codec gives a client's codec by Kafka's name for it.
func Codec(name string) (kgo.CompressionCodec, error) {
	switch name {
	case "none":
		return kgo.NoCompression(), nil
	case "gzip":
		return kgo.GzipCompression(), nil
	case "snappy":
		return kgo.SnappyCompression(), nil
	case "lz4":
		return kgo.Lz4Compression(), nil
	case "zstd":
		return kgo.ZstdCompression(), nil
	}
	return kgo.CompressionCodec{}, fmt.Errorf("compression %q is none of none, gzip, snappy, lz4, zstd", name)
}

func (d *Driver) newProducer(topic string, c bench.Config) (*producer, error) {
	z, err := Codec(c.Codec)
	if err != nil {
		return nil, err
	}
	if c.BatchRecords > 0 {
		return nil, errors.New("franz-go cuts batches by bytes and linger; batch_records needs client raw")
	}
	buffered := c.Buffered
	if buffered == 0 {
		buffered = maxBuffered
	}
	opts := []kgo.Opt{kgo.SeedBrokers(d.target.Bootstrap), kgo.DefaultProduceTopic(topic), kgo.ProducerBatchCompression(z),
		kgo.ProducerLinger(c.Linger), kgo.ProducerBatchMaxBytes(c.BatchBytes), kgo.MaxBufferedRecords(buffered),
		kgo.MaxBufferedBytes(maxBufferedBytes), kgo.RecordPartitioner(kgo.BasicConsistentPartitioner(spread))}
	switch c.Acks {
	case "all":
		if c.InFlight > 0 {
			opts = append(opts, kgo.DisableIdempotentWrite(), kgo.MaxProduceRequestsInflightPerBroker(c.InFlight))
		}
	case "1", "0":
		acks, inFlight := kgo.LeaderAck(), 5
		if c.Acks == "0" {
			acks = kgo.NoAck()
		}
		if c.InFlight > 0 {
			inFlight = c.InFlight
		}
		opts = append(opts, kgo.RequiredAcks(acks), kgo.DisableIdempotentWrite(), kgo.MaxProduceRequestsInflightPerBroker(inFlight))
	}
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("make client: %w", err)
	}
	p := &producer{cl: cl}
	p.pool.New = func() any {
		q := &pending{p: p}
		q.promise = q.finish
		return q
	}
	return p, nil
}

// spread picks a record's partition: the one it names, else by its key, else the partitions in turn.
func spread(string) func(*kgo.Record, int) int {
	turn := 0
	return func(r *kgo.Record, n int) int {
		switch {
		case r.Partition >= 0:
			return int(r.Partition)
		case r.Key != nil:
			h := fnv.New32a()
			h.Write(r.Key)
			return int(h.Sum32() % uint32(n))
		}
		turn++
		return turn % n
	}
}

// Send hands a record to franz-go.
func (p *producer) Send(ctx context.Context, r bench.Record, done func(error)) {
	if p.n%64 == 0 {
		p.now = time.Now()
	}
	p.n++
	q := p.pool.Get().(*pending)
	q.Key, q.Value, q.Partition, q.Timestamp, q.done = r.Key, r.Value, r.Partition, p.now, done
	p.cl.Produce(ctx, &q.Record, q.promise)
}

// Flush waits until everything is acknowledged.
func (p *producer) Flush(ctx context.Context) error { return p.cl.Flush(ctx) }

// Close ends the client.
func (p *producer) Close() error {
	p.cl.Close()
	return nil
}
