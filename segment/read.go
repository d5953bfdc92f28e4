package segment

import (
	"errors"

	"weir/vfs"
)

// Read returns the bytes from the batch that holds offset (or the first after it) on. It ends before limit
// (a position; -1 for none), before the batch that holds limitOffset or later ones, and after maxBytes
// bytes, which may cut the last batch short: clients drop the rest. With minOne the first batch is whole
// whatever maxBytes says. The slice is empty when there is no such batch. Where a batch should begin and a
// bad one does, the error is a *DamageError; good batches before it are served first. Release the slice.
func (s *Segment) Read(offset, limit, limitOffset int64, maxBytes int, minOne bool) (Slice, error) {
	f, err := s.open()
	if err != nil {
		return Slice{}, err
	}
	sl, err := s.read(f, offset, limit, limitOffset, maxBytes, minOne)
	if err != nil || sl.n == 0 {
		return Slice{}, errors.Join(err, f.release())
	}
	return sl, nil
}

// read fills a slice, which takes over the reference to f when it is not empty.
func (s *Segment) read(f *handle, offset, limit, limitOffset int64, maxBytes int, minOne bool) (Slice,
	error) {
	end := s.size.Load()
	if limit >= 0 {
		end = min(end, limit)
	}
	r, err := s.find(f.f, offset, end)
	if err != nil || !r.ok || r.h.LastOffset() >= limitOffset {
		return Slice{}, err
	}
	want := int64(max(maxBytes, 0))
	if minOne {
		want = max(want, int64(r.h.Size()))
	}
	if limitOffset < s.next.Load() {
		if end, err = s.positionBefore(f.f, r.pos, min(end, r.pos+want), end, limitOffset); err != nil {
			return Slice{}, err
		}
	}
	n, err := s.verify(f, r, min(end-r.pos, want))
	if err != nil {
		return Slice{}, err
	}
	return Slice{h: f, pos: r.pos, n: n, first: r.h.BaseOffset}, nil
}

// After returns an offset that lies past every record of a slice of this segment: the base offset of the next batch that
// the offset index names. It is false when there is none, and when the index and the file do not say the same: one that
// lies must not make the range look smaller than it is.
func (s *Segment) After(sl Slice) (offset int64, ok bool) {
	e, ok, err := s.offsets.AtOrAfter(sl.End())
	if err != nil || !ok {
		return 0, false
	}
	w := s.newWalker(sl.h.f, s.size.Load(), lookupChunkBytes)
	defer w.close()
	h, err := w.header(e.Position)
	if err != nil || e.Position < sl.End() || e.Offset < h.BaseOffset || e.Offset > h.LastOffset() {
		return 0, false
	}
	return h.BaseOffset, true
}

// Through returns a slice of this segment without what follows the batch that holds an offset. It is false when the slice does not reach
// so far, has none of it, or is of a file that is the segment's no longer.
func (s *Segment) Through(sl Slice, offset int64) (Slice, bool) {
	if sl.h == nil || s.file.Load() != sl.h {
		return sl, false
	}
	r, err := s.find(sl.h.f, offset, s.size.Load())
	if err != nil || !r.ok {
		return sl, false
	}
	end := r.pos
	if r.h.BaseOffset <= offset {
		end += int64(r.h.Size())
	}
	if end <= sl.pos || end > sl.End() {
		return sl, false
	}
	sl.n = end - sl.pos
	return sl, true
}

// positionBefore returns where the batch begins that holds limitOffset, as far as it matters: any position
// from enough on stands for all later ones, and end for a batch that is not before end. from is where a
// batch begins.
func (s *Segment) positionBefore(f vfs.File, from, enough, end, limitOffset int64) (int64, error) {
	w := s.newWalker(f, end, lookupChunkBytes)
	defer w.close()
	start, lied, err := w.floor(limitOffset)
	if err != nil {
		return 0, err
	}
	if lied {
		start = 0 // find has just seen to the index; what it could not mend is searched without
	}
	start = max(start, from)
	if start >= enough {
		return end, nil
	}
	r, err := w.find(start, limitOffset, end)
	if err != nil || !r.ok {
		return end, err
	}
	return r.pos, nil
}
