package server

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"weir/handlers"
	"weir/protocol"
)

// errRefused says that the client has broken the protocol and the connection must be closed without an answer to that.
var errRefused = errors.New("request refused")

// anonymous is the principal of a client that has not authenticated, by Kafka's name.
const anonymous = "User:ANONYMOUS"

// conn is one connection. Its reader goroutine owns everything but what the comments give to the writer.
type conn struct {
	server   *Server
	listener *listener
	raw      net.Conn
	ip       string
	client   handlers.Conn

	source  source
	in      *bufio.Reader // over source; nil while the connection rests
	out     outgoing      // the writer's
	replies chan *queued  // reader to writer; its capacity is the pipelining limit; nil while there is no writer
	written chan struct{} // closed by the writer when it ends
	gone    chan struct{} // closed once by cut: the answers will not be read by anybody
	hurry   chan struct{} // closed once by stopWaiting: the connection or the broker goes away

	cutOnce, hurryOnce sync.Once

	owed   atomic.Int32 // replies not written yet
	ending atomic.Bool  // set by the reader when it has ended: the writer does not give the client much time
	served bool         // a request has been served: the handshake is over

	proven int // length of the longest frame that has lately arrived whole; it fades with each that is shorter
}

// queued is a reply on its way to the writer.
type queued struct {
	header protocol.RequestHeader
	reply  handlers.Reply
	frame  *frame
}

// queuedReplies holds what is in no queue: a channel of pointers is small, and every connection has one.
var queuedReplies = sync.Pool{New: func() any { return new(queued) }}

func newQueued(header protocol.RequestHeader, reply handlers.Reply, f *frame) *queued {
	q := queuedReplies.Get().(*queued)
	q.header, q.reply, q.frame = header, reply, f
	return q
}

// done makes q available for another reply; nobody may use it afterwards.
func (q *queued) done() {
	*q = queued{}
	queuedReplies.Put(q)
}

func newConn(l *listener, raw net.Conn, id int64, ip string) *conn {
	return &conn{
		server:   l.server,
		listener: l,
		raw:      raw,
		ip:       ip,
		client: handlers.Conn{
			ID: id, Listener: l.spec.Name, Local: raw.LocalAddr(), Remote: raw.RemoteAddr(),
			Principal: anonymous,
		},
		gone:  make(chan struct{}),
		hurry: make(chan struct{}),
	}
}

// run serves the connection until it ends and returns when nothing of it is left.
func (c *conn) run() {
	defer c.server.unregister(c)
	err := c.prepare()
	if err == nil {
		err = c.readLoop()
	}
	switch {
	case errors.Is(err, errRefused): // what came before the bad request is still answered
		c.ending.Store(true)
		// For the part that is being written; fails on a closed connection only.
		_ = c.raw.SetWriteDeadline(c.server.config.Clock.Now().Add(min(c.server.config.IdleTimeout, endingTimeout)))
	case !c.server.isDraining() || !errors.Is(err, os.ErrDeadlineExceeded):
		c.cut() // the client is gone: nobody reads the answers
	}
	c.stopWaiting()
	c.stopWriter()
	c.cut()
	c.client.End()
	c.report(err)
}

// prepare sets socket options and lets the listener's security protocol take over.
func (c *conn) prepare() error {
	if tcp, ok := c.raw.(*net.TCPConn); ok {
		if err := errors.Join(tcp.SetNoDelay(true), c.setSocketBuffers(tcp)); err != nil {
			return fmt.Errorf("set socket options: %w", err)
		}
	}
	secured, err := c.listener.secure(c.raw)
	if err != nil {
		return fmt.Errorf("secure connection: %w", err)
	}
	c.source.conn = secured
	return nil
}

func (c *conn) setSocketBuffers(tcp *net.TCPConn) error {
	config := &c.server.config
	var send, receive error
	if config.SendBufferBytes > 0 {
		send = tcp.SetWriteBuffer(config.SendBufferBytes)
	}
	if config.ReceiveBufferBytes > 0 {
		receive = tcp.SetReadBuffer(config.ReceiveBufferBytes)
	}
	return errors.Join(send, receive)
}

// drain makes the reader goroutine end its loop at the next frame, and parked replies answer with what they
// have.
func (c *conn) drain() {
	_ = c.raw.SetReadDeadline(time.Unix(1, 0)) // fails only on a closed connection, which reads nothing
	c.stopWaiting()
}

// stopWaiting makes replies stop waiting for what may never come; any goroutine may call it, more than once.
func (c *conn) stopWaiting() { c.hurryOnce.Do(func() { close(c.hurry) }) }

// cut closes the connection at once; any goroutine may call it, more than once.
func (c *conn) cut() {
	c.cutOnce.Do(func() {
		close(c.gone)
		_ = c.raw.Close() // what could not be sent is lost with the connection anyway
	})
	c.stopWaiting()
}

func (s *Server) isDraining() bool {
	select {
	case <-s.draining:
		return true
	default:
		return false
	}
}

// readLoop reads and serves frames until the connection ends, the client breaks the protocol or the server
// closes.
func (c *conn) readLoop() error {
	for {
		f, err := c.readFrame()
		if err != nil {
			return err
		}
		if err := c.serveFrame(f); err != nil {
			f.Release()
			return err
		}
		c.served = true
	}
}

// serveFrame serves one frame and hands its reply to the writer. On an error the frame is still the caller's.
// A panic in there costs this connection only.
func (c *conn) serveFrame(f *frame) (err error) {
	var header protocol.RequestHeader
	defer func() {
		if p := recover(); p != nil {
			err = c.panicked("serve", header, p)
		}
	}()
	header, body, err := protocol.ParseRequestHeader(f.bytes)
	if err != nil {
		return fmt.Errorf("%w: parse header: %w", errRefused, err)
	}
	c.server.stats.requests.Add(1)
	reply, err := c.server.config.Serve(&c.client, &handlers.Request{Header: header, Body: body, Frame: f})
	if err != nil {
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	if reply == nil {
		f.Release()
		return nil
	}
	c.owed.Add(1)
	c.startWriter()
	select {
	case c.replies <- newQueued(header, reply, f):
		return nil
	case <-c.gone:
		reply.Release()
		return net.ErrClosed
	}
}

// panicked counts and logs a bug, with its stack, and makes it an error of this connection.
func (c *conn) panicked(doing string, h protocol.RequestHeader, p any) error {
	c.server.stats.panics.Add(1)
	c.server.config.Logger.Error("panic in request", "doing", doing, "api", h.Key, "version", h.Version,
		"connection", c.client.ID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	return fmt.Errorf("%s request: panic: %v", doing, p)
}

// report logs why the connection ended, unless the client simply closed it.
func (c *conn) report(err error) {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || c.server.isDraining() {
		return
	}
	c.server.stats.failed.Add(1)
	c.server.lines.info("connection closed", "listener", c.listener.spec.Name,
		"remote", c.client.Remote.String(), "connection", c.client.ID, "reason", err.Error())
}
