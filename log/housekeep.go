package log

import (
	"maps"
	"slices"
	"time"
)

// removal is a file or directory to be removed at a time.
type removal struct {
	due time.Time
	seq uint64 // tells removals of one instant apart
	do  func() error
}

func byDue(a, b removal) bool {
	if !a.due.Equal(b.due) {
		return a.due.Before(b.due)
	}
	return a.seq < b.seq
}

// removeLater has do called after the delay, by the housekeeper. What is still to be removed when the process
// ends is found by its name at the next start.
func (d *Directory) removeLater(delay time.Duration, do func() error) {
	d.mu.Lock()
	d.removalSeq++
	d.removals.ReplaceOrInsert(removal{due: d.clk.Now().Add(delay), seq: d.removalSeq, do: do})
	d.mu.Unlock()
	d.wake()
}

// noteRolled hands a log with a rolled segment to the housekeeper.
func (d *Directory) noteRolled(l *Log) {
	d.mu.Lock()
	d.rolled[l] = true
	d.mu.Unlock()
	d.wake()
}

func (d *Directory) wake() {
	select {
	case d.poke <- struct{}{}:
	default: // it will look at everything anyway
	}
}

// housekeep seals rolled segments, writes checkpoints, removes files that are due, forgets idle producers,
// and probes a full disk, until the directory is closed.
func (d *Directory) housekeep() {
	defer close(d.done)
	now := d.clk.Now()
	checkpoint, expiry := now.Add(d.cfg.CheckpointInterval), now.Add(d.cfg.ProducerExpiryInterval)
	trim := now.Add(frameIdleTime)
	timer := d.clk.NewTimer(d.cfg.CheckpointInterval)
	defer timer.Stop()
	for {
		select {
		case <-d.stop:
			return
		case <-d.poke:
		case <-timer.C():
		}
		now := d.clk.Now()
		if d.finishRolled() || !now.Before(checkpoint) || d.unpointed.Load() >= d.cfg.CheckpointBytes {
			if err := d.Checkpoint(); err != nil {
				d.lg.Warn("checkpoint failed, recovery points stay behind", "path", d.path, "error", err)
			}
			checkpoint = now.Add(d.cfg.CheckpointInterval)
		}
		if !now.Before(expiry) {
			d.expireProducers(now)
			expiry = now.Add(d.cfg.ProducerExpiryInterval)
		}
		if !now.Before(trim) {
			d.compression.frames.Trim()
			trim = now.Add(frameIdleTime)
		}
		if d.full.Load() {
			d.probe()
		}
		d.removeDue(now)
		timer.Reset(d.nextWake(checkpoint, expiry, trim).Sub(d.clk.Now()))
	}
}

// nextWake is when the housekeeper next has something to do by the clock.
func (d *Directory) nextWake(times ...time.Time) time.Time {
	if d.full.Load() {
		times = append(times, d.clk.Now().Add(d.cfg.ProbeInterval))
	}
	d.mu.Lock()
	if next, ok := d.removals.Min(); ok {
		times = append(times, next.due)
	}
	d.mu.Unlock()
	return slices.MinFunc(times, time.Time.Compare)
}

// finishRolled seals what was rolled, and reports whether there was any, so that the recovery points follow
// at once: a sealed segment is then never one that recovery may cut.
func (d *Directory) finishRolled() bool {
	d.mu.Lock()
	logs := slices.Collect(maps.Keys(d.rolled))
	clear(d.rolled)
	d.mu.Unlock()
	for _, l := range logs {
		if err := l.finishRolls(); err != nil {
			d.lg.Warn("sealing a segment failed, its recovery point stays behind", "partition", l.id.String(),
				"error", err)
		} else if l.otherForm() {
			d.noteForms(l)
		}
	}
	return len(logs) > 0
}

// removeDue does the removals that are due.
func (d *Directory) removeDue(now time.Time) {
	for {
		d.mu.Lock()
		next, ok := d.removals.Min()
		if !ok || next.due.After(now) {
			d.mu.Unlock()
			return
		}
		d.removals.DeleteMin()
		d.mu.Unlock()
		if err := next.do(); err != nil {
			d.lg.Warn("a deleted file stays until the next start", "path", d.path, "error", err)
		}
	}
}

func (d *Directory) expireProducers(now time.Time) {
	for _, l := range d.Logs() {
		if n := l.expireProducers(now.UnixMilli()); n > 0 {
			d.lg.Debug("idle producers were forgotten", "partition", l.id.String(), "producers", n)
		}
	}
}
