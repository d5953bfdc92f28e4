package share

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"weir/coordinator"
)

// shown is all of a share partition's runs.
func (r *rig) shown() string {
	text, err := coordinator.Decide(r.s.runtime, 0, "", func(m *machine, _ *coordinator.Tx) (string, error) {
		p := m.part(r.key())
		out := []string{fmt.Sprint(p.start, p.known, p.open, p.settled, p.locks.Len())}
		p.runs.Ascend(func(x run) bool {
			out = append(out, fmt.Sprint(x.first, "-", x.last, " ", x.state, " ", x.count, " ", x.detail != nil && x.detail.member != ""))
			return true
		})
		return strings.Join(out, "\n"), nil
	}).Result()
	must(r, err)
	return text
}

// TestRefusedChanges: an acknowledgement that cannot be written fails and leaves everything as it was, and can be made again.
func TestRefusedChanges(t *testing.T) {
	r := newRig(t)
	r.s.Resign(0)
	r.s.leads[0] = r.part(r.state)
	mem := coordinator.NewMemoryLog()
	r.s.runtime.BecomeLeader(0, mem)
	<-r.s.Loaded(0)
	const records = 400
	batch := make([]string, 10)
	for n := 0; n < records; n += len(batch) {
		r.produce(batch...)
	}
	refused := 0
	for settled := int64(0); settled < records; settled = r.offsets().Start {
		for _, member := range members {
			r.fetch(member, 1+r.rng.IntN(9))
		}
		for _, member := range members {
			var acks []AckBatch
			_, err := coordinator.Decide(r.s.runtime, 0, "", func(m *machine, _ *coordinator.Tx) (int, error) {
				m.part(r.key()).runs.Ascend(func(x run) bool {
					for o := x.first; x.state == StateAcquired && x.detail.member == member && o <= x.last; o++ {
						if kind := r.rng.IntN(4); kind > 0 {
							acks = append(acks, AckBatch{First: o, Last: o, Types: []AckType{AckType(kind)}, DelayMs: -1})
						}
					}
					return true
				})
				return 0, nil
			}).Result()
			must(t, err)
			if len(acks) == 0 {
				continue
			}
			before := r.shown()
			mem.Refuse(coordinator.ErrNotAvailable)
			if err := r.ackWith(member, acks...); !errors.Is(err, coordinator.ErrNotAvailable) {
				t.Fatalf("a change that cannot be written: %v", err)
			}
			want(t, "what is left", r.shown(), before)
			mem.Refuse(nil)
			must(t, r.ackWith(member, acks...))
			refused++
		}
	}
	t.Logf("%d changes were refused", refused)
}

// TestLargeSnapshot: what waits takes as much room in a snapshot as what is settled, and none of it is lost over several records.
func TestLargeSnapshot(t *testing.T) {
	v := stored{start: 0}
	for o := int64(0); o < 30_000; o++ {
		v.batches = append(v.batches, batch{2 * o, 2 * o, StateAvailable, 1})
		v.due = append(v.due, dueBatch{2 * o, 2 * o, o})
		v.dying = append(v.dying, dyingBatch{2 * o, 2 * o, Rejected, letter{"dlq", o, true}})
	}
	const most = 512 << 10
	var back stored
	parts := v.cut(most)
	for _, part := range parts {
		if size := len(part.snapshot(Key{}).Value); size > most+1000 {
			t.Errorf("a part takes %d bytes", size)
		}
		back.batches = append(back.batches, part.batches...)
		back.due = append(back.due, part.due...)
		back.dying = append(back.dying, part.dying...)
	}
	if len(parts) < 3 {
		t.Errorf("%d parts", len(parts))
	}
	want(t, "all parts", fmt.Sprint(back), fmt.Sprint(stored{batches: v.batches, due: v.due, dying: v.dying}))
}
