package log

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"weir/index"
	"weir/record"
	"weir/segment"
)

// AbortedTxn is an aborted transaction that overlaps a range read.
type AbortedTxn struct{ ProducerID, FirstOffset int64 }

// aborted is what is known of a segment's transaction index. Its entries have no checksum, and a wrong one
// would hide committed records or show aborted ones: an index that was not written by this process is
// compared with the log at its first use.
type aborted struct {
	checked atomic.Bool
	mu      sync.Mutex // held while comparing
}

// AbortedTxns returns the aborted transactions that overlap [from, to), for a read_committed fetch of that
// range.
func (l *Log) AbortedTxns(from, to int64) ([]AbortedTxn, error) {
	found, err := l.abortedOver(*l.list.Load(), from, to)
	if err != nil {
		return nil, l.readFailed(err)
	}
	var out []AbortedTxn
	for _, t := range found {
		out = append(out, AbortedTxn{ProducerID: t.ProducerID, FirstOffset: t.FirstOffset})
	}
	return out, nil
}

// abortedOver is AbortedTxns with all that the indexes say.
func (l *Log) abortedOver(list segments, from, to int64) ([]index.AbortedTxn, error) {
	var out []index.AbortedTxn
	for i := max(0, list.floor(from)); i < len(list); i++ {
		if err := l.checkAborted(list, i); err != nil {
			return nil, fmt.Errorf("check aborted transactions: %w", err)
		}
		txns, done, err := list[i].seg.TxnIndex().Collect(from, to)
		if err != nil {
			return nil, fmt.Errorf("read aborted transactions: %w", err)
		}
		out = append(out, txns...)
		if done {
			break
		}
	}
	return out, nil
}

// checkAborted makes sure, once, that the i-th segment's transaction index is true, and rewrites it if it is
// not. A segment without one is taken to have no aborted transactions: read_committed costs a plain topic
// nothing.
func (l *Log) checkAborted(list segments, i int) error {
	e := list[i]
	if e.aborted.checked.Load() {
		return nil
	}
	e.aborted.mu.Lock()
	defer e.aborted.mu.Unlock()
	if e.aborted.checked.Load() {
		return nil
	}
	x := e.seg.TxnIndex()
	// Both of one moment: transactions are aborted here meanwhile.
	l.mu.Lock()
	have, err := x.All()
	end, snapshots := e.seg.NextOffset(), slices.Clone(l.snapshots)
	l.mu.Unlock()
	if err == nil && len(have) == 0 {
		e.aborted.checked.Store(true)
		return nil
	}
	want, werr := l.abortedIn(list, i, end, snapshots)
	if werr != nil {
		return werr
	}
	ok := err == nil && slices.Equal(have, want)
	if !ok && err == nil && l.compacted.Load() {
		if ok, err = l.mayHave(e, have, want); err != nil {
			return err
		}
	}
	if !ok {
		l.lg.Warn("transaction index is rebuilt from the log", "partition", l.id.String(),
			"segment", e.seg.BaseOffset(), "entries", len(want), "cause", err)
		if err != nil {
			have = nil
		}
		if err := l.rebuildAborted(list, i, end, have, want); err != nil {
			return err
		}
	}
	e.aborted.checked.Store(true)
	return nil
}

// rebuildAborted puts want, which is what the log has up to end, in the place of have, which the index had then (nil when it
// could not be read), and keeps what was added since. Nothing is appended meanwhile.
func (l *Log) rebuildAborted(list segments, i int, end int64, have, want []index.AbortedTxn) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	x := list[i].seg.TxnIndex()
	if now, err := x.All(); err == nil && have != nil && len(now) >= len(have) {
		return rewriteAborted(x, append(want, now[len(have):]...))
	}
	want, err := l.abortedIn(list, i, list[i].seg.NextOffset(), l.snapshots)
	if err != nil {
		return err
	}
	return rewriteAborted(x, want)
}

// mayHave reports whether the transaction index of a segment that was compacted can be true. Records of aborted
// transactions are gone, so the log no longer shows where they began; an entry stays as long as its marker does. So
// each entry must have its marker, and each transaction that the log still shows its entry, from no later on.
func (l *Log) mayHave(e *entry, have, want []index.AbortedTxn) (bool, error) {
	markers := map[int64]int64{} // the producer, by the offset of the marker
	err := e.seg.Scan(0, func(h record.Header, _ int64) (bool, error) {
		m, ok, err := l.markerAt(e.seg, h)
		if ok && h.IsControl() && m.abort {
			markers[h.BaseOffset] = h.ProducerID
		}
		return true, err
	})
	if err != nil {
		return false, err
	}
	first := map[int64]int64{} // where the transaction begins, by the offset of the marker
	for _, t := range have {
		if producer, ok := markers[t.LastOffset]; !ok || producer != t.ProducerID {
			return false, nil
		}
		first[t.LastOffset] = t.FirstOffset
	}
	for _, t := range want {
		if from, ok := first[t.LastOffset]; !ok || from > t.FirstOffset {
			return false, nil
		}
	}
	return true, nil
}

func rewriteAborted(x *index.Txn, entries []index.AbortedTxn) error {
	if err := x.Reset(); err != nil {
		return fmt.Errorf("rebuild transaction index: %w", err)
	}
	for _, t := range entries {
		if err := x.Append(t); err != nil {
			return fmt.Errorf("rebuild transaction index: %w", err)
		}
	}
	return x.Sync()
}

// abortedIn reads from the log which transactions the i-th segment's markers before end abort. The snapshots are the log's.
func (l *Log) abortedIn(list segments, i int, end int64, snapshots []int64) ([]index.AbortedTxn, error) {
	var state producers
	txns := newTransactions()
	base := list[i].seg.BaseOffset()
	from := list[0].seg.BaseOffset()
	for _, offset := range slices.Backward(snapshots) {
		if offset > base || offset < from {
			continue
		}
		s, t := producers{}, newTransactions()
		ok, err := l.loadSnapshot(offset, &s, t)
		if err != nil {
			return nil, err
		}
		if ok {
			state, txns, from = s, t, offset
			break
		}
	}
	var found []index.AbortedTxn
	err := scanAll(list, from, end, func(h record.Header, e *entry) error {
		if !h.HasProducer() {
			return nil
		}
		m, ok, err := l.markerAt(e.seg, h)
		if err != nil || !ok {
			return err
		}
		if t, ok := applyBatch(&state, txns, &h, m, 0); ok && e == list[i] {
			found = append(found, t)
		}
		return nil
	})
	return found, err
}

// markerAt reads the marker when the batch is a control batch; ok is false when it is one without a marker.
func (l *Log) markerAt(seg *segment.Segment, h record.Header) (m marker, ok bool, err error) {
	if !h.IsControl() {
		return m, true, nil
	}
	b, err := readBatch(seg, h)
	if err != nil {
		return m, false, err
	}
	return markerOf(b)
}
