package log

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"weir/record"
)

// loadProducers rebuilds the producer and transaction state as of the offset to: the newest snapshot that
// reads, and the headers of the batches after it. A snapshot that does not read is removed; an older one
// costs a longer replay.
func (l *Log) loadProducers(list segments, to int64) error {
	l.producers.clear()
	l.txns.clear()
	from := list[0].seg.BaseOffset()
	first := from
	for {
		i, _ := slices.BinarySearch(l.snapshots, to+1)
		if i == 0 || l.snapshots[i-1] < first {
			break
		}
		ok, err := l.loadSnapshot(l.snapshots[i-1], &l.producers, l.txns)
		if err != nil {
			return err
		}
		if ok {
			from = l.snapshots[i-1]
			break
		}
		l.snapshots = slices.Delete(l.snapshots, i-1, i)
	}
	l.unsnapped = 0
	return scanAll(list, from, to, func(h record.Header, e *entry) error {
		l.unsnapped += int64(h.Size())
		return l.replayBatch(h, func() (record.Batch, error) { return readBatch(e.seg, h) }, nil)
	})
}

// loadSnapshot reads one snapshot; ok is false when it was damaged, and its file is gone then.
func (l *Log) loadSnapshot(offset int64, into *producers, txns *transactions) (ok bool, err error) {
	name := join(l.path, offsetName(offset, snapshotSuffix))
	data, err := readFile(l.fs, name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read producer snapshot: %w", err)
	}
	s, err := decodeSnapshot(data)
	if err != nil {
		l.lg.Warn("producer snapshot is damaged, an older one is used", "partition", l.id.String(),
			"offset", offset, "cause", err)
		if err := l.fs.Remove(name); err != nil {
			return false, fmt.Errorf("remove damaged snapshot: %w", err)
		}
		return false, nil
	}
	nowMs, expireMs := l.clk.Now().UnixMilli(), l.cfg.Load().ProducerIDExpirationMs
	takenMs := nowMs
	if info, err := l.fs.Stat(name); err == nil {
		takenMs = min(nowMs, info.ModTime.UnixMilli())
	}
	for _, p := range s.byID {
		p.touchedMs = p.touchedBefore(takenMs, expireMs)
		if p.expired(nowMs, expireMs) {
			continue
		}
		into.put(p)
		if p.txnFirst != noTxn {
			txns.begin(p.id, p.txnFirst)
		}
	}
	return true, nil
}

// replayBatch takes a batch of the log into the producer state, without checks: it was accepted once. It is
// loaded only if it is a control batch. With e, aborted transactions are written to that segment's index.
func (l *Log) replayBatch(h record.Header, load func() (record.Batch, error), e *entry) error {
	if !h.HasProducer() {
		return nil
	}
	nowMs := l.clk.Now().UnixMilli()
	if !h.IsControl() {
		return l.applyLocked(&h, marker{}, e, nowMs)
	}
	b, err := load()
	if err != nil {
		return err
	}
	m, ok, err := markerOf(b)
	if err != nil || !ok {
		return err
	}
	return l.applyLocked(&h, m, e, nowMs)
}
