package protocol

import (
	"io"
	"net"
)

// Part is a stretch of an answer: bytes in memory, or a range of a file that
// goes to the socket without passing through memory. Exactly one is set.
type Part struct {
	Bytes []byte
	File  Sender
}

// Len is the part's length in bytes.
func (p Part) Len() int {
	if p.File != nil {
		return p.File.Len()
	}
	return len(p.Bytes)
}

// Sender is a range of stored bytes that knows how to send itself.
type Sender interface {
	io.ReaderAt // of the range: 0 is its first byte
	Len() int
	SendTo(c net.Conn) (int64, error)
	Release() // lets go of the file; once, after the last use
}
