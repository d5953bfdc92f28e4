package log

import (
	"errors"
	"fmt"
	"time"
)

// probeBytes is what must be writable again before appends are let through.
const probeBytes = 64 << 10

// noteFull stops the appends of the whole directory. The housekeeper probes until there is space again.
func (d *Directory) noteFull(cause error) {
	if d.full.CompareAndSwap(false, true) {
		d.lg.Error("disk is full: appends are refused until there is space", "path", d.path, "cause", cause)
		d.wake()
	}
}

// fillBallast takes the space that deletes may need on a full disk. Without space the directory begins as
// full.
func (d *Directory) fillBallast() {
	if d.cfg.BallastBytes < 0 {
		return
	}
	err := d.writeBallast()
	if err == nil {
		d.mu.Lock()
		d.ballast = true
		d.mu.Unlock()
	} else if isDiskFull(err) {
		d.noteFull(err)
	} else {
		d.lg.Warn("no ballast file: deletes may fail on a full disk", "path", d.path, "cause", err)
	}
}

func (d *Directory) writeBallast() (err error) {
	name := join(d.path, ballastFile)
	if info, err := d.fs.Stat(name); err == nil && info.Size == d.cfg.BallastBytes {
		return nil
	}
	f, err := d.fs.Create(name)
	if err != nil {
		return fmt.Errorf("create ballast: %w", err)
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			_ = d.fs.Remove(name) // half a ballast holds space and helps nobody
		}
	}()
	zeros := make([]byte, min(d.cfg.BallastBytes, probeBytes))
	for at := int64(0); at < d.cfg.BallastBytes; at += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), d.cfg.BallastBytes-at)], at); err != nil {
			return fmt.Errorf("write ballast: %w", err)
		}
	}
	return nil
}

// dropBallast gives the ballast's space away; false when it is given already.
func (d *Directory) dropBallast() bool {
	d.mu.Lock()
	had := d.ballast
	d.ballast = false
	d.mu.Unlock()
	return had && d.fs.Remove(join(d.path, ballastFile)) == nil
}

// probe tries whether there is space: first for the ballast, then for some writing. Appends go on if there
// is.
func (d *Directory) probe() {
	if d.cfg.BallastBytes >= 0 {
		if err := d.writeBallast(); err != nil {
			return
		}
		d.mu.Lock()
		d.ballast = true
		d.mu.Unlock()
	}
	name := join(d.path, probeFile)
	err := writeFile(d.fs, name, make([]byte, probeBytes))
	_ = d.fs.Remove(name) // there may be none; the next probe overwrites it
	if err == nil && d.full.CompareAndSwap(true, false) {
		d.lg.Info("disk has space again: appends are accepted", "path", d.path)
	}
}

// MeasureSync times n small writes with an fsync each, for the start line and the operator.
func (d *Directory) MeasureSync(n int) (took []time.Duration, err error) {
	name := join(d.path, probeFile)
	f, err := d.fs.Create(name)
	if err != nil {
		return nil, fmt.Errorf("measure sync: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close(), d.fs.Remove(name)) }()
	data := make([]byte, 4096)
	for i := range n {
		began := d.clk.Now()
		if _, err := f.WriteAt(data, int64(i*len(data))); err != nil {
			return took, fmt.Errorf("measure sync: %w", err)
		}
		if err := f.Sync(); err != nil {
			return took, fmt.Errorf("measure sync: %w", err)
		}
		took = append(took, d.clk.Since(began))
	}
	return took, nil
}
