package rabbitmq

import (
	"context"
	"errors"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"

	"weir/bench"
	"weir/bench/client"
)

// quorumUnacknowledged is how many messages a producer has unconfirmed.
const quorumUnacknowledged = 10_000

type quorumProducer struct {
	conn   *amqp.Connection
	ch     *amqp.Channel
	queues []string
	turn   *client.Turn
	window client.Window

	mu     sync.Mutex
	done   []func(error) // guarded by mu: what is unconfirmed, in the order in which it was published
	broken error         // guarded by mu
}

// NewProducer gives the i-th producer: one connection with one channel.
func (d *QuorumDriver) NewProducer(_ context.Context, topic string, c bench.Config, i int) (bench.Producer, error) {
	conn, err := d.connect()
	if err != nil {
		return nil, err
	}
	ch, err := conn.Channel()
	if err == nil {
		err = ch.Confirm(false)
	}
	if err != nil {
		return nil, errors.Join(err, closing(conn.Close()))
	}
	p := &quorumProducer{conn: conn, ch: ch, queues: client.Streams(topic, c.Partitions), turn: client.NewTurn(c.Partitions, i),
		window: client.NewWindow(client.Unacknowledged(c, quorumUnacknowledged))}
	// The library gives the confirms one by one in the order of publishing, and closes the channel when none comes any more.
	confirms := ch.NotifyPublish(make(chan amqp.Confirmation, cap(p.window)))
	go p.confirmed(confirms)
	return p, nil
}

func (p *quorumProducer) confirmed(confirms <-chan amqp.Confirmation) {
	for c := range confirms {
		var err error
		if !c.Ack {
			err = errors.New("the broker refused the message")
		}
		p.mu.Lock()
		done := p.done[0]
		p.done = p.done[1:]
		p.mu.Unlock()
		done(err)
		p.window.Leave()
	}
	p.mu.Lock()
	p.broken = errors.New("the channel is closed")
	left := p.done
	p.done = nil
	p.mu.Unlock()
	for _, done := range left {
		done(p.broken)
		p.window.Leave()
	}
}

// Send publishes a record. See bench.Producer.
func (p *quorumProducer) Send(ctx context.Context, r bench.Record, done func(error)) {
	if err := p.window.Enter(ctx); err != nil {
		done(err)
		return
	}
	queue := p.queues[p.turn.Next(r)]
	p.mu.Lock()
	err := p.broken
	if err == nil {
		p.done = append(p.done, done)
	}
	p.mu.Unlock()
	if err == nil {
		// A publish that fails closes the channel, and that calls everything which is unconfirmed.
		err = p.ch.PublishWithContext(ctx, "", queue, false, false, amqp.Publishing{DeliveryMode: amqp.Persistent, Body: r.Value})
		if err != nil {
			_ = p.conn.Close()
		}
		return
	}
	done(err)
	p.window.Leave()
}

// Flush waits until everything is confirmed or has failed.
func (p *quorumProducer) Flush(ctx context.Context) error { return p.window.Drain(ctx) }

// Close ends the connection.
func (p *quorumProducer) Close() error { return closing(p.conn.Close()) }
