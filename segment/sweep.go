package segment

import (
	"fmt"
	"io"

	"weir/record"
	"weir/vfs"
)

// Sweep visits the whole batches from position pos on, where one must begin, up to the end of what is published when
// it begins, until visit returns an error. Each was made sure of: its header against its neighbours, its checksum. A
// *DamageError where no good batch is. A batch's bytes are buf's, valid until visit returns; the buffer is returned,
// grown if a batch was larger.
func (s *Segment) Sweep(pos int64, buf []byte, visit func(b record.Batch, pos int64) error) ([]byte, error) {
	f, err := s.open()
	if err != nil {
		return buf, err
	}
	defer f.release()
	w := s.newWalker(f.f, s.size.Load(), record.HeaderSize)
	defer w.close()
	x := sweep{s: s, f: f.f, w: w, buf: buf[:cap(buf)]}
	for pos < w.end {
		b, err := x.batch(pos)
		if err != nil {
			return x.buf, err
		}
		if err := visit(b, pos); err != nil {
			return x.buf, err
		}
		w.pass(b.Header)
		pos += int64(b.Size())
	}
	return x.buf, nil
}

// sweep reads a file front to back.
type sweep struct {
	s   *Segment
	f   vfs.File
	w   *walker
	buf []byte
	at  int64 // file position of buf[0]
	n   int   // bytes of buf that are filled
}

// batch reads the batch at pos and checks it.
func (x *sweep) batch(pos int64) (record.Batch, error) {
	if x.w.end-pos < record.HeaderSize {
		return record.Batch{}, x.s.damage(pos, x.w.prevLast+1, errTorn)
	}
	raw, err := x.bytes(pos, record.HeaderSize)
	if err != nil {
		return record.Batch{}, err
	}
	h, err := record.ParseHeader(raw)
	if err == nil {
		err = x.w.check(h, pos)
	}
	if err != nil {
		return record.Batch{}, x.s.damage(pos, x.w.prevLast+1, err)
	}
	if h.Size() > len(x.buf) {
		// The length is not to be believed before the checksum agrees: memory for it is got after that.
		if err := x.s.checksum(x.f, h, pos); err != nil {
			return record.Batch{}, err
		}
		x.buf, x.n = make([]byte, h.Size()), 0
	}
	if raw, err = x.bytes(pos, h.Size()); err != nil {
		return record.Batch{}, err
	}
	if !record.CheckCRC(raw) {
		return record.Batch{}, x.s.damage(pos, h.BaseOffset, errChecksum)
	}
	return record.Batch{Header: h, Raw: raw}, nil
}

// bytes gives n bytes from pos on, which is not before what was asked for last, reading as much as the buffer takes.
func (x *sweep) bytes(pos int64, n int) ([]byte, error) {
	in := int(pos - x.at)
	if x.n == 0 || in > x.n {
		x.at, x.n, in = pos, 0, 0
	}
	if in+n <= x.n {
		return x.buf[in : in+n], nil
	}
	x.n = copy(x.buf, x.buf[in:x.n])
	x.at = pos
	want := int(min(int64(len(x.buf)-x.n), x.w.end-pos-int64(x.n)))
	got, err := x.f.ReadAt(x.buf[x.n:x.n+want], pos+int64(x.n))
	if got < want {
		if err == nil || err == io.EOF {
			return nil, x.s.damage(pos, x.w.prevLast+1, errTorn) // the file is shorter than it was
		}
		return nil, fmt.Errorf("read segment %s: %w", x.s.Path(), err)
	}
	x.n += got
	return x.buf[:n], nil
}
