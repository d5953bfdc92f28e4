package share

import (
	"encoding/binary"
	"fmt"
)

// Depth is how many records of a share partition are in which state. Together they are the group's lag.
type Depth struct {
	Available int64 // may be delivered now
	Unseen    int64 // of those, no member has come to: whether they are delayed, or wanted at all, is not known
	InFlight  int64 // held by members
	Delayed   int64 // not due yet
	Dying     int64 // given up, and their dead letters are not written yet
}

// DepthTag is the tagged field of DescribeShareGroupOffsets with which a client of ours asks for the depths of a group, and gets them with
// each partition: in the form of Append. Kafka has no such field, and nobody gets it who did not ask.
const DepthTag = 10_000

// Append appends the numbers, in the order of the fields, as big-endian int64.
func (d *Depth) Append(b []byte) []byte {
	for _, n := range d.fields() {
		b = binary.BigEndian.AppendUint64(b, uint64(*n))
	}
	return b
}

// ParseDepth reads what Append wrote, and passes over what a later broker may add.
func ParseDepth(b []byte) (Depth, error) {
	d := Depth{}
	for i, n := range d.fields() {
		if len(b) < 8*(i+1) {
			return d, fmt.Errorf("depth of %d bytes is cut short", len(b))
		}
		*n = int64(binary.BigEndian.Uint64(b[8*i:]))
	}
	return d, nil
}

func (d *Depth) fields() []*int64 {
	return []*int64{&d.Available, &d.Unseen, &d.InFlight, &d.Delayed, &d.Dying}
}

// Add adds what another has.
func (d *Depth) Add(e Depth) {
	more := e.fields()
	for i, n := range d.fields() {
		*n += *more[i]
	}
}

// Lag is how many records are not settled in a log that ends at an offset (KIP-1226); -1 where nobody has fetched.
func (o *Offsets) Lag(end int64) int64 {
	if o.Start < 0 {
		return -1
	}
	return max(end-o.Start-o.Complete, 0)
}

// Depth is that of a log that ends at an offset. A group that has begun nothing has none.
func (o *Offsets) Depth(end int64) Depth {
	if o.Start < 0 {
		return Depth{}
	}
	d := Depth{InFlight: o.InFlight, Delayed: o.Delayed, Dying: o.Dying}
	d.Available = max(o.Lag(end)-d.InFlight-d.Delayed-d.Dying, 0)
	d.Unseen = min(max(end-o.Known, 0), d.Available)
	return d
}
