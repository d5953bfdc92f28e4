package log

import (
	"math"
	"slices"
	"testing"
	"time"

	"weir/record"
)

func TestSequences(t *testing.T) {
	r := newRig(t, smallConfig())
	first := r.append(idempotent(1, 0, 0, 2, 100))
	r.appendErr(idempotent(1, 0, 3, 1, 0), ErrOutOfOrderSequence)
	r.appendErr(idempotent(1, 0, 1, 1, 0), ErrOutOfOrderSequence)
	for seq := int32(2); seq < 6; seq++ {
		r.append(idempotent(1, 0, seq, 1, int64(seq)))
	}
	dup := r.append(idempotent(1, 0, 0, 2, 999))
	if !dup.Duplicate || dup.BaseOffset != first.BaseOffset || dup.LastOffset != first.LastOffset ||
		dup.AppendTimeMs != 100 {
		t.Fatalf("the fifth last: got %+v; want %+v", dup, first)
	}
	r.append(idempotent(1, 0, 6, 1, 6))
	r.appendErr(idempotent(1, 0, 0, 2, 0), ErrOutOfOrderSequence) // the sixth last is forgotten
	if a := r.append(idempotent(1, 0, 2, 1, 0)); !a.Duplicate {
		t.Fatal("the fifth last is a duplicate")
	}
	r.appendErr(idempotent(1, 0, 2, 2, 0), ErrOutOfOrderSequence) // another range is no duplicate

	r.appendErr(idempotent(1, 1, 7, 1, 0), ErrOutOfOrderSequence) // a new epoch begins at 0
	r.append(idempotent(1, 1, 0, 1, 0))
	r.appendErr(idempotent(1, 0, 7, 1, 0), ErrProducerFenced)
	r.appendErr(idempotent(1, 0, 6, 1, 0), ErrProducerFenced)
	r.append(idempotent(2, 5, 4711, 1, 0)) // an unknown producer may begin anywhere (Kafka 4)
	r.append(idempotent(2, 5, 4712, 1, 0))
}

func TestSequenceWrap(t *testing.T) {
	r := newRig(t, smallConfig())
	r.append(idempotent(1, 0, math.MaxInt32-1, 3, 0)) // 2^31-2, 2^31-1, 0
	if a := r.append(idempotent(1, 0, math.MaxInt32-1, 3, 0)); !a.Duplicate {
		t.Fatal("a batch over the wrap is not recognised")
	}
	r.append(idempotent(1, 0, 1, 1, 0))
	r.append(idempotent(3, 0, math.MaxInt32, 1, 0))
	r.append(idempotent(3, 0, 0, 1, 0))
}

func TestLastFiveSurviveRestartAndCrash(t *testing.T) {
	for _, kind := range []string{"restart", "crash", "roll and crash"} {
		t.Run(kind, func(t *testing.T) {
			r := newRig(t, smallConfig())
			var want [7]Appended
			for seq := range int32(7) {
				want[seq] = r.append(idempotent(1, 0, seq, 1, 50+int64(seq)))
			}
			r.sync()
			switch kind {
			case "restart":
				r.restart(1)
			case "roll and crash":
				must(t, r.l.Roll())
				must(t, r.l.finishRolls())
				must(t, r.d.Checkpoint())
				r.crash(1)
			default:
				r.crash(1)
			}
			for seq := int32(2); seq < 7; seq++ {
				if a := r.append(idempotent(1, 0, seq, 1, 0)); !a.Duplicate || a.BaseOffset != want[seq].BaseOffset ||
					a.AppendTimeMs != 50+int64(seq) {
					t.Fatalf("sequence %d: got %+v; want %+v", seq, a, want[seq])
				}
			}
			r.appendErr(idempotent(1, 0, 1, 1, 0), ErrOutOfOrderSequence)
			r.append(idempotent(1, 0, 7, 1, 0))
		})
	}
}

func TestExpiry(t *testing.T) {
	c := smallConfig()
	c.ProducerIDExpirationMs = 1000
	r := newRig(t, c)
	r.append(idempotent(1, 0, 0, 1, r.nowMs()))
	r.append(transactional(2, 0, 0, 1, r.nowMs()))
	r.clk.Advance(time.Second)
	if n := r.l.expireProducers(r.nowMs()); n != 1 {
		t.Fatalf("%d expired; want 1: an open transaction keeps its producer", n)
	}
	r.append(idempotent(1, 0, 99, 1, r.nowMs()))
}

func end(kind record.ControlType, pid int64, epoch int16, coordinator int32, ms int64) *record.Batch {
	b := record.ControlBatch(kind, pid, epoch, coordinator, ms)
	return &b
}

func TestTransactions(t *testing.T) {
	r := newRig(t, smallConfig())
	r.append(data(1, 0))                   // 0
	r.append(transactional(1, 0, 0, 2, 0)) // 1, 2
	r.append(transactional(2, 0, 0, 1, 0)) // 3
	r.appendErr(idempotent(1, 0, 2, 1, 0), ErrInvalidTxnState)
	hw := r.l.EndOffset()
	if got := r.l.LastStable(hw); got != 1 {
		t.Fatalf("last stable: %d; want 1", got)
	}
	r.append(end(record.ControlAbort, 1, 0, 3, 0)) // 4
	if got := r.l.LastStable(hw); got != 1 {
		t.Fatalf("the marker lies past the high watermark, last stable: %d; want 1", got)
	}
	hw = r.l.EndOffset()
	if got := r.l.LastStable(hw); got != 3 {
		t.Fatalf("last stable: %d; want 3", got)
	}
	r.appendErr(end(record.ControlCommit, 1, 0, 2, 0), ErrCoordinatorFenced)
	r.append(end(record.ControlCommit, 2, 1, 3, 0)) // 5, bumps the epoch
	r.appendErr(transactional(2, 0, 1, 1, 0), ErrProducerFenced)
	r.append(transactional(2, 1, 0, 1, 0)) // 6
	check := func(l *Log) {
		t.Helper()
		hw := l.EndOffset()
		if got := l.LastStable(hw); got != 6 {
			t.Fatalf("last stable: %d; want 6", got)
		}
		aborted, err := l.AbortedTxns(0, hw)
		must(t, err)
		if len(aborted) != 1 || aborted[0] != (AbortedTxn{ProducerID: 1, FirstOffset: 1}) {
			t.Fatalf("aborted: %+v", aborted)
		}
		if aborted, err = l.AbortedTxns(5, hw); err != nil || len(aborted) != 0 {
			t.Fatalf("aborted from 5 on: %+v %v", aborted, err)
		}
	}
	check(r.l)
	r.sync()
	r.restart(1)
	check(r.l)
	r.sync()
	r.crash(2)
	check(r.l)
	r.append(data(1, 0))
	r.append(end(record.ControlCommit, 2, 1, 3, 0))
	r.append(transactional(5, 0, 0, 1, 0))
	r.append(end(record.ControlAbort, 5, 0, 3, 0))
	r.sync()
	want, err := r.l.AbortedTxns(0, r.l.EndOffset())
	must(t, err)
	must(t, r.d.Checkpoint())
	r.crash(3)
	if got, err := r.l.AbortedTxns(0, r.l.EndOffset()); err != nil || len(want) != 2 || !slices.Equal(got, want) {
		t.Fatalf("after a checkpoint and a crash: aborted %v, %v; want %v", got, err, want)
	}
	r.append(transactional(2, 1, 1, 1, 0))
	first := r.l.EndOffset() - 1
	must(t, r.l.Roll())
	r.append(end(record.ControlAbort, 2, 1, 3, 0)) // in another segment than its records
	aborted, err := r.l.AbortedTxns(first, r.l.EndOffset())
	must(t, err)
	if len(aborted) != 1 || aborted[0] != (AbortedTxn{ProducerID: 2, FirstOffset: first}) {
		t.Fatalf("aborted: %+v", aborted)
	}
}

func TestSnapshotsWithinABigSegment(t *testing.T) {
	c := DefaultConfig()
	r := newRig(t, c)
	count := func() int {
		t.Helper()
		names, err := r.fs.List(r.l.path)
		must(t, err)
		n := 0
		for _, name := range names {
			if _, ok := offsetOf(name, snapshotSuffix); ok {
				n++
			}
		}
		return n
	}
	for seq := range int32(3) {
		r.append(idempotent(1, 0, seq, 1, r.nowMs()))
		r.l.unsnapped = replayBytes
		must(t, r.d.Checkpoint())
	}
	if n := count(); n != 3 {
		t.Fatalf("%d snapshots; want 3", n)
	}
	must(t, r.l.Roll())
	must(t, r.l.finishRolls())
	if n := count(); n != 1 {
		t.Fatalf("%d snapshots after the roll; want the one at its end", n)
	}
	r.crash(1)
	if a := r.append(idempotent(1, 0, 0, 1, 0)); !a.Duplicate {
		t.Fatal("producer state was lost")
	}
}

func TestAbortedTransactionsOutliveACrashBehindTheRecoveryPoint(t *testing.T) {
	r := newRig(t, smallConfig())
	r.append(transactional(1, 0, 0, 2, 0))
	r.append(end(record.ControlAbort, 1, 0, 3, 0))
	r.sync()
	must(t, r.d.Checkpoint())
	r.crash(1)
	aborted, err := r.l.AbortedTxns(0, r.l.EndOffset())
	must(t, err)
	if len(aborted) != 1 || aborted[0] != (AbortedTxn{ProducerID: 1, FirstOffset: 0}) {
		t.Fatalf("aborted: %+v", aborted)
	}
}
