// Package server speaks the wire: it listens, accepts, cuts frames out of connections, has them served and
// writes the answers in order. It knows frames and replies, not what is in them.
//
// Every connection has a reader goroutine (decode, serve) and, unless it has been silent for a while, a writer
// goroutine (wait, encode, write), joined by one bounded channel of replies whose capacity is the pipelining limit.
// Everything a client can
// make us hold is bounded: connections in all and per address, the length of a frame, the bytes of all frames
// in flight, the time a frame may take to arrive and the time a connection may be silent.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"weir/handlers"
	"weir/internal/clock"
)

// Config is what a server needs.
type Config struct {
	Listeners []Listener

	MaxRequestBytes     int           // longest frame (socket.request.max.bytes)
	QueuedRequestBytes  int64         // all frames in flight (queued.max.request.bytes)
	MaxConnections      int           // in all (max.connections)
	MaxConnectionsPerIP int           // from one address (max.connections.per.ip)
	IdleTimeout         time.Duration // silence without a request in flight (connections.max.idle.ms)
	HandshakeTimeout    time.Duration // for the first request to arrive whole
	FrameTimeout        time.Duration // for a frame to arrive, and a second more per minFrameRate bytes
	RestAfter           time.Duration // silence after which a connection gives up its buffers; 0 is a second
	Pipeline            int           // answers one connection may be behind
	SendBufferBytes     int           // SO_SNDBUF (socket.send.buffer.bytes), the OS's choice if not positive
	ReceiveBufferBytes  int           // SO_RCVBUF (socket.receive.buffer.bytes), likewise

	// Serve serves one request in the connection's reader goroutine; see handlers.Handlers.Serve.
	Serve func(c *handlers.Conn, r *handlers.Request) (handlers.Reply, error)

	Clock  clock.Clock
	Logger *slog.Logger
}

// cutGrace is how long Close waits for the goroutines of connections that it has cut off.
const cutGrace = time.Second

// minFrameRate is the slowest rate, in bytes per second, at which a frame may arrive once FrameTimeout has
// passed.
const minFrameRate = 64 << 10

// Server is a set of listeners and their connections.
type Server struct {
	config  Config
	buffers buffers
	budget  *budget
	lines   *lineLimit // log lines that clients can cause

	listeners []*listener
	accepting sync.WaitGroup // accept loops
	serving   sync.WaitGroup // connections
	draining  chan struct{}  // closed by Close: parked requests are answered, nothing new is read

	lastID atomic.Int64
	stats  counters

	mu struct {
		sync.Mutex
		draining    bool
		connections map[*conn]struct{}
		perIP       map[string]int
	}
}

// Listen opens all listeners; no connection is accepted before Start. On failure nothing stays open.
func Listen(c Config) (*Server, error) {
	if c.RestAfter == 0 {
		c.RestAfter = defaultRestAfter
	}
	s := &Server{
		config:   c,
		budget:   newBudget(c.QueuedRequestBytes, int64(c.MaxRequestBytes), c.Clock),
		lines:    newLineLimit(c.Clock, c.Logger),
		draining: make(chan struct{}),
	}
	s.mu.connections = make(map[*conn]struct{})
	s.mu.perIP = make(map[string]int)
	for _, spec := range c.Listeners {
		l, err := s.listen(spec)
		if err != nil {
			s.closeListeners()
			return nil, fmt.Errorf("listen on %s: %w", spec, err)
		}
		s.listeners = append(s.listeners, l)
	}
	return s, nil
}

// Start accepts connections and serves them with serve, which replaces Config.Serve when it is not nil (the
// handlers are made after the ports are known).
func (s *Server) Start(serve func(*handlers.Conn, *handlers.Request) (handlers.Reply, error)) {
	if serve != nil {
		s.config.Serve = serve
	}
	for _, l := range s.listeners {
		s.accepting.Add(1)
		go func() {
			defer s.accepting.Done()
			l.acceptLoop()
		}()
	}
}

// Addr returns the address a listener is bound to, nil when there is none of that name.
func (s *Server) Addr(name string) net.Addr {
	for _, l := range s.listeners {
		if l.spec.Name == name {
			return l.socket.Addr()
		}
	}
	return nil
}

// Close stops accepting, lets connections write the answers to what they have read, and closes them. When ctx
// ends first, the connections left are cut off.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	first := !s.mu.draining
	s.mu.draining = true
	if first {
		close(s.draining)
	}
	for c := range s.mu.connections {
		c.drain()
	}
	s.mu.Unlock()
	s.closeListeners()
	s.accepting.Wait()

	done := make(chan struct{})
	go func() {
		s.serving.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	left := len(s.mu.connections)
	for c := range s.mu.connections {
		c.cut()
	}
	s.mu.Unlock()
	timer := s.config.Clock.NewTimer(cutGrace)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C(): // they wait for a commit; the rooms below end that when they close
	}
	return fmt.Errorf("close server: %d connections cut off: %w", left, context.Cause(ctx))
}

func (s *Server) closeListeners() {
	for _, l := range s.listeners {
		if err := l.socket.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			s.config.Logger.Warn("close listener", "listener", l.spec.Name, "error", err)
		}
	}
}
