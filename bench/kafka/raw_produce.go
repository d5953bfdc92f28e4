package kafka

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/bench"
)

// The version of Produce that raw producers speak: the last one whose fields have fixed widths.
const produceVersion = 8

// rawInFlight is how many requests are unanswered at a time where the Config does not say.
const rawInFlight = 5

// apart is the size from which a batch is written straight from where it was made, not by way of the buffer.
const apart = 32 << 10

// rawProducer is a bench.BatchProducer that pipelines Produce requests of one batch each.
type rawProducer struct {
	topic  string
	made   []batch
	next   int      // of made
	links  []*link  // by leader
	turn   []target // partitions in the order in which they are written
	at     int      // of turn
	acks   int16
	prompt bool // write at once: there is a rate
}

type target struct {
	partition int32
	link      *link
}

// newRawProducer connects to the leaders; the i-th producer begins with the i-th partition.
func (d *Driver) newRawProducer(ctx context.Context, topic string, c bench.Config, i int) (*rawProducer, error) {
	made, err := d.made.get(c)
	if err != nil {
		return nil, err
	}
	leaders, err := d.leaders(ctx, topic)
	if err != nil {
		return nil, err
	}
	inFlight := rawInFlight
	if c.InFlight > 0 {
		inFlight = c.InFlight
	}
	p := &rawProducer{topic: topic, made: made, next: i % len(made), acks: map[string]int16{"all": -1, "1": 1, "0": 0}[c.Acks],
		prompt: c.Rate > 0}
	links := map[string]*link{}
	for k := range c.Partitions {
		n := (k + int32(i)) % c.Partitions
		l := links[leaders[n]]
		if l == nil {
			if l, err = p.connect(ctx, leaders[n], inFlight); err != nil {
				return nil, errors.Join(err, p.Close())
			}
			links[leaders[n]] = l
			p.links = append(p.links, l)
		}
		p.turn = append(p.turn, target{n, l})
	}
	return p, nil
}

// SendBatch sends the next batch to the next partition.
func (p *rawProducer) SendBatch(ctx context.Context, done func(error)) (records, bytes int) {
	b, to := p.made[p.next], p.turn[p.at]
	p.next, p.at = (p.next+1)%len(p.made), (p.at+1)%len(p.turn)
	to.link.send(ctx, to.partition, b.wire, p.prompt, done)
	return b.records, b.payload
}

// Send encodes a batch of one record and sends it.
func (p *rawProducer) Send(ctx context.Context, r bench.Record, done func(error)) {
	to := p.turn[p.at]
	p.at = (p.at + 1) % len(p.turn)
	if r.Partition >= 0 {
		for _, t := range p.turn {
			if t.partition == r.Partition {
				to = t
			}
		}
	}
	if r.Key != nil {
		done(errors.New("client raw sends records without keys"))
		return
	}
	to.link.send(ctx, to.partition, encode([][]byte{r.Value}, nil).wire, p.prompt, done)
}

// Flush waits until everything is answered.
func (p *rawProducer) Flush(ctx context.Context) error {
	for _, l := range p.links {
		if err := l.flush(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the connections.
func (p *rawProducer) Close() error {
	var err error
	for _, l := range p.links {
		err = errors.Join(err, l.conn.Close())
		<-l.ended
	}
	return err
}

// link is a connection to one leader. The producer's goroutine writes, one of its own reads answers.
type link struct {
	conn    *conn
	out     *bufio.Writer
	head    []byte // a frame up to the batch: all of the same topic
	sized   int    // where head has the sizes and the partition
	answer  int    // where an answer has the partition's error code
	acks    int16
	slots   chan struct{} // one for each request that is unanswered
	waiting chan waiting
	number  uint32
	ended   chan struct{}

	mu  sync.Mutex // guards err
	err error      // why the connection is of no use any more
}

type waiting struct {
	number uint32
	done   func(error)
}

func (p *rawProducer) connect(ctx context.Context, address string, inFlight int) (*link, error) {
	c, err := dial(ctx, address)
	if err != nil {
		return nil, err
	}
	l := &link{conn: c.buffered(64 << 10), out: bufio.NewWriterSize(c.Conn, 64<<10), acks: p.acks, slots: make(chan struct{}, inFlight),
		waiting: make(chan waiting, inFlight), ended: make(chan struct{})}
	h := appendHead(nil, int16(kmsg.Produce), produceVersion)
	h = binary.BigEndian.AppendUint16(h, ^uint16(0)) // no transactional id
	h = binary.BigEndian.AppendUint16(h, uint16(p.acks))
	h = binary.BigEndian.AppendUint32(h, 30_000) // timeout in milliseconds
	h = binary.BigEndian.AppendUint32(h, 1)      // topics
	h = binary.BigEndian.AppendUint16(h, uint16(len(p.topic)))
	h = append(h, p.topic...)
	h = binary.BigEndian.AppendUint32(h, 1) // partitions
	l.sized = len(h)
	l.head = append(h, make([]byte, 8)...)  // partition, size of the batch
	l.answer = 4 + 2 + len(p.topic) + 4 + 4 // topics, name, partitions, partition
	go l.readAnswers()
	return l, nil
}

// send writes one request; it waits for a slot, and before it does, writes out what is buffered.
func (l *link) send(ctx context.Context, partition int32, wire []byte, prompt bool, done func(error)) {
	if err := l.failure(); err != nil {
		done(err)
		return
	}
	if l.acks != 0 {
		select {
		case l.slots <- struct{}{}:
		default:
			if err := l.out.Flush(); err != nil {
				l.fail(err)
			}
			select {
			case l.slots <- struct{}{}:
			case <-ctx.Done():
				done(context.Cause(ctx))
				return
			case <-l.ended:
				done(l.failure())
				return
			}
		}
	}
	l.number++
	binary.BigEndian.PutUint32(l.head[l.sized:], uint32(partition))
	binary.BigEndian.PutUint32(l.head[l.sized+4:], uint32(len(wire)))
	setHead(l.head, len(wire), l.number)
	if l.acks != 0 {
		l.waiting <- waiting{l.number, done} // never full: a slot is free
		select {
		case <-l.ended:
			l.giveUp()
			return
		default:
		}
	}
	err := l.write(wire, prompt)
	if err != nil {
		l.fail(fmt.Errorf("send: %w", err))
		l.conn.Close() // the reader ends and fails what waits
	}
	if l.acks == 0 {
		done(err)
	}
}

func (l *link) write(wire []byte, prompt bool) error {
	if len(wire) < apart {
		l.out.Write(l.head) // an error stays until the next call
		_, err := l.out.Write(wire)
		if prompt && err == nil {
			err = l.out.Flush()
		}
		return err
	}
	if err := l.out.Flush(); err != nil {
		return err
	}
	both := net.Buffers{l.head, wire}
	_, err := both.WriteTo(l.conn.Conn)
	return err
}

// readAnswers tells each request's result in the order in which they were sent. It ends first and gives up what waits then: who
// sends after that sees the end, and gives up its own.
func (l *link) readAnswers() {
	defer l.giveUp()
	defer close(l.ended)
	for {
		if _, err := l.conn.in.Peek(1); err != nil {
			l.fail(fmt.Errorf("read answer: %w", err))
			return
		}
		select {
		case w := <-l.waiting:
			err, broken := l.readAnswer(w.number)
			w.done(err)
			<-l.slots
			if broken != nil {
				l.fail(broken)
			}
		default:
			l.fail(errors.New("an answer came that nobody waits for"))
		}
		if l.failure() != nil {
			return
		}
	}
}

// giveUp fails what waits for an answer that will not come.
func (l *link) giveUp() {
	for {
		select {
		case w := <-l.waiting:
			w.done(l.failure())
			<-l.slots
		default:
			return
		}
	}
}

// readAnswer gives the request's own error, and one of the connection.
func (l *link) readAnswer(number uint32) (failed, broken error) {
	left, err := l.conn.readHead(number)
	if err != nil {
		return err, err
	}
	if left < l.answer+2 || left > 1<<16 {
		err := fmt.Errorf("read answer: %d bytes", left)
		return err, err
	}
	body, err := l.conn.in.Peek(left)
	if err != nil {
		err = fmt.Errorf("read answer: %w", err)
		return err, err
	}
	failed = kerr.ErrorForCode(int16(binary.BigEndian.Uint16(body[l.answer:])))
	_, err = l.conn.in.Discard(left)
	return failed, err
}

func (l *link) failure() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// fail keeps the first reason.
func (l *link) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
	}
}

// flush writes out what is buffered and waits until all slots are free.
func (l *link) flush(ctx context.Context) error {
	if err := l.out.Flush(); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	if l.acks == 0 {
		return nil
	}
	for range cap(l.slots) {
		select {
		case l.slots <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	for range cap(l.slots) {
		<-l.slots
	}
	return nil
}
