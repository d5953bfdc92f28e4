package log

import (
	"errors"
	"testing"

	"weir/record"
)

// TestGuardOfAnEndedTransaction: what was taken for one transaction gets neither into the next nor between the two,
// whether it was open when it was taken or not.
func TestGuardOfAnEndedTransaction(t *testing.T) {
	for _, open := range []bool{false, true} {
		r := newRig(t, compactConfig())
		guarded := func(seq int32, g Guard) error {
			_, err := r.l.AppendGuarded(transactional(7, 0, seq, 1, r.nowMs()), r.l.LatestEpoch(), g)
			return err
		}
		if open {
			must(t, guarded(0, r.l.Guard(7, 0)))
		}
		seq := int32(0)
		if open {
			seq = 1
		}
		old := r.l.Guard(7, 0)
		if old.Asks() == open || !r.l.Guards(7, old) {
			t.Errorf("open %v: the guard asks: %v, stands: %v", open, old.Asks(), r.l.Guards(7, old))
		}
		end := record.MarkerBatch(true, 7, 0, 0, r.nowMs())
		r.append(&end)
		if r.l.Guards(7, old) {
			t.Errorf("open %v: the guard stands after the marker", open)
		}
		if err := guarded(seq, old); !errors.Is(err, ErrInvalidTxnState) {
			t.Errorf("open %v: between transactions: %v", open, err)
		}
		young := r.l.Guard(7, 0)
		if !young.Asks() {
			t.Errorf("open %v: the next transaction is opened without asking", open)
		}
		must(t, guarded(seq, young))
		if err := guarded(seq+1, old); !errors.Is(err, ErrInvalidTxnState) {
			t.Errorf("open %v: in the next transaction: %v", open, err)
		}
		must(t, guarded(seq+1, r.l.Guard(7, 0)))
		must(t, guarded(seq+2, young)) // it was taken for the transaction that is open
	}
}

// TestLateGuardVoidsNone has a producer that was fenced come late, while the one after it is at the coordinator.
func TestLateGuardVoidsNone(t *testing.T) {
	r := newRig(t, compactConfig())
	young := r.l.Guard(7, 1)
	late := r.l.Guard(7, 0)
	if r.l.Guards(7, late) || !r.l.Guards(7, young) {
		t.Errorf("the late guard stands: %v, the other: %v", r.l.Guards(7, late), r.l.Guards(7, young))
	}
	r.l.Unguard(7, late)
	_, err := r.l.AppendGuarded(transactional(7, 1, 0, 1, r.nowMs()), r.l.LatestEpoch(), young)
	must(t, err)
	if _, err := r.l.AppendGuarded(transactional(7, 0, 0, 1, r.nowMs()), r.l.LatestEpoch(), late); err == nil {
		t.Error("the late batch was taken")
	}
}
