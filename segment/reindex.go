package segment

import (
	"weir/record"
	"weir/vfs"
)

// reindex replaces indexes that lied by what the log says, up to the end or to the first damage. If that
// fails the indexes are as bad as before, and the caller does without them.
func (s *Segment) reindex(f vfs.File) {
	s.reindexMu.Lock()
	defer s.reindexMu.Unlock()
	x := indexer{s: s, max: TimestampOffset{noTimestamp, s.base}, drop: true}
	w := s.newWalker(f, s.size.Load(), sweepChunkBytes)
	defer w.close()
	_, err := w.walk(0, func(h record.Header, pos int64) error {
		x.add(h, pos)
		return nil
	})
	if asDisk(err) != nil {
		return
	}
	times := x.found.times
	s.mu.Lock()
	if s.sealed {
		times = append(times, timeEntry(x.max))
	}
	s.mu.Unlock()
	_ = s.offsets.Rebuild(x.found.offsets)
	_ = s.times.Rebuild(times)
}
