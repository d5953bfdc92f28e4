package log

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"weir/segment"
)

// compactor runs the passes of a directory's logs.
type compactor struct {
	throttle throttle

	mu      sync.Mutex // guards the fields below
	c       CompactionConfig
	running int           // goroutines
	closed  bool          // none is begun any more
	changed chan struct{} // closed and made anew when c changes
	group   sync.WaitGroup

	// choosing admits one choice of the next log at a time.
	choosing sync.Mutex
}

func (c CompactionConfig) withDefaults() CompactionConfig {
	setDefault(&c.KeyBytes, 128<<20)
	setDefault(&c.IOBytes, 512<<10)
	setDefault(&c.Backoff, 15*time.Second)
	if c.LoadFactor <= 0 {
		c.LoadFactor = 0.9
	}
	return c
}

// keyBytes and ioBytes are the memory of one of the goroutines.
func (c CompactionConfig) keyBytes() int64 { return c.KeyBytes / int64(max(c.Threads, 1)) }
func (c CompactionConfig) ioBytes() int64  { return max(c.IOBytes/int64(max(c.Threads, 1)), 4<<10) }

// SetCompaction replaces the settings of compaction. Passes that run end with the old ones.
func (d *Directory) SetCompaction(c CompactionConfig) {
	x := &d.compactor
	x.mu.Lock()
	defer x.mu.Unlock()
	x.c = c.withDefaults()
	x.throttle.set(x.c.BytesPerSecond)
	if x.changed != nil {
		close(x.changed)
	}
	x.changed = make(chan struct{})
	for x.running < x.c.Threads && !x.closed {
		x.running++
		x.group.Go(d.compactAll)
	}
}

// wait returns when no goroutine is left; the directory's stop channel is closed.
func (x *compactor) wait() {
	x.mu.Lock()
	x.closed = true
	x.mu.Unlock()
	x.group.Wait()
}

// compactAll compacts whatever log needs it most, until the directory is closed or there are goroutines enough.
func (d *Directory) compactAll() {
	x := &d.compactor
	for {
		x.mu.Lock()
		c, changed := x.c, x.changed
		if x.running > c.Threads {
			x.running--
			x.mu.Unlock()
			return
		}
		x.mu.Unlock()
		if _, did := d.CompactNext(); did {
			continue
		}
		timer := d.clk.NewTimer(c.Backoff)
		select {
		case <-d.stop:
			timer.Stop()
			return
		case <-changed:
		case <-timer.C():
		}
		timer.Stop()
	}
}

// CompactNext makes one pass over the log that needs it most, if there is one that does: of those whose
// min.cleanable.dirty.ratio or max.compaction.lag.ms is reached, the one with the greatest dirty share
// (LogCleanerManager.grabFilthiestCompactedLog). did is false when there was none, or its pass did not come through.
// A log whose pass fails is not compacted again before the next start: reading and appending go on.
func (d *Directory) CompactNext() (done Compacted, did bool) {
	if d.full.Load() {
		return done, false
	}
	w, ok := d.filthiest()
	if !ok {
		return done, false
	}
	d.compactor.mu.Lock()
	c := d.compactor.c
	d.compactor.mu.Unlock()
	done, err := d.compact(w, c)
	d.mu.Lock()
	delete(d.compactions, w.l)
	d.mu.Unlock()
	if err != nil {
		d.compactFailed(w.l, err)
		return done, false
	}
	d.lg.Info("log compacted", "partition", w.l.id.String(), slog.Group("offsets", "from", done.From, "to", done.To),
		slog.Group("records", "before", done.RecordsRead, "after", done.RecordsKept, "keyless", done.Keyless),
		slog.Group("bytes", "before", done.BytesRead, "after", done.BytesWritten),
		slog.Group("segments", "before", done.Segments, "after", done.New),
		"keys", done.Keys, "goes_on", done.Full, "took", done.Took.Round(time.Millisecond).String())
	return done, true
}

// filthiest takes the log that needs compaction most, and marks it as being compacted.
func (d *Directory) filthiest() (best work, ok bool) {
	d.compactor.choosing.Lock()
	defer d.compactor.choosing.Unlock()
	now := d.clk.Now()
	for _, l := range d.Logs() {
		if !l.cfg.Load().CleanupCompact || l.Err() != nil || l.uncompactable.Load() != nil || d.isCompacting(l) {
			continue
		}
		if w := l.work(now); w.due() && (!ok || w.ratio() > best.ratio()) {
			best, ok = w, true
		}
	}
	if ok {
		d.mu.Lock()
		d.compactions[best.l] = true
		d.mu.Unlock()
	}
	return best, ok
}

func (d *Directory) isCompacting(l *Log) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.compactions[l]
}

// compactFailed sorts the error of a pass. A log that changed under it is tried again, as after a full disk; one that
// went out of service has said so. Damage does not take a log out of service here: who reads it will meet it, and
// records that are whole can be read until then.
func (d *Directory) compactFailed(l *Log, err error) {
	var damage *segment.DamageError
	switch {
	case l.Err() != nil || errors.Is(err, ErrClosed):
	case errors.Is(err, errLeftover):
		l.uncompactable.Store(&err)
		d.lg.Error("log is not compacted until the next start", "partition", l.id.String(), "cause", err)
	case errors.Is(err, errReplaced) || errors.Is(err, segment.ErrRetired):
		d.lg.Debug("log changed while it was compacted", "partition", l.id.String())
	case isDiskFull(err) || isTransient(err):
		d.lg.Warn("log could not be compacted", "partition", l.id.String(), "error", err)
	case errors.As(err, &damage):
		l.uncompactable.Store(&err)
		d.lg.Error("log is damaged and not compacted any more", "partition", l.id.String(), "path", damage.Path,
			"position", damage.Position, "offset", damage.Offset, "cause", err)
	default:
		l.uncompactable.Store(&err)
		d.lg.Error("log is not compacted until the next start", "partition", l.id.String(), "cause", err)
	}
}

// CompactionState is how far the compaction of a log is.
type CompactionState struct {
	To         int64 // compacted up to this offset
	CleanBytes int64 // of the segments before it
	DirtyBytes int64 // of the segments behind it that a pass would take now
	Due        bool  // so much, or so old, that a pass is to come
	Running    bool
	Err        error // why it is not compacted any more, before the next start
}

// Compaction says how far compaction is.
func (l *Log) Compaction() CompactionState {
	w := l.work(l.clk.Now())
	s := CompactionState{To: w.from, CleanBytes: w.clean, DirtyBytes: w.dirty, Running: l.d.isCompacting(l),
		Due: w.due() && l.cfg.Load().CleanupCompact}
	if err := l.uncompactable.Load(); err != nil {
		s.Err = *err
	}
	return s
}
