package kafka

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"runtime"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// clientID stands in every request header.
const clientID = "weir-bench"

// maxAnswer bounds an answer's size, so that a broken one does not fill the memory.
const maxAnswer = 1 << 30

// conn is a connection on which requests are written by hand.
type conn struct {
	net.Conn
	in *bufio.Reader
}

func dial(ctx context.Context, address string) (*conn, error) { return dialFrom(ctx, nil, address) }

// perSource is how many connections come from one address.
const perSource = 500

// source is the address from which the n-th connection to a target comes; nil where the system chooses.
func source(target string, n int64) net.Addr {
	host, _, err := net.SplitHostPort(target)
	if ip := net.ParseIP(host).To4(); err != nil || runtime.GOOS != "linux" || ip == nil || !ip.IsLoopback() {
		return nil
	}
	block := n / perSource
	return &net.TCPAddr{IP: net.IPv4(127, byte(1+block/(200*200)%200), byte(1+block/200%200), byte(1+block%200))}
}

// dialFrom connects from an address of this machine, nil for any.
func dialFrom(ctx context.Context, from net.Addr, address string) (*conn, error) {
	d := net.Dialer{LocalAddr: from}
	c, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return &conn{c, nil}, nil
}

// buffered has what is read go through a buffer of n bytes.
func (c *conn) buffered(n int) *conn {
	c.in = bufio.NewReaderSize(c.Conn, n)
	return c
}

// appendHead writes a request's frame up to its body: size (to be set), key, version, correlation id (to be set), client id.
func appendHead(dst []byte, key, version int16) []byte {
	dst = binary.BigEndian.AppendUint32(dst, 0)
	dst = binary.BigEndian.AppendUint16(dst, uint16(key))
	dst = binary.BigEndian.AppendUint16(dst, uint16(version))
	dst = binary.BigEndian.AppendUint32(dst, 0)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(clientID)))
	return append(dst, clientID...)
}

// Where the fields to be set stand in a frame.
const (
	frameSize = 4
	whoseAt   = frameSize + 4
)

// setHead sets the size of a frame, more bytes of which follow the slice, and its correlation id.
func setHead(frame []byte, more int, correlation uint32) {
	binary.BigEndian.PutUint32(frame, uint32(len(frame)-frameSize+more))
	binary.BigEndian.PutUint32(frame[whoseAt:], correlation)
}

// readHead reads an answer's size and correlation id, and gives the bytes that are left of it.
func (c *conn) readHead(correlation uint32) (int, error) {
	head, err := c.in.Peek(8)
	if err != nil {
		return 0, fmt.Errorf("read answer: %w", err)
	}
	size, got := binary.BigEndian.Uint32(head), binary.BigEndian.Uint32(head[4:])
	if size < 4 || size > maxAnswer || got != correlation {
		return 0, fmt.Errorf("read answer: got %d bytes for request %d; want those for %d", size, got, correlation)
	}
	_, err = c.in.Discard(8)
	return int(size) - 4, err
}

// askVersions asks ApiVersions in its first version and waits for the answer, without a buffer of its own: a connection that is
// to be idle holds nothing.
func (c *conn) askVersions() error {
	frame := appendHead(nil, int16(kmsg.ApiVersions), 0)
	setHead(frame, 0, 1)
	if _, err := c.Write(frame); err != nil {
		return fmt.Errorf("ask for versions: %w", err)
	}
	var head [8 + 2]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return fmt.Errorf("read versions: %w", err)
	}
	size := binary.BigEndian.Uint32(head[:])
	if size < 6 || size > 1<<16 {
		return fmt.Errorf("read versions: an answer of %d bytes", size)
	}
	if err := kerr.ErrorForCode(int16(binary.BigEndian.Uint16(head[8:]))); err != nil {
		return fmt.Errorf("ask for versions: %w", err)
	}
	if _, err := io.CopyN(io.Discard, c, int64(size)-6); err != nil {
		return fmt.Errorf("read versions: %w", err)
	}
	return nil
}
