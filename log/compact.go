package log

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"weir/log/compact"
	"weir/record"
)

// Compacted says what a pass over a log did.
type Compacted struct {
	From, To      int64 // the dirty offsets that were compacted
	Full          bool  // the key table was full before the dirty part was through: another pass goes on at To
	Keys          int   // different keys between From and To
	BytesMapped   int64 // read for the key table
	BytesRead     int64
	BytesWritten  int64
	RecordsRead   int64
	RecordsKept   int64
	Keyless       int64 // records without a key, from before the topic was compacted, that went
	Segments, New int   // so many segments were replaced, by so many
	Took          time.Duration
}

// compaction is one pass over one log. It belongs to one goroutine.
type compaction struct {
	work
	d     *Directory
	c     CompactionConfig
	began time.Time
	told  time.Time // when it was last said how far the pass is
	buf   []byte    // what is read goes through it

	mapper compact.Mapper
	pass   compact.Pass
	done   Compacted
}

// compact makes a pass over a log: the dirty part of it once for its keys, then all of it up to there, whose segments
// are replaced group by group. On an error the groups that were replaced stay so, and the mark of how far the log is
// compacted stays where it was: the next pass begins there again.
func (d *Directory) compact(w work, c CompactionConfig) (Compacted, error) {
	x := &compaction{work: w, d: d, c: c, began: d.clk.Now(), buf: make([]byte, c.ioBytes()/2)}
	x.told, x.done.From = x.began, w.from
	if err := x.mapKeys(); err != nil {
		return x.done, fmt.Errorf("compact %s: map keys: %w", w.l.id, err)
	}
	x.done.To, x.done.Keys = x.mapper.End, x.mapper.Keys.Len()
	if !w.l.compacted.Load() { // durably, before there is the first gap
		if err := d.noteCleaned(w.l, w.from); err != nil {
			return x.done, fmt.Errorf("compact %s: %w", w.l.id, err)
		}
	}
	if err := x.rewrite(); err != nil {
		return x.done, fmt.Errorf("compact %s: %w", w.l.id, err)
	}
	if err := d.noteCleaned(w.l, x.done.To); err != nil {
		return x.done, fmt.Errorf("compact %s: %w", w.l.id, err)
	}
	x.done.Took = d.clk.Since(x.began)
	return x.done, nil
}

// mapKeys fills the key table from the dirty part.
func (x *compaction) mapKeys() error {
	x.mapper.Keys = compact.NewKeys(x.c.keyBytes(), x.c.LoadFactor, x.to-x.from)
	x.mapper.From, x.mapper.End = x.from, x.from
	for i := max(0, x.list.floor(x.from)); i < len(x.list) && x.list[i].seg.BaseOffset() < x.to && !x.done.Full; i++ {
		if err := x.mapSegment(i); err != nil {
			return err
		}
	}
	return nil
}

// errFull ends a sweep whose keys no longer fit.
var errFull = errors.New("the key table is full")

func (x *compaction) mapSegment(i int) error {
	seg := x.list[i].seg
	if err := x.addAborted(&x.mapper.Txns, i, max(x.from, seg.BaseOffset()), x.from >= seg.BaseOffset()); err != nil {
		return err
	}
	pos, _, ok, err := seg.PositionOf(x.from)
	if err != nil {
		return err
	}
	if ok {
		x.buf, err = seg.Sweep(pos, x.buf, func(b record.Batch, _ int64) error {
			x.done.BytesMapped += int64(b.Size())
			full, err := x.mapper.Batch(b)
			if err == nil && full {
				return errFull
			}
			return errors.Join(err, x.pause(b.Size()))
		})
	}
	if errors.Is(err, errFull) {
		x.done.Full = true
		return nil
	}
	if err == nil {
		x.mapper.End = x.list[i+1].seg.BaseOffset() // what is missing before it is gone for good
	}
	return err
}

// addAborted makes the aborted transactions known that overlap the i-th segment from an offset on. Those that began
// before that were added with an earlier segment, unless this is the first one.
func (x *compaction) addAborted(t *compact.Transactions, i int, from int64, first bool) error {
	list, err := x.l.abortedOver(x.list, from, x.list[i+1].seg.BaseOffset())
	if err != nil {
		return err
	}
	var fresh []compact.Aborted
	for _, a := range list {
		if first || a.FirstOffset >= from {
			fresh = append(fresh, compact.Aborted{ProducerID: a.ProducerID, First: a.FirstOffset, Last: a.LastOffset})
		}
	}
	t.Add(fresh)
	return nil
}

// progressInterval is how often a pass that takes long says how far it is.
const progressInterval = 10 * time.Second

// pause waits as long as the limit on bytes a second wants after so many bytes. It fails when the directory is being
// closed, or the log has gone out of service.
func (x *compaction) pause(bytes int) error {
	if err := x.l.Err(); err != nil {
		return err
	}
	if now := x.d.clk.Now(); now.Sub(x.told) >= progressInterval {
		x.told = now
		x.d.lg.Info("log is being compacted", "partition", x.l.id.String(), slog.Group("bytes", "mapped", x.done.BytesMapped,
			"of", x.dirty, "rewritten", x.done.BytesRead, "of_all", x.clean+x.dirty), "for", now.Sub(x.began).Round(time.Second).String())
	}
	return x.d.compactor.throttle.wait(x.d, bytes)
}

// rewrite replaces the segments up to where the keys are known.
func (x *compaction) rewrite() error {
	nowMs := x.began.UnixMilli()
	x.pass = compact.Pass{Keys: x.mapper.Keys, End: x.mapper.End, NowMs: nowMs,
		DeleteRetentionMs: x.l.cfg.Load().DeleteRetentionMs, Producers: x.l.lastOfProducers()}
	n := x.list.floor(x.mapper.End-1) + 1
	for i := 0; i < n; {
		size := x.groupFrom(i, n)
		if err := x.rewriteGroup(i, i+size); err != nil {
			return err
		}
		i += size
	}
	x.done.RecordsRead, x.done.RecordsKept = x.pass.RecordsRead, x.pass.RecordsKept
	x.done.Keyless = x.pass.Keyless
	return nil
}

// groupFrom counts how many segments from index i on, of those before n, fit into one: so segments that compaction
// made small do not stay many (Cleaner.groupSegmentsBySize).
func (x *compaction) groupFrom(i, n int) int {
	cfg := x.l.cfg.Load()
	base, size := x.list[i].seg.BaseOffset(), x.list[i].seg.Size()
	offsets, times := x.list[i].seg.IndexBytes()
	count := 1
	for ; i+count < n; count++ {
		seg := x.list[i+count].seg
		o, t := seg.IndexBytes()
		size, offsets, times = size+seg.Size(), offsets+o, times+t
		if size > cfg.SegmentBytes || int64(max(offsets, times)) > cfg.SegmentIndexBytes ||
			x.list[i+count+1].seg.BaseOffset()-1-base > math.MaxInt32 {
			break
		}
	}
	return count
}

// rewriteGroup writes what stays of the segments from index i up to end and puts it in their place.
func (x *compaction) rewriteGroup(i, end int) error {
	last := int64(-1) // the offset that the group ends with
	for _, e := range x.list[i:end] {
		if e.seg.Size() > 0 {
			last = e.seg.NextOffset() - 1
		}
	}
	if last < 0 {
		return nil // nothing was ever left of them, and nothing changes
	}
	out := &rewritten{l: x.l, base: x.list[i].seg.BaseOffset(), limit: cap(x.buf), most: math.MaxInt32}
	for ; i < end; i++ {
		if err := x.rewriteSegment(i, last, out); err != nil {
			return errors.Join(err, out.discard())
		}
	}
	if err := out.finish(); err != nil {
		return errors.Join(err, out.discard())
	}
	return x.swap(x.list[end-out.segments:end], out)
}

// rewriteSegment adds to out what stays of one segment.
func (x *compaction) rewriteSegment(i int, last int64, out *rewritten) error {
	seg := x.list[i].seg
	if err := x.addAborted(&x.pass.Txns, i, seg.BaseOffset(), i == 0); err != nil {
		return err
	}
	aborted, err := seg.TxnIndex().All()
	if err != nil {
		return err
	}
	out.segments++
	x.buf, err = seg.Sweep(0, x.buf, func(b record.Batch, _ int64) error {
		kept, err := x.pass.Batch(b, b.LastOffset() == last)
		if err != nil {
			return err
		}
		x.done.BytesRead += int64(b.Size())
		if err := out.add(&b, kept); err != nil {
			return err
		}
		if kept.Raw != nil && b.IsControl() && kept.Count > 0 {
			if aborted, err = out.keepAborted(aborted, b.BaseOffset); err != nil {
				return err
			}
		}
		return x.pause(b.Size() + len(kept.Raw))
	})
	return err
}

// swap puts what was written in the place of a run, unless it is the same.
func (x *compaction) swap(run segments, out *rewritten) error {
	if !out.changed && len(run) == 1 && len(out.made) == 1 {
		x.done.BytesWritten += out.bytes
		return out.discard()
	}
	if err := x.l.replace(run, out.made, x.cuts); err != nil {
		if x.l.Err() == nil && !errors.Is(err, ErrStorage) { // else a start finds the files, or they are gone
			err = errors.Join(err, out.discard())
		}
		return err
	}
	x.done.BytesWritten += out.bytes
	x.done.Segments += len(run)
	x.done.New += len(out.made)
	return nil
}

// lastOfProducers is where each producer of the log stands.
func (l *Log) lastOfProducers() map[int64]compact.Last {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make(map[int64]compact.Last, len(l.producers.byID))
	for id, p := range l.producers.byID {
		out[id] = compact.Last{DataOffset: p.last().lastOffset, Epoch: p.epoch}
	}
	return out
}
