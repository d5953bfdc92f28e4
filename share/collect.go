package share

import (
	"errors"
	"io"
	"iter"
	"sync"

	"weir/partition"
	"weir/record"
	"weir/segment"
)

// Records are record batches as they lie in the log. They keep its files open until Release, which is called once.
type Records struct {
	Slices []segment.Slice // whole batches, ascending; what they refer to is released with reads
	reads  []partition.ReadResult
}

// Len is the number of bytes.
func (r *Records) Len() int {
	n := 0
	for _, s := range r.Slices {
		n += s.Len()
	}
	return n
}

// Batches reads the batches one after the other, a few at a time. Each lives until the next. A batch that cannot be read ends it.
func (r *Records) Batches() iter.Seq2[record.Batch, error] {
	return func(yield func(record.Batch, error) bool) {
		buf := scans.Get().(*[scanBytes]byte)
		defer scans.Put(buf)
		for _, s := range r.Slices {
			for at, want := 0, scanBytes; at < s.Len(); {
				raw, err := s.Sub(at, want).Into(buf[:])
				if err != nil {
					yield(record.Batch{}, err)
					return
				}
				before := at
				for b := range batches(raw) {
					if at += len(b.Raw); !yield(b, nil) {
						return
					}
				}
				if want = scanBytes; at > before {
					continue
				}
				h, err := record.ParseHeader(raw)
				if err == nil && h.Size() <= len(raw) || err == nil && h.Size() > s.Len()-at {
					err = record.ErrCorrupt
				}
				if err != nil {
					yield(record.Batch{}, err)
					return
				}
				want = h.Size() // it is larger than the buffer
			}
		}
	}
}

// Release lets the files go.
func (r *Records) Release() {
	for i := range r.reads {
		r.reads[i].Release()
	}
	*r = Records{}
}

// ReleaseRecords releases the records of an answer.
func ReleaseRecords(all []Fetched) {
	for i := range all {
		all[i].Records.Release()
	}
}

// collecting finds the batches that hold what was acquired.
type collecting struct {
	got    []Acquired // what is not found yet; the first may be found in part
	wanted int64      // the next offset to be found
	out    Records
}

// collect finds the batches that hold what was acquired. Of their bytes at most the headers are read.
func collect(p *partition.Partition, got []Acquired) (Records, error) {
	c := collecting{got: got}
	for len(c.got) > 0 {
		c.wanted = max(c.wanted, c.got[0].First)
		before := c.wanted
		res, err := p.Read(partition.ReadRequest{Offset: c.wanted, MaxBytes: scanBytes, MinOne: true, CurrentLeaderEpoch: -1, LastFetchedEpoch: -1})
		if err == nil && len(got) == 1 && c.whole(p, &res) {
			break
		}
		if err == nil {
			err = c.collect(&res)
		}
		if err != nil {
			c.out.Release()
			return Records{}, err
		}
		if c.wanted == before && len(c.got) > 0 {
			break // the log has no more
		}
	}
	return c.out, nil
}

// whole takes all that is wanted, which is in one piece, if the read has it: where that ends the log's index tells, so that the headers
// in between need not be read.
func (c *collecting) whole(p *partition.Partition, res *partition.ReadResult) bool {
	if len(c.out.Slices) > 0 || len(res.Slices) == 0 {
		return false
	}
	s, ok := p.Through(res.Slices[0], c.got[0].Last)
	if ok {
		c.out = Records{Slices: []segment.Slice{s}, reads: []partition.ReadResult{*res}}
	}
	return ok
}

// collect takes what is wanted out of one read, which it keeps or releases.
func (c *collecting) collect(res *partition.ReadResult) error {
	had := len(c.out.Slices)
	for _, s := range res.Slices {
		if err := c.from(s); err != nil {
			res.Release()
			return err
		}
	}
	if len(c.out.Slices) == had {
		res.Release()
		return nil
	}
	c.out.reads = append(c.out.reads, *res)
	return nil
}

// from takes what is wanted out of one slice, the last batch of which may be cut short. Neighbours stay together.
func (c *collecting) from(s segment.Slice) error {
	heads := newHeaders(s)
	defer heads.close()
	begin, end := 0, 0 // what is wanted and not taken yet
	take := func() {
		if end > begin {
			c.out.Slices = append(c.out.Slices, s.Sub(begin, end-begin))
		}
	}
	for len(c.got) > 0 {
		h, err := heads.next()
		if err != nil {
			take()
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if h.LastOffset() >= c.got[0].First && h.BaseOffset <= c.got[0].Last {
			if end != heads.at-h.Size() {
				take()
				begin = heads.at - h.Size()
			}
			end = heads.at
		}
		c.wanted = max(c.wanted, h.LastOffset()+1)
		for len(c.got) > 0 && c.got[0].Last < c.wanted {
			c.got = c.got[1:]
		}
	}
	take()
	return nil
}

// headers walks the headers of whole batches.
type headers struct {
	s    segment.Slice
	last int // where the batch of the last header begins
	at   int // behind it
	from int // where buf begins in s
	buf  []byte
	room *[aheadBytes]byte
}

// A read finds one header of large batches, or those of several small ones. To read on is cheaper than to read again.
const (
	aheadBytes = 32 << 10 // read at once where batches are small
	smallBatch = 4 << 10
)

// rooms are the buffers of headers.
var rooms = sync.Pool{New: func() any { return new([aheadBytes]byte) }}

// newHeaders walks a slice. Close it.
func newHeaders(s segment.Slice) *headers {
	return &headers{s: s, room: rooms.Get().(*[aheadBytes]byte)}
}

func (h *headers) close() { rooms.Put(h.room) }

// next gives the next header, and io.EOF when no whole batch follows.
func (h *headers) next() (record.Header, error) {
	if h.at+record.HeaderSize > h.s.Len() {
		return record.Header{}, io.EOF
	}
	if h.at+record.HeaderSize > h.from+len(h.buf) {
		room := h.room[:record.HeaderSize]
		if h.at > 0 && h.at-h.last < smallBatch {
			room = h.room[:]
		}
		n, err := h.s.ReadAt(room, int64(h.at))
		if err != nil && !errors.Is(err, io.EOF) {
			return record.Header{}, err
		}
		h.from, h.buf = h.at, room[:n]
	}
	head, err := record.ParseHeader(h.buf[h.at-h.from:])
	if err != nil {
		return record.Header{}, err
	}
	if h.at+head.Size() > h.s.Len() {
		return record.Header{}, io.EOF
	}
	h.last, h.at = h.at, h.at+head.Size()
	return head, nil
}
