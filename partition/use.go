package partition

import "sync/atomic"

// TrackUse has the partition remember when it was used last, from now on, or no more.
func (p *Partition) TrackUse(on bool) {
	switch {
	case !on:
		p.used.Store(nil)
	case p.used.Load() == nil:
		at := new(atomic.Int64)
		at.Store(p.clk.Now().UnixMilli())
		p.used.Store(at)
	}
}

// LastUse is when the partition was last read from or appended to, in ms since the Unix epoch: not before TrackUse. It is false if that
// is not tracked.
func (p *Partition) LastUse() (ms int64, tracked bool) {
	at := p.used.Load()
	if at == nil {
		return 0, false
	}
	return at.Load(), true
}

func (p *Partition) use() {
	if at := p.used.Load(); at != nil {
		at.Store(p.clk.Now().UnixMilli())
	}
}
