package partition

import "sync/atomic"

// bare knows from where on no record of a log has headers: of those that were appended since it was opened. A batch that may have
// some is told of before it is in the log (begin) and after (end).
type bare struct {
	appending atomic.Int64 // how many are between the two
	from      atomic.Int64
}

func (b *bare) begin() { b.appending.Add(1) }

// end is given the offset behind the batch.
func (b *bare) end(after int64) {
	for was := b.from.Load(); was < after && !b.from.CompareAndSwap(was, after); was = b.from.Load() {
	}
	b.appending.Add(-1)
}

// Bare reports whether no record at or past an offset has headers, of those that were read before this is asked. If it says no there
// may be none all the same.
func (p *Partition) Bare(offset int64) bool {
	return p.bare.appending.Load() == 0 && p.bare.from.Load() <= offset
}
