package index

import "weir/vfs"

// floor copies to p the last entry for which above is false; ok is false when there is none. As for search, above
// is false up to some entry and true from there on.
func (t *table) floor(above func(entry []byte) bool, p []byte) (ok bool, err error) {
	if len(t.pending) > 0 && !above(t.pending[:t.width]) {
		return t.floorOf(t.pending, above, p), nil
	}
	if t.flushed == 0 {
		return false, nil
	}
	if near := t.near.Load(); near != nil && t.surrounds(near, above) {
		return t.floorOf(near.entries, above, p), nil
	}
	near, err := t.readNear(above)
	if err != nil {
		return false, err
	}
	t.near.Store(near)
	return t.floorOf(near.entries, above, p), nil
}

// floorOf is floor among entries.
func (t *table) floorOf(entries []byte, above func([]byte) bool, p []byte) bool {
	i := searchBytes(entries, t.width, above)
	if i == 0 {
		return false
	}
	copy(p[:t.width], entries[(i-1)*t.width:])
	return true
}

// surrounds reports whether a search of the file would end within the stretch. That one which reaches the end of
// the file holds the answer too if none of it is above.
func (t *table) surrounds(near *stretch, above func([]byte) bool) bool {
	n := len(near.entries)
	if above(near.entries[:t.width]) {
		return near.from == 0
	}
	return above(near.entries[n-t.width:]) || near.from+n/t.width == t.flushed
}

// readNear reads the stretch of the file that a search ends in. It goes on past what was searched for: those who
// read on from there look up what follows.
func (t *table) readNear(above func([]byte) bool) (*stretch, error) {
	near := &stretch{}
	err := t.withFile(func(f vfs.File) error {
		lo, _, err := t.narrow(f, above)
		if err != nil {
			return err
		}
		near.from = max(lo-1, 0)
		near.entries = make([]byte, min(t.flushed-near.from, nearEntries)*t.width)
		return t.readFrom(f, near.from, near.entries)
	})
	return near, err
}

// narrow halves the range of entries in the file in which the first lies for which above is true, until it is no
// longer than blockEntries.
func (t *table) narrow(f vfs.File, above func([]byte) bool) (lo, hi int, err error) {
	var buf [maxWidth]byte
	lo, hi = 0, t.flushed
	for hi-lo > blockEntries {
		mid := lo + (hi-lo)/2
		if err := t.readFrom(f, mid, buf[:t.width]); err != nil {
			return 0, 0, err
		}
		if above(buf[:t.width]) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo, hi, nil
}
