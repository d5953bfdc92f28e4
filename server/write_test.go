package server

import (
	"bytes"
	"net"
	"testing"

	"weir/handlers"
	"weir/protocol"
)

// fileRange is a range of a file, in memory.
type fileRange []byte

func (f fileRange) Len() int { return len(f) }

func (f fileRange) ReadAt(p []byte, off int64) (int, error) { return bytes.NewReader(f).ReadAt(p, off) }

func (f fileRange) SendTo(c net.Conn) (int64, error) {
	n, err := c.Write(f)
	return int64(n), err
}

func (f fileRange) Release() {}

// partsReply is an answer of several parts.
type partsReply struct {
	fakeReply
	files [][]byte
}

func (r *partsReply) Encode(dst []byte) []protocol.Part {
	parts := []protocol.Part{{Bytes: append(dst, '<')}}
	for _, f := range r.files {
		parts = append(parts, protocol.Part{File: fileRange(f)}, protocol.Part{Bytes: []byte(";")})
	}
	return parts
}

// TestAnswersOfParts mixes answers from memory, short ranges of files (copied) and long ones (sent), of which
// many are ready at once.
func TestAnswersOfParts(t *testing.T) {
	short, long := bytes.Repeat([]byte("s"), copyBytes), bytes.Repeat([]byte("L"), copyBytes+1)
	ready := make(chan struct{})
	const count = 60
	served := make(chan struct{}, count)
	s, _ := start(t, func(c *Config) {
		c.Pipeline = count
		c.Serve = func(_ *handlers.Conn, r *handlers.Request) (handlers.Reply, error) {
			served <- struct{}{}
			fake := fakeReply{ready: ready, body: 7}
			switch r.Header.CorrelationID % 3 {
			case 1:
				return &partsReply{fakeReply: fake, files: [][]byte{short, short[:1]}}, nil
			case 2:
				return &partsReply{fakeReply: fake, files: [][]byte{short[:9], long, short[:2]}}, nil
			}
			return &fake, nil
		}
	})
	conn := dial(t, s)
	go func() {
		for i := range count {
			send(conn, request(3, 0, int32(i)))
		}
		for range count {
			<-served
		}
		close(ready)
	}()
	join := func(parts ...[]byte) []byte {
		return append(append([]byte("<"), bytes.Join(parts, []byte(";"))...), ';')
	}
	want := [][]byte{{7}, join(short, short[:1]), join(short[:9], long, short[:2])}
	for i := range count {
		if id, body := answer(t, conn); id != int32(i) || !bytes.Equal(body, want[i%3]) {
			t.Fatalf("answer %d has correlation %d and %d bytes, want %d", i, id, len(body), len(want[i%3]))
		}
	}
}

// panicReply fails when it is encoded.
type panicReply struct{ fakeReply }

func (*panicReply) Encode([]byte) []protocol.Part { panic("a bug") }

// TestAnswersBeforePanic shows that what was ready before a reply that fails is still answered.
func TestAnswersBeforePanic(t *testing.T) {
	ready := make(chan struct{})
	s, _ := start(t, func(c *Config) {
		c.Serve = func(_ *handlers.Conn, r *handlers.Request) (handlers.Reply, error) {
			if r.Header.CorrelationID == 3 {
				close(ready)
				return &panicReply{fakeReply{ready: ready}}, nil
			}
			return &fakeReply{ready: ready, body: 1}, nil
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
