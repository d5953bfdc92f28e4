package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/gomodule/redigo/redis"

	"weir/bench"
	"weir/bench/client"
)

const (
	// takeEntries is how many entries one answer brings at most, of all streams: what share consumers of Kafka ask for at once.
	takeEntries = 500
	// takeWait is how long an XREADGROUP waits on the server, in ms.
	takeWait = 100
)

// taker is a member of a consumer group over a topic's streams, by XREADGROUP and XACK.
type taker struct {
	conn    redis.Conn
	group   string
	streams []string
	read    redis.Args          // the command's arguments
	taken   map[string][]string // ids by stream: of the last Take
}

// NewTaker joins the group, which the first member makes.
func (d *Driver) NewTaker(ctx context.Context, topic, group string, c bench.Config, i int) (bench.Taker, error) {
	conn, _, err := d.connect()
	if err != nil {
		return nil, err
	}
	t := &taker{conn: conn, group: group, streams: client.Streams(topic, c.Partitions), taken: map[string][]string{}}
	each := max(1, takeEntries/len(t.streams))
	t.read = redis.Args{"GROUP", group, "member-" + strconv.Itoa(i), "COUNT", each, "BLOCK", takeWait, "STREAMS"}.AddFlat(t.streams)
	for _, stream := range t.streams {
		t.read = t.read.Add(">")
		var refused redis.Error
		_, err := redis.DoContext(conn, ctx, "XGROUP", "CREATE", stream, group, "0", "MKSTREAM")
		if err != nil && !(errors.As(err, &refused) && len(refused) > 9 && refused[:9] == "BUSYGROUP") {
			return nil, errors.Join(fmt.Errorf("make group of %s: %w", stream, err), conn.Close())
		}
	}
	return t, nil
}

// Take reads entries that no member has. See bench.Taker.
func (t *taker) Take(ctx context.Context, each func(bench.Record) error) error {
	for ctx.Err() == nil {
		answer, err := t.conn.Do("XREADGROUP", t.read...)
		if err != nil {
			return err
		}
		if answer == nil {
			continue // nothing in time
		}
		return t.take(answer, each)
	}
	return ctx.Err()
}

func (t *taker) take(answer any, each func(bench.Record) error) error {
	streams, err := redis.Values(answer, nil)
	if err != nil {
		return err
	}
	for _, s := range streams {
		err := eachEntry(s, func(stream, id string, value []byte) error {
			t.taken[stream] = append(t.taken[stream], id)
			return each(bench.Record{Value: value, Partition: -1})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Accept acknowledges what was taken, a command a stream, and waits for the answers. See bench.Taker.
func (t *taker) Accept(context.Context) error {
	asked := 0
	for stream, ids := range t.taken {
		if len(ids) == 0 {
			continue
		}
		if err := t.conn.Send("XACK", redis.Args{stream, t.group}.AddFlat(ids)...); err != nil {
			return err
		}
		asked += len(ids)
		t.taken[stream] = ids[:0]
	}
	done, err := redis.Values(t.conn.Do("")) // flushes, and has the answers of all
	if err != nil {
		return err
	}
	for _, d := range done {
		n, err := redis.Int(d, nil)
		if err != nil {
			return err
		}
		asked -= n
	}
	if asked != 0 {
		return fmt.Errorf("%d acknowledgements were of no use", asked)
	}
	return nil
}

// Close ends the connection; what was taken and not accepted stays with the member.
func (t *taker) Close() error { return t.conn.Close() }
