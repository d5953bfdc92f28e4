package redis

import (
	"context"
	"sync"

	"github.com/redis/rueidis"

	"weir/bench"
	"weir/bench/client"
)

// unacknowledged is how many records a producer has unanswered, and pipelineMax how many go out at once where the Config says
// neither: enough that a pipeline's round trip costs little, few enough that an answer is not late for all the others.
const (
	unacknowledged = 16384
	pipelineMax    = 1024
)

type producer struct {
	client  rueidis.Client
	streams []string
	turn    *client.Turn
	window  client.Window
	lanes   []chan item // each has one pipeline under way at a time
	next    int         // of the lanes, where a stream may have several
	spread  bool        // records go over the lanes in turn, not by stream
	most    int         // records of a pipeline
	running sync.WaitGroup
}

type item struct {
	stream string
	value  []byte
	done   func(error)
}

// NewProducer gives the i-th producer.
func (d *Driver) NewProducer(_ context.Context, topic string, c bench.Config, i int) (bench.Producer, error) {
	conn, err := d.connect()
	if err != nil {
		return nil, err
	}
	size := client.Unacknowledged(c, unacknowledged)
	p := &producer{client: conn, streams: client.Streams(topic, c.Partitions), turn: client.NewTurn(c.Partitions, i), window: client.NewWindow(size),
		most: max(1, min(pipelineMax, int(c.BatchBytes)/c.RecordBytes))}
	lanes := int(c.Partitions)
	if c.BatchRecords > 0 {
		p.most = c.BatchRecords
		if c.InFlight > 0 {
			lanes, p.spread = c.InFlight, true
		}
	}
	for range lanes {
		lane := make(chan item, size)
		p.lanes = append(p.lanes, lane)
		p.running.Go(func() { p.run(lane) })
	}
	return p, nil
}

// run sends what gathers in a lane, a pipeline at a time.
func (p *producer) run(lane <-chan item) {
	var items []item
	var commands []rueidis.Completed
	for first := range lane {
		items = append(items[:0], first)
		for more := true; more && len(items) < p.most; {
			select {
			case it, ok := <-lane:
				if more = ok; ok {
					items = append(items, it)
				}
			default:
				more = false
			}
		}
		commands = commands[:0]
		for _, it := range items {
			commands = append(commands, p.client.B().Xadd().Key(it.stream).Id("*").FieldValue().FieldValue("v", rueidis.BinaryString(it.value)).Build())
		}
		for i, answer := range p.client.DoMulti(context.Background(), commands...) {
			items[i].done(answer.Error())
			p.window.Leave()
		}
	}
}

// Send adds a record to its stream. See bench.Producer.
func (p *producer) Send(ctx context.Context, r bench.Record, done func(error)) {
	if err := p.window.Enter(ctx); err != nil {
		done(err)
		return
	}
	to := p.turn.Next(r)
	lane := to % len(p.lanes)
	if p.spread {
		lane, p.next = p.next, (p.next+1)%len(p.lanes)
	}
	p.lanes[lane] <- item{p.streams[to], r.Value, done} // has room for the whole window
}

// Flush waits until everything is answered or has failed.
func (p *producer) Flush(ctx context.Context) error { return p.window.Drain(ctx) }

// Close ends the connections, and with them what is unanswered.
func (p *producer) Close() error {
	for _, lane := range p.lanes {
		close(lane)
	}
	p.client.Close()
	p.running.Wait()
	return nil
}
