package nats

import (
	"context"
	"errors"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"weir/bench"
	"weir/bench/client"
)

// unacknowledged is the library's own default of messages without an acknowledgement.
const unacknowledged = 4000

type producer struct {
	conn     *nats.Conn
	js       jetstream.JetStream
	subjects []string
	turn     *client.Turn
	window   client.Window

	mu     sync.Mutex
	done   map[*nats.Msg]func(error) // guarded by mu: what is unacknowledged
	broken error                     // guarded by mu
}

// NewProducer gives the i-th producer, with a connection of its own.
func (d *Driver) NewProducer(_ context.Context, topic string, c bench.Config, i int) (bench.Producer, error) {
	size := client.Unacknowledged(c, unacknowledged)
	p := &producer{subjects: client.Streams(topic, c.Partitions), turn: client.NewTurn(c.Partitions, i), window: client.NewWindow(size),
		done: map[*nats.Msg]func(error){}}
	var err error
	p.conn, p.js, err = d.connect(p.fail, jetstream.WithPublishAsyncMaxPending(size+1), jetstream.WithPublishAsyncTimeout(ackPatience),
		jetstream.WithPublishAsyncAckHandler(func(_ jetstream.JetStream, m *nats.Msg, _ *jetstream.PubAck) { p.finish(m, nil) }),
		jetstream.WithPublishAsyncErrHandler(func(_ jetstream.JetStream, m *nats.Msg, err error) { p.finish(m, err) }))
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Send publishes a record. See bench.Producer.
func (p *producer) Send(ctx context.Context, r bench.Record, done func(error)) {
	if err := p.window.Enter(ctx); err != nil {
		done(err)
		return
	}
	m := &nats.Msg{Subject: p.subjects[p.turn.Next(r)], Data: r.Value}
	p.mu.Lock()
	err := p.broken
	p.done[m] = done
	p.mu.Unlock()
	if err == nil {
		_, err = p.js.PublishMsgAsync(m)
	}
	if err != nil {
		p.finish(m, err)
	}
}

// finish calls what belongs to a message, the first time.
func (p *producer) finish(m *nats.Msg, err error) {
	p.mu.Lock()
	done, ok := p.done[m]
	delete(p.done, m)
	p.mu.Unlock()
	if ok {
		done(err)
		p.window.Leave()
	}
}

// fail ends everything that is unacknowledged: no answer comes any more.
func (p *producer) fail(err error) {
	p.mu.Lock()
	p.broken = errors.Join(p.broken, err)
	all := make([]*nats.Msg, 0, len(p.done))
	for m := range p.done {
		all = append(all, m)
	}
	p.mu.Unlock()
	for _, m := range all {
		p.finish(m, err)
	}
}

// Flush waits until everything is acknowledged or has failed.
func (p *producer) Flush(ctx context.Context) error { return p.window.Drain(ctx) }

// Close ends the connection.
func (p *producer) Close() error {
	p.conn.Close()
	return nil
}
