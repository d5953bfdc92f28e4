package log

import (
	"slices"
	"sync/atomic"
	"testing"

	"weir/record"
)

// TestReaderBesideAborts: while transactions open and abort, a reader that asks at any moment, with everything written also
// committed, sees nothing of an open one, and knows of every aborted one.
func TestReaderBesideAborts(t *testing.T) {
	r := newRig(t, compactConfig())
	var first, last, turn atomic.Int64 // of the present transaction: its offset, its marker's, its number
	first.Store(-1)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
			}
			n, from, marker := turn.Load(), first.Load(), last.Load()
			stable := r.l.LastStable(r.l.EndOffset())
			known := true
			if from >= 0 && stable > from {
				found, err := r.l.AbortedTxns(from, stable)
				if err != nil {
					t.Error(err)
					return
				}
				known = slices.Contains(found, AbortedTxn{ProducerID: 7, FirstOffset: from})
			}
			if turn.Load() != n || first.Load() != from || last.Load() != marker {
				continue // it went on meanwhile
			}
			if from >= 0 && stable > from && (marker < 0 || !known) {
				t.Errorf("stable up to %d: the transaction from %d on (marker %d) is shown, known as aborted: %v", stable, from, marker, known)
				return
			}
		}
	}()
	for n := range int32(10_000) {
		turn.Store(int64(n))
		last.Store(-1)
		first.Store(r.l.EndOffset())
		r.append(transactional(7, 0, n, 1, r.nowMs()))
		last.Store(r.l.EndOffset())
		end := record.MarkerBatch(false, 7, 0, 0, r.nowMs())
		r.append(&end)
		first.Store(-1)
		if t.Failed() {
			break
		}
	}
	close(stop)
	<-stopped
}

// TestAbortsWhileTheIndexIsChecked: transactions that are aborted while a start's transaction index is compared with the log
// stay known.
func TestAbortsWhileTheIndexIsChecked(t *testing.T) {
	cfg := compactConfig()
	cfg.SegmentBytes = 4 << 20
	r := newRig(t, cfg)
	var want []AbortedTxn
	seq := int32(0)
	abort := func() {
		want = append(want, AbortedTxn{ProducerID: 7, FirstOffset: r.l.EndOffset()})
		r.append(transactional(7, 0, seq, 1, r.nowMs()))
		end := record.MarkerBatch(false, 7, 0, 0, r.nowMs())
		r.append(&end)
		seq++
	}
	for range 300 {
		abort()
	}
	for epoch := range int32(5) {
		r.restart(epoch + 1)
		checked := make(chan error)
		go func() {
			_, err := r.l.AbortedTxns(0, r.l.EndOffset())
			checked <- err
		}()
		for range 100 {
			abort()
		}
		must(t, <-checked)
		got, err := r.l.AbortedTxns(0, r.l.EndOffset())
		must(t, err)
		if !slices.Equal(got, want) {
			t.Fatalf("start %d: %d aborted transactions are known, %d were aborted", epoch, len(got), len(want))
		}
	}
}
