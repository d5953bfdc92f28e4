package redis

import (
	"bufio"
	"net"
)

// streamBytes are the buffers of a connection; those of the library are 4 KiB, a system call for every fourth record.
const streamBytes = 64 << 10

// stream is a connection with larger buffers than the library's. One goroutine reads, one at a time writes.
type stream struct {
	net.Conn
	read  *bufio.Reader
	write *bufio.Writer // nil: nothing is held back
}

func (s *stream) dial(network, address string) (net.Conn, error) {
	conn, err := net.Dial(network, address)
	if err != nil {
		return nil, err
	}
	s.Conn, s.read = conn, bufio.NewReaderSize(conn, streamBytes)
	return s, nil
}

// holdBack has writes wait until the buffer is full or flushed.
func (s *stream) holdBack() { s.write = bufio.NewWriterSize(s.Conn, streamBytes) }

// Read is net.Conn's.
func (s *stream) Read(b []byte) (int, error) { return s.read.Read(b) }

// Write is net.Conn's.
func (s *stream) Write(b []byte) (int, error) {
	if s.write == nil {
		return s.Conn.Write(b)
	}
	return s.write.Write(b)
}

// flush sends what was held back.
func (s *stream) flush() error { return s.write.Flush() }
