package kafka

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/bench"
)

// The version of Fetch that raw consumers speak: the last one whose fields have fixed widths.
const fetchVersion = 11

// rawConsumer is a bench.BatchConsumer that fetches without sessions, a connection a leader, and reads only the headers of batches.
type rawConsumer struct {
	feeds []*feed
	got   chan portion
	quit  context.CancelFunc
	run   sync.WaitGroup
}

// portion is what one answer brought.
type portion struct {
	records, bytes int
	err            error
}

// feed fetches the partitions of one leader.
type feed struct {
	conn   *conn
	topic  string
	parts  []int32
	at     map[int32]int64 // the next offset of each
	most   int32
	number uint32
	frame  []byte
}

// newRawConsumer connects to the leaders of its partitions. Nothing is fetched before the first ReceiveBatches.
func (d *Driver) newRawConsumer(ctx context.Context, topic string, c bench.Config, i int) (*rawConsumer, error) {
	leaders, err := d.leaders(ctx, topic)
	if err != nil {
		return nil, err
	}
	most := int32(fetchBytes)
	if c.FetchBytes > 0 {
		most = c.FetchBytes
	}
	r := &rawConsumer{got: make(chan portion)}
	feeds := map[string]*feed{}
	for _, p := range mine(c, i) {
		f := feeds[leaders[p]]
		if f == nil {
			link, err := dial(ctx, leaders[p])
			if err != nil {
				return nil, errors.Join(err, r.Close())
			}
			f = &feed{conn: link.buffered(256 << 10), topic: topic, at: map[int32]int64{}, most: most}
			feeds[leaders[p]] = f
			r.feeds = append(r.feeds, f)
		}
		f.parts = append(f.parts, p)
	}
	return r, nil
}

// Receive is for records taken apart, which raw clients do not do.
func (r *rawConsumer) Receive(context.Context, func(bench.Record) error) error {
	return errors.New("client raw counts whole batches; a workload that looks into records needs franz-go")
}

// ReceiveBatches waits for the next answer that brings anything.
func (r *rawConsumer) ReceiveBatches(ctx context.Context) (records, bytes int, err error) {
	if r.quit == nil {
		var fetching context.Context
		fetching, r.quit = context.WithCancel(context.WithoutCancel(ctx))
		for _, f := range r.feeds {
			r.run.Go(func() { r.fetch(fetching, f) })
		}
	}
	select {
	case p := <-r.got:
		return p.records, p.bytes, p.err
	case <-ctx.Done():
		return 0, 0, context.Cause(ctx)
	}
}

// fetch asks again and again until the consumer is closed.
func (r *rawConsumer) fetch(ctx context.Context, f *feed) {
	for ctx.Err() == nil {
		p := f.once()
		if p.records == 0 && p.err == nil {
			continue
		}
		select {
		case r.got <- p:
		case <-ctx.Done():
		}
		if p.err != nil {
			return
		}
	}
}

// Close ends the connections.
func (r *rawConsumer) Close() error {
	if r.quit != nil {
		r.quit()
	}
	var err error
	for _, f := range r.feeds {
		err = errors.Join(err, f.conn.Close())
	}
	r.run.Wait()
	return err
}

// once sends one request and counts its answer.
func (f *feed) once() portion {
	f.number++
	b := appendHead(f.frame[:0], int16(kmsg.Fetch), fetchVersion)
	b = binary.BigEndian.AppendUint32(b, ^uint32(0)) // replica: none
	b = binary.BigEndian.AppendUint32(b, 500)        // longest wait in milliseconds
	b = binary.BigEndian.AppendUint32(b, 1)          // least bytes
	b = binary.BigEndian.AppendUint32(b, uint32(f.most))
	b = append(b, 0)                                 // isolation: uncommitted
	b = binary.BigEndian.AppendUint32(b, 0)          // session: none
	b = binary.BigEndian.AppendUint32(b, ^uint32(0)) // its epoch
	b = binary.BigEndian.AppendUint32(b, 1)          // topics
	b = binary.BigEndian.AppendUint16(b, uint16(len(f.topic)))
	b = append(b, f.topic...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(f.parts)))
	for i := range f.parts {
		p := f.parts[(i+int(f.number))%len(f.parts)] // a broker fills the answer in this order: each is first in turn
		b = binary.BigEndian.AppendUint32(b, uint32(p))
		b = binary.BigEndian.AppendUint32(b, ^uint32(0)) // leader epoch: not known
		b = binary.BigEndian.AppendUint64(b, uint64(f.at[p]))
		b = binary.BigEndian.AppendUint64(b, ^uint64(0)) // log start: a follower's
		b = binary.BigEndian.AppendUint32(b, uint32(min(f.most, fetchPartition)))
	}
	b = binary.BigEndian.AppendUint32(b, 0) // forgotten topics
	b = binary.BigEndian.AppendUint16(b, 0) // rack
	f.frame = b
	setHead(b, 0, f.number)
	if _, err := f.conn.Write(b); err != nil {
		return portion{err: fmt.Errorf("fetch: %w", err)}
	}
	left, err := f.conn.readHead(f.number)
	if err != nil {
		return portion{err: err}
	}
	w := &walk{in: f.conn.in, left: left}
	p := w.answer(f.at)
	if p.err = errors.Join(p.err, w.err); p.err == nil && w.left != 0 {
		p.err = fmt.Errorf("read answer: %d bytes are left over", w.left)
	}
	return p
}

// walk goes through an answer as it comes in. After an error it gives zeros.
type walk struct {
	in interface {
		Peek(int) ([]byte, error)
		Discard(int) (int, error)
	}
	left int // bytes of the answer that were not read
	err  error
}

// skip passes over n bytes.
func (w *walk) skip(n int) {
	if w.err != nil {
		return
	}
	if n < 0 || n > w.left {
		w.err = fmt.Errorf("read answer: %w", io.ErrUnexpectedEOF)
		return
	}
	w.left -= n
	if _, err := w.in.Discard(n); err != nil {
		w.err = fmt.Errorf("read answer: %w", err)
	}
}

// peek shows the next n bytes, which are few; nil after an error.
func (w *walk) peek(n int) []byte {
	if w.err == nil && n > w.left {
		w.err = fmt.Errorf("read answer: %w", io.ErrUnexpectedEOF)
	}
	if w.err != nil {
		return nil
	}
	b, err := w.in.Peek(n)
	if err != nil {
		w.err = fmt.Errorf("read answer: %w", err)
		return nil
	}
	return b
}

func (w *walk) int16() int {
	b := w.peek(2)
	if b == nil {
		return 0
	}
	n := int(int16(binary.BigEndian.Uint16(b)))
	w.skip(2)
	return n
}

func (w *walk) int32() int {
	b := w.peek(4)
	if b == nil {
		return 0
	}
	n := int(int32(binary.BigEndian.Uint32(b)))
	w.skip(4)
	return n
}

// answer counts what a Fetch answer holds and moves the offsets on.
func (w *walk) answer(at map[int32]int64) portion {
	var sum portion
	w.skip(4) // throttled
	if err := kerr.ErrorForCode(int16(w.int16())); err != nil {
		return portion{err: fmt.Errorf("fetch: %w", err)}
	}
	w.skip(4) // session
	for range max(0, w.int32()) {
		if w.err != nil {
			return sum
		}
		w.skip(w.int16()) // topic
		for range max(0, w.int32()) {
			if w.err != nil {
				return sum
			}
			p, code := int32(w.int32()), int16(w.int16())
			if err := kerr.ErrorForCode(code); err != nil && w.err == nil {
				return portion{err: fmt.Errorf("fetch partition %d: %w", p, err)}
			}
			w.skip(8 + 8 + 8)              // high watermark, last stable offset, log start
			w.skip(16 * max(0, w.int32())) // aborted transactions
			w.skip(4)                      // preferred replica
			size := max(0, w.int32())
			records, next := w.batches(size)
			if records > 0 {
				at[p] = next
			}
			sum.records, sum.bytes = sum.records+records, sum.bytes+size
		}
	}
	return sum
}

// batches counts the records of whole batches in the next size bytes, and gives the offset after them.
func (w *walk) batches(size int) (records int, next int64) {
	if size > w.left {
		w.skip(size) // notes the error
		return 0, 0
	}
	for size >= batchHeader {
		h := w.peek(batchHeader)
		if h == nil {
			return records, next
		}
		length := int(binary.BigEndian.Uint32(h[8:])) + lengthBefore
		if length > size {
			break // the answer's limit cut it
		}
		if length < batchHeader {
			w.err = fmt.Errorf("read answer: a batch of %d bytes", length)
			return records, next
		}
		records += int(binary.BigEndian.Uint32(h[57:]))
		next = int64(binary.BigEndian.Uint64(h)) + int64(binary.BigEndian.Uint32(h[23:])) + 1
		w.skip(length)
		size -= length
	}
	w.skip(size)
	return records, next
}
