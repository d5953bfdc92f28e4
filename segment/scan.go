package segment

import (
	"errors"
	"fmt"
	"io"
	"math"
	"sync"

	"weir/record"
	"weir/vfs"
)

const (
	bufferBytes = 64 << 10
	// lookupChunkBytes is read at once when a batch is searched from an index entry: about one index interval.
	lookupChunkBytes = 4 << 10
	// sweepChunkBytes is read at once when many batches follow.
	sweepChunkBytes = 64 << 10
	// headerChunkBytes is read when the last batch was larger than a chunk: the next header only, and a little
	// more.
	headerChunkBytes = 512
)

// buffers holds read buffers that are in no use.
var buffers = sync.Pool{New: func() any { b := make([]byte, bufferBytes); return &b }}

// errStop is a visitor's wish to end a walk; it never leaves the package.
var errStop = errors.New("stop")

// walker goes from batch header to batch header. It reads a chunk at a time and jumps over what it need not
// see.
type walker struct {
	s     *Segment
	f     vfs.File
	end   int64 // position not to be passed
	chunk int

	buf *[]byte
	at  int64 // file position of buf[0]
	n   int   // bytes of buf that are filled

	// What the batch before said; the next must ascend from it.
	prevLast  int64
	prevEpoch int32
}

func (s *Segment) newWalker(f vfs.File, end int64, chunk int) *walker {
	return &walker{
		s: s, f: f, end: end, chunk: chunk, buf: buffers.Get().(*[]byte), prevLast: s.base - 1, prevEpoch: -1,
	}
}

func (w *walker) close() { buffers.Put(w.buf) }

// header returns the header at pos after checking it against the bounds and the batch before. A bad one is a
// *DamageError; any other error is the disk's.
func (w *walker) header(pos int64) (record.Header, error) {
	h, err := w.peek(pos)
	if err == nil {
		err = w.check(h, pos)
	}
	if err == nil {
		return h, nil
	}
	var ioErr *readError
	if errors.As(err, &ioErr) {
		return h, ioErr.err
	}
	return h, w.s.damage(pos, w.prevLast+1, err)
}

// readError marks an error that says nothing about the bytes.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }

// peek reads and parses the header at pos.
func (w *walker) peek(pos int64) (record.Header, error) {
	if w.end-pos < record.HeaderSize {
		return record.Header{}, errTorn
	}
	if pos < w.at || pos+record.HeaderSize > w.at+int64(w.n) {
		if err := w.fill(pos); err != nil {
			return record.Header{}, err
		}
	}
	in := int(pos - w.at)
	return record.ParseHeader((*w.buf)[in : in+record.HeaderSize])
}

func (w *walker) fill(pos int64) error {
	want := w.chunk
	if w.n > 0 && pos-w.at > int64(w.chunk) {
		want = headerChunkBytes
	}
	b := (*w.buf)[:min(int64(want), w.end-pos)]
	w.n = 0
	n, err := w.f.ReadAt(b, pos)
	if n < len(b) {
		if err == nil || err == io.EOF {
			return errTorn // the file is shorter than it was
		}
		return &readError{fmt.Errorf("read segment %s: %w", w.f.Name(), err)}
	}
	w.at, w.n = pos, n
	return nil
}

// check says whether h can be the header of the batch at pos.
func (w *walker) check(h record.Header, pos int64) error {
	last := h.LastOffset()
	switch {
	case pos+int64(h.Size()) > w.end:
		return errTorn
	case h.LeaderEpoch < -1 || h.LastOffsetDelta < 0 || last < h.BaseOffset || last-w.s.base > math.MaxInt32:
		return record.ErrCorrupt
	case h.Count < 0 || h.Count > h.LastOffsetDelta+1 && h.LastOffsetDelta < math.MaxInt32:
		return errCount
	case h.BaseOffset <= w.prevLast || h.LeaderEpoch >= 0 && h.LeaderEpoch < w.prevEpoch:
		return errOrder
	case last >= w.s.bound:
		return errBound
	}
	return nil
}

// pass remembers h as the batch before the next one.
func (w *walker) pass(h record.Header) {
	w.prevLast = h.LastOffset()
	w.prevEpoch = max(w.prevEpoch, h.LeaderEpoch)
}

// walk visits the batches from pos to end. It returns the position after the last good one.
func (w *walker) walk(pos int64, visit func(h record.Header, pos int64) error) (int64, error) {
	for pos < w.end {
		h, err := w.header(pos)
		if err != nil {
			return pos, err
		}
		if err := visit(h, pos); err != nil {
			return pos, err
		}
		w.pass(h)
		pos += int64(h.Size())
	}
	return pos, nil
}

// Scan visits the headers of the batches from position pos, where a batch must begin, to the end of what is
// published, until visit returns false. A *DamageError where no batch is.
func (s *Segment) Scan(pos int64, visit func(h record.Header, pos int64) (more bool, err error)) error {
	f, err := s.open()
	if err != nil {
		return err
	}
	defer f.release()
	w := s.newWalker(f.f, s.size.Load(), sweepChunkBytes)
	defer w.close()
	_, err = w.walk(pos, func(h record.Header, pos int64) error {
		more, err := visit(h, pos)
		if err == nil && !more {
			err = errStop
		}
		return err
	})
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}
