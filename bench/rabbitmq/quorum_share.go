package rabbitmq

import (
	"context"
	"fmt"
	"time"

	"weir/bench"
	"weir/bench/client"
)

// sharePrefetch is how many messages of a queue a taker has at once: about as many as share consumers of Kafka take.
const sharePrefetch = 500

// NewTaker gives one more consumer of all queues; the queues are the group.
func (d *QuorumDriver) NewTaker(_ context.Context, topic, _ string, c bench.Config, _ int) (bench.Taker, error) {
	return d.consume(client.Streams(topic, c.Partitions), sharePrefetch)
}

// lookAgain is how long a queue has to take back what closed channels had and did not acknowledge.
const lookAgain = 200 * time.Millisecond

// Left is how many messages are in a topic's queues. See bench.Emptier.
func (d *QuorumDriver) Left(ctx context.Context, topic string) (left int64, err error) {
	select { // what nobody acknowledged is back among the ready ones by then
	case <-time.After(lookAgain):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	ch, err := d.conn.Channel()
	if err != nil {
		return 0, err
	}
	for _, name := range d.queues[topic] {
		q, err := ch.QueueDeclarePassive(name, true, false, false, false, nil)
		if err != nil {
			return 0, fmt.Errorf("look at queue %s: %w", name, err)
		}
		left += int64(q.Messages)
	}
	return left, ch.Close()
}
