package limit

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"weir/bench"
)

// producer gathers records into batches as Kafka's clients do: one at a time a partition, sent when it is full or has waited.
type producer struct {
	conn       net.Conn
	topic      topic
	batchBytes int
	batchMax   int // records of a batch; 0: as many as fit
	linger     time.Duration
	inFlight   int // requests that may be unanswered
	buffered   int // records that may be not done
	seed       maphash.Seed
	answering  sync.WaitGroup

	mu       sync.Mutex // guards what follows, and writes to conn
	moved    sync.Cond  // an answer came, or err
	z        kgo.Compressor
	squeezed bytes.Buffer
	next     uint32   // of the partitions, for records without a key
	open     []*batch // by partition; nil where there is none
	queue    []uint32 // partitions whose open batch is to go out
	sent     []*batch // unanswered, in order
	free     []*batch
	undone   int // records sent to Send and not done
	waiting  *time.Timer
	ticking  bool // waiting will fire
	err      error
}

const (
	defaultBuffered = 1 << 17
	defaultInFlight = 5 // times the partitions, since a request here has one of them
	maxInFlight     = 64
)

// NewProducer gives the i-th producer.
func (d *Driver) NewProducer(ctx context.Context, name string, c bench.Config, _ int) (bench.Producer, error) {
	t, err := d.topic(name)
	if err != nil {
		return nil, err
	}
	z, err := compressor(c.Codec)
	if err != nil {
		return nil, err
	}
	p := &producer{topic: t, batchBytes: min(int(c.BatchBytes), maxBodyBytes/2), batchMax: c.BatchRecords, linger: c.Linger, inFlight: c.InFlight,
		buffered: c.Buffered, seed: maphash.MakeSeed(), z: z, open: make([]*batch, t.files)}
	p.moved.L = &p.mu
	if p.inFlight == 0 {
		p.inFlight = min(defaultInFlight*int(t.files), maxInFlight)
	}
	if p.buffered == 0 {
		p.buffered = defaultBuffered
	}
	if p.conn, err = d.dial(ctx); err != nil {
		return nil, err
	}
	p.waiting = time.AfterFunc(time.Hour, p.lingered)
	p.waiting.Stop()
	p.answering.Go(p.answers)
	return p, nil
}

// Send puts a record into its partition's batch. See bench.Producer.
func (p *producer) Send(ctx context.Context, r bench.Record, done func(error)) {
	if size := len(r.Key) + len(r.Value); size > maxBodyBytes/2 {
		done(fmt.Errorf("a record of %d bytes is too large", size))
		return
	}
	p.mu.Lock()
	to := p.partition(r)
	if b := p.open[to]; b != nil && p.full(b, r) {
		p.enqueue(to)
		p.pump()
	}
	err := p.waitFor(ctx, func() bool { return p.undone < p.buffered && (p.open[to] == nil || !p.full(p.open[to], r)) })
	if err != nil {
		p.mu.Unlock()
		done(err)
		return
	}
	if p.open[to] == nil {
		p.open[to] = p.takeBatch()
	}
	b := p.open[to]
	b.add(r, done)
	p.undone++
	if p.linger == 0 || p.full(b, r) {
		p.enqueue(to)
	} else if !p.ticking {
		p.ticking = true
		p.waiting.Reset(p.linger)
	}
	p.pump()
	p.mu.Unlock()
}

// full says that b has no room for another record like r.
func (p *producer) full(b *batch, r bench.Record) bool {
	return len(b.done) > 0 && (len(b.done) == p.batchMax || len(b.buf)-headBytes+8+len(r.Key)+len(r.Value) > p.batchBytes)
}

func (p *producer) partition(r bench.Record) uint32 {
	switch {
	case r.Partition >= 0:
		return uint32(r.Partition) % p.topic.files
	case len(r.Key) > 0:
		return uint32(maphash.Bytes(p.seed, r.Key) % uint64(p.topic.files))
	}
	p.next++
	return p.next % p.topic.files
}

func (p *producer) takeBatch() *batch {
	if n := len(p.free); n > 0 {
		b := p.free[n-1]
		p.free = p.free[:n-1]
		return b
	}
	return newBatch()
}

// waitFor waits, with mu held, until ready; the error is ctx's or the producer's.
func (p *producer) waitFor(ctx context.Context, ready func() bool) error {
	if p.err == nil && ready() {
		return nil
	}
	defer context.AfterFunc(ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.moved.Broadcast()
	})()
	if p.undone >= p.buffered {
		p.enqueueAll() // what holds a batch back may be its linger alone
		p.pump()
	}
	for p.err == nil && ctx.Err() == nil && !ready() {
		p.moved.Wait()
	}
	if p.err != nil {
		return p.err
	}
	return ctx.Err()
}

// enqueue, with mu held, has a partition's open batch go out as soon as it may.
func (p *producer) enqueue(to uint32) {
	if b := p.open[to]; b != nil && !b.queued {
		b.queued = true
		p.queue = append(p.queue, to)
	}
}

func (p *producer) enqueueAll() {
	for to := range p.open {
		p.enqueue(uint32(to))
	}
}

// pump, with mu held, sends what is queued while requests may go out. It may wait for the server, whose answers are so short
// that they always find room.
func (p *producer) pump() {
	for p.err == nil && len(p.queue) > 0 && len(p.sent) < p.inFlight {
		to := p.queue[0]
		p.queue = slices.Delete(p.queue, 0, 1)
		b := p.open[to]
		p.open[to] = nil
		p.sent = append(p.sent, b)
		if _, err := p.conn.Write(b.seal(p.topic.first+to, p.z, &p.squeezed)); err != nil {
			p.err = err
			_ = p.conn.Close() // answers sees it, and fails everything
		}
	}
}

// lingered sends what has waited for other records.
func (p *producer) lingered() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ticking = false
	p.enqueueAll()
	p.pump()
}

// answers takes the server's answers, which come in the order of the requests, until the connection ends.
func (p *producer) answers() {
	r := bufio.NewReader(p.conn)
	var answer [answerBytes]byte
	for {
		if _, err := io.ReadFull(r, answer[:]); err != nil {
			p.fail(err)
			return
		}
		p.mu.Lock()
		if len(p.sent) == 0 {
			p.mu.Unlock()
			p.fail(errUnasked)
			return
		}
		b := p.sent[0]
		p.sent = slices.Delete(p.sent, 0, 1)
		p.pump()
		p.mu.Unlock()
		for _, done := range b.done {
			done(nil)
		}
		p.mu.Lock()
		p.undone -= len(b.done)
		b.reset()
		p.free = append(p.free, b)
		p.mu.Unlock()
		p.moved.Broadcast()
	}
}

var errUnasked = errors.New("an answer to no request")

// fail ends everything that is not done with err.
func (p *producer) fail(err error) {
	p.mu.Lock()
	if p.err == nil {
		p.err = fmt.Errorf("limit server: %w", err)
	}
	err = p.err
	rest := p.sent
	p.sent = nil
	for to, b := range p.open {
		if b != nil {
			rest = append(rest, b)
			p.open[to] = nil
		}
	}
	p.queue = nil
	p.undone = 0
	p.mu.Unlock()
	for _, b := range rest {
		for _, done := range b.done {
			done(err)
		}
	}
	p.moved.Broadcast()
}

// Flush sends what is open and waits until everything is done.
func (p *producer) Flush(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.enqueueAll()
	p.pump()
	return p.waitFor(ctx, func() bool { return p.undone == 0 })
}

// Close ends the connection and, with an error, what is not done.
func (p *producer) Close() error {
	err := p.conn.Close()
	p.answering.Wait()
	p.waiting.Stop()
	return err
}
