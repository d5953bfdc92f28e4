package redis

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/gomodule/redigo/redis"

	"weir/bench"
	"weir/bench/client"
)

// readBytes is about how much one answer brings from a stream where the Config does not say.
const readBytes = 1 << 20

// inboxRoom is how many entries wait for the workload.
const inboxRoom = 16384

type consumer struct {
	conn    redis.Conn
	inbox   *client.Inbox[[]byte]
	streams []string
	ids     []string // by stream: of the last entry that was read
	place   map[string]int
	count   int
	running sync.WaitGroup
}

// NewConsumer gives the i-th consumer. It reads ahead, so that a Receive that is given up loses nothing.
func (d *Driver) NewConsumer(_ context.Context, topic string, c bench.Config, i int) (bench.Consumer, error) {
	conn, _, err := d.connect()
	if err != nil {
		return nil, err
	}
	bytes := int(c.FetchBytes)
	if bytes == 0 {
		bytes = readBytes
	}
	cs := &consumer{conn: conn, inbox: client.NewInbox[[]byte](inboxRoom), streams: client.Share(topic, c, i), place: map[string]int{}, count: max(1, bytes/c.RecordBytes)}
	for n, stream := range cs.streams {
		cs.ids, cs.place[stream] = append(cs.ids, "0"), n
	}
	if len(cs.streams) > 0 {
		cs.running.Go(func() { cs.inbox.Fail(cs.read()) })
	}
	return cs, nil
}

// read puts what comes into the inbox until the connection is closed.
func (c *consumer) read() error {
	for {
		read := redis.Args{"COUNT", c.count, "BLOCK", 0, "STREAMS"}.AddFlat(c.streams).AddFlat(c.ids)
		streams, err := redis.Values(c.conn.Do("XREAD", read...))
		if err != nil {
			return err
		}
		for _, s := range streams {
			if err := c.takeStream(s); err != nil {
				return err
			}
		}
	}
}

func (c *consumer) takeStream(answer any) error {
	return eachEntry(answer, func(stream, id string, value []byte) error {
		n, ok := c.place[stream]
		if !ok {
			return fmt.Errorf("entries of %q came, which was not asked for", stream)
		}
		c.inbox.Put(value)
		c.ids[n] = id
		return nil
	})
}

// Receive gives what has come. See bench.Consumer.
func (c *consumer) Receive(ctx context.Context, each func(bench.Record) error) error {
	return client.Receive(ctx, c.inbox, each)
}

// eachEntry calls each with the entries of one stream of an answer: its name and an array of entries, each an id and its fields.
func eachEntry(answer any, each func(stream, id string, value []byte) error) error {
	parts, err := redis.Values(answer, nil)
	if err != nil || len(parts) != 2 {
		return fmt.Errorf("a stream has %d parts: %w", len(parts), errors.Join(err, errors.New("want 2: name and entries")))
	}
	stream, err1 := redis.String(parts[0], nil)
	entries, err2 := redis.Values(parts[1], nil)
	if err := errors.Join(err1, err2); err != nil {
		return fmt.Errorf("read a stream: %w", err)
	}
	for _, e := range entries {
		parts, err := redis.Values(e, nil)
		if err != nil || len(parts) != 2 {
			return fmt.Errorf("an entry of %s has %d parts: %w", stream, len(parts), errors.Join(err, errShape))
		}
		id, err1 := redis.String(parts[0], nil)
		fields, err2 := redis.ByteSlices(parts[1], nil)
		if err := errors.Join(err1, err2); err != nil || len(fields) != 2 {
			return fmt.Errorf("an entry of %s has %d fields and values: %w", stream, len(fields), errors.Join(err, errShape))
		}
		if err := each(stream, id, fields[1]); err != nil {
			return err
		}
	}
	return nil
}

var errShape = errors.New("want 2: an id and one field")

// Close ends the connection.
func (c *consumer) Close() error {
	c.inbox.Close()
	_ = c.conn.Close() // says again why a read ended
	c.running.Wait()
	return nil
}
