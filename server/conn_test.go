package server

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"weir/handlers"
)

// keepBody serves every request at once and passes a copy of its body on.
func keepBody(to chan<- []byte) func(*handlers.Conn, *handlers.Request) (handlers.Reply, error) {
	return func(_ *handlers.Conn, r *handlers.Request) (handlers.Reply, error) {
		to <- bytes.Clone(r.Body)
		return &fakeReply{ready: closed()}, nil
	}
}

// waitFor polls for what has no event of its own.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// used is what is charged to the budget now.
func (b *budget) used() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.limit - b.mu.free - b.mu.reserve
}

// TestAnswersInOrder serves pipelined requests whose answers become ready in reverse.
func TestAnswersInOrder(t *testing.T) {
	const count = 5
	var ready [count]chan struct{}
	for i := range ready {
		ready[i] = make(chan struct{})
	}
	read := make(chan struct{}, count)
	released := make(chan byte, count)
	s, _ := start(t, func(c *Config) {
		c.Serve = func(_ *handlers.Conn, r *handlers.Request) (handlers.Reply, error) {
			read <- struct{}{}
			i := byte(r.Header.CorrelationID)
			return &fakeReply{ready: ready[i], body: i, released: released}, nil
		}
	})
	conn := dial(t, s)
	for i := range count {
		send(conn, request(3, 0, int32(i)))
	}
	for range count {
		<-read // all are served before any is answered
	}
	for i := count - 1; i >= 0; i-- {
		close(ready[i])
	}
	for i := range count {
		if id, body := answer(t, conn); id != int32(i) || body[0] != byte(i) {
			t.Errorf("answer %d has correlation %d, body %x", i, id, body)
		}
		if r := <-released; r != byte(i) {
			t.Errorf("reply %d was released in place of %d", r, i)
		}
	}
}

// TestNoAnswer serves a request that is not answered (acks=0) between two that are.
func TestNoAnswer(t *testing.T) {
	s, _ := start(t, func(c *Config) {
		c.Serve = func(_ *handlers.Conn, r *handlers.Request) (handlers.Reply, error) {
			if r.Header.CorrelationID == 2 {
				return nil, nil
			}
			return &fakeReply{ready: closed()}, nil
		}
	})
	conn := dial(t, s)
	for i := int32(1); i <= 3; i++ {
		send(conn, request(3, 0, i))
	}
	for _, want := range []int32{1, 3} {
		if id, _ := answer(t, conn); id != want {
			t.Errorf("correlation %d, want %d", id, want)
		}
	}
}

// TestAnswersBeforeRefusal shows that what came before a bad request is answered, and then the connection closed.
func TestAnswersBeforeRefusal(t *testing.T) {
	s, _ := start(t, func(c *Config) {
		c.Serve = func(_ *handlers.Conn, r *handlers.Request) (handlers.Reply, error) {
			if r.Header.CorrelationID == 3 {
				return nil, errors.New("bad request")
			}
			return &fakeReply{ready: nil, body: 1}, nil // parked: the refusal hurries it
		}
	})
	conn := dial(t, s)
	for i := int32(1); i <= 3; i++ {
		send(conn, request(3, 0, i))
	}
	for want := int32(1); want <= 2; want++ {
		if id, _ := answer(t, conn); id != want {
			t.Errorf("correlation %d, want %d", id, want)
		}
	}
	mustClose(t, conn)
}

// TestPipelineBound shows that a connection is not read further than its pipeline is long.
func TestPipelineBound(t *testing.T) {
	var served atomic.Int32
	ready := make(chan struct{})
	s, _ := start(t, func(c *Config) {
		c.Pipeline = 3
		c.Serve = func(*handlers.Conn, *handlers.Request) (handlers.Reply, error) {
			served.Add(1)
			return &fakeReply{ready: ready}, nil
		}
	})
	conn := dial(t, s)
	for i := range int32(20) {
		send(conn, request(3, 0, i))
	}
	const most = 3 + 2 // in the channel, with the writer, and with the reader that waits
	waitFor(t, "the pipeline to fill", func() bool { return served.Load() == most })
	close(ready)
	for i := range int32(20) {
		if id, _ := answer(t, conn); id != i {
			t.Fatalf("correlation %d, want %d", id, i)
		}
	}
}

// TestPanic shows that a bug in one request costs one connection, and is counted and logged with its stack.
func TestPanic(t *testing.T) {
	s, logged := start(t, func(c *Config) {
		c.Serve = func(_ *handlers.Conn, r *handlers.Request) (handlers.Reply, error) {
			if r.Header.CorrelationID == 13 {
				panic("a bug")
			}
			return &fakeReply{ready: closed()}, nil
		}
	})
	bystander, conn := dial(t, s), dial(t, s)
	send(conn, request(3, 0, 13))
	mustClose(t, conn)
	send(bystander, request(3, 0, 1))
	answer(t, bystander)
	if n := s.Stats().Panics; n != 1 {
		t.Errorf("%d panics counted", n)
	}
	if text := logged.String(); !strings.Contains(text, "a bug") || !strings.Contains(text, "conn_test.go") {
		t.Errorf("the log lacks the panic or its stack: %s", text)
	}
}

// TestPeerGone shows that a parked reply is given up and released when its client hangs up.
func TestPeerGone(t *testing.T) {
	released := make(chan byte, 1)
	parked := make(chan struct{})
	s, _ := start(t, func(c *Config) {
		c.Serve = func(*handlers.Conn, *handlers.Request) (handlers.Reply, error) {
			close(parked)
			return &fakeReply{ready: nil, released: released}, nil
		}
	})
	conn := dial(t, s)
	send(conn, request(3, 0, 1))
	<-parked
	conn.Close()
	<-released
	waitFor(t, "the connection to end", func() bool { return s.Stats().Open == 0 })
}

// TestDeadlines shows that silent connections are closed: new ones after the handshake's time, others when
// idle.
func TestDeadlines(t *testing.T) {
	s, _ := start(t, func(c *Config) {
		c.HandshakeTimeout, c.IdleTimeout = 50*time.Millisecond, 200*time.Millisecond
	})
	silent, half, idle := dial(t, s), dial(t, s), dial(t, s)
	send(half, request(18, 0, 1)[:9])
	mustServe(t, idle)
	mustClose(t, silent)
	mustClose(t, half)
	mustServe(t, idle) // the handshake is over
	mustClose(t, idle)
}

// TestParkedIsNotIdle shows that a connection that is owed an answer may be silent.
func TestParkedIsNotIdle(t *testing.T) {
	ready := make(chan struct{})
	s, _ := start(t, func(c *Config) {
		c.IdleTimeout = 20 * time.Millisecond
		c.Serve = func(*handlers.Conn, *handlers.Request) (handlers.Reply, error) {
			return &fakeReply{ready: ready, body: 9}, nil
		}
	})
	conn := dial(t, s)
	send(conn, request(3, 0, 1))
	timer := time.AfterFunc(150*time.Millisecond, func() { close(ready) })
	defer timer.Stop()
	if _, body := answer(t, conn); body[0] != 9 {
		t.Errorf("body %x", body)
	}
}

// TestConnectionLimits refuses connections past the limits and admits again when others have gone.
func TestConnectionLimits(t *testing.T) {
	for name, change := range map[string]func(c *Config){
		"in all":      func(c *Config) { c.MaxConnections = 2 },
		"per address": func(c *Config) { c.MaxConnectionsPerIP = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := start(t, change)
			a, b := dial(t, s), dial(t, s)
			mustServe(t, a)
			mustServe(t, b)
			mustClose(t, dial(t, s))
			a.Close()
			waitFor(t, "the connection to end", func() bool { return s.Stats().Open == 1 })
			mustServe(t, dial(t, s))
			if n := s.Stats().Refused; n != 1 {
				t.Errorf("%d refused", n)
			}
		})
	}
}

// TestDrain shows that Close answers what was read, wakes what is parked, and refuses new connections.
func TestDrain(t *testing.T) {
	parked := make(chan struct{}, 2)
	s, _ := start(t, func(c *Config) {
		c.Serve = func(*handlers.Conn, *handlers.Request) (handlers.Reply, error) {
			parked <- struct{}{}
			return &fakeReply{ready: nil, body: 5}, nil
		}
	})
	idle, conn := dial(t, s), dial(t, s)
	send(conn, request(3, 0, 1))
	send(conn, request(3, 0, 2))
	<-parked
	<-parked
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}
	for want := int32(1); want <= 2; want++ {
		if id, body := answer(t, conn); id != want || body[0] != 5 {
			t.Errorf("correlation %d, body %x", id, body)
		}
	}
	mustClose(t, conn)
	mustClose(t, idle)
	if _, err := net.Dial("tcp", s.Addr("PLAINTEXT").String()); err == nil {
		t.Error("a closed server accepts")
	}
}

// stubborn is a reply that waits whatever happens.
type stubborn struct {
	fakeReply
	until <-chan struct{}
}

func (r *stubborn) Ready() bool { return false }

func (r *stubborn) Wait(<-chan struct{}) { <-r.until }

// TestDrainDeadline shows that Close cuts off what does not end in time.
func TestDrainDeadline(t *testing.T) {
	until, parked := make(chan struct{}), make(chan struct{})
	s, _ := start(t, func(c *Config) {
		c.Serve = func(*handlers.Conn, *handlers.Request) (handlers.Reply, error) {
			close(parked)
			return &stubborn{until: until}, nil
		}
	})
	conn := dial(t, s)
	send(conn, request(3, 0, 1))
	<-parked
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Close(ctx); err == nil || !strings.Contains(err.Error(), "1 connections cut off") {
		t.Errorf("error %v", err)
	}
	mustClose(t, conn)
	close(until)
}

// exhausted is a listener that runs out of descriptors now and then.
type exhausted struct {
	net.Listener
	failures atomic.Int32
}

func (l *exhausted) Accept() (net.Conn, error) {
	if l.failures.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	return l.Listener.Accept()
}

// TestAcceptBacksOff holds B45: running out of descriptors does not end the accept loop.
func TestAcceptBacksOff(t *testing.T) {
	s, logged := start(t, nil)
	l := &exhausted{}
	l.failures.Store(3)
	var err error
	if l.Listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	loop := &listener{server: s, spec: Listener{Name: "SECOND", Protocol: Plaintext}, socket: l}
	done := make(chan struct{})
	go func() {
		defer close(done)
		loop.acceptLoop()
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	mustServe(t, conn)
	if !strings.Contains(logged.String(), "too many open files") {
		t.Errorf("not logged: %s", logged.String())
	}
	l.Close()
	<-done
}
