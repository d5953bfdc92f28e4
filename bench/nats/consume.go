package nats

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"weir/bench"
	"weir/bench/client"
)

// inboxRoom is how many messages wait for the workload; pullMessages how many the library asks for at a time, a stream.
const (
	inboxRoom    = 16384
	pullMessages = 4096
)

type consumer struct {
	conn    *nats.Conn
	inbox   *client.Inbox[[]byte]
	running []jetstream.ConsumeContext
}

// NewConsumer gives the i-th consumer, with a connection of its own.
func (d *Driver) NewConsumer(ctx context.Context, topic string, c bench.Config, i int) (bench.Consumer, error) {
	cs := &consumer{inbox: client.NewInbox[[]byte](inboxRoom)}
	conn, js, err := d.connect(cs.inbox.Fail)
	if err != nil {
		return nil, err
	}
	cs.conn = conn
	for _, subject := range client.Share(topic, c, i) {
		if err := cs.consume(ctx, js, streamName(subject)); err != nil {
			conn.Close()
			return nil, fmt.Errorf("consume %s: %w", subject, err)
		}
	}
	return cs, nil
}

func (c *consumer) consume(ctx context.Context, js jetstream.JetStream, stream string) error {
	ordered, err := js.OrderedConsumer(ctx, stream, jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverAllPolicy})
	if err != nil {
		return err
	}
	running, err := ordered.Consume(func(m jetstream.Msg) { c.inbox.Put(m.Data()) }, jetstream.PullMaxMessages(pullMessages))
	if err != nil {
		return err
	}
	c.running = append(c.running, running)
	return nil
}

// Receive gives what has come. See bench.Consumer.
func (c *consumer) Receive(ctx context.Context, each func(bench.Record) error) error {
	return client.Receive(ctx, c.inbox, each)
}

// Close stops reading and ends the connection; the server removes an ordered consumer that nobody asks.
func (c *consumer) Close() error {
	c.inbox.Close()
	for _, r := range c.running {
		r.Stop()
	}
	c.conn.Close()
	return nil
}
