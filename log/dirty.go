package log

import "time"

// work is what there is to compact of a log: the whole segments from the one that holds the offset from up to the one
// that begins at to. What lies before them was compacted before, and is gone over again for the sake of their keys.
type work struct {
	l            *Log
	list         segments // of the log, as it was looked at
	cuts         int64    // and how often it had been truncated
	from, to     int64
	clean, dirty int64 // bytes before from, and from there to to
	overdueMs    int64 // for how long records were not compacted that max.compaction.lag.ms wants to be; 0 = for none
}

// ratio is the dirty share of what would be gone over (LogToClean.cleanableRatio).
func (w *work) ratio() float64 {
	if w.dirty == 0 {
		return 0
	}
	return float64(w.dirty) / float64(w.clean+w.dirty)
}

// due says whether the log is to be compacted: enough of it is dirty, or some of it for too long.
func (w *work) due() bool {
	return w.dirty > 0 && (w.overdueMs > 0 || w.ratio() > w.l.cfg.Load().MinCleanableDirtyRatio)
}

// work finds out what there is to compact (LogCleanerManager.cleanableOffsets): sealed segments that are settled, below
// the last stable offset, and older than min.compaction.lag.ms.
func (l *Log) work(now time.Time) work {
	w := work{l: l, from: l.d.cleanedTo(l)}
	l.mu.Lock()
	w.list, w.cuts = *l.list.Load(), l.cuts
	settled := l.settled
	bound := min(w.list.active().seg.BaseOffset(), settled)
	if len(l.rolled) > 0 {
		bound = min(bound, l.rolled[0].seg.BaseOffset())
	}
	start, end := l.start.Load(), l.end.Load()
	l.mu.Unlock()
	// Not past the recovery point on the disk: replay of the journal writes into what lies there. What is settled is
	// committed, whatever the high watermark says yet.
	bound = min(bound, l.pointed.Load(), l.txns.firstUndecided(settled))
	if w.from < start || w.from > end { // records were deleted, or the log cut behind our back
		w.from = start
	}
	cfg := l.cfg.Load()
	nowMs := now.UnixMilli()
	first := max(0, w.list.floor(w.from))
	for i, e := range w.list {
		base := e.seg.BaseOffset()
		if i < first {
			w.clean += e.seg.Size()
			continue
		}
		if base >= bound || i+1 == len(w.list) || w.list[i+1].seg.BaseOffset() > bound ||
			cfg.MinCompactionLagMs > 0 && e.seg.MaxTimestamp().Timestamp > nowMs-cfg.MinCompactionLagMs {
			break
		}
		w.to = w.list[i+1].seg.BaseOffset()
		if w.to <= w.from {
			w.clean += e.seg.Size()
			continue
		}
		w.dirty += e.seg.Size()
		if at := e.seg.FirstTimestamp(); at > 0 {
			w.overdueMs = max(w.overdueMs, nowMs-max(cfg.MaxCompactionLagMs, 0)-at)
		}
	}
	return w
}
