package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"

	"weir/bench/flights"
)

// payload gives the values that are written again and again: random bytes, or rows of the flights data set joined up to the
// wanted size. They are made before the clock starts.
func payload(c Config) ([][]byte, error) {
	const distinct = 1024
	random := rand.NewChaCha8([32]byte{1})
	values := make([][]byte, 0, distinct)
	if c.Payload == "random" {
		for range distinct {
			v := make([]byte, c.RecordBytes)
			random.Read(v)
			values = append(values, v)
		}
		return values, nil
	}
	var v []byte
	for row, err := range flights.January() {
		if err != nil {
			return nil, err
		}
		v = append(append(v, row.Line...), '\n')
		if len(v) >= c.RecordBytes {
			values = append(values, v[:c.RecordBytes:c.RecordBytes])
			v = nil
		}
	}
	if len(values) == 0 {
		return nil, fmt.Errorf("records of %d bytes are larger than the flights data", c.RecordBytes)
	}
	return values, nil
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

func producerOptions(c Config, t Target, topic string) ([]kgo.Opt, error) {
	z, err := Codec(c.Codec)
	if err != nil {
		return nil, err
	}
	opts := []kgo.Opt{kgo.SeedBrokers(t.Bootstrap), kgo.DefaultProduceTopic(topic), kgo.ProducerBatchCompression(z),
		kgo.ProducerLinger(c.Linger), kgo.ProducerBatchMaxBytes(c.BatchBytes), kgo.MaxBufferedRecords(1 << 17),
		kgo.MaxBufferedBytes(128 << 20), kgo.RecordPartitioner(kgo.RoundRobinPartitioner())}
	switch c.Acks {
	case "all":
	case "1":
		opts = append(opts, kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite())
	case "0":
		opts = append(opts, kgo.RequiredAcks(kgo.NoAck()), kgo.DisableIdempotentWrite())
	default:
		return nil, fmt.Errorf("acks %q is none of all, 1, 0", c.Acks)
	}
	return opts, nil
}

// produce writes c.Records from c.Producers producers and gives the payload bytes once every answer is in.
func produce(ctx context.Context, c Config, t Target, topic string, values [][]byte) (int64, error) {
	opts, err := producerOptions(c, t, topic)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	var bytes atomic.Int64
	for i := range c.Producers {
		cl, err := kgo.NewClient(opts...)
		if err != nil {
			return 0, err
		}
		defer cl.Close()
		share := c.Records / c.Producers
		if i == 0 {
			share += c.Records % c.Producers
		}
		running.Go(func() {
			for n := range share {
				v := values[n%len(values)]
				cl.Produce(ctx, &kgo.Record{Value: v}, func(_ *kgo.Record, err error) {
					if err != nil {
						cancel(fmt.Errorf("produce: %w", err))
						return
					}
					bytes.Add(int64(len(v)))
				})
			}
			if err := cl.Flush(ctx); err != nil {
				cancel(err)
			}
		})
	}
	running.Wait()
	if err := context.Cause(ctx); err != nil {
		return 0, err
	}
	return bytes.Load(), nil
}

// consume reads c.Records with c.Producers consumers, each with its own partitions, and gives the payload bytes.
func consume(ctx context.Context, c Config, t Target, topic string, _ [][]byte) (int64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	var records, bytes atomic.Int64
	for i := range c.Producers {
		offsets := map[int32]kgo.Offset{}
		for p := int32(i); p < c.Partitions; p += int32(c.Producers) {
			offsets[p] = kgo.NewOffset().AtStart()
		}
		cl, err := kgo.NewClient(kgo.SeedBrokers(t.Bootstrap), kgo.FetchMaxBytes(64<<20), kgo.FetchMaxPartitionBytes(8<<20),
			kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: offsets}))
		if err != nil {
			return 0, err
		}
		defer cl.Close()
		running.Go(func() {
			for ctx.Err() == nil {
				fetches := cl.PollFetches(ctx)
				for it := fetches.RecordIter(); !it.Done(); {
					bytes.Add(int64(len(it.Next().Value)))
				}
				if records.Add(int64(fetches.NumRecords())) >= int64(c.Records) {
					cancel(errDone)
				}
			}
		})
	}
	running.Wait()
	if err := context.Cause(ctx); err != errDone {
		return 0, fmt.Errorf("consume: %d of %d records: %w", records.Load(), c.Records, err)
	}
	if records.Load() != int64(c.Records) {
		return 0, fmt.Errorf("consume: got %d records; want %d", records.Load(), c.Records)
	}
	return bytes.Load(), nil
}

var errDone = fmt.Errorf("all records were read")
