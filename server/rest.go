package server

import (
	"bufio"
	"net"
	"sync"
	"time"
)

// A connection that is silent rests: it has no writer goroutine, no room for replies and no read buffer, so that
// ten thousand of them cost little. The next frame brings them back.

const (
	// defaultRestAfter is how long a connection is silent before it rests: long enough that busy ones never do.
	defaultRestAfter = time.Second
	// readBufferBytes is small because every connection that does not rest has one; larger frames are read past it.
	readBufferBytes = 4 << 10
)

// source is the connection as the read buffer sees it: what it sends, with the byte that ended its rest.
type source struct {
	conn  net.Conn
	first [1]byte
	have  bool // first was read and not handed on
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	if s.have && len(p) > 0 {
		s.have = false
		p[0] = s.first[0]
		return 1, nil
	}
	return s.conn.Read(p)
}

// await waits for a byte without a buffer.
func (s *source) await() error {
	for !s.have {
		n, err := s.conn.Read(s.first[:])
		s.have = n > 0
		if err != nil && !s.have {
			return err
		}
	}
	return nil
}

// readBuffers holds read buffers that are in no use.
var readBuffers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, readBufferBytes) }}

// peekLength returns the next frame's length field, which stays in the read buffer. On an error it returns what
// there is of it.
func (c *conn) peekLength() ([]byte, error) {
	if c.in == nil {
		if err := c.source.await(); err != nil {
			return nil, err
		}
		c.in = readBuffers.Get().(*bufio.Reader)
		c.in.Reset(&c.source)
	}
	return c.in.Peek(4)
}

// rest gives up what an idle connection can do without. The reader calls it, when no answer is owed.
func (c *conn) rest() {
	c.server.stats.rested.Add(1)
	c.stopWriter()
	if c.in != nil && c.in.Buffered() == 0 {
		c.dropReadBuffer()
	}
}

func (c *conn) dropReadBuffer() {
	c.in.Reset(nil)
	readBuffers.Put(c.in)
	c.in = nil
}

// startWriter starts the writer goroutine if there is none. Only the reader starts and stops it.
func (c *conn) startWriter() {
	if c.replies != nil {
		return
	}
	replies, written := make(chan *queued, c.server.config.Pipeline), make(chan struct{})
	c.replies, c.written = replies, written
	go func() {
		defer close(written)
		c.writeLoop(replies)
	}()
}

// stopWriter ends the writer goroutine, if there is one, after it has written what it was given.
func (c *conn) stopWriter() {
	if c.replies == nil {
		return
	}
	close(c.replies)
	<-c.written
	c.replies, c.written = nil, nil
}
