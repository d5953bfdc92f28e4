package server

import (
	"testing"
	"time"

	"weir/handlers"
)

// TestRest shows that a silent connection rests, is served again however its next frame arrives, and that one which
// is owed an answer does not rest.
func TestRest(t *testing.T) {
	ready := make(chan struct{})
	s, _ := start(t, func(c *Config) {
		c.RestAfter = 10 * time.Millisecond
		c.Serve = func(_ *handlers.Conn, r *handlers.Request) (handlers.Reply, error) {
			if r.Header.CorrelationID == 9 {
				return &fakeReply{ready: ready}, nil
			}
			return &fakeReply{ready: closed()}, nil
		}
	})
	conn := dial(t, s)
	rested := func(n int64) func() bool { return func() bool { return s.Stats().Rested >= n } }
	waitFor(t, "a connection that never spoke to rest", rested(1))
	for i := range int32(3) {
		frame := request(3, 0, i, 1, 2, 3)
		for len(frame) > 0 { // also in pieces: the byte that ends the rest comes alone
			n := 1 + len(frame)*int(i)/2
			send(conn, frame[:min(n, len(frame))])
			frame = frame[min(n, len(frame)):]
		}
		if id, _ := answer(t, conn); id != i {
			t.Fatalf("correlation %d; want %d", id, i)
		}
		waitFor(t, "the connection to rest again", rested(int64(i)+2))
	}
	before := s.Stats().Rested
	send(conn, request(3, 0, 9))
	time.AfterFunc(50*time.Millisecond, func() { close(ready) })
	if id, _ := answer(t, conn); id != 9 {
		t.Fatalf("correlation %d; want 9", id)
	}
	waitFor(t, "the connection to rest when nothing is owed", rested(before+1))
	send(conn, []byte{0xff, 0xff, 0xff, 0xff})
	waitFor(t, "a refused connection to end", func() bool { return s.Stats().Open == 0 })
}
