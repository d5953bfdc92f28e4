package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rabbitmq/rabbitmq-stream-go-client/pkg/amqp"
	"github.com/rabbitmq/rabbitmq-stream-go-client/pkg/stream"

	"weir/bench"
	"weir/bench/client"
)

const (
	// streamUnacknowledged is what a producer has unconfirmed over all its streams: as many as fill the library's queues.
	streamUnacknowledged = 1 << 16
	// streamFrameBytes is what the library may join into one request; the broker takes 1 MiB.
	streamFrameBytes = 512 << 10
	// ackPatience is how long a confirm may take. The workloads have a patience of their own, which ends a run earlier.
	ackPatience = 5 * time.Minute
)

type streamProducer struct {
	env       *stream.Environment
	producers []*stream.Producer
	turn      *client.Turn
	window    client.Window
}

// sent is a message that remembers what to call.
type sent struct {
	*amqp.AMQP10
	done func(error)
}

// NewProducer gives the i-th producer: a publisher with a connection of its own for every stream.
func (d *StreamDriver) NewProducer(_ context.Context, topic string, c bench.Config, i int) (_ bench.Producer, err error) {
	env, err := d.environment()
	if err != nil {
		return nil, err
	}
	p := &streamProducer{env: env, turn: client.NewTurn(c.Partitions, i), window: client.NewWindow(client.Unacknowledged(c, streamUnacknowledged))}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Close())
		}
	}()
	batch := c.BatchRecords
	if batch == 0 {
		batch = max(1, min(int(c.BatchBytes), streamFrameBytes)/c.RecordBytes)
	}
	for _, name := range client.Streams(topic, c.Partitions) {
		options := stream.NewProducerOptions().SetBatchSize(batch).SetConfirmationTimeOut(ackPatience)
		one, err := env.NewProducer(name, options)
		if err != nil {
			return nil, fmt.Errorf("publish to %s: %w", name, err)
		}
		p.producers = append(p.producers, one)
		go p.confirmed(one.NotifyPublishConfirmation())
	}
	return p, nil
}

// confirmed calls what belongs to each message until the publisher is closed.
func (p *streamProducer) confirmed(all stream.ChannelPublishConfirm) {
	for some := range all {
		for _, c := range some {
			var err error
			if !c.IsConfirmed() {
				err = errors.Join(errors.New("not confirmed"), c.GetError())
			}
			c.GetMessage().(*sent).done(err)
			p.window.Leave()
		}
	}
}

// Send publishes a record. See bench.Producer. Where the library refuses a message it also reports it as not confirmed, which
// calls done.
func (p *streamProducer) Send(ctx context.Context, r bench.Record, done func(error)) {
	if err := p.window.Enter(ctx); err != nil {
		done(err)
		return
	}
	_ = p.producers[p.turn.Next(r)].Send(&sent{amqp.NewMessage(r.Value), done})
}

// Flush waits until everything is confirmed or has failed.
func (p *streamProducer) Flush(ctx context.Context) error { return p.window.Drain(ctx) }

// Close ends the connections.
func (p *streamProducer) Close() error {
	var err error
	for _, one := range p.producers {
		if gone := one.Close(); gone != nil && !errors.Is(gone, stream.AlreadyClosed) {
			err = errors.Join(err, gone)
		}
	}
	return errors.Join(err, p.env.Close())
}
