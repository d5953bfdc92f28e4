package vfs

import (
	"io"
	"net"
	"sync"
)

// sender is a file that knows a cheaper way to a connection than a copy through user space.
type sender interface {
	sendTo(dst net.Conn, pos, n int64) (int64, error)
}

// SendFile writes n bytes of f from pos to dst and returns how many were sent. An OS file goes to a
// *net.TCPConn by sendfile(2) with an explicit position; everything else is copied through a pooled buffer.
// The connection's write deadline holds. io.ErrUnexpectedEOF when the file ends before pos+n.
func SendFile(dst net.Conn, f File, pos int64, n int64) (int64, error) {
	if s, ok := f.(sender); ok {
		return s.sendTo(dst, pos, n)
	}
	return copyTo(dst, f, pos, n)
}

// copyBufferBytes is a compromise: few writes for a megabyte answer, little memory for a thousand slow
// readers.
const copyBufferBytes = 64 << 10

// copyBuffers holds buffers that are in no use; it carries no state from one user to the next.
var copyBuffers = sync.Pool{New: func() any { b := make([]byte, copyBufferBytes); return &b }}

func copyTo(dst net.Conn, f File, pos, n int64) (int64, error) {
	bp := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(bp)
	var sent int64
	for sent < n {
		chunk := (*bp)[:min(n-sent, copyBufferBytes)]
		k, err := f.ReadAt(chunk, pos+sent)
		if k < len(chunk) {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return sent, err
		}
		w, err := dst.Write(chunk)
		sent += int64(w)
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}
