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
	list := *l.list.Load()
	var out []AbortedTxn
	for i := max(0, list.floor(from)); i < len(list); i++ {
		if err := l.checkAborted(list, i); err != nil {
			return nil, l.readFailed(fmt.Errorf("check aborted transactions: %w", err))
		}
		txns, done, err := list[i].seg.TxnIndex().Collect(from, to)
		if err != nil {
			return nil, l.readFailed(fmt.Errorf("read aborted transactions: %w", err))
		}
		for _, t := range txns {
			out = append(out, AbortedTxn{ProducerID: t.ProducerID, FirstOffset: t.FirstOffset})
		}
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
	have, err := x.All()
	if err == nil && len(have) == 0 {
		e.aborted.checked.Store(true)
		return nil
	}
	want, werr := l.abortedIn(list, i)
	if werr != nil {
		return werr
	}
	if err != nil || !slices.Equal(have, want) {
		l.lg.Warn("transaction index is rebuilt from the log", "partition", l.id.String(),
			"segment", e.seg.BaseOffset(), "entries", len(want), "cause", err)
		if err := rewriteAborted(x, want); err != nil {
			return err
		}
	}
	e.aborted.checked.Store(true)
	return nil
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

// abortedIn reads from the log which transactions the i-th segment's markers abort.
func (l *Log) abortedIn(list segments, i int) ([]index.AbortedTxn, error) {
	l.mu.Lock()
	snapshots := slices.Clone(l.snapshots)
	l.mu.Unlock()
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
	err := scanAll(list, from, list[i].seg.NextOffset(), func(h record.Header, e *entry) error {
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
