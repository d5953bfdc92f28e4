package partition

import (
	"time"

	"weir/internal/clock"
	"weir/log"
)

// round is some partitions that are synced together, by one worker.
type round struct {
	all    []*Partition
	counts []int      // appends of each that the round serves; guarded by the SyncCommitter's mutex
	log    *log.Round // nil when the journal takes none of them
}

// write begins the round in the journal and returns the indexes of those that it does not take; with apart it takes none.
func (r *round) write(apart bool) (left []int) {
	logs := make([]*log.Log, len(r.all))
	for i, p := range r.all {
		logs[i] = p.log
	}
	if !apart {
		r.log, left = log.BeginRound(logs)
		return left
	}
	for i := range r.all {
		left = append(left, i)
	}
	return left
}

// sync makes the round durable, commits what that lets be committed, and returns the indexes of those that are to be synced by
// themselves after all. It returns how long the disk took (not how long the rounds before this one did), 0 when it had nothing to do.
func (r *round) sync(clk clock.Clock) (took time.Duration, left []int) {
	began := clk.Now()
	if r.log.Sync() {
		took = clk.Now().Sub(began)
	}
	for _, s := range r.log.End() {
		if s.OK {
			r.all[s.At].commit(s.End)
		} else {
			left = append(left, s.At)
		}
	}
	return took, left
}
