// Package kafka drives brokers that speak the Kafka protocol: through franz-go as an application would, or raw, with requests that
// were encoded before the clock started, so that the broker and not the client is the limit.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"weir/bench"
)

// Clients that bench.Config.Client may name; "" is FranzGo.
const (
	FranzGo = "franz-go"
	Raw     = "raw"
)

// Driver is a bench.Driver for one broker. It is also a bench.Counter, Grouper, Idler, Crowder, Transactor and Sharer.
type Driver struct {
	target bench.Target
	admin  *kadm.Client
	client *kgo.Client // admin's, and where raw clients learn who leads a partition
	raw    bool
	made   batches // of raw producers

	connected     atomic.Int64 // by Connect
	crowds        atomic.Int64 // that were opened
	transactional atomic.Int64 // connections to the coordinator of transactions
}

// Open connects to a target.
func Open(ctx context.Context, t bench.Target, c bench.Config) (bench.Driver, error) {
	if c.Client != "" && c.Client != FranzGo && c.Client != Raw {
		return nil, fmt.Errorf("client %q is neither %s nor %s", c.Client, FranzGo, Raw)
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(t.Bootstrap), kgo.MetadataMinAge(100*time.Millisecond))
	if err != nil {
		return nil, fmt.Errorf("make client: %w", err)
	}
	if err := cl.Ping(ctx); err != nil {
		cl.Close()
		return nil, fmt.Errorf("reach %s: %w", t.Bootstrap, err)
	}
	return &Driver{target: t, admin: kadm.NewClient(cl), client: cl, raw: c.Client == Raw}, nil
}

// Close ends the driver's own connections.
func (d *Driver) Close() error {
	d.client.Close()
	return nil
}

// Prepare makes a topic and waits until every partition's leader answers for it: Apache Kafka names leaders in its metadata before
// they know that they are, and a raw client does not ask twice.
func (d *Driver) Prepare(ctx context.Context, topic string, c bench.Config) error {
	settings := map[string]*string{}
	for name, value := range c.TopicSettings {
		settings[name] = &value
	}
	if _, err := d.admin.CreateTopic(ctx, c.Partitions, -1, settings, topic); err != nil {
		return fmt.Errorf("create topic: %w", err)
	}
	for {
		leaders, err := d.leaders(ctx, topic)
		if err == nil && len(leaders) == int(c.Partitions) {
			if _, err = d.Count(ctx, topic); err == nil {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for leaders of %s: %w", topic, errors.Join(context.Cause(ctx), err))
		case <-time.After(2 * time.Millisecond): // nothing announces a leader
		}
	}
}

// leaders gives the address of each partition's leader, by partition.
func (d *Driver) leaders(ctx context.Context, topic string) (map[int32]string, error) {
	m, err := d.admin.Metadata(ctx, topic)
	if err != nil {
		return nil, fmt.Errorf("ask for leaders: %w", err)
	}
	addresses := map[int32]string{}
	for _, b := range m.Brokers {
		addresses[b.NodeID] = fmt.Sprintf("%s:%d", b.Host, b.Port)
	}
	leaders := map[int32]string{}
	for _, p := range m.Topics[topic].Partitions {
		if address, ok := addresses[p.Leader]; ok && p.Err == nil {
			leaders[p.Partition] = address
		}
	}
	return leaders, m.Topics[topic].Err
}

// Remove deletes a topic.
func (d *Driver) Remove(ctx context.Context, topic string) error {
	if _, err := d.admin.DeleteTopic(ctx, topic); err != nil {
		return fmt.Errorf("delete topic: %w", err)
	}
	return nil
}

// Count gives the records that a topic holds: what lies between the first and the last offset of each partition.
func (d *Driver) Count(ctx context.Context, topic string) (int64, error) {
	first, err := d.admin.ListStartOffsets(ctx, topic)
	if err == nil {
		err = first.Error()
	}
	if err != nil {
		return 0, fmt.Errorf("list first offsets: %w", err)
	}
	last, err := d.admin.ListEndOffsets(ctx, topic)
	if err == nil {
		err = last.Error()
	}
	if err != nil {
		return 0, fmt.Errorf("list last offsets: %w", err)
	}
	var n int64
	last.Each(func(o kadm.ListedOffset) { n += o.Offset })
	first.Each(func(o kadm.ListedOffset) { n -= o.Offset })
	return n, nil
}

// Connect opens a connection and has ApiVersions answered on it. On this machine's loopback the connections come from many
// addresses, as those of many clients do: a broker may limit how many it takes from one.
func (d *Driver) Connect(ctx context.Context) (io.Closer, error) {
	c, err := dialFrom(ctx, source(d.target.Bootstrap, d.connected.Add(1)-1), d.target.Bootstrap)
	if err != nil {
		return nil, err
	}
	if err := c.askVersions(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// NewProducer makes a producer of the client that the Config names.
func (d *Driver) NewProducer(ctx context.Context, topic string, c bench.Config, i int) (bench.Producer, error) {
	if d.raw {
		return d.newRawProducer(ctx, topic, c, i)
	}
	return d.newProducer(topic, c)
}

// NewConsumer makes a consumer of the client that the Config names, for every c.Consumers-th partition from the i-th.
func (d *Driver) NewConsumer(ctx context.Context, topic string, c bench.Config, i int) (bench.Consumer, error) {
	if d.raw {
		return d.newRawConsumer(ctx, topic, c, i)
	}
	return d.newConsumer(topic, c, i)
}
