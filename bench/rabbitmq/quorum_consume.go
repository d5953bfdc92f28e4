package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	amqp "github.com/rabbitmq/amqp091-go"

	"weir/bench"
	"weir/bench/client"
)

// prefetch is how many messages the broker gives a reader of a queue before it acknowledges some; quorum queues take 2,000 at most.
const prefetch = 2000

type quorumConsumer struct {
	conn     *amqp.Connection
	channels []*amqp.Channel // one a queue: acknowledging counts a channel's messages
	inbox    *client.Inbox[delivery]
	last     []uint64 // by channel: the latest message that was processed and not acknowledged; 0: none
}

type delivery struct {
	channel int
	tag     uint64
	value   []byte
}

// NewConsumer gives the i-th consumer: one connection with a channel a queue.
func (d *QuorumDriver) NewConsumer(_ context.Context, topic string, c bench.Config, i int) (bench.Consumer, error) {
	return d.consume(client.Share(topic, c, i), prefetch)
}

// consume reads queues on one connection.
func (d *QuorumDriver) consume(queues []string, prefetch int) (_ *quorumConsumer, err error) {
	conn, err := d.connect()
	if err != nil {
		return nil, err
	}
	cs := &quorumConsumer{conn: conn, inbox: client.NewInbox[delivery](inboxRoom), last: make([]uint64, len(queues))}
	defer func() {
		if err != nil {
			err = errors.Join(err, cs.Close())
		}
	}()
	for n, queue := range queues {
		ch, err := conn.Channel()
		if err != nil {
			return nil, err
		}
		if err := ch.Qos(prefetch, 0, false); err != nil {
			return nil, err
		}
		deliveries, err := ch.Consume(queue, tag(n), false, false, false, false, nil)
		if err != nil {
			return nil, fmt.Errorf("consume %s: %w", queue, err)
		}
		cs.channels = append(cs.channels, ch)
		go func() {
			for m := range deliveries {
				cs.inbox.Put(delivery{n, m.DeliveryTag, m.Body})
			}
			cs.inbox.Fail(errors.New("the channel is closed"))
		}()
	}
	return cs, nil
}

// tag names the consumer of a connection's n-th queue on its channel.
func tag(n int) string { return "queue-" + strconv.Itoa(n) }

// Receive gives what has come, then acknowledges it. See bench.Consumer.
func (c *quorumConsumer) Receive(ctx context.Context, each func(bench.Record) error) error {
	if err := c.Take(ctx, each); err != nil {
		return err
	}
	return c.Accept(ctx)
}

// Take gives what has come. See bench.Taker.
func (c *quorumConsumer) Take(ctx context.Context, each func(bench.Record) error) error {
	all, err := c.inbox.Take(ctx)
	if err != nil {
		return err
	}
	for _, m := range all {
		if err := each(bench.Record{Value: m.value, Partition: -1}); err != nil {
			return err
		}
		c.last[m.channel] = m.tag
	}
	return nil
}

// Accept sends acknowledgements of what was taken. See bench.Taker.
func (c *quorumConsumer) Accept(context.Context) error {
	for n, tag := range c.last {
		if tag == 0 {
			continue
		}
		if err := c.channels[n].Ack(tag, true); err != nil {
			return fmt.Errorf("acknowledge: %w", err)
		}
		c.last[n] = 0
	}
	return nil
}

// Close ends the connection.
func (c *quorumConsumer) Close() error {
	c.inbox.Close()
	return closing(c.conn.Close())
}
