package log

import (
	"errors"
	"fmt"
	"syscall"

	"weir/index"
	"weir/record"
	"weir/segment"
)

// Appended says where a batch came to lie.
type Appended struct {
	BaseOffset, LastOffset int64
	AppendTimeMs           int64 // -1 unless the topic has LogAppendTime; a duplicate's original timestamp
	LogStartOffset         int64
	Duplicate              bool // the batch was in the log already; the offsets are the original ones
}

// Append writes one validated batch at the log's end: it is checked against its producer's state, stamped in
// place with its base offset and leader epoch, and written. It is durable only after Sync. On an error
// nothing was appended.
func (l *Log) Append(b *record.Batch, leaderEpoch int32) (Appended, error) {
	return l.AppendGuarded(b, leaderEpoch, Guard{})
}

// AppendGuarded is Append for a batch of a client: one that would open a transaction needs the producer's guard.
func (l *Log) AppendGuarded(b *record.Batch, leaderEpoch int32, g Guard) (Appended, error) {
	if l.d.full.Load() {
		return Appended{}, fmt.Errorf("append to %s: %w", l.id, ErrDiskFull)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.failure.Load(); f != nil {
		return Appended{}, f.err
	}
	if leaderEpoch < l.epoch {
		return Appended{}, fmt.Errorf("append to %s: %w: %d, the log is at %d", l.id, ErrStaleEpoch, leaderEpoch,
			l.epoch)
	}
	var m marker
	if b.HasProducer() {
		if dup, ok := l.producers.duplicate(&b.Header); ok {
			return Appended{BaseOffset: dup.firstOffset(), LastOffset: dup.lastOffset, AppendTimeMs: dup.timestamp,
				LogStartOffset: l.start.Load(), Duplicate: true}, nil
		}
		var err error
		if m, err = l.checkProducerLocked(b, g); err != nil {
			return Appended{}, fmt.Errorf("append to %s: %w", l.id, err)
		}
	}
	cfg := l.cfg.Load()
	if int64(b.Size()) > cfg.SegmentBytes {
		return Appended{}, fmt.Errorf("append to %s: %w: %d bytes, segment.bytes is %d", l.id, ErrSegmentTooSmall,
			b.Size(), cfg.SegmentBytes)
	}
	out := Appended{BaseOffset: l.end.Load(), AppendTimeMs: -1, LogStartOffset: l.start.Load()}
	b.Stamp(out.BaseOffset, leaderEpoch)
	out.LastOffset = b.LastOffset()
	nowMs := l.clk.Now().UnixMilli()
	if cfg.TimestampType == record.LogAppendTime {
		b.StampLogAppendTime(nowMs)
		out.AppendTimeMs = nowMs
	}
	e, err := l.writeLocked(b, cfg, nowMs)
	if err != nil {
		return Appended{}, err
	}
	l.beginEpochLocked(leaderEpoch, out.BaseOffset)
	l.unsnapped += int64(b.Size())
	if b.HasProducer() {
		err = l.applyLocked(&b.Header, m, e, nowMs)
	}
	// The end comes last: whoever sees it may commit it, and then a reader must know which transactions are open before
	// it and which were aborted. The offsets are used up whatever happened.
	l.end.Store(out.LastOffset + 1)
	if err != nil {
		return Appended{}, l.fail(fmt.Errorf("append to %s: %w", l.id, err))
	}
	return out, nil
}

// checkProducerLocked says whether the producer may append the batch, and reads the marker of a control
// batch.
func (l *Log) checkProducerLocked(b *record.Batch, g Guard) (marker, error) {
	if !b.IsControl() {
		if err := l.producers.check(&b.Header); err != nil {
			return marker{}, err
		}
		return marker{}, l.checkGuardLocked(&b.Header, g)
	}
	m, ok, err := markerOf(*b)
	if err != nil || !ok {
		return m, err
	}
	return m, l.producers.checkMarker(&b.Header, m)
}

// applyLocked takes a batch that is in the log into the producer and transaction state, and an aborted
// transaction into the index of the segment that holds its marker; with a nil e it is there already.
func (l *Log) applyLocked(h *record.Header, m marker, e *entry, nowMs int64) error {
	delete(l.guards, h.ProducerID)
	aborted, ok := applyBatch(&l.producers, l.txns, h, m, nowMs)
	if !ok || e == nil {
		return nil
	}
	if err := e.seg.TxnIndex().Append(aborted); err != nil {
		return fmt.Errorf("index aborted transaction: %w", err)
	}
	l.txnDirty = true
	return nil
}

// applyBatch takes a batch into the state and returns the transaction that it aborts, if it does.
func applyBatch(s *producers, txns *transactions, h *record.Header, m marker, nowMs int64,
) (aborted index.AbortedTxn, ok bool) {
	if !h.IsControl() {
		if s.applyData(h, nowMs) {
			txns.begin(h.ProducerID, h.BaseOffset)
		}
		return aborted, false
	}
	first := s.applyMarker(h, m, nowMs)
	if first == noTxn {
		return aborted, false
	}
	aborted = index.AbortedTxn{ProducerID: h.ProducerID, FirstOffset: first, LastOffset: h.BaseOffset,
		LastStableOffset: txns.stableAfter(h.ProducerID, h.BaseOffset)}
	txns.complete(h.ProducerID, first, h.BaseOffset)
	return aborted, m.abort
}

// writeLocked writes the stamped batch to the active segment, rolling first when it is full.
func (l *Log) writeLocked(b *record.Batch, cfg *Config, nowMs int64) (*entry, error) {
	e := l.list.Load().active()
	if l.shouldRoll(e, &b.Header, cfg, nowMs) {
		if err := l.rollLocked(cfg); err != nil {
			return nil, l.writeFailed("roll", err)
		}
		e = l.list.Load().active()
	}
	_, err := e.seg.Append(b)
	if errors.Is(err, segment.ErrFull) && e.seg.Size() > 0 {
		if err := l.rollLocked(cfg); err != nil {
			return nil, l.writeFailed("roll", err)
		}
		e = l.list.Load().active()
		_, err = e.seg.Append(b)
	}
	if err != nil {
		return nil, l.writeFailed("append", err)
	}
	return e, nil
}

// writeFailed sorts a write's error: a full disk stops all appends of the directory until there is space;
// what will pass by itself leaves the log as it is; anything else takes it out of service.
func (l *Log) writeFailed(verb string, err error) error {
	switch {
	case isDiskFull(err):
		l.d.noteFull(err)
		return fmt.Errorf("%s %s: %w: %w", verb, l.id, ErrDiskFull, err)
	case isTransient(err):
		return fmt.Errorf("%s %s: %w: %w", verb, l.id, ErrStorage, err)
	}
	return l.fail(fmt.Errorf("%s %s: %w", verb, l.id, err))
}

func isDiskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

func isTransient(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.EINTR) ||
		errors.Is(err, syscall.EAGAIN)
}
