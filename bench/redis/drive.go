// Package redis drives Redis Streams: a partition is a stream (a key), written by XADD and read by XREAD from its start, without a
// consumer group, as a reader of a log does. A record is an entry of one field. Every XADD is answered by itself; a producer sends
// what has gathered for a stream as one pipeline and the next when that is answered, so that a stream's records keep their order.
// Where a Config bounds the records of a batch, pipelines are that short and as many are in flight as it says.
package redis

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/rueidis"

	"weir/bench"
	"weir/bench/client"
)

// Driver runs the workloads of package bench on a Redis server.
type Driver struct {
	address string
	client  rueidis.Client
	streams map[string][]string // by topic
}

// NewDriver connects to the server at address, host:port.
func NewDriver(address string) (*Driver, error) {
	d := &Driver{address: address, streams: map[string][]string{}}
	var err error
	d.client, err = d.connect()
	return d, err
}

// answerPatience is how long an answer may take. The workloads have a patience of their own, which ends a run earlier.
const answerPatience = 5 * time.Minute

func (d *Driver) connect() (rueidis.Client, error) {
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{d.address}, DisableCache: true, DisableRetry: true, ForceSingleClient: true,
		ConnWriteTimeout: answerPatience})
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", d.address, err)
	}
	return c, nil
}

// Prepare has nothing to make, the first entry makes its stream; it checks that the driver can do what is asked.
func (d *Driver) Prepare(_ context.Context, topic string, c bench.Config) error {
	if err := client.Check(c, bench.Produce, bench.Consume, bench.EndToEnd, bench.FanOut, bench.Small); err != nil {
		return err
	}
	d.streams[topic] = client.Streams(topic, c.Partitions)
	return nil
}

// Remove deletes a topic's streams; the server frees their memory in the background.
func (d *Driver) Remove(ctx context.Context, topic string) error {
	streams := d.streams[topic]
	delete(d.streams, topic)
	if len(streams) == 0 {
		return nil
	}
	return d.client.Do(ctx, d.client.B().Unlink().Key(streams...).Build()).Error()
}

// Count is the number of entries in a topic's streams.
func (d *Driver) Count(ctx context.Context, topic string) (int64, error) {
	var n int64
	for _, stream := range d.streams[topic] {
		length, err := d.client.Do(ctx, d.client.B().Xlen().Key(stream).Build()).AsInt64()
		if err != nil {
			return 0, fmt.Errorf("length of %s: %w", stream, err)
		}
		n += length
	}
	return n, nil
}

// Close ends the driver's own connections; clients have theirs.
func (d *Driver) Close() error {
	d.client.Close()
	return nil
}
