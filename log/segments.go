package log

import (
	"math/rand/v2"
	"sort"

	"weir/segment"
)

// entry is one segment in the list.
type entry struct {
	seg      *segment.Segment
	aborted  aborted
	jitterMs int64 // taken off segment.ms, so that many logs do not roll at once
	synced   bool  // of a rolled segment: its records are durable; guarded by the log's mu
	// leftAt is the level at which compression was found not to be worth while, -1 when it was not tried, 0 when that is
	// not known, the largest int when the segment is damaged; guarded by the log's formsMu.
	leftAt int
}

// segments is an immutable list, ordered by base offset. The last one is active. It is never empty while the
// log is in service.
type segments []*entry

// floor is the index of the segment with the greatest base offset not above offset, -1 with none.
func (s segments) floor(offset int64) int {
	return sort.Search(len(s), func(i int) bool { return s[i].seg.BaseOffset() > offset }) - 1
}

func (s segments) active() *entry { return s[len(s)-1] }

func newEntry(seg *segment.Segment, c *Config) *entry {
	e := &entry{seg: seg}
	if c.SegmentJitterMs > 0 {
		if bound := min(c.SegmentJitterMs, c.segmentMs()); bound > 0 {
			e.jitterMs = rand.Int64N(bound)
		}
	}
	return e
}

// segmentMs is the age at which a segment rolls: that of a compacted topic is bounded by
// max.compaction.lag.ms.
func (c *Config) segmentMs() int64 {
	if c.CleanupCompact && c.MaxCompactionLagMs > 0 {
		return min(c.SegmentMs, c.MaxCompactionLagMs)
	}
	return c.SegmentMs
}

// segmentConfig is what a segment of the log is told.
func (l *Log) segmentConfig() segment.Config {
	c, whole := l.cfg.Load(), l.contiguous()
	sc := segment.Config{IndexIntervalBytes: int(c.IndexIntervalBytes), IndexMaxBytes: int(c.SegmentIndexBytes),
		Contiguous: whole, NoGaps: whole, Frames: l.d.compression.frames}
	if c.Preallocate {
		sc.Preallocate = c.SegmentBytes
	}
	return sc
}

// contiguous reports whether a gap in the offsets is damage: only compaction makes gaps, under the cleanup.policy now
// or an earlier one.
func (l *Log) contiguous() bool { return !l.cfg.Load().CleanupCompact && !l.compacted.Load() }
