package server

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"weir/cluster"
	"weir/config"
	"weir/groups"
	"weir/handlers"
	"weir/internal/clock"
	"weir/metadata"
	"weir/partition"
	"weir/protocol"
)

// patience is how long a test waits for what should come at once.
const patience = 10 * time.Second

// output collects log lines.
type output struct {
	mu    sync.Mutex
	lines bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lines.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lines.String()
}

// start runs a server on a free port of the loopback. change may alter its Config; without a Serve it has
// real handlers on a cluster without topics.
func start(t testing.TB, change func(c *Config)) (*Server, *output) {
	t.Helper()
	logged := &output{}
	c := Config{
		Listeners:       []Listener{{Name: "PLAINTEXT", Protocol: Plaintext, Host: "127.0.0.1"}},
		MaxRequestBytes: 100 << 20, QueuedRequestBytes: 256 << 20, MaxConnections: 1000, MaxConnectionsPerIP: 1000,
		IdleTimeout: time.Minute, HandshakeTimeout: time.Minute, FrameTimeout: time.Minute, Pipeline: 16,
		Clock: clock.Real(), Logger: slog.New(slog.NewTextHandler(logged, nil)),
	}
	if change != nil {
		change(&c)
	}
	if c.Serve == nil {
		c.Serve = realHandlers(t).Serve
	}
	s, err := Listen(c)
	if err != nil {
		t.Fatal(err)
	}
	s.Start(nil)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return s, logged
}

func realHandlers(t testing.TB) *handlers.Handlers {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	endpoint := metadata.Endpoint{Listener: "PLAINTEXT", Host: "127.0.0.1", Port: 9092}
	store := cluster.NewMemStore()
	c, err := cluster.Open(t.Context(), store, cluster.Config{
		BrokerID: 1, Endpoints: []metadata.Endpoint{endpoint}, SelfApplied: true,
	}, clock.Real(), logger)
	if err != nil {
		t.Fatal(err)
	}
	g := groups.New(groups.Config{}, clock.Real(), logger)
	h := handlers.New(handlers.Deps{
		BrokerID: 1, Config: config.Defaults(), Cluster: c, Partitions: partition.NewSet(), Groups: g,
		Clock: clock.Real(), Logger: logger,
	})
	t.Cleanup(func() {
		h.Close()
		if err := errors.Join(g.Close(context.Background()), c.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	})
	return h
}

// dial connects to the server's first listener.
func dial(t testing.TB, s *Server) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr("PLAINTEXT").String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// send writes bytes; the server may have closed the connection already.
func send(conn net.Conn, b []byte) { _, _ = conn.Write(b) }

// mustClose fails unless the server closes the connection without a word.
func mustClose(t *testing.T, conn net.Conn) {
	t.Helper()
	var b [1]byte
	n, err := conn.Read(b[:])
	var timeout net.Error
	if n != 0 || err == nil || errors.As(err, &timeout) && timeout.Timeout() {
		t.Fatalf("read %d bytes, error %v; want the connection closed", n, err)
	}
}

// framed puts the length before a frame.
func framed(b []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)
}

// request is a frame with a request header of version 1 (no tagged fields).
func request(key, version int16, correlation int32, body ...byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(key))
	b = binary.BigEndian.AppendUint16(b, uint16(version))
	b = binary.BigEndian.AppendUint32(b, uint32(correlation))
	b = append(b, 0, 4, 't', 'e', 's', 't')
	return framed(append(b, body...))
}

// answer reads one answer and returns its correlation id and body.
func answer(t *testing.T, conn net.Conn) (int32, []byte) {
	t.Helper()
	var length [4]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		t.Fatalf("read answer: %v", err)
	}
	b := make([]byte, binary.BigEndian.Uint32(length[:]))
	if _, err := io.ReadFull(conn, b); err != nil {
		t.Fatalf("read answer: %v", err)
	}
	return int32(binary.BigEndian.Uint32(b)), b[4:]
}

// mustServe fails unless the connection answers ApiVersions v0.
func mustServe(t *testing.T, conn net.Conn) {
	t.Helper()
	send(conn, request(18, 0, 42))
	if id, body := answer(t, conn); id != 42 || len(body) < 2 || body[0] != 0 || body[1] != 0 {
		t.Fatalf("ApiVersions v0: correlation %d, body %x", id, body)
	}
}

// fakeReply is a reply whose body is one byte, ready when ready is closed.
type fakeReply struct {
	ready    <-chan struct{}
	body     byte
	hurried  bool
	released chan<- byte
}

func (r *fakeReply) Ready() bool {
	select {
	case <-r.ready:
		return true
	default:
		return false
	}
}

func (r *fakeReply) Wait(stop <-chan struct{}) {
	select {
	case <-r.ready:
	case <-stop:
		r.hurried = true
	}
}

func (r *fakeReply) Encode(dst []byte) []protocol.Part {
	return []protocol.Part{{Bytes: append(dst, r.body)}}
}

func (r *fakeReply) Release() {
	if r.released != nil {
		r.released <- r.body
	}
}

// closed is a channel that is ready.
func closed() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}
