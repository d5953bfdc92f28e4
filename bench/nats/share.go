package nats

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"weir/bench"
	"weir/bench/client"
)

// takeMessages is how many messages the library has ahead of a taker, and how many more wait for the workload: what share consumers of
// Kafka ask for at once.
const takeMessages = 500

// taker is a member of a durable pull consumer with explicit acknowledgement.
type taker struct {
	conn    *nats.Conn
	inbox   *client.Inbox[jetstream.Msg]
	running jetstream.ConsumeContext
	taken   []jetstream.Msg // of the last Take
}

// NewTaker gives one more puller of the topic's consumer, which the first makes.
func (d *Driver) NewTaker(ctx context.Context, topic, group string, _ bench.Config, _ int) (bench.Taker, error) {
	t := &taker{inbox: client.NewInbox[jetstream.Msg](takeMessages)}
	conn, js, err := d.connect(t.inbox.Fail)
	if err != nil {
		return nil, err
	}
	t.conn = conn
	if err := t.consume(ctx, js, streamName(topic), group); err != nil {
		conn.Close()
		return nil, fmt.Errorf("pull from %s: %w", topic, err)
	}
	d.groups[topic] = group
	return t, nil
}

func (t *taker) consume(ctx context.Context, js jetstream.JetStream, stream, group string) error {
	// MaxAckPending is of all pullers together, 1,000 by default: that would be the limit, and not the server.
	c, err := js.CreateOrUpdateConsumer(ctx, stream, jetstream.ConsumerConfig{Durable: group, DeliverPolicy: jetstream.DeliverAllPolicy,
		AckPolicy: jetstream.AckExplicitPolicy, MaxAckPending: -1})
	if err != nil {
		return err
	}
	t.running, err = c.Consume(t.inbox.Put, jetstream.PullMaxMessages(takeMessages))
	return err
}

// Take gives what has come. See bench.Taker.
func (t *taker) Take(ctx context.Context, each func(bench.Record) error) error {
	t.taken = nil
	all, err := t.inbox.Take(ctx)
	if err != nil {
		return err
	}
	for _, m := range all {
		if err := each(bench.Record{Value: m.Data(), Partition: -1}); err != nil {
			return err
		}
	}
	t.taken = all
	return nil
}

// Accept acknowledges each message, and has the last answered: the server does a consumer's acknowledgements one after the other, those
// of a connection in their order, so that answer stands for all of them. See bench.Taker.
func (t *taker) Accept(ctx context.Context) error {
	for i, m := range t.taken {
		ack := m.Ack
		if i == len(t.taken)-1 {
			ack = func() error { return m.DoubleAck(ctx) }
		}
		if err := ack(); err != nil {
			return fmt.Errorf("acknowledge: %w", err)
		}
	}
	t.taken = nil
	return nil
}

// Close stops pulling and ends the connection; what was taken and not acknowledged is given to others when its time is over.
func (t *taker) Close() error {
	t.inbox.Close()
	t.running.Stop()
	t.conn.Close()
	return nil
}

// Left is the number of messages that the topic's consumer has not given to anybody, or that are not acknowledged. See bench.Emptier.
func (d *Driver) Left(ctx context.Context, topic string) (int64, error) {
	c, err := d.js.Consumer(ctx, streamName(topic), d.groups[topic])
	if err != nil {
		return 0, err
	}
	info := c.CachedInfo()
	return int64(info.NumPending) + int64(info.NumAckPending), nil
}
