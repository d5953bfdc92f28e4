package rabbitmq

import (
	"context"
	"errors"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"

	"weir/bench"
	"weir/bench/client"
)

// QuorumDriver runs the workloads of package bench on RabbitMQ's quorum queues.
type QuorumDriver struct {
	address string
	conn    *amqp.Connection
	queues  map[string][]string // by topic: what Prepare made
}

// NewQuorumDriver connects to the AMQP listener at address, host:port.
func NewQuorumDriver(address string) (*QuorumDriver, error) {
	d := &QuorumDriver{address: address, queues: map[string][]string{}}
	var err error
	d.conn, err = d.connect()
	return d, err
}

func (d *QuorumDriver) connect() (*amqp.Connection, error) {
	conn, err := amqp.Dial("amqp://guest:guest@" + d.address + "/")
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", d.address, err)
	}
	return conn, nil
}

// Prepare makes a queue a partition.
func (d *QuorumDriver) Prepare(_ context.Context, topic string, c bench.Config) error {
	if err := client.Check(c, bench.Produce, bench.Consume, bench.EndToEnd, bench.Small, bench.Share); err != nil {
		return err
	}
	ch, err := d.conn.Channel()
	if err != nil {
		return err
	}
	for _, name := range client.Streams(topic, c.Partitions) {
		arguments := amqp.Table{amqp.QueueTypeArg: amqp.QueueTypeQuorum}
		if _, err := ch.QueueDeclare(name, true, false, false, false, arguments); err != nil {
			return fmt.Errorf("make queue %s: %w", name, err)
		}
		d.queues[topic] = append(d.queues[topic], name)
	}
	return ch.Close()
}

// Remove deletes a topic's queues.
func (d *QuorumDriver) Remove(_ context.Context, topic string) error {
	ch, err := d.conn.Channel()
	if err != nil {
		return err
	}
	for _, name := range d.queues[topic] {
		if _, err := ch.QueueDelete(name, false, false, false); err != nil {
			return fmt.Errorf("remove queue %s: %w", name, err)
		}
	}
	delete(d.queues, topic)
	return ch.Close()
}

// Close ends the driver's own connection; clients have theirs.
func (d *QuorumDriver) Close() error { return closing(d.conn.Close()) }

// closing leaves out the error of closing what is closed.
func closing(err error) error {
	if errors.Is(err, amqp.ErrClosed) {
		return nil
	}
	return err
}
