package redis

import (
	"context"
	"errors"
	"net"
	"sync"

	"github.com/gomodule/redigo/redis"

	"weir/bench"
	"weir/bench/client"
)

// unacknowledged is how many records a producer has unanswered where the Config does not say: enough that the server always has
// work, few enough that an answer is not late for all the others.
const unacknowledged = 16384

type producer struct {
	conn    redis.Conn
	streams []string
	turn    *client.Turn
	window  client.Window
	dirty   chan struct{}    // has one when something was written and not flushed; closed at the end
	waiting chan func(error) // what is unanswered, in order; has room for the whole window
	running sync.WaitGroup

	mu    sync.Mutex // guards writing to conn, under, and the order of waiting
	under *stream
}

// NewProducer gives the i-th producer.
func (d *Driver) NewProducer(_ context.Context, topic string, c bench.Config, i int) (bench.Producer, error) {
	conn, under, err := d.connect()
	if err != nil {
		return nil, err
	}
	under.holdBack()
	size := client.Unacknowledged(c, unacknowledged)
	p := &producer{conn: conn, under: under, streams: client.Streams(topic, c.Partitions), turn: client.NewTurn(c.Partitions, i),
		window: client.NewWindow(size), dirty: make(chan struct{}, 1), waiting: make(chan func(error), size)}
	p.running.Go(p.flushes)
	p.running.Go(p.answers)
	return p, nil
}

// flushes sends what has gathered since it sent the last time.
func (p *producer) flushes() {
	for range p.dirty {
		p.mu.Lock()
		err := errors.Join(p.conn.Flush(), p.under.flush())
		p.mu.Unlock()
		if err != nil {
			p.under.Conn.Close() // answers then fails everything that waits
		}
	}
}

// answers calls what belongs to each answer.
func (p *producer) answers() {
	for done := range p.waiting {
		_, err := p.conn.Receive()
		done(err)
		p.window.Leave()
	}
}

// Send adds a record to its stream. See bench.Producer.
func (p *producer) Send(ctx context.Context, r bench.Record, done func(error)) {
	if err := p.window.Enter(ctx); err != nil {
		done(err)
		return
	}
	p.mu.Lock()
	p.waiting <- done
	// Where this fails the connection is broken, and Receive says so to everything that waits.
	_ = p.conn.Send("XADD", p.streams[p.turn.Next(r)], "*", "v", r.Value)
	p.mu.Unlock()
	select {
	case p.dirty <- struct{}{}:
	default:
	}
}

// Flush waits until everything is answered or has failed.
func (p *producer) Flush(ctx context.Context) error { return p.window.Drain(ctx) }

// Close ends the connection, and with it what is unanswered.
func (p *producer) Close() error {
	close(p.dirty)
	close(p.waiting)
	err := p.under.Conn.Close()
	p.running.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
