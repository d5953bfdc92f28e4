package segment

import (
	"errors"
	"hash/crc32"
	"slices"
	"sync"
	"sync/atomic"

	"weir/record"
	"weir/vfs"
)

// checksumStart is the first byte of a batch that its CRC-32C covers.
const checksumStart = 21

// castagnoli is computed once and only read.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maxVerified bounds the memory for the ranges below; what is forgotten is verified again.
const maxVerified = 128

// coldBytes remembers which bytes must still be verified before they are served: those before end that lie
// in none of the verified ranges. Bytes that this process appended or recovered lie past end.
type coldBytes struct {
	end atomic.Int64 // only falls after the segment was opened

	mu       sync.Mutex // guards verified
	verified []span     // disjoint, not touching, ascending; both ends are batch boundaries
}

type span struct{ from, to int64 }

// known returns how far from pos on all bytes are verified.
func (c *coldBytes) known(pos int64) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	i, _ := slices.BinarySearchFunc(c.verified, pos, func(v span, pos int64) int { return int(v.to - pos) })
	if i < len(c.verified) && c.verified[i].to == pos {
		i++
	}
	if i < len(c.verified) && c.verified[i].from <= pos {
		return c.verified[i].to
	}
	return pos
}

// add remembers that [from, to) is verified.
func (c *coldBytes) add(from, to int64) {
	if from >= to {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	lo, _ := slices.BinarySearchFunc(c.verified, from, func(v span, from int64) int { return int(v.to - from) })
	hi := lo
	for hi < len(c.verified) && c.verified[hi].from <= to {
		from, to = min(from, c.verified[hi].from), max(to, c.verified[hi].to)
		hi++
	}
	c.verified = slices.Replace(c.verified, lo, hi, span{from, to})
	if len(c.verified) > maxVerified {
		smallest := 0
		for i, v := range c.verified {
			if v.to-v.from < c.verified[smallest].to-c.verified[smallest].from {
				smallest = i
			}
		}
		c.verified = slices.Delete(c.verified, smallest, smallest+1)
	}
}

// cut forgets everything from pos on: those bytes are gone, and what comes in their place is not cold.
func (c *coldBytes) cut(pos int64) {
	if pos >= c.end.Load() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end.Store(pos)
	for len(c.verified) > 0 && c.verified[len(c.verified)-1].to > pos {
		last := &c.verified[len(c.verified)-1]
		if last.to = pos; last.from < last.to {
			return
		}
		c.verified = c.verified[:len(c.verified)-1]
	}
}

// verify makes sure that every whole batch in the n bytes from r.pos on is good, and returns how many of
// the n bytes may be served: fewer when a bad batch follows good ones. It fails when the first batch is
// bad.
func (s *Segment) verify(f *handle, r found, n int64) (int64, error) {
	if f.frames != nil {
		return verifyFrames(f.frames, r, n)
	}
	end := r.pos + n
	if r.pos >= s.cold.end.Load() {
		return n, nil
	}
	pos := s.cold.known(r.pos)
	start := pos
	w := s.newWalker(f.f, s.size.Load(), sweepChunkBytes)
	defer w.close()
	for pos < min(end, s.cold.end.Load()) {
		next, err := w.verifyBatch(pos, end)
		if errors.Is(err, errStop) {
			break // cut short by the size limit
		}
		var damage *DamageError
		switch {
		case errors.As(err, &damage) && pos > r.pos:
			s.cold.add(start, pos)
			return pos - r.pos, nil
		case err != nil:
			return 0, err
		}
		pos = max(next, s.cold.known(next))
	}
	s.cold.add(start, min(pos, s.cold.end.Load()))
	return n, nil
}

// verifyFrames is verify for a compressed file. It does not decompress what is to be sent.
func verifyFrames(f *frameFile, r found, n int64) (int64, error) {
	good, err := f.verify(r.pos, r.pos+n)
	var damage *DamageError
	if errors.As(err, &damage) && good-r.pos >= int64(r.h.Size()) {
		return good - r.pos, nil
	}
	return n, err
}

// verifyBatch checks the batch at pos, including against the one after it: base offset and leader epoch are
// not under the checksum, and a damaged one of them fails to ascend either from the batch before or to the
// batch after. It returns errStop when the batch reaches past end.
func (w *walker) verifyBatch(pos, end int64) (next int64, err error) {
	s := w.s
	w.prevLast, w.prevEpoch = s.base-1, -1
	h, err := w.header(pos)
	if err != nil {
		return 0, err
	}
	next = pos + int64(h.Size())
	if next > end {
		return 0, errStop
	}
	if err := w.checksum(h, pos); err != nil {
		return 0, err
	}
	if next >= w.end {
		return next, nil
	}
	w.pass(h)
	after, err := w.peek(next)
	if err == nil && errors.Is(w.check(after, next), errOrder) {
		return 0, s.damage(pos, s.base, errOrder)
	}
	if err == nil && s.c.NoGaps && after.BaseOffset != h.LastOffset()+1 {
		return 0, s.damage(pos, h.BaseOffset, errGap) // one of the two offsets is wrong
	}
	var ioErr *readError
	if errors.As(err, &ioErr) {
		return 0, ioErr.err
	}
	return next, nil // a bad header there is the next batch's fault, and is found when that is read
}

// checksum is walker.checksum for one who does not walk.
func (s *Segment) checksum(f vfs.File, h record.Header, pos int64) error {
	w := s.newWalker(f, pos+int64(h.Size()), sweepChunkBytes)
	defer w.close()
	return w.checksum(h, pos)
}

// checksum compares the CRC-32C of the batch at pos with the one in its header, buffer by buffer: a batch may
// be larger than memory should be spent on.
func (w *walker) checksum(h record.Header, pos int64) error {
	var crc uint32
	for at, end := pos+checksumStart, pos+int64(h.Size()); at < end; {
		if at < w.at || at >= w.at+int64(w.n) {
			var ioErr *readError
			switch err := w.fill(at); {
			case errors.As(err, &ioErr):
				return ioErr.err
			case err != nil:
				return w.s.damage(pos, h.BaseOffset, err)
			}
		}
		b := (*w.buf)[at-w.at : min(int64(w.n), end-w.at)]
		crc = crc32.Update(crc, castagnoli, b)
		at += int64(len(b))
	}
	if crc != h.CRC {
		return w.s.damage(pos, h.BaseOffset, errChecksum)
	}
	return nil
}
