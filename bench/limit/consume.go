package limit

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"

	"weir/bench"
)

// consumer reads its partitions from their begin, each over a connection of its own.
type consumer struct {
	fetchBytes int
	chunks     chan chunk
	failed     chan error
	closed     chan struct{}
	conns      []net.Conn
	reading    sync.WaitGroup
}

// chunk is what came of one file; the reader goes on once used has what was used of it.
type chunk struct {
	partition int32
	bytes     []byte
	used      chan<- int
}

const defaultFetchBytes = 1 << 20

// NewConsumer gives the i-th consumer. Consumers share the partitions, but in FanOut each has all.
func (d *Driver) NewConsumer(ctx context.Context, name string, c bench.Config, i int) (bench.Consumer, error) {
	t, err := d.topic(name)
	if err != nil {
		return nil, err
	}
	r := &consumer{fetchBytes: int(c.FetchBytes), chunks: make(chan chunk), failed: make(chan error), closed: make(chan struct{})}
	if r.fetchBytes == 0 {
		r.fetchBytes = defaultFetchBytes
	}
	first, step := uint32(i), uint32(max(c.Consumers, 1))
	if c.Workload == bench.FanOut {
		first, step = 0, 1
	}
	for p := first; p < t.files; p += step {
		conn, err := d.dial(ctx)
		if err != nil {
			_ = r.Close()
			return nil, err
		}
		r.conns = append(r.conns, conn)
		r.reading.Go(func() {
			if err := r.read(conn, t.first+p, int32(p)); err != nil {
				select {
				case r.failed <- fmt.Errorf("read partition %d: %w", p, err):
				case <-r.closed:
				}
			}
		})
	}
	return r, nil
}

// read asks for the next bytes as soon as it knows where they begin, while those before them are on their way.
func (r *consumer) read(conn net.Conn, file uint32, partition int32) error {
	in := bufio.NewReaderSize(conn, 4096)
	request := head{op: opRead, file: file, length: uint32(r.fetchBytes)}
	out := make([]byte, 0, headBytes)
	var buf []byte
	used := make(chan int, 1)
	if _, err := conn.Write(request.appendTo(out)); err != nil {
		return err
	}
	for {
		var length [4]byte
		if _, err := io.ReadFull(in, length[:]); err != nil {
			return err
		}
		n := int(binary.BigEndian.Uint32(length[:]))
		if n == 0 || n > r.fetchBytes {
			return fmt.Errorf("an answer of %d bytes to a request for %d", n, r.fetchBytes)
		}
		request.position += int64(n)
		if _, err := conn.Write(request.appendTo(out)); err != nil {
			return err
		}
		buf = slices.Grow(buf, n)[:len(buf)+n]
		if _, err := io.ReadFull(in, buf[len(buf)-n:]); err != nil {
			return err
		}
		select {
		case r.chunks <- chunk{partition, buf, used}:
		case <-r.closed:
			return nil
		}
		select {
		case k := <-used:
			buf = buf[:copy(buf, buf[k:])]
		case <-r.closed:
			return nil
		}
	}
}

// Receive gives the records of what came next from any partition. See bench.Consumer.
func (r *consumer) Receive(ctx context.Context, f func(bench.Record) error) error {
	for found := false; !found; {
		select {
		case c := <-r.chunks:
			used, err := each(c.bytes, c.partition, f)
			c.used <- used
			if err != nil {
				return err
			}
			found = used > 0
		case err := <-r.failed:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Close ends the connections.
func (r *consumer) Close() error {
	close(r.closed)
	for _, c := range r.conns {
		_ = c.Close()
	}
	r.reading.Wait()
	return nil
}
