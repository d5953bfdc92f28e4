package server

import (
	"errors"
	"fmt"
	"net"
	"time"
)

// Security protocols of listeners, by Kafka's names. TLS and SASL listeners are refused until they are
// served.
const Plaintext = "PLAINTEXT"

// Listener says where to listen.
type Listener struct {
	Name     string // upper case, as in listeners=NAME://host:port
	Protocol string // security protocol
	Host     string // "" for all addresses
	Port     int    // 0 for any free one
}

// String is the listener in the form of Kafka's listeners setting.
func (l Listener) String() string {
	return fmt.Sprintf("%s://%s", l.Name, net.JoinHostPort(l.Host, fmt.Sprint(l.Port)))
}

type listener struct {
	server *Server
	spec   Listener
	socket net.Listener
}

func (s *Server) listen(spec Listener) (*listener, error) {
	if spec.Protocol != Plaintext {
		return nil, fmt.Errorf("security protocol %s is not supported", spec.Protocol)
	}
	socket, err := net.Listen("tcp", net.JoinHostPort(spec.Host, fmt.Sprint(spec.Port)))
	if err != nil {
		return nil, fmt.Errorf("bind: %w", err)
	}
	return &listener{server: s, spec: spec, socket: socket}, nil
}

// secure is where a listener's security protocol wraps the raw connection (TLS). The accept loop does not
// wait for it.
func (l *listener) secure(raw net.Conn) (net.Conn, error) {
	if l.spec.Protocol == Plaintext {
		return raw, nil
	}
	return nil, fmt.Errorf("security protocol %s is not supported", l.spec.Protocol)
}

const (
	acceptBackoffMin = 5 * time.Millisecond
	acceptBackoffMax = time.Second
)

// acceptLoop accepts until the listener is closed. No other error ends it: when descriptors run out (EMFILE)
// it backs off and tries again.
func (l *listener) acceptLoop() {
	backoff := acceptBackoffMin
	for {
		raw, err := l.socket.Accept()
		switch {
		case err == nil:
			backoff = acceptBackoffMin
			l.admit(raw)
		case errors.Is(err, net.ErrClosed):
			return
		default:
			l.server.lines.warn("accept failed", "listener", l.spec.Name, "error", err.Error())
			if !l.server.pause(backoff) {
				return
			}
			backoff = min(2*backoff, acceptBackoffMax)
		}
	}
}

// pause waits d; false when the server is closing.
func (s *Server) pause(d time.Duration) bool {
	timer := s.config.Clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C():
		return true
	case <-s.draining:
		return false
	}
}

// admit starts serving a connection, or closes it when there are too many.
func (l *listener) admit(raw net.Conn) {
	s := l.server
	c, err := s.register(l, raw)
	if err != nil {
		s.stats.refused.Add(1)
		s.lines.warn("connection refused", "listener", l.spec.Name, "remote", raw.RemoteAddr().String(),
			"reason", err.Error())
		_ = raw.Close() // it was never served; there is nobody to tell
		return
	}
	go c.run()
}

var (
	errDraining           = errors.New("the broker is stopping")
	errTooManyConnections = errors.New("max.connections reached")
	errTooManyFromAddress = errors.New("max.connections.per.ip reached")
)

// register counts the connection in. It is counted out by unregister.
func (s *Server) register(l *listener, raw net.Conn) (*conn, error) {
	ip := hostOf(raw.RemoteAddr())
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.mu.draining:
		return nil, errDraining
	case len(s.mu.connections) >= s.config.MaxConnections:
		return nil, errTooManyConnections
	case s.mu.perIP[ip] >= s.config.MaxConnectionsPerIP:
		return nil, errTooManyFromAddress
	}
	c := newConn(l, raw, s.lastID.Add(1), ip)
	s.mu.connections[c] = struct{}{}
	s.mu.perIP[ip]++
	s.serving.Add(1)
	s.stats.accepted.Add(1)
	return c, nil
}

func (s *Server) unregister(c *conn) {
	s.mu.Lock()
	delete(s.mu.connections, c)
	if s.mu.perIP[c.ip]--; s.mu.perIP[c.ip] <= 0 {
		delete(s.mu.perIP, c.ip)
	}
	s.mu.Unlock()
	s.serving.Done()
}

func hostOf(a net.Addr) string {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.IP.String()
	}
	return a.String()
}
