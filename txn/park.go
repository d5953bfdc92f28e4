package txn

import (
	"slices"

	"weir/coordinator"
)

// parked is a request that waits for the end of the transaction before its own.
type parked struct {
	again func(tx *coordinator.Tx)
	fail  func(err error)
	timer *coordinator.Timer
}

// park keeps a request until the markers of the transaction before are written, but no longer than parkMax.
func (m *machine) park(tx *coordinator.Tx, id string, f *coordinator.Future[struct{}], again func(tx *coordinator.Tx)) {
	l := m.liveOf(id)
	if len(l.parked) >= parkedMax {
		coordinator.Answer(tx, f, struct{}{}, ErrConcurrent)
		return
	}
	p := &parked{again: again, fail: func(err error) { f.Complete(struct{}{}, err) }}
	p.timer = coordinator.NewTimer(id, func(tx *coordinator.Tx) {
		l.parked = slices.DeleteFunc(l.parked, func(other *parked) bool { return other == p })
		coordinator.Answer(tx, f, struct{}{}, ErrConcurrent)
	})
	l.parked = append(l.parked, p)
	tx.Schedule(p.timer, tx.Now.Add(parkMax))
}

// unpark decides again what waited for the end of an id's transaction.
func (m *machine) unpark(tx *coordinator.Tx, id string) {
	l := m.live[id]
	if l == nil {
		return
	}
	waited := l.parked
	l.parked = nil
	for _, p := range waited {
		tx.Cancel(p.timer)
		p.again(tx)
	}
}
