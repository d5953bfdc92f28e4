package server

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"

	"weir/protocol"
)

// encodeBytes is the capacity that an answer's buffer starts with.
const encodeBytes = 1 << 10

// errNoAnswer says that a reply has nothing to send because its connection or the broker goes away.
var errNoAnswer = errors.New("reply was given up")

// writeLoop writes the answers in the order of their requests. After the first that cannot be written it only
// releases those that follow.
func (c *conn) writeLoop() {
	broken := false
	for q := range c.replies {
		if !broken {
			if err := c.answer(q); err != nil {
				broken = true
				c.cut()
			}
		}
		c.release(q)
		c.owed.Add(-1)
	}
}

// release gives back what a reply and its request hold.
func (c *conn) release(q queued) {
	defer func() {
		if p := recover(); p != nil {
			_ = c.panicked("release", q.header, p) // counted and logged; the connection is unharmed
		}
	}()
	defer q.frame.Release()
	q.reply.Release()
}

// answer waits for one reply and writes it. A panic in the reply costs this connection only.
func (c *conn) answer(q queued) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = c.panicked("answer", q.header, p)
		}
	}()
	q.reply.Wait(c.hurry)
	select {
	case <-c.gone:
		return net.ErrClosed
	default:
	}
	buffer := c.server.buffers.get(encodeBytes)[:0]
	head := append(buffer, 0, 0, 0, 0)
	head = protocol.AppendResponseHeader(head, q.header.Key, q.header.Version, q.header.CorrelationID)
	parts := q.reply.Encode(head)
	if len(parts) == 0 {
		return errNoAnswer
	}
	total := 0
	for _, p := range parts {
		total += p.Len()
	}
	binary.BigEndian.PutUint32(parts[0].Bytes, uint32(total-4))
	if err := c.write(parts); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	c.server.buffers.put(parts[0].Bytes)
	return nil
}

// write sends parts in order: runs of memory with one writev, ranges of files without passing through memory.
func (c *conn) write(parts []protocol.Part) error {
	if len(parts) == 1 {
		return c.writeBuffers(net.Buffers{parts[0].Bytes})
	}
	var run net.Buffers
	for _, p := range parts {
		if p.File == nil {
			run = append(run, p.Bytes)
			continue
		}
		if err := c.writeBuffers(run); err != nil {
			return err
		}
		run = nil
		if err := c.writeFile(p.File); err != nil {
			return err
		}
	}
	return c.writeBuffers(run)
}

func (c *conn) writeBuffers(run net.Buffers) error {
	if len(run) == 0 {
		return nil
	}
	if err := c.setWriteDeadline(); err != nil {
		return err
	}
	n, err := run.WriteTo(c.raw)
	c.server.stats.bytesOut.Add(n)
	return err
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
	return err
}

// endingTimeout is how long a client that broke the protocol may take to read the answers to what it sent before.
const endingTimeout = 5 * time.Second

// setWriteDeadline gives the client as long to take the next part as a connection may be idle.
func (c *conn) setWriteDeadline() error {
	limit := c.server.config.IdleTimeout
	if c.ending.Load() {
		limit = min(limit, endingTimeout)
	}
	return c.raw.SetWriteDeadline(c.server.config.Clock.Now().Add(limit))
}
