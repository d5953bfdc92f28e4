// Package rabbitmq drives RabbitMQ in its two ways to keep a log.
//
// Streams: a partition is a stream, in RabbitMQ's own stream protocol, each with a publisher and a connection of its own, as the
// client library recommends; a record is confirmed when the broker has it in the log, which it leaves to the page cache. Readers
// take streams from their start and keep no offsets.
//
// Quorum queues: a partition is a quorum queue of one member, written over AMQP 0-9-1 through the default exchange with publisher
// confirms, which come after the broker's log was synced. Readers take messages off the queue with a prefetch window and
// acknowledge what they have processed, all before it at a time: that is work which a reader of a log does not cause, and
// reading empties the queue, so that a workload in which several readers get everything cannot be done.
package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"

	"github.com/rabbitmq/rabbitmq-stream-go-client/pkg/logs"
	"github.com/rabbitmq/rabbitmq-stream-go-client/pkg/stream"

	"weir/bench"
	"weir/bench/client"
)

// StreamDriver runs the workloads of package bench on RabbitMQ's streams.
type StreamDriver struct {
	address string
	env     *stream.Environment
}

// socketBytes are the buffers of a client's socket; the library's own are 8 KiB, too few for throughput.
const socketBytes = 1 << 20

// NewStreamDriver connects to the stream listener at address, host:port.
func NewStreamDriver(address string) (*StreamDriver, error) {
	silence()
	d := &StreamDriver{address: address}
	var err error
	d.env, err = d.environment()
	return d, err
}

// silence keeps the library from writing to the process's standard error: what fails comes back as an error or an event, and it
// also tells of connections that were closed on purpose.
var silence = sync.OnceFunc(func() { logs.SetLogger(silent{}) })

type silent struct{}

func (silent) Info(string, ...any)  {}
func (silent) Error(string, ...any) {}
func (silent) Debug(string, ...any) {}
func (silent) Warn(string, ...any)  {}

func (d *StreamDriver) environment() (*stream.Environment, error) {
	host, port, err := net.SplitHostPort(d.address)
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("port %q: %w", port, err)
	}
	env, err := stream.NewEnvironment(stream.NewEnvironmentOptions().SetHost(host).SetPort(n).SetUser("guest").SetPassword("guest").
		SetWriteBuffer(socketBytes).SetReadBuffer(socketBytes))
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", d.address, err)
	}
	return env, nil
}

// Prepare makes a stream a partition.
func (d *StreamDriver) Prepare(_ context.Context, topic string, c bench.Config) error {
	err := client.Check(c, bench.Produce, bench.Consume, bench.ConsumeCold, bench.EndToEnd, bench.FanOut, bench.Small, bench.Mixed)
	if err != nil {
		return err
	}
	for _, name := range client.Streams(topic, c.Partitions) {
		if err := d.env.DeclareStream(name, stream.NewStreamOptions()); err != nil {
			return fmt.Errorf("make stream %s: %w", name, err)
		}
	}
	return nil
}

// Remove deletes a topic's streams.
func (d *StreamDriver) Remove(ctx context.Context, topic string) error {
	for p := int32(0); ; p++ {
		err := d.env.DeleteStream(client.Stream(topic, p))
		if errors.Is(err, stream.StreamDoesNotExist) {
			return nil
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
	}
}

// Close ends the driver's own connections; clients have theirs.
func (d *StreamDriver) Close() error { return d.env.Close() }
