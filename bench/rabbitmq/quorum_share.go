package rabbitmq

import (
	"context"
	"errors"
	"fmt"

	"weir/bench"
	"weir/bench/client"
)

// sharePrefetch is how many messages of a queue a taker has at once: about as many as share consumers of Kafka take.
const sharePrefetch = 500

// quorumTaker is a bench.Unanswered: basic.ack has no answer. Its Accept sends one basic.ack a queue, for every message of it that was
// taken, the cheapest that AMQP has.
type quorumTaker struct{ *quorumConsumer }

// NewTaker gives one more consumer of all queues; the queues are the group.
func (d *QuorumDriver) NewTaker(_ context.Context, topic, _ string, c bench.Config, _ int) (bench.Taker, error) {
	cs, err := d.consume(client.Streams(topic, c.Partitions), sharePrefetch)
	if err != nil {
		return nil, err
	}
	return &quorumTaker{cs}, nil
}

// Seen cancels the consumers. A quorum queue answers that once it is in the queue's log and synced, behind the acknowledgements that
// the same channel sent before.
func (t *quorumTaker) Seen(context.Context) error {
	for n, ch := range t.channels {
		if err := ch.Cancel(tag(n), false); err != nil {
			return fmt.Errorf("cancel the consumer of queue %d: %w", n, err)
		}
	}
	return nil
}

// Close has what was not acknowledged put back into the queues, and ends the connection. A channel answers that it closes when it has
// passed on all that came before.
func (t *quorumTaker) Close() error {
	t.inbox.Close()
	var err error
	for _, ch := range t.channels {
		err = errors.Join(err, closing(ch.Nack(0, true, true)), closing(ch.Close())) // 0: all messages
	}
	return errors.Join(err, t.quorumConsumer.Close())
}

// Left empties a topic's queues, which says how many messages were in them, those that takers put back among them: all are entries
// of the queue's log, in order. See bench.Emptier.
func (d *QuorumDriver) Left(_ context.Context, topic string) (int64, error) {
	ch, err := d.conn.Channel()
	if err != nil {
		return 0, err
	}
	left := 0
	for _, name := range d.queues[topic] {
		held, err := ch.QueuePurge(name, false)
		if err != nil {
			return 0, fmt.Errorf("empty queue %s: %w", name, err)
		}
		left += held
	}
	return int64(left), ch.Close()
}
