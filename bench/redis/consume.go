package redis

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unsafe"

	"github.com/redis/rueidis"

	"weir/bench"
	"weir/bench/client"
)

// readBytes is about how much one answer brings from a stream where the Config does not say.
const readBytes = 1 << 20

// blockFor is how long the server holds a read for which it has nothing; then the consumer looks whether it is still wanted.
const blockFor = time.Second

type consumer struct {
	client  rueidis.Client
	streams []string
	ids     []string // by stream: of the last entry that was read
	place   map[string]int
	count   int64
}

// NewConsumer gives the i-th consumer.
func (d *Driver) NewConsumer(_ context.Context, topic string, c bench.Config, i int) (bench.Consumer, error) {
	conn, err := d.connect()
	if err != nil {
		return nil, err
	}
	bytes := int(c.FetchBytes)
	if bytes == 0 {
		bytes = readBytes
	}
	cs := &consumer{client: conn, streams: client.Share(topic, c, i), place: map[string]int{}, count: int64(max(1, bytes/c.RecordBytes))}
	for n, stream := range cs.streams {
		cs.ids, cs.place[stream] = append(cs.ids, "0"), n
	}
	return cs, nil
}

// Receive reads what is there, or waits. See bench.Consumer.
func (c *consumer) Receive(ctx context.Context, each func(bench.Record) error) error {
	if len(c.streams) == 0 {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	for {
		read := c.client.B().Xread().Count(c.count).Block(blockFor.Milliseconds()).Streams().Key(c.streams...).Id(c.ids...).Build()
		streams, err := c.client.Do(ctx, read).ToMap()
		if rueidis.IsRedisNil(err) {
			continue // nothing within the time it blocks
		}
		if err != nil {
			return errors.Join(err, context.Cause(ctx))
		}
		for name, entries := range streams {
			if err := c.take(name, entries, each); err != nil {
				return err
			}
		}
		return nil
	}
}

// take gives a stream's entries, each an array of its id and its fields.
func (c *consumer) take(stream string, answer rueidis.RedisMessage, each func(bench.Record) error) error {
	n, ok := c.place[stream]
	if !ok {
		return fmt.Errorf("entries of %q came, which was not asked for", stream)
	}
	entries, err := answer.ToArray()
	if err != nil {
		return fmt.Errorf("entries of %s: %w", stream, err)
	}
	for _, e := range entries {
		parts, err := e.ToArray()
		if err != nil || len(parts) != 2 {
			return fmt.Errorf("an entry of %s has %d parts: %w", stream, len(parts), errors.Join(err, errShape))
		}
		id, err1 := parts[0].ToString()
		fields, err2 := parts[1].ToArray()
		if err := errors.Join(err1, err2); err != nil || len(fields) != 2 {
			return fmt.Errorf("an entry of %s has %d fields and values: %w", stream, len(fields), errors.Join(err, errShape))
		}
		value, err := fields[1].ToString()
		if err != nil {
			return fmt.Errorf("a value of %s: %w", stream, err)
		}
		// The library gives a string; copying each value again would be charged to the run. Nobody writes to it.
		if err := each(bench.Record{Value: unsafe.Slice(unsafe.StringData(value), len(value)), Partition: int32(n)}); err != nil {
			return err
		}
		c.ids[n] = id
	}
	return nil
}

var errShape = errors.New("want 2: an id and one field")

// Close ends the connections.
func (c *consumer) Close() error {
	c.client.Close()
	return nil
}
