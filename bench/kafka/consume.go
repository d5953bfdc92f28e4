package kafka

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"

	"weir/bench"
)

// Defaults of one answer to a reader.
const (
	fetchBytes     = 64 << 20
	fetchPartition = 8 << 20
)

// consumer is a bench.Consumer over franz-go.
type consumer struct{ cl *kgo.Client }

// consumerOptions are those of every consumer.
func (d *Driver) consumerOptions(c bench.Config) []kgo.Opt {
	most := int32(fetchBytes)
	if c.FetchBytes > 0 {
		most = c.FetchBytes
	}
	return []kgo.Opt{kgo.SeedBrokers(d.target.Bootstrap), kgo.FetchMaxBytes(most), kgo.FetchMaxPartitionBytes(min(most, fetchPartition)),
		kgo.WithPools(&pools{})}
}

func (d *Driver) newConsumer(topic string, c bench.Config, i int) (*consumer, error) {
	offsets := map[int32]kgo.Offset{}
	for _, p := range mine(c, i) {
		offsets[p] = kgo.NewOffset().AtStart()
	}
	cl, err := kgo.NewClient(append(d.consumerOptions(c), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: offsets}))...)
	if err != nil {
		return nil, fmt.Errorf("make client: %w", err)
	}
	return &consumer{cl}, nil
}

// mine are the partitions of the i-th consumer.
func mine(c bench.Config, i int) []int32 {
	var all []int32
	for p := int32(i); p < c.Partitions; p += int32(c.Consumers) {
		all = append(all, p)
	}
	return all
}

// Receive polls once.
func (c *consumer) Receive(ctx context.Context, each func(bench.Record) error) error {
	fetches := c.cl.PollFetches(ctx)
	if err := fetches.Err0(); err != nil {
		return err
	}
	var failed error
	fetches.EachError(func(topic string, p int32, err error) {
		failed = fmt.Errorf("fetch %s partition %d: %w", topic, p, err)
	})
	for it := fetches.RecordIter(); !it.Done(); {
		r := it.Next()
		if failed == nil {
			failed = each(bench.Record{Key: r.Key, Value: r.Value, Partition: r.Partition})
		}
		r.Recycle()
	}
	return failed
}

// Close ends the client.
func (c *consumer) Close() error {
	c.cl.Close()
	return nil
}

// pools lets franz-go use its slices of records again.
type pools struct{ records sync.Pool }

// GetRecords implements kgo.PoolRecords.
func (p *pools) GetRecords(n int) []kgo.Record {
	if s, ok := p.records.Get().(*[]kgo.Record); ok && cap(*s) >= n {
		return (*s)[:0]
	}
	return make([]kgo.Record, 0, n)
}

// PutRecords implements kgo.PoolRecords.
func (p *pools) PutRecords(s []kgo.Record) { p.records.Put(&s) }

// member is a bench.Member over franz-go.
type member struct {
	consumer
	owned atomic.Int64
}

// NewMember joins a group. Offsets are committed when partitions are given up and when the member leaves.
func (d *Driver) NewMember(_ context.Context, topic, group string, c bench.Config, i int) (bench.Member, error) {
	m := &member{}
	changed := func(by int) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(ctx context.Context, cl *kgo.Client, parts map[string][]int32) {
			if by < 0 {
				// A commit that fails means that records come again, which the benchmark counts.
				_ = cl.CommitUncommittedOffsets(ctx)
			}
			m.owned.Add(int64(by * len(parts[topic])))
		}
	}
	cl, err := kgo.NewClient(append(d.consumerOptions(c), kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(),
		kgo.ClientID(fmt.Sprintf("bench-%d", i)), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.OnPartitionsAssigned(changed(1)), kgo.OnPartitionsRevoked(changed(-1)), kgo.OnPartitionsLost(changed(-1)),
		kgo.BlockRebalanceOnPoll())...)
	if err != nil {
		return nil, fmt.Errorf("make client: %w", err)
	}
	m.cl = cl
	return m, nil
}

// Owned is how many partitions the member has.
func (m *member) Owned() int { return int(m.owned.Load()) }

// Receive polls once and lets a rebalance happen after it, so that no partition goes away under a record.
func (m *member) Receive(ctx context.Context, each func(bench.Record) error) error {
	defer m.cl.AllowRebalance()
	return m.consumer.Receive(ctx, each)
}

// Close leaves the group.
func (m *member) Close() error {
	m.cl.CloseAllowingRebalance()
	return nil
}
