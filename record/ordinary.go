package record

import (
	"encoding/binary"
	"math"
)

// ordinary passes over records that need no more said about them: whole and in order, with integers of three bytes at most
// (lengths of key and value: two), inside the topic's rules. Nearly every record is one, and costs a few branches that hardly
// ever go another way; all others, what is broken above all, are left to cursor.next and to [Rules], which know why.
type ordinary struct {
	base     int64 // the batch's base timestamp
	from, to int64 // timestamps that keep the rules
	newest   int64 // of those passed
	headers  bool  // some of those passed has any
	size     int64 // the largest record
	keyed    bool  // every record needs a key
}

// ordinaryAhead is what the loop of [ordinary.pass] wants to have before it: more than all integers of a record up to its key's length.
const ordinaryAhead = 24

// ordinaryOf gives what is ordinary for the batch.
func ordinaryOf(b *Batch, r *Rules, maxRecord int64) ordinary {
	o := ordinary{base: b.BaseTimestamp, from: math.MinInt64, to: math.MaxInt64, newest: NoTimestamp, size: maxRecord, keyed: r.RequireKeys}
	if r.TimestampType == LogAppendTime {
		if b.LogAppendTime() {
			o.from, o.to = 1, 0 // none
		}
		return o
	}
	o.from, o.to = max(0, subtract(r.NowMs, r.BeforeMaxMs)), add(r.NowMs, r.AfterMaxMs)
	return o
}

// pass goes on with record i of count at b[p:]; it gives the number and the position of the first record that it has not passed.
func (o *ordinary) pass(b []byte, p int, i, count int32) (int, int32) {
	newest := o.newest
	for i < count && p+ordinaryAhead <= len(b) {
		in := (*[ordinaryAhead]byte)(b[p : p+ordinaryAhead : p+ordinaryAhead])
		size, n := shortVarint(binary.LittleEndian.Uint64(in[:8]))
		end := p + int(n) + int(size>>1)
		at := n + 1 // attributes: no bit is in use
		delta, m := shortVarint(binary.LittleEndian.Uint64(in[at : at+8]))
		at += m
		timestamp := o.base + (int64(delta>>1) ^ -int64(delta&1))
		w := binary.LittleEndian.Uint64(in[at : at+8])
		offset, k := shortVarint(w)
		if n == 0 || m == 0 || k == 0 {
			break
		}
		w >>= 8 * k & 63
		at += k
		if size&1 != 0 || int64(size>>1) > o.size || offset != uint64(i)<<1 || timestamp < o.from || timestamp > o.to {
			break
		}
		q := p + int(at)
		if w&0xff == 1 { // no key
			if o.keyed {
				break
			}
			q++
		} else if q = passField(w, q); q < 0 {
			break
		}
		if q+8 > len(b) {
			break
		}
		w = binary.LittleEndian.Uint64(b[q : q+8])
		if w&0xff == 1 { // no value
			q++
		} else if q = passField(w, q); q < 0 {
			break
		}
		if q >= end || end > len(b) {
			break
		}
		if b[q] != 0 {
			some, ok := scanHeaders(b[q:end])
			if !ok {
				break
			}
			o.headers = o.headers || some
		} else if q+1 != end {
			break
		}
		newest = max(newest, timestamp)
		p = end
		i++
	}
	o.newest = newest
	return p, i
}

// shortVarint reads an integer of at most three bytes, as it lies zig-zag, and gives its length; that is 0 if it has more.
func shortVarint(w uint64) (v, n uint64) {
	if w&0x80 == 0 {
		return w & 0x7f, 1
	}
	if w&0x8000 == 0 {
		return w&0x7f | w>>1&0x3f80, 2
	}
	if w&0x800000 == 0 {
		return w&0x7f | w>>1&0x3f80 | w>>2&0x1fc000, 3
	}
	return 0, 0
}

// passField gives the position behind a field at q whose length, of at most two bytes, begins w; -1 if it is longer or null.
func passField(w uint64, q int) int {
	if w&0x81 == 0 {
		return q + 1 + int(w&0x7f>>1)
	}
	if w&0x8081 == 0x80 {
		return q + 2 + int((w&0x7f|w>>1&0x3f80)>>1)
	}
	return -1
}
