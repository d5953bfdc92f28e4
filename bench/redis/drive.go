// Package redis drives Redis Streams: a partition is a stream (a key), written by XADD and read by XREAD from its start, without a
// consumer group, as a reader of a log does; members of a group take by XREADGROUP and accept by XACK. A record is an entry of one field. A producer has one connection, on which it sends
// commands without waiting for the answers of those before; the server answers each, in order. A reader has one, too.
package redis

import (
	"context"
	"fmt"

	"github.com/gomodule/redigo/redis"

	"weir/bench"
	"weir/bench/client"
)

// Driver runs the workloads of package bench on a Redis server.
type Driver struct {
	address string
	conn    redis.Conn
	streams map[string][]string // by topic
}

// NewDriver connects to the server at address, host:port.
func NewDriver(address string) (*Driver, error) {
	d := &Driver{address: address, streams: map[string][]string{}}
	var err error
	d.conn, _, err = d.connect()
	return d, err
}

// connect opens a connection; the stream under it holds back what is written until it is flushed where the caller says so.
func (d *Driver) connect() (redis.Conn, *stream, error) {
	under := new(stream)
	conn, err := redis.Dial("tcp", d.address, redis.DialNetDial(under.dial))
	if err != nil {
		return nil, nil, fmt.Errorf("connect to %s: %w", d.address, err)
	}
	return conn, under, nil
}

// Prepare has nothing to make, the first entry makes its stream; it checks that the driver can do what is asked.
func (d *Driver) Prepare(_ context.Context, topic string, c bench.Config) error {
	if err := client.Check(c, bench.Produce, bench.Consume, bench.EndToEnd, bench.FanOut, bench.Small, bench.Share); err != nil {
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
	_, err := redis.DoContext(d.conn, ctx, "UNLINK", redis.Args{}.AddFlat(streams)...)
	return err
}

// Count is the number of entries in a topic's streams.
func (d *Driver) Count(ctx context.Context, topic string) (int64, error) {
	var n int64
	for _, stream := range d.streams[topic] {
		length, err := redis.Int64(redis.DoContext(d.conn, ctx, "XLEN", stream))
		if err != nil {
			return 0, fmt.Errorf("length of %s: %w", stream, err)
		}
		n += length
	}
	return n, nil
}

// Close ends the driver's own connection; clients have theirs.
func (d *Driver) Close() error {
	_ = d.conn.Close() // says again why a command failed
	return nil
}
