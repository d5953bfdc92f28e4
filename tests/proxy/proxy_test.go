package proxy

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// answerer is a broker that answers every request with its correlation id, and tells which keys came.
func answerer(t *testing.T) (addr string, came chan int16) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	came = make(chan int16, 100)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				for {
					frame, err := readFrame(c, leastRequest)
					if err != nil {
						return
					}
					came <- int16(binary.BigEndian.Uint16(frame[4:]))
					if _, err := c.Write(append([]byte{0, 0, 0, 4}, frame[8:12]...)); err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String(), came
}

func request(key int16, correlation int32) []byte {
	b := binary.BigEndian.AppendUint32(nil, 8)
	b = binary.BigEndian.AppendUint16(b, uint16(key))
	b = binary.BigEndian.AppendUint16(b, 0)
	return binary.BigEndian.AppendUint32(b, uint32(correlation))
}

// TestFates sends requests of keys that name their fates.
func TestFates(t *testing.T) {
	const passed, cut, delayed, unanswered = 1, 2, 3, 4
	broker, came := answerer(t)
	arrived := make(chan Request, 1)
	p, err := Start(broker, func(r Request) Fate {
		switch r.Key {
		case cut:
			return Fate{Cut: true}
		case delayed:
			return Fate{Cut: true, Delay: 50 * time.Millisecond}
		case unanswered:
			return Fate{Unanswered: true}
		}
		return Fate{}
	}, func(r Request) { arrived <- r })
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, key := range []int16{cut, delayed, unanswered} {
		c, err := net.Dial("tcp", p.Addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write(request(passed, 7)); err != nil {
			t.Fatal(err)
		}
		if answer, err := readFrame(c, leastAnswer); err != nil || binary.BigEndian.Uint32(answer[4:]) != 7 {
			t.Fatalf("answer %x, %v", answer, err)
		}
		if got := <-came; got != passed {
			t.Fatalf("request %d came", got)
		}
		if _, err := c.Write(request(key, 8)); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("key %d: read %d bytes, %v; want the end", key, n, err)
		}
		switch key {
		case cut:
			select {
			case got := <-came:
				t.Errorf("request %d came", got)
			default:
			}
		case delayed:
			if r := <-arrived; r.Key != delayed {
				t.Errorf("%v arrived", r)
			}
			fallthrough
		case unanswered:
			if got := <-came; got != key {
				t.Errorf("request %d came instead of %d", got, key)
			}
		}
	}
}

// TestLateAtClosedConnection holds a request back until its connection has been closed by the broker: it has not arrived.
func TestLateAtClosedConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cut := make(chan struct{})
	p, err := Start(l.Addr().String(), func(Request) Fate {
		defer close(cut)
		return Fate{Cut: true, Delay: 100 * time.Millisecond}
	}, func(r Request) { t.Errorf("%v arrived", r) })
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	c, err := net.Dial("tcp", p.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	broker, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(request(1, 7)); err != nil {
		t.Fatal(err)
	}
	<-cut
	broker.Close()
	if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Fatalf("read %d bytes, %v; want the end", n, err)
	}
	p.listener.Close()
	p.running.Wait() // until the proxy has done with the request, as it would after it had arrived
}
