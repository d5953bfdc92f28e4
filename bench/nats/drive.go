// Package nats drives NATS JetStream: a partition is a stream on files with one subject, written by asynchronous publishes whose
// acknowledgements come after the server has stored the message, and read by an ordered consumer, which needs no
// acknowledgements, as a reader of a log does not. Every message is a request of its own; the library joins what is waiting into
// one write to the socket.
//
// Members that share a topic pull from one durable consumer of one stream, the partitions being the stream's subjects: NATS needs no
// partitions for members to work side by side.
package nats

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"weir/bench"
	"weir/bench/client"
)

// Driver runs the workloads of package bench on a NATS server.
type Driver struct {
	url     string
	conn    *nats.Conn
	js      jetstream.JetStream
	streams map[string][]string // by topic: what Prepare made
	groups  map[string]string   // by topic: the consumer that takers share
}

// NewDriver connects to the server at address, host:port.
func NewDriver(address string) (*Driver, error) {
	d := &Driver{url: "nats://" + address, streams: map[string][]string{}, groups: map[string]string{}}
	var err error
	if d.conn, d.js, err = d.connect(nil); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *Driver) connect(broken func(error), opts ...jetstream.JetStreamOpt) (*nats.Conn, jetstream.JetStream, error) {
	conn, err := nats.Connect(d.url, nats.NoReconnect(), nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		if broken != nil {
			broken(err)
		}
	}), nats.ClosedHandler(func(c *nats.Conn) {
		if broken != nil {
			broken(errors.Join(errors.New("the connection is closed"), c.LastError()))
		}
	}))
	if err != nil {
		return nil, nil, fmt.Errorf("connect to %s: %w", d.url, err)
	}
	js, err := jetstream.New(conn, opts...)
	if err != nil {
		conn.Close()
		return nil, nil, fmt.Errorf("open JetStream: %w", err)
	}
	return conn, js, nil
}

// streamName is a stream's name for that of its subject: the server allows no dots in it.
func streamName(subject string) string { return strings.ReplaceAll(subject, ".", "_") }

// Prepare makes a stream a partition; for members that share a topic it makes one stream, of which a partition is a subject.
func (d *Driver) Prepare(ctx context.Context, topic string, c bench.Config) error {
	err := client.Check(c, bench.Produce, bench.Consume, bench.ConsumeCold, bench.EndToEnd, bench.FanOut, bench.Small, bench.Mixed, bench.Share)
	if err != nil {
		return err
	}
	subjects := client.Streams(topic, c.Partitions)
	if c.Workload == bench.Share {
		return d.makeStream(ctx, topic, topic, subjects...)
	}
	for _, subject := range subjects {
		if err := d.makeStream(ctx, topic, subject, subject); err != nil {
			return err
		}
	}
	return nil
}

func (d *Driver) makeStream(ctx context.Context, topic, name string, subjects ...string) error {
	config := jetstream.StreamConfig{Name: streamName(name), Subjects: subjects, Storage: jetstream.FileStorage, Replicas: 1}
	if _, err := d.js.CreateStream(ctx, config); err != nil {
		return fmt.Errorf("make stream %s: %w", config.Name, err)
	}
	d.streams[topic] = append(d.streams[topic], config.Name)
	return nil
}

// Remove deletes a topic's streams, and their consumers with them.
func (d *Driver) Remove(ctx context.Context, topic string) error {
	for _, name := range d.streams[topic] {
		if err := d.js.DeleteStream(ctx, name); err != nil {
			return fmt.Errorf("remove stream %s: %w", name, err)
		}
	}
	delete(d.streams, topic)
	return nil
}

// Count is the number of messages in a topic's streams.
func (d *Driver) Count(ctx context.Context, topic string) (int64, error) {
	var n int64
	for _, name := range d.streams[topic] {
		s, err := d.js.Stream(ctx, name)
		if err != nil {
			return 0, fmt.Errorf("ask for stream %s: %w", name, err)
		}
		n += int64(s.CachedInfo().State.Msgs)
	}
	return n, nil
}

// Close ends the driver's own connection; clients have theirs.
func (d *Driver) Close() error {
	d.conn.Close()
	return nil
}

// ackPatience is how long an acknowledgement may take. The workloads have a patience of their own, which ends a run earlier.
const ackPatience = 5 * time.Minute
