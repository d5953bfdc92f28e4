package server

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"

	"weir/protocol"
)

const (
	// encodeBytes is the capacity that a buffer for answers starts with, roomBytes what it should have left for
	// one more, and outBytes the length at which answers are written although more are ready.
	encodeBytes = 1 << 10
	roomBytes   = 256
	outBytes    = 32 << 10
	// copyBytes is up to which length a range of a file is copied into memory and written with what stands
	// around it: that costs less than a system call and a packet of its own.
	copyBytes = 16 << 10
)

// errNoAnswer says that a reply has nothing to send because its connection or the broker goes away.
var errNoAnswer = errors.New("reply was given up")

// outgoing is the writer goroutine's own part of a connection.
type outgoing struct {
	bytes   []byte      // encoded answers that were not written yet, in a pooled buffer; nil when there are none
	answers int32       // taken from the channel since the last write: owed until the next
	vector  net.Buffers // room for the parts of one writev
	sending net.Buffers // what of it is not written yet
	until   time.Time   // the write deadline that is set
	broken  bool        // an answer could not be written: those that follow are only released
}

// writeLoop writes the answers in the order of their requests. Those that are ready together are written
// together. After the first that cannot be written it only releases those that follow.
func (c *conn) writeLoop(replies <-chan *queued) {
	for q := range replies {
		err := c.answer(q)
		c.release(q)
		q.done()
		c.out.answers++
		if err == nil && len(replies) == 0 {
			err = c.flush()
		}
		if err != nil && !c.out.broken {
			_ = c.flush() // what came before it; the connection ends in any case
			c.out.broken = true
			c.cut()
		}
	}
	_ = c.flush() // the reader has ended: there is nobody to tell
}

// release gives back what a reply and its request hold.
func (c *conn) release(q *queued) {
	defer func() {
		if p := recover(); p != nil {
			_ = c.panicked("release", q.header, p) // counted and logged; the connection is unharmed
		}
	}()
	defer q.frame.Release()
	q.reply.Release()
}

// answer waits for one reply and encodes it behind those that are to be written. A panic in the reply costs this
// connection only.
func (c *conn) answer(q *queued) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = c.panicked("answer", q.header, p)
		}
	}()
	if c.out.broken {
		return nil
	}
	if !q.reply.Ready() {
		if err := c.flush(); err != nil {
			return err
		}
		q.reply.Wait(c.hurry)
	}
	select {
	case <-c.gone:
		return net.ErrClosed
	default:
	}
	c.makeRoom()
	start := len(c.out.bytes)
	head := append(c.out.bytes, 0, 0, 0, 0)
	head = protocol.AppendResponseHeader(head, q.header.Key, q.header.Version, q.header.CorrelationID)
	parts := q.reply.Encode(head)
	if len(parts) == 0 {
		return errNoAnswer
	}
	total := -start
	for _, p := range parts {
		total += p.Len()
	}
	binary.BigEndian.PutUint32(parts[0].Bytes[start:], uint32(total-4))
	if len(parts) > 1 {
		return c.writeParts(parts)
	}
	if c.out.bytes = parts[0].Bytes; len(c.out.bytes) >= outBytes {
		return c.flush()
	}
	return nil
}

// makeRoom gives the buffer of answers room for a small one, so that it does not grow out of its pool.
func (c *conn) makeRoom() {
	have := c.out.bytes
	switch {
	case have == nil:
		c.out.bytes = c.server.buffers.get(encodeBytes)[:0]
	case cap(have)-len(have) < roomBytes:
		c.out.bytes = append(c.server.buffers.get(2 * cap(have))[:0], have...)
		c.server.buffers.put(have)
	}
}

// flush writes the answers that are encoded.
func (c *conn) flush() error {
	bytes, answers := c.out.bytes, c.out.answers
	c.out.bytes, c.out.answers = nil, 0
	defer c.owed.Add(-answers)
	if len(bytes) == 0 || c.out.broken {
		return nil
	}
	err := c.writeBytes(bytes)
	c.server.buffers.put(bytes)
	return err
}

// writeParts writes an answer of several parts, with those that are encoded before it in the first: runs of
// memory and short ranges of files with one writev, longer ranges of files without passing through memory.
func (c *conn) writeParts(parts []protocol.Part) error {
	first := parts[0].Bytes
	c.out.bytes = nil
	short := 0
	for _, p := range parts {
		if n := p.Len(); p.File != nil && n <= copyBytes {
			short += n
		}
	}
	var copies []byte
	if short > 0 {
		copies = c.server.buffers.get(short)
		defer c.server.buffers.put(copies)
	}
	c.out.vector = c.out.vector[:0]
	for _, p := range parts {
		switch n := p.Len(); {
		case p.File == nil:
			c.out.vector = append(c.out.vector, p.Bytes)
		case n <= copyBytes:
			if _, err := p.File.ReadAt(copies[:n], 0); err != nil {
				return fmt.Errorf("read for answer: %w", err)
			}
			c.out.vector, copies = append(c.out.vector, copies[:n]), copies[n:]
		default:
			if err := c.writeVector(); err != nil {
				return err
			}
			if err := c.writeFile(p.File); err != nil {
				return err
			}
		}
	}
	if err := c.writeVector(); err != nil {
		return err
	}
	c.server.buffers.put(first)
	return c.flush() // nothing more to write, but answers that were owed
}

// writeVector writes the runs of memory that are gathered.
func (c *conn) writeVector() error {
	if len(c.out.vector) == 0 {
		return nil
	}
	if err := c.setWriteDeadline(); err != nil {
		return err
	}
	c.out.sending = c.out.vector
	n, err := c.out.sending.WriteTo(c.raw)
	c.server.stats.bytesOut.Add(n)
	clear(c.out.vector)
	c.out.vector = c.out.vector[:0]
	if err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	return nil
}

func (c *conn) writeBytes(bytes []byte) error {
	if err := c.setWriteDeadline(); err != nil {
		return err
	}
	n, err := c.raw.Write(bytes)
	c.server.stats.bytesOut.Add(int64(n))
	if err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	return nil
}

func (c *conn) writeFile(file protocol.Sender) error {
	if err := c.setWriteDeadline(); err != nil {
		return err
	}
	n, err := file.SendTo(c.raw)
	c.server.stats.bytesOut.Add(n)
	if err == nil && n != int64(file.Len()) {
		err = fmt.Errorf("sent %d of %d bytes of a file", n, file.Len())
	}
	if err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	return nil
}

// endingTimeout is how long a client that broke the protocol may take to read the answers to what it sent before.
const endingTimeout = 5 * time.Second

// setWriteDeadline gives the client as long to take the next part as a connection may be idle, or up to an eighth
// less: to set the deadline at every write would cost more than the rest of a small answer.
func (c *conn) setWriteDeadline() error {
	limit, now := c.server.config.IdleTimeout, c.server.config.Clock.Now()
	if !c.ending.Load() && c.out.until.Sub(now) > limit-limit/8 {
		return nil
	}
	if c.ending.Load() {
		limit = min(limit, endingTimeout)
	}
	c.out.until = now.Add(limit)
	return c.raw.SetWriteDeadline(c.out.until)
}
