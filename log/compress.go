package log

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"time"

	"weir/segment"
)

// frameIdleTime is how long a decompressed frame is kept that nobody reads: so long, or up to twice that.
const frameIdleTime = time.Minute

// compression is the work of a Directory that gives sealed segments the form which segment.compression asks for: one
// goroutine, at a bounded rate, one log after another.
type compression struct {
	frames   *segment.FrameCache
	throttle throttle
	due      map[*Log]bool // logs to be looked at; guarded by the directory's mu
	poke     chan struct{} // wakes the goroutine; one slot
	done     chan struct{} // closed when it has returned
}

func (c *compression) init(d DirectoryConfig) {
	c.frames, c.due = segment.NewFrameCache(d.FrameCacheBytes), map[*Log]bool{}
	c.poke, c.done = make(chan struct{}, 1), make(chan struct{})
	c.throttle.set(float64(max(d.CompressBytesPerSecond, 0)))
}

// noteForms hands a log to the compressor: a segment was sealed or replaced, or the setting has changed.
func (d *Directory) noteForms(l *Log) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.noteFormsLocked(l)
}

func (d *Directory) noteFormsLocked(l *Log) {
	d.compression.due[l] = true
	select {
	case d.compression.poke <- struct{}{}:
	default: // it will look at everything anyway
	}
}

// compress is the compressor's goroutine.
func (d *Directory) compress() {
	defer close(d.compression.done)
	for {
		select {
		case <-d.stop:
			return
		case <-d.compression.poke:
		}
		for l := d.nextDue(); l != nil; l = d.nextDue() {
			if err := l.settleForms(); err != nil && !errors.Is(err, ErrClosed) {
				d.lg.Warn("a segment stays in the form that it has, until the next is sealed", "partition", l.id.String(),
					"error", err)
			}
		}
	}
}

// nextDue takes a log that is to be looked at, nil when there is none.
func (d *Directory) nextDue() *Log {
	d.mu.Lock()
	defer d.mu.Unlock()
	for l := range d.compression.due {
		delete(d.compression.due, l)
		return l
	}
	return nil
}

// SettleForms does at once what the directory does in the background after a while: it gives every sealed segment the
// form that the settings ask for.
func (l *Log) SettleForms() error {
	if err := l.finishRolls(); err != nil {
		return err
	}
	return l.settleForms()
}

// settleForms compresses or expands the log's sealed segments until all have the form that the settings ask for, or
// are better left as they are.
func (l *Log) settleForms() error {
	l.formsMu.Lock()
	defer l.formsMu.Unlock()
	for {
		e := l.nextForm()
		if e == nil {
			return nil
		}
		err := l.changeForm(e)
		var damage *segment.DamageError
		switch {
		case errors.Is(err, segment.ErrNotSmaller):
			l.leavePlain(e)
		case errors.As(err, &damage):
			// It is not this pass that needs the records. A read that comes upon the damage takes the partition offline.
			e.leftAt = math.MaxInt
			l.lg.Error("a damaged segment stays in the form that it has", "partition", l.id.String(), "cause", err)
		case errors.Is(err, segment.ErrRetired): // it was deleted meanwhile
		case err != nil:
			return err
		}
	}
}

// otherForm reports whether a sealed segment has another form than the settings ask for.
func (l *Log) otherForm() bool {
	list := *l.list.Load()
	want := l.cfg.Load().CompressSegments
	return slices.ContainsFunc(list[:max(0, len(list)-1)], func(e *entry) bool { return e.seg.Compressed() != want })
}

// nextForm returns the oldest segment that is to get another form, nil when there is none. Needs formsMu.
func (l *Log) nextForm() *entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.Err() != nil {
		return nil
	}
	cfg, list := l.cfg.Load(), *l.list.Load()
	for _, e := range list[:max(0, len(list)-1)] {
		if e.seg.Compressed() == cfg.CompressSegments || e.seg.Size() == 0 || slices.Contains(l.rolled, e) {
			continue
		}
		if !cfg.CompressSegments {
			if e.leftAt != math.MaxInt {
				return e
			}
			continue
		}
		if e.leftAt == 0 {
			e.leftAt = l.leftPlainAt(e.seg)
		}
		if e.leftAt < int(cfg.CompressionLevel) {
			return e
		}
	}
	return nil
}

// changeForm gives a segment its other form. The long part is done without a lock; readers notice nothing.
func (l *Log) changeForm(e *entry) error {
	if !e.seg.Acquire() {
		return segment.ErrRetired
	}
	defer e.seg.Release()
	cfg := l.cfg.Load()
	if free, err := l.fs.Free(l.path); err == nil && free < e.seg.Size() {
		return fmt.Errorf("%w: %d bytes are free, a segment of %d is to be written", ErrDiskFull, free, e.seg.Size())
	}
	before, began := e.seg.StoredSize(), l.clk.Now()
	st, err := l.stage(e, cfg)
	if err != nil {
		return err
	}
	if err := l.adopt(e, st); err != nil {
		return err
	}
	l.lg.Debug("a segment has another form", "partition", l.id.String(), "segment", e.seg.BaseOffset(), "compressed",
		e.seg.Compressed(), "bytes", e.seg.StoredSize(), "before", before, "took", l.clk.Since(began))
	return nil
}

func (l *Log) stage(e *entry, cfg *Config) (*segment.Staged, error) {
	pace := func(bytes int) error { return l.d.compression.throttle.wait(l.d, bytes) }
	if !cfg.CompressSegments {
		return e.seg.Expand(pace)
	}
	return e.seg.Compress(segment.Compression{Level: int(cfg.CompressionLevel)}, pace)
}

// adopt makes the staged form a segment's, unless the segment left the log meanwhile.
func (l *Log) adopt(e *entry, st *segment.Staged) error {
	l.filesMu.Lock()
	defer l.filesMu.Unlock()
	if l.Err() != nil || !slices.Contains(*l.list.Load(), e) {
		return errors.Join(segment.ErrRetired, st.Discard())
	}
	return l.adoptHeld(st)
}

// adoptHeld needs filesMu.
func (l *Log) adoptHeld(st *segment.Staged) error {
	replaced, err := st.Adopt()
	if err != nil {
		return err
	}
	delay := time.Duration(l.cfg.Load().FileDeleteDelayMs) * time.Millisecond
	l.d.removeLater(delay, func() error {
		if err := l.fs.Remove(replaced); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
	return nil
}

// expandHeld makes a segment's file plain, at once, because it is to be written. Needs filesMu, or a log that is
// being opened.
func (l *Log) expandHeld(e *entry) error {
	if !e.seg.Compressed() {
		return nil
	}
	st, err := e.seg.Expand(func(int) error { return nil })
	if err != nil {
		return err
	}
	return l.adoptHeld(st)
}
