package limit

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"

	"weir/bench"
)

// Driver runs the workloads of package bench on a Server.
type Driver struct {
	address string
	mu      sync.Mutex
	topics  map[string]topic // guarded by mu
}

// topic is what the server knows as files.
type topic struct{ first, files uint32 }

// NewDriver gives a driver for the server at address, host:port.
func NewDriver(address string) *Driver { return &Driver{address: address, topics: map[string]topic{}} }

// Prepare makes a file a partition.
func (d *Driver) Prepare(ctx context.Context, name string, c bench.Config) error {
	if c.Workload == bench.Churn {
		return fmt.Errorf("workload %s: the limit server has no consumer groups: %w", c.Workload, bench.ErrUndriven)
	}
	if _, err := compressor(c.Codec); err != nil {
		return err
	}
	first, err := d.ask(ctx, head{op: opMake, length: uint32(c.Partitions)})
	if err != nil {
		return fmt.Errorf("make files: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.topics[name] = topic{uint32(first), uint32(c.Partitions)}
	return nil
}

// Remove deletes a topic's files.
func (d *Driver) Remove(ctx context.Context, name string) error {
	t, err := d.topic(name)
	if err != nil {
		return err
	}
	d.mu.Lock()
	delete(d.topics, name)
	d.mu.Unlock()
	if _, err := d.ask(ctx, head{op: opRemove, file: t.first, length: t.files}); err != nil {
		return fmt.Errorf("remove files: %w", err)
	}
	return nil
}

// Close has nothing to do: every client has its own connection.
func (d *Driver) Close() error { return nil }

func (d *Driver) topic(name string) (topic, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t, ok := d.topics[name]
	if !ok {
		return t, fmt.Errorf("topic %s was not made", name)
	}
	return t, nil
}

func (d *Driver) dial(ctx context.Context) (net.Conn, error) {
	var dialer net.Dialer
	return dialer.DialContext(ctx, "tcp", d.address)
}

// ask sends one request on a connection of its own.
func (d *Driver) ask(ctx context.Context, h head) (uint64, error) {
	c, err := d.dial(ctx)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	if _, err := c.Write(h.appendTo(nil)); err != nil {
		return 0, err
	}
	var answer [answerBytes]byte
	if _, err := io.ReadFull(c, answer[:]); err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(answer[:]), nil
}
