package segment

import (
	"errors"
	"fmt"

	"weir/index"
	"weir/record"
	"weir/vfs"
)

// RecoverReport says what Recover found and did.
type RecoverReport struct {
	ValidEnd   int64 // position after the last good batch, now the size
	Cut        int64 // bytes cut off after it
	NextOffset int64 // the offset after the last good batch's last
}

// recovery is one run of Recover.
type recovery struct {
	s     *Segment
	f     vfs.File
	from  int64
	visit func(record.Batch) error
	w     *walker
	x     indexer
	first int64
	buf   []byte
	// visitErr is what the visitor returned, kept apart so that it cannot be taken for damage.
	visitErr error
	// whole says that the file is compressed: it was complete before it got its name, so that nothing of it is the
	// unfinished write of a crash, and nothing is cut or written again.
	whole bool
	// reached is set at the first batch that holds an offset >= from; from there on bad batches are cut.
	reached bool
	coldEnd int64 // position of that batch
}

// Recover makes sure of every batch that holds an offset >= fromOffset: checksum and structure. It visits
// the good ones in order (Raw is reused after visit returns), cuts the file at the first bad one, and
// rebuilds the indexes from there on. The bytes of the good ones are written in place once more, so that
// the next Sync really writes them: what was read may be pages that an earlier, failed sync left in memory
// marked clean. The caller syncs log and indexes.
//
// A compressed file is only read: whatever is wrong with it is damage.
//
// Bytes before the batch of fromOffset are durable: damage there, or their absence, is a *DamageError and
// changes nothing. Recover is called after Open and before the segment is shared.
func (s *Segment) Recover(fromOffset int64, visit func(record.Batch) error) (RecoverReport, error) {
	f, err := s.openForWrite()
	if err != nil {
		return RecoverReport{}, err
	}
	defer f.release()
	size, err := f.f.Size()
	if err != nil {
		return RecoverReport{}, fmt.Errorf("recover segment: %w", err)
	}
	r := &recovery{s: s, f: f.f, from: max(fromOffset, s.base), visit: visit, first: noTimestamp, whole: f.frames != nil}
	r.w = s.newWalker(f.f, size, sweepChunkBytes)
	defer r.w.close()
	start, err := r.start()
	if err != nil {
		return RecoverReport{}, err
	}
	end, err := r.run(start)
	if err != nil {
		return RecoverReport{}, err
	}
	if end < size {
		s.written.Add(1)
		if err := f.f.Truncate(end); err != nil {
			return RecoverReport{}, fmt.Errorf("recover segment %s: cut: %w", s.Path(), err)
		}
	}
	r.publish(end)
	return RecoverReport{ValidEnd: end, Cut: size - end, NextOffset: s.next.Load()}, nil
}

// openForWrite returns the .log opened for writing, also of a sealed segment.
func (s *Segment) openForWrite() (*handle, error) {
	if !s.sealed || s.Compressed() {
		return s.open()
	}
	f, err := s.fs.OpenReadWrite(s.Path())
	if err != nil {
		return nil, fmt.Errorf("open segment: %w", err)
	}
	return newHandle(f), nil
}

// start cuts the indexes back to before the batch of from and returns the position of the batch to begin
// with.
func (r *recovery) start() (int64, error) {
	s := r.s
	pos, _, err := s.floor(r.f, r.from-1)
	if err != nil {
		return 0, err
	}
	if pos > 0 {
		h, err := r.w.header(pos)
		if err != nil {
			return 0, err
		}
		if err := r.joins(h, pos); err != nil {
			return 0, err
		}
		// The entry of the batch at pos stays; walking over that batch again sets the indexer up to go on after it.
		end := h.LastOffset() + 1
		if err := errors.Join(s.offsets.Truncate(end), s.times.Truncate(end)); err != nil {
			return 0, err
		}
		if last, _ := s.offsets.Last(); last.Position == pos {
			ok, err := s.trustTimes(r.f, pos)
			if err != nil {
				return 0, err
			}
			if ok {
				r.x, r.first = s.resumeIndexer(), s.FirstTimestamp()
				return pos, nil
			}
		}
	}
	if err := errors.Join(s.offsets.Rebuild(nil), s.times.Rebuild(nil)); err != nil {
		return 0, err
	}
	r.x = s.resumeIndexer()
	return 0, nil
}

// joins makes sure that the batch to begin with follows the one before it without a gap: its offsets are not under its
// checksum, and an index that was rebuilt from the log repeats what it says.
func (r *recovery) joins(h record.Header, pos int64) error {
	if !r.s.c.NoGaps {
		return nil
	}
	from, _, err := r.s.floor(r.f, h.BaseOffset-1)
	if err != nil || from >= pos {
		return err
	}
	w := r.s.newWalker(r.f, pos, lookupChunkBytes)
	defer w.close()
	if _, err := w.walk(from, func(record.Header, int64) error { return nil }); err != nil {
		return err
	}
	if w.prevLast+1 != h.BaseOffset {
		return r.s.damage(pos, w.prevLast+1, errGap)
	}
	return nil
}

// run walks from pos to the first bad batch and returns where that is.
func (r *recovery) run(pos int64) (int64, error) {
	var before found // the batch before pos
	for pos < r.w.end {
		h, err := r.w.header(pos)
		if cerr := r.vouch(before, h, err); cerr != nil {
			return 0, cerr
		}
		if err == nil && r.isGap(h, pos) {
			err = r.s.damage(pos, r.w.prevLast+1, errGap)
		}
		if err == nil && r.breaks(h, pos) {
			return 0, r.s.damage(pos, r.w.prevLast+1, errOrder)
		}
		if err == nil && (r.reached || h.LastOffset() >= r.from) {
			if !r.reached {
				r.reached, r.coldEnd = true, pos
			}
			err = r.batch(h, pos)
		}
		var damage *DamageError
		if errors.As(err, &damage) && !r.whole && (r.reached || r.w.prevLast+1 >= r.from) {
			break
		}
		if errors.Is(err, errStop) {
			err = r.visitErr
		}
		if err != nil {
			return 0, err
		}
		if pos == 0 {
			r.first = h.MaxTimestamp
		}
		r.x.add(h, pos)
		r.w.pass(h)
		before = found{pos, h, true}
		pos += int64(h.Size())
	}
	if next := r.w.prevLast + 1; next < r.from && r.from > r.s.base {
		return 0, r.s.damage(pos, next, errEndEarly)
	}
	if !r.reached {
		r.coldEnd = pos
	}
	return pos, nil
}

// vouch makes sure of the last durable batch before recovery cuts or keeps anything behind it: were its length damaged,
// what follows it would look bad.
func (r *recovery) vouch(before found, h record.Header, err error) error {
	var damage *DamageError
	if r.reached || !before.ok || !errors.As(err, &damage) && h.LastOffset() < r.from {
		return nil
	}
	return r.s.checksum(r.f, before.h, before.pos)
}

// breaks reports whether a batch shows that durable offsets, those before fromOffset, are damaged: one that leaves some
// of them out, or reaches over their end. What is durable is whole batches without a gap, and nothing behind it may be
// cut for damage in it.
func (r *recovery) breaks(h record.Header, pos int64) bool {
	if !r.s.c.NoGaps || r.reached {
		return false
	}
	known := r.w.prevLast >= r.s.base || pos == 0 // the batch before
	return known && r.w.prevLast+1 < r.from && h.BaseOffset != r.w.prevLast+1 ||
		h.BaseOffset < r.from && h.LastOffset() >= r.from
}

// isGap reports whether offsets are missing before the batch at pos. The batch that recovery begins with
// says nothing unless it is the first of the file.
func (r *recovery) isGap(h record.Header, pos int64) bool {
	return r.s.c.Contiguous && (r.w.prevLast >= r.s.base || pos == 0) && r.w.prevLast+1 >= r.from &&
		h.BaseOffset != r.w.prevLast+1
}

// batch reads and checks the batch at pos, visits it, and writes it again.
func (r *recovery) batch(h record.Header, pos int64) error {
	// The length is not to be believed before the checksum agrees: memory for it is got after that.
	if h.Size() > bufferBytes {
		if err := r.s.checksum(r.f, h, pos); err != nil {
			return err
		}
	}
	if cap(r.buf) < h.Size() {
		r.buf = make([]byte, h.Size())
	}
	raw := r.buf[:h.Size()]
	if n, err := r.f.ReadAt(raw, pos); n < len(raw) {
		return fmt.Errorf("recover segment %s: %w", r.s.Path(), err)
	}
	if !record.CheckCRC(raw) {
		return r.s.damage(pos, h.BaseOffset, errChecksum)
	}
	if r.visit != nil {
		if r.visitErr = r.visit(record.Batch{Header: h, Raw: raw}); r.visitErr != nil {
			return errStop
		}
	}
	if r.whole {
		return nil
	}
	r.s.written.Add(1)
	if _, err := r.f.WriteAt(raw, pos); err != nil {
		return fmt.Errorf("recover segment %s: rewrite: %w", r.s.Path(), err)
	}
	return nil
}

// publish makes the result the segment's state.
func (r *recovery) publish(end int64) {
	s := r.s
	s.times.MaybeAppend(index.TimeEntry(r.x.max))
	s.cold.cut(r.coldEnd)
	s.mu.Lock()
	s.max, s.first = r.x.max, r.first
	s.mu.Unlock()
	s.appender = r.x
	s.size.Store(end)
	s.next.Store(max(r.w.prevLast+1, s.base))
	if s.sealed {
		s.flushIndexes()
	}
}
