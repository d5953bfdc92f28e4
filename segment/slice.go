package segment

import (
	"fmt"
	"io"
	"net"

	"weir/vfs"
)

// Slice is a range of bytes of one segment's file that begins at a batch. It keeps the file open until
// Release, which is called exactly once. The zero Slice is empty.
type Slice struct {
	h     *handle
	pos   int64
	n     int64
	first int64
}

// FirstOffset returns the base offset of the first batch; it may be below the offset that was asked for.
func (s Slice) FirstOffset() int64 { return s.first }

// Len returns the number of bytes.
func (s Slice) Len() int { return int(s.n) }

// End returns the position in the file where the range ends; that of a slice which leaves nothing out is
// the segment's size.
func (s Slice) End() int64 { return s.pos + s.n }

// ReadAt implements io.ReaderAt over the range.
func (s Slice) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off >= s.n {
		return 0, io.EOF
	}
	short := int64(len(p)) > s.n-off
	if short {
		p = p[:s.n-off]
	}
	n, err := s.h.f.ReadAt(p, s.pos+off)
	if err == nil && short {
		err = io.EOF
	}
	return n, err
}

// Bytes returns a copy of the range.
func (s Slice) Bytes() ([]byte, error) { return s.Into(nil) }

// Into returns a copy of the range in buf, or in memory of its own if buf is too small.
func (s Slice) Into(buf []byte) ([]byte, error) {
	if int64(len(buf)) < s.n {
		buf = make([]byte, s.n)
	}
	b := buf[:s.n]
	if s.n == 0 {
		return b, nil
	}
	if n, err := s.h.f.ReadAt(b, s.pos); n < len(b) {
		return nil, fmt.Errorf("read segment %s: %w", s.h.f.Name(), err)
	}
	return b, nil
}

// SendTo writes the range to conn, straight from the file where the system can, and returns how many bytes
// were sent.
func (s Slice) SendTo(conn net.Conn) (int64, error) {
	if s.n == 0 {
		return 0, nil
	}
	n, err := vfs.SendFile(conn, s.h.f, s.pos, s.n)
	if err != nil {
		return n, fmt.Errorf("send segment %s: %w", s.h.f.Name(), err)
	}
	return n, nil
}

// Sub returns n bytes of the range, which begin at a batch from bytes behind its start; it shares s's reference, so only one of the
// two is released. Its FirstOffset is not known.
func (s Slice) Sub(from, n int) Slice {
	from = min(max(from, 0), int(s.n))
	s.pos, s.n, s.first = s.pos+int64(from), min(int64(max(n, 0)), s.n-int64(from)), -1
	return s
}

// Release lets the file go. A failed close of a file that was only read loses nothing.
func (s Slice) Release() {
	if s.h != nil {
		_ = s.h.release()
	}
}
