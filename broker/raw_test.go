package broker

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// rawConn is a connection on which requests go out as they are.
type rawConn struct {
	t    *testing.T
	conn net.Conn
}

func dialRaw(t *testing.T, b *Broker) *rawConn {
	t.Helper()
	conn, err := net.Dial("tcp", b.Addr("PLAINTEXT").String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &rawConn{t: t, conn: conn}
}

func (c *rawConn) send(req kmsg.Request, correlation int32) {
	c.t.Helper()
	b := kmsg.NewRequestFormatter(kmsg.FormatterClientID("test")).AppendRequest(nil, req, correlation)
	if _, err := c.conn.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

func (c *rawConn) receive(req kmsg.Request, correlation int32) kmsg.Response {
	c.t.Helper()
	var length [4]byte
	if _, err := io.ReadFull(c.conn, length[:]); err != nil {
		c.t.Fatalf("read answer: %v", err)
	}
	b := make([]byte, binary.BigEndian.Uint32(length[:]))
	if _, err := io.ReadFull(c.conn, b); err != nil {
		c.t.Fatalf("read answer: %v", err)
	}
	if got := int32(binary.BigEndian.Uint32(b)); got != correlation {
		c.t.Fatalf("correlation %d, want %d", got, correlation)
	}
	b = b[4:]
	if req.IsFlexible() && req.Key() != 18 {
		b = b[1:] // no tags in the header
	}
	resp := req.ResponseKind()
	if err := resp.ReadFrom(b); err != nil {
		c.t.Fatalf("decode answer: %v", err)
	}
	return resp
}

// mustClose fails unless the broker closes the connection without a word.
func (c *rawConn) mustClose() {
	c.t.Helper()
	var b [1]byte
	if n, err := c.conn.Read(b[:]); n != 0 || !errors.Is(err, io.EOF) {
		c.t.Fatalf("read %d bytes, error %v; want the connection closed", n, err)
	}
}
