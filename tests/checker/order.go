package checker

import (
	"maps"
	"slices"
)

// order is what the history says about one key's log: which value lies at which offset. Every poll feeds it,
// also one that failed (a consumer must never see unsafe data), and every send whose offset is known.
type order struct {
	at      map[int64][]string // values at an offset; more than one is an anomaly
	read    map[string]bool    // values that a poll returned
	offsets []int64            // all offsets, ascending
	index   map[int64]int      // position of an offset among offsets: gaps are no records
	where   map[string][]int64 // offsets of a value, ascending
}

func newOrder() *order {
	return &order{at: map[int64][]string{}, read: map[string]bool{}}
}

func (o *order) add(offset int64, value string) {
	if !slices.Contains(o.at[offset], value) {
		o.at[offset] = append(o.at[offset], value)
	}
}

// finish builds what is derived from the offsets, once all are in.
func (o *order) finish() {
	o.offsets = slices.Sorted(maps.Keys(o.at))
	o.index = make(map[int64]int, len(o.offsets))
	o.where = make(map[string][]int64, len(o.offsets))
	for i, offset := range o.offsets {
		o.index[offset] = i
		for _, v := range o.at[offset] {
			o.where[v] = append(o.where[v], offset)
		}
	}
}

// orders builds the order of every key.
func orders(ops []Op) map[string]*order {
	all := map[string]*order{}
	of := func(key string) *order {
		if all[key] == nil {
			all[key] = newOrder()
		}
		return all[key]
	}
	for i := range ops {
		op := &ops[i]
		switch op.Kind {
		case Send:
			if op.Outcome == OK && op.Offset >= 0 {
				of(op.Key).add(op.Offset, op.Value)
			}
		case Poll:
			for _, r := range op.Records {
				k := of(r.Key)
				k.add(r.Offset, r.Value)
				k.read[r.Value] = true
			}
		}
	}
	for _, o := range all {
		o.finish()
	}
	return all
}
