package limit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"weir/bench"
)

// start serves until the test ends.
func start(t *testing.T, noSync bool, wrap func(disk) disk) *Driver {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s := NewServer(dir, noSync)
	if wrap != nil {
		open := s.open
		s.open = func(name string) (disk, error) {
			d, err := open(name)
			return wrap(d), err
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error)
	go func() { served <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(dir); len(left) != 0 || err != nil {
			t.Errorf("the server left %v (%v)", left, err)
		}
	})
	return NewDriver(l.Addr().String())
}

func config(change func(*bench.Config)) bench.Config {
	c := bench.Config{Workload: bench.Produce, Partitions: 3, BatchBytes: 16 << 10, Linger: time.Millisecond, Codec: "none", Consumers: 1}
	if change != nil {
		change(&c)
	}
	return c
}

// TestBytesArrive sends records of all sizes through every way of making batches and reads them back, partition by partition
// in order.
func TestBytesArrive(t *testing.T) {
	for name, c := range map[string]bench.Config{
		"batches":      config(nil),
		"no linger":    config(func(c *bench.Config) { c.Linger = 0 }),
		"small":        config(func(c *bench.Config) { c.BatchRecords, c.InFlight = 1, 64 }),
		"long linger":  config(func(c *bench.Config) { c.Linger = time.Hour }),
		"one by one":   config(func(c *bench.Config) { c.Buffered, c.InFlight, c.Linger = 1, 1, time.Hour }),
		"small reads":  config(func(c *bench.Config) { c.FetchBytes = 100 }),
		"large frames": config(func(c *bench.Config) { c.BatchBytes, c.Partitions = 1<<20, 1 }),
		"zstd":         config(func(c *bench.Config) { c.Codec = "zstd" }),
		"lz4":          config(func(c *bench.Config) { c.Codec = "lz4" }),
		"keys":         config(func(c *bench.Config) { c.Keys = "uniform" }),
	} {
		for _, noSync := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/nosync=%v", name, noSync), func(t *testing.T) { roundTrip(t, start(t, noSync, nil), c) })
		}
	}
}

func roundTrip(t *testing.T, d *Driver, c bench.Config) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := d.Prepare(ctx, "t", c); err != nil {
		t.Fatal(err)
	}
	p, err := d.NewProducer(ctx, "t", c, 0)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	want := make([][][]byte, c.Partitions)
	var acked atomic.Int64
	const n = 1000
	for i := range n {
		size := random.IntN(100)
		if i%50 == 0 {
			size = random.IntN(40 << 10) // larger than a batch, too
		}
		v := bytes.Repeat([]byte{byte(i)}, size)
		r := bench.Record{Value: v, Partition: int32(i) % c.Partitions}
		if c.Keys == "uniform" {
			r.Key, r.Partition = fmt.Append(nil, i), -1
		} else {
			want[r.Partition] = append(want[r.Partition], v)
		}
		p.Send(ctx, r, func(err error) {
			if err != nil {
				t.Error(err)
			}
			acked.Add(1)
		})
	}
	if err := p.Flush(ctx); err != nil || acked.Load() != n {
		t.Fatalf("flushed with %d of %d acknowledged: %v", acked.Load(), n, err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	readBack(ctx, t, d, c, want, n)
	if err := errors.Join(d.Remove(ctx, "t"), d.Close()); err != nil {
		t.Fatal(err)
	}
}

func readBack(ctx context.Context, t *testing.T, d *Driver, c bench.Config, want [][][]byte, n int) {
	r, err := d.NewConsumer(ctx, "t", c, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for got := 0; got < n; {
		err := r.Receive(ctx, func(r bench.Record) error {
			got++
			if c.Keys == "uniform" {
				if len(r.Key) == 0 {
					t.Error("a record without its key")
				}
				return nil
			}
			if len(want[r.Partition]) == 0 || !bytes.Equal(r.Value, want[r.Partition][0]) {
				return fmt.Errorf("record %d is not what partition %d was sent", got, r.Partition)
			}
			want[r.Partition] = want[r.Partition][1:]
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// counting is a file whose syncs wait for the test.
type counting struct {
	disk
	written, synced atomic.Int64
	let             chan error
}

func (c *counting) WriteAt(b []byte, at int64) (int, error) {
	c.written.Store(at + int64(len(b)))
	return c.disk.WriteAt(b, at)
}

func (c *counting) sync() error {
	covered := c.written.Load()
	err := <-c.let
	if err == nil {
		c.synced.Store(covered)
	}
	return err
}

// TestSyncPrecedesAnswer holds the file's syncs back: nothing is acknowledged or read before one that covers it.
func TestSyncPrecedesAnswer(t *testing.T) {
	file := &counting{let: make(chan error)}
	d := start(t, false, func(d disk) disk { file.disk = d; return file })
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := config(func(c *bench.Config) { c.Partitions, c.BatchRecords, c.InFlight = 1, 1, 8 })
	if err := d.Prepare(ctx, "t", c); err != nil {
		t.Fatal(err)
	}
	p, err := d.NewProducer(ctx, "t", c, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	r, err := d.NewConsumer(ctx, "t", c, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	const recordBytes = prefixBytes + 1 + 8 + 5 // prefix, codec, two lengths, value
	acked := make(chan error, 100)
	var n atomic.Int64
	send := func() {
		p.Send(ctx, bench.Record{Value: []byte("hello")}, func(err error) {
			if mine := n.Add(1); err == nil && file.synced.Load() < mine*recordBytes {
				t.Errorf("record %d was acknowledged when %d bytes were synced", mine, file.synced.Load())
			}
			acked <- err
		})
	}
	for range 3 {
		send()
	}
	go func() {
		for range 3 { // as many as there may be at most
			select {
			case file.let <- nil:
			case <-ctx.Done():
			}
		}
	}()
	for range 3 {
		if err := <-acked; err != nil {
			t.Fatal(err)
		}
	}
	read := 0
	for read < 3 {
		if err := r.Receive(ctx, func(bench.Record) error { read++; return nil }); err != nil {
			t.Fatal(err)
		}
		if file.synced.Load() < int64(read)*recordBytes {
			t.Fatalf("%d records were read when %d bytes were synced", read, file.synced.Load())
		}
	}
	cancel()
}

// TestFailedSyncIsNotAnswered: a sync fails, and everything that waits fails with it, then and later.
func TestFailedSyncIsNotAnswered(t *testing.T) {
	file := &counting{let: make(chan error, 1)}
	file.let <- errors.New("the disk is gone")
	d := start(t, false, func(d disk) disk { file.disk = d; return file })
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := config(func(c *bench.Config) { c.Partitions, c.BatchRecords = 1, 1 })
	if err := d.Prepare(ctx, "t", c); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		p, err := d.NewProducer(ctx, "t", c, 0)
		if err != nil {
			t.Fatal(err)
		}
		failed := make(chan error, 1)
		p.Send(ctx, bench.Record{Value: []byte("lost")}, func(err error) { failed <- err })
		if err := <-failed; err == nil {
			t.Fatal("a record was acknowledged by a failed sync")
		}
		if err := p.Flush(ctx); err == nil {
			t.Fatal("Flush of a failed producer says all is well")
		}
		_ = p.Close()
	}
}

// TestDamageEndsTheConnection: wrong checksums, lengths, files and operations are never written or answered.
func TestDamageEndsTheConnection(t *testing.T) {
	d := start(t, true, nil)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := d.Prepare(ctx, "t", config(nil)); err != nil {
		t.Fatal(err)
	}
	for name, request := range map[string][]byte{
		"checksum":  append(head{op: opWrite, length: 3, crc: 1}.appendTo(nil), "abc"...),
		"length":    head{op: opWrite, length: 1 << 31}.appendTo(nil),
		"file":      head{op: opWrite, file: 99}.appendTo(nil),
		"read":      head{op: opRead, file: 99, length: 1}.appendTo(nil),
		"operation": head{op: 77}.appendTo(nil),
	} {
		c, err := d.dial(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write(request); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("%s: got %d bytes of an answer, %v", name, n, err)
		}
		c.Close()
	}
}

func TestRefusals(t *testing.T) {
	d := start(t, true, nil)
	ctx := context.Background()
	for want, err := range map[string]error{
		"no consumer groups": d.Prepare(ctx, "t", config(func(c *bench.Config) { c.Workload = bench.Churn })),
		"compression":        d.Prepare(ctx, "t", config(func(c *bench.Config) { c.Codec = "rar" })),
		"was not made":       d.Remove(ctx, "never"),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v; want an error with %q", err, want)
		}
	}
}
