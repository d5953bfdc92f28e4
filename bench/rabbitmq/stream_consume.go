package rabbitmq

import (
	"context"
	"errors"
	"fmt"

	"github.com/rabbitmq/rabbitmq-stream-go-client/pkg/amqp"
	"github.com/rabbitmq/rabbitmq-stream-go-client/pkg/stream"

	"weir/bench"
	"weir/bench/client"
)

// inboxRoom is how many messages wait for the workload.
const inboxRoom = 16384

type streamConsumer struct {
	env       *stream.Environment
	inbox     *client.Inbox[[]byte]
	consumers []*stream.Consumer
}

// NewConsumer gives the i-th consumer, with a connection of its own for every stream that falls to it.
func (d *StreamDriver) NewConsumer(_ context.Context, topic string, c bench.Config, i int) (_ bench.Consumer, err error) {
	env, err := d.environment()
	if err != nil {
		return nil, err
	}
	cs := &streamConsumer{env: env, inbox: client.NewInbox[[]byte](inboxRoom)}
	defer func() {
		if err != nil {
			err = errors.Join(err, cs.Close())
		}
	}()
	for _, name := range client.Share(topic, c, i) {
		take := func(_ stream.ConsumerContext, m *amqp.Message) { cs.inbox.Put(m.GetData()) }
		one, err := env.NewConsumer(name, take, stream.NewConsumerOptions().SetOffset(stream.OffsetSpecification{}.First()))
		if err != nil {
			return nil, fmt.Errorf("consume %s: %w", name, err)
		}
		cs.consumers = append(cs.consumers, one)
		closed := one.NotifyClose()
		go func() {
			if event, ok := <-closed; ok {
				cs.inbox.Fail(fmt.Errorf("%s is closed: %w", name, errors.Join(errors.New(event.Reason), event.Err)))
			}
		}()
	}
	return cs, nil
}

// Receive gives what has come. See bench.Consumer.
func (c *streamConsumer) Receive(ctx context.Context, each func(bench.Record) error) error {
	return client.Receive(ctx, c.inbox, each)
}

// Close ends the connections.
func (c *streamConsumer) Close() error {
	c.inbox.Close()
	var err error
	for _, one := range c.consumers {
		if gone := one.Close(); gone != nil && !errors.Is(gone, stream.AlreadyClosed) {
			err = errors.Join(err, gone)
		}
	}
	return errors.Join(err, c.env.Close())
}
