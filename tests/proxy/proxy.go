// Package proxy stands between Kafka clients and a broker on loopback, knows the frames of the protocol, and loses what it
// is told to lose: answers, connections, and time.
package proxy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Fate is what becomes of a request.
type Fate struct {
	// Cut closes the client's connection before the request is passed on.
	Cut bool
	// Delay is how long after that the broker gets the request all the same, on the connection on which it was sent; 0: never.
	Delay time.Duration
	// Unanswered passes the request on, and what follows it, and closes the client's connection soon after the broker
	// has answered it: neither that answer nor a later one reaches the client.
	Unanswered bool
}

// Request is what the rule knows of a request.
type Request struct {
	Key, Version int16
}

// Proxy passes connections on to a broker.
type Proxy struct {
	Addr string

	broker   string
	rule     func(Request) Fate
	arrived  func(Request)
	listener net.Listener
	running  sync.WaitGroup
	stop     chan struct{}

	mu    sync.Mutex // guards conns
	conns map[net.Conn]struct{}
}

// maxFrame bounds what is kept of one request.
const maxFrame = 64 << 20

// Start listens on a free port. The rule is asked for every request, by many goroutines; arrived is told of each delayed
// one that reached the broker: what finds its connection closed, as by a broker that was killed meanwhile, did not.
func Start(broker string, rule func(Request) Fate, arrived func(Request)) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	p := &Proxy{Addr: l.Addr().String(), broker: broker, rule: rule, arrived: arrived, listener: l,
		stop: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	p.running.Go(p.accept)
	return p, nil
}

// Close ends everything, also requests that are held back.
func (p *Proxy) Close() {
	close(p.stop)
	_ = p.listener.Close()
	p.mu.Lock()
	for c := range p.conns {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.running.Wait()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.running.Go(func() { p.serve(client) })
	}
}

// keep has a connection closed by Close; false if that was already.
func (p *Proxy) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.stop:
		_ = c.Close()
		return false
	default:
		p.conns[c] = struct{}{}
		return true
	}
}

func (p *Proxy) done(c net.Conn) {
	p.mu.Lock()
	delete(p.conns, c)
	p.mu.Unlock()
	_ = c.Close()
}

// serve passes one connection's requests on until one of them, or either end, ends it.
func (p *Proxy) serve(client net.Conn) {
	if !p.keep(client) {
		return
	}
	defer p.done(client)
	broker, err := net.Dial("tcp", p.broker)
	if err != nil {
		return // it is down: the client learns so
	}
	if !p.keep(broker) {
		return
	}
	defer p.done(broker)
	answers := &answers{client: client, gone: make(chan struct{})}
	p.running.Go(func() {
		answers.pass(broker)
		close(answers.gone)
		_ = client.Close() // the reader below ends
	})
	for {
		frame, err := readFrame(client, leastRequest)
		if err != nil {
			return
		}
		req := Request{int16(binary.BigEndian.Uint16(frame[4:])), int16(binary.BigEndian.Uint16(frame[6:]))}
		switch fate := p.rule(req); {
		case fate.Cut:
			answers.withhold()
			_ = client.Close()
			if fate.Delay > 0 {
				p.later(broker, answers.gone, frame, fate.Delay, req)
			}
			return
		case fate.Unanswered:
			p.closeAfter(client, answers.withholdFrom(int32(binary.BigEndian.Uint32(frame[8:]))))
		}
		if _, err := broker.Write(frame); err != nil {
			return
		}
	}
}

// grace is how long requests still pass on behind one whose answer is lost.
const grace = 10 * time.Millisecond

// closeAfter closes a client's connection soon after the broker has answered.
func (p *Proxy) closeAfter(client net.Conn, answered <-chan struct{}) {
	p.running.Go(func() {
		select {
		case <-answered:
			select {
			case <-time.After(grace):
			case <-p.stop:
			}
		case <-time.After(10 * time.Second): // the broker is gone, or will not answer
		case <-p.stop:
		}
		_ = client.Close()
	})
}

// later hands a request to the broker after a while. The broker's connection is still open, unless the broker has gone: it
// knows nothing of the client's. It is read until the broker has answered or closed it.
func (p *Proxy) later(broker net.Conn, gone <-chan struct{}, frame []byte, delay time.Duration, req Request) {
	select {
	case <-time.After(delay):
	case <-gone:
		return
	case <-p.stop:
		return
	}
	if _, err := broker.Write(frame); err != nil {
		return
	}
	p.arrived(req)
	select {
	case <-time.After(time.Second): // time to read it before the connection is closed
	case <-p.stop:
	}
}

// answers passes what the broker answers on to the client.
type answers struct {
	client net.Conn
	gone   chan struct{} // closed once the broker's connection has ended

	mu       sync.Mutex // guards the fields below
	withheld bool
	from     int32 // the answer to this request and what follows is kept back, once answered is set
	answered chan struct{}
}

// withhold keeps all further answers back.
func (a *answers) withhold() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.withheld = true
}

// withholdFrom keeps back the answer to one request and what follows. The channel is closed when it is there.
func (a *answers) withholdFrom(correlation int32) <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.answered == nil {
		a.from, a.answered = correlation, make(chan struct{})
	}
	return a.answered
}

// mayPass tells whether an answer goes to the client.
func (a *answers) mayPass(correlation int32) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.answered != nil && correlation == a.from && !a.withheld {
		a.withheld = true
		close(a.answered)
	}
	return !a.withheld
}

// pass reads answers until the broker's connection ends, whatever becomes of the client.
func (a *answers) pass(broker net.Conn) {
	for {
		frame, err := readFrame(broker, leastAnswer)
		if err != nil {
			return
		}
		if !a.mayPass(int32(binary.BigEndian.Uint32(frame[4:]))) {
			continue
		}
		if _, err := a.client.Write(frame); err != nil {
			a.withhold() // the client has gone, and the broker may be there
		}
	}
}

var errFrame = errors.New("this is no frame of the protocol")

// Least lengths of frames: a request begins with key, version and correlation id, an answer with the last.
const (
	leastRequest = 8
	leastAnswer  = 4
)

// readFrame reads one frame with its length.
func readFrame(r io.Reader, least uint32) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n < least || n > maxFrame {
		return nil, fmt.Errorf("%w: its length is %d", errFrame, n)
	}
	frame := make([]byte, 4+n)
	copy(frame, length[:])
	if _, err := io.ReadFull(r, frame[4:]); err != nil {
		return nil, err
	}
	return frame, nil
}
