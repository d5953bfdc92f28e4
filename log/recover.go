package log

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"

	"weir/record"
	"weir/segment"
)

// known is what the directory knows of a log before it is opened.
type known struct {
	clean         bool  // the last stop was clean: files end with whole batches
	recoveryPoint int64 // everything before it is on the disk; 0 when nothing is known
	pointsKnown   bool  // else recoveryPoint is 0 because the file of recovery points is damaged or missing
	start         int64 // the log start offset
	hasStart      bool  // start was read from an intact checkpoint
}

// errMissing says that a file that must be there is not.
var errMissing = errors.New("file is missing")

// load opens the segments and rebuilds what is kept in memory. After an unclean stop it reads what lies past
// the recovery point, and cuts at the first batch there that is not whole; damage before the recovery point
// is returned as it is found, and nothing is cut or deleted.
func (l *Log) load(k known) error {
	names, err := l.sweepLeftovers()
	if err != nil {
		return err
	}
	bases, err := l.segmentBases(names, k)
	if err != nil {
		return err
	}
	if len(bases) == 0 {
		return l.create(k)
	}
	l.dirDirty = !k.clean
	rebuild, err := l.loadEpochs()
	if err != nil {
		return err
	}
	list, end, err := l.openSegments(bases, k)
	if err != nil {
		return err
	}
	if err := l.writableTail(list); err != nil {
		retire(list)
		return err
	}
	l.list.Store(&list)
	l.end.Store(end)
	l.start.Store(max(k.start, bases[0]))
	if l.start.Load() > end {
		if err := l.restart(l.start.Load()); err != nil {
			return err
		}
	}
	if err := l.settleEpochs(rebuild); err != nil {
		return err
	}
	l.epoch = l.epochs.latest()
	return l.settle(k)
}

// segmentBases returns the base offsets of the segments, and checks that none is missing that must be there.
func (l *Log) segmentBases(names []string, k known) ([]int64, error) {
	var bases []int64
	for _, name := range names {
		if base, ok := offsetOf(name, logSuffix); ok {
			bases = append(bases, base)
		}
		if base, ok := offsetOf(name, compressedSuffix); ok {
			bases = append(bases, base)
		}
		if offset, ok := offsetOf(name, snapshotSuffix); ok {
			l.snapshots = append(l.snapshots, offset)
		}
	}
	slices.Sort(bases)
	slices.Sort(l.snapshots)
	if len(bases) == 0 && k.recoveryPoint > max(0, k.start) {
		return nil, l.missing(k.start, "no segment, but records up to %d were durable", k.recoveryPoint)
	}
	if len(bases) > 0 && k.hasStart && bases[0] > k.start {
		return nil, l.missing(k.start, "the first segment begins at %d, the log at %d", bases[0], k.start)
	}
	for _, name := range names {
		base, ok := leadingOffset(name)
		if !ok || !isIndexName(name) || slices.Contains(bases, base) {
			continue
		}
		if base >= k.start && base < k.recoveryPoint && !strings.HasSuffix(name, plainSuffix) {
			return nil, l.missing(base, "%s has no .log file", name)
		}
		if err := l.fs.Remove(join(l.path, name)); err != nil {
			return nil, fmt.Errorf("remove index without a log: %w", err)
		}
	}
	return bases, nil
}

func (l *Log) missing(offset int64, format string, args ...any) error {
	return &segment.DamageError{Path: join(l.path, offsetName(offset, logSuffix)), Offset: offset,
		Err: fmt.Errorf(format+": %w", append(args, errMissing)...)}
}

// create makes the first segment of a new log.
func (l *Log) create(k known) error {
	seg, err := segment.Create(l.fs, l.path, k.start, l.segmentConfig())
	if err != nil {
		return err
	}
	list := segments{newEntry(seg, l.cfg.Load())}
	l.list.Store(&list)
	l.start.Store(k.start)
	l.end.Store(k.start)
	l.beginAtLocked(k.start)
	l.epoch = -1
	l.dirDirty = true
	return nil
}

// openSegments opens all segments, recovering those that reach past the recovery point after an unclean stop.
func (l *Log) openSegments(bases []int64, k known) (list segments, end int64, err error) {
	defer func() {
		if err != nil {
			retire(list)
		}
	}()
	cfg := l.cfg.Load()
	from := len(bases) // the first segment to be recovered
	if !k.clean {
		from = max(0, floorOf(bases, k.recoveryPoint))
	}
	for i, base := range bases {
		o := segment.OpenOptions{Active: i == len(bases)-1 || i >= from, Clean: i < from}
		if i+1 < len(bases) {
			o.NextOffset = bases[i+1]
		}
		sc := l.segmentConfig()
		sc.Contiguous = l.wholePast(k)
		seg, err := segment.Open(l.fs, l.path, base, sc, o)
		if err != nil {
			return list, 0, err
		}
		list = append(list, newEntry(seg, cfg))
		end = seg.NextOffset()
	}
	if k.clean {
		if end < k.recoveryPoint {
			return list, 0, l.endsEarly(list, k)
		}
		return list, end, l.loadProducers(list, end)
	}
	return l.recoverSegments(list, from, k)
}

// floorOf is the index of the greatest base not above offset, -1 with none.
func floorOf(bases []int64, offset int64) int {
	i, found := slices.BinarySearch(bases, offset)
	if found {
		return i
	}
	return i - 1
}

func (l *Log) endsEarly(list segments, k known) error {
	last := list.active().seg
	return &segment.DamageError{Path: last.Path(), Position: last.Size(), Offset: last.NextOffset(),
		Err: fmt.Errorf("the log ends at %d, records up to %d were durable", last.NextOffset(), k.recoveryPoint)}
}

// recoverSegments reads the segments from index from on past the recovery point, and ends the log at the
// first batch that is not whole. What follows was never acknowledged: it was not durable, or the recovery
// point would lie behind it or the read would have found it whole.
func (l *Log) recoverSegments(list segments, from int, k known) (segments, int64, error) {
	point := max(k.recoveryPoint, list[from].seg.BaseOffset())
	if mutantTruncateMiddle {
		point = list[from].seg.BaseOffset()
	}
	if err := l.loadProducers(list[:from+1], min(point, list[from].seg.NextOffset())); err != nil {
		return list, 0, err
	}
	end, kept := point, from
	l.rolled = slices.Clone(list[from : len(list)-1])
	for i := from; i < len(list); i++ {
		e := list[i]
		if e.seg.BaseOffset() > end && i > from && l.wholePast(k) {
			l.lg.Warn("recovery found a gap", "partition", l.id.String(), "offset", end, "next", e.seg.BaseOffset())
			break
		}
		report, err := l.recoverOne(e, max(point, e.seg.BaseOffset()))
		if err != nil {
			return list, 0, err
		}
		end, kept = report.NextOffset, i
		if report.Cut > 0 {
			l.lg.Warn("recovery cut an unfinished write", "partition", l.id.String(), "segment", e.seg.BaseOffset(),
				"position", report.ValidEnd, "bytes", report.Cut, "end", end)
			break
		}
	}
	if end < k.recoveryPoint && !mutantTruncateMiddle {
		return list, 0, l.endsEarly(list[:kept+1], k)
	}
	list, err := l.dropAfter(list, kept)
	return list, end, err
}

// wholePast reports whether a gap past the recovery point is where the log ends: compaction makes none there.
func (l *Log) wholePast(k known) bool { return k.pointsKnown || l.contiguous() }

// recoverOne recovers one segment from the offset on and takes what it finds into the producer state, the
// leader epochs and the transaction index.
func (l *Log) recoverOne(e *entry, fromOffset int64) (segment.RecoverReport, error) {
	if err := e.seg.TxnIndex().Truncate(fromOffset); err != nil {
		return segment.RecoverReport{}, fmt.Errorf("cut transaction index: %w", err)
	}
	return e.seg.Recover(fromOffset, func(b record.Batch) error {
		if b.LeaderEpoch > l.epochs.latest() {
			l.epochs.assign(b.LeaderEpoch, b.BaseOffset)
		}
		return l.replayBatch(b.Header, func() (record.Batch, error) { return b, nil }, e)
	})
}

// dropAfter gives up the segments after the last one kept, which becomes the active one. Their files go as
// retention's do.
func (l *Log) dropAfter(list segments, kept int) (segments, error) {
	gone := list[kept+1:]
	if len(gone) == 0 {
		return list, nil
	}
	for _, e := range gone {
		l.lg.Warn("recovery drops a segment behind the cut", "partition", l.id.String(),
			"segment", e.seg.BaseOffset(), "bytes", e.seg.Size())
	}
	list = slices.Clone(list[:kept+1])
	l.rolled = l.rolled[:min(len(l.rolled), len(l.rolled)-len(gone))]
	active, err := l.reopen(list[kept])
	if err != nil {
		return list, err
	}
	list[kept] = active
	return list, l.discard(gone, nil)
}

// reopen opens a segment anew as the active one, without a bound to its offsets.
func (l *Log) reopen(e *entry) (*entry, error) {
	base := e.seg.BaseOffset()
	if err := l.expandHeld(e); err != nil {
		return e, fmt.Errorf("reopen segment %d: %w", base, err)
	}
	if err := e.seg.Close(); err != nil {
		return e, fmt.Errorf("reopen segment %d: %w", base, err)
	}
	o := segment.OpenOptions{Active: true, Clean: true}
	seg, err := segment.Open(l.fs, l.path, base, l.segmentConfig(), o)
	if err != nil {
		return e, err
	}
	return newEntry(seg, l.cfg.Load()), nil
}

// writableTail makes sure that the last segment can be appended to. It is compressed where the active one behind it is
// gone, with nothing in it that was durable.
func (l *Log) writableTail(list segments) error {
	tail := list.active()
	if !tail.seg.Compressed() {
		return nil
	}
	if err := tail.seg.Seal(); err != nil { // what recovery found is in its indexes
		return err
	}
	active, err := l.reopen(tail)
	if err != nil {
		return err
	}
	list[len(list)-1] = active
	return nil
}

// restart begins the log anew at an offset past its end: records were deleted up to there and the rest was
// lost.
func (l *Log) restart(offset int64) error {
	gone := *l.list.Load()
	seg, err := segment.Create(l.fs, l.path, offset, l.segmentConfig())
	if err != nil {
		return err
	}
	list := segments{newEntry(seg, l.cfg.Load())}
	l.list.Store(&list)
	l.end.Store(offset)
	l.producers.clear()
	l.txns.clear()
	l.epochs.clear()
	return l.discard(gone, l.cutSnapshotsLocked(func(int64) bool { return true }))
}

// settle makes durable what recovery kept, and sweeps snapshots that fit no segment.
func (l *Log) settle(k known) error {
	list, end := *l.list.Load(), l.end.Load()
	stray := func(offset int64) bool { return l.strayLocked(list, offset, end) }
	for _, offset := range l.cutSnapshotsLocked(stray) {
		err := l.fs.Remove(join(l.path, offsetName(offset, snapshotSuffix)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove stray snapshot: %w", err)
		}
	}
	if k.clean {
		l.beginAtLocked(end)
		return nil
	}
	l.beginAtLocked(min(k.recoveryPoint, end))
	if end == k.recoveryPoint && len(l.rolled) == 0 {
		return nil // nothing lay past the recovery point
	}
	if l.wantsSnapshotLocked() {
		l.snapshotLocked(end) // a second crash need not replay again
	}
	if _, err := l.sync(true); err != nil {
		return err
	}
	return l.finishRollsHeld()
}

// strayLocked says whether a snapshot is of no use: past the log's end, or neither a segment's first nor the
// newest (ProducerStateManager.removeStraySnapshots).
func (l *Log) strayLocked(list segments, offset, end int64) bool {
	if offset > end {
		return true
	}
	i := list.floor(offset)
	if i >= 0 && list[i].seg.BaseOffset() == offset {
		return false
	}
	return offset != l.snapshots[len(l.snapshots)-1] || i < len(list)-1
}

func retire(list segments) {
	for _, e := range list {
		e.seg.Retire()
	}
}

// scanAll visits the headers of all batches with offsets in [from, to).
func scanAll(list segments, from, to int64, visit func(h record.Header, e *entry) error) error {
	for i := max(0, list.floor(from)); i < len(list) && from < to; i++ {
		e := list[i]
		pos, _, ok, err := e.seg.PositionOf(from)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		err = e.seg.Scan(pos, func(h record.Header, _ int64) (bool, error) {
			if h.BaseOffset >= to {
				return false, nil
			}
			return h.LastOffset() < math.MaxInt64, visit(h, e)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
