package checker

import (
	"cmp"
	"math"
	"slices"
)

// checkKeys judges the order of records of one key: a record is delivered only when those before it are settled.
func checkKeys(s *Shared, r *Report, of map[Place][]*Delivery, letters map[Place][]Letter) {
	type line struct {
		key       string
		partition int32
	}
	lines := map[line][]int64{}
	for at, job := range s.Records {
		if job.Key != "" && !job.Unwanted {
			l := line{job.Key, at.Partition}
			lines[l] = append(lines[l], at.Offset)
		}
	}
	for l, offsets := range lines {
		slices.Sort(offsets)
		latest, slowest := int64(0), Place{} // of all before, which was settled last, and when at the earliest
		for _, offset := range offsets {
			at := Place{l.partition, offset}
			c := &judged{s, r, at, s.Records[at], of[at], letters[at]}
			if len(c.deliveries) > 0 && c.deliveries[0].Arrived < latest {
				c.found(OutOfOrder, "%v of key %s came %d ms before %v can have been settled", at, l.key, (latest-c.deliveries[0].Arrived)/ms, slowest)
			}
			if t := c.settled(); t > latest {
				latest, slowest = t, at
			}
		}
	}
}

// settled is when a record was settled at the earliest.
func (c *judged) settled() int64 {
	earliest := int64(math.MaxInt64)
	for _, d := range c.deliveries {
		if c.maybe(d) {
			earliest = min(earliest, d.Asked)
		}
	}
	for _, l := range c.letters {
		switch {
		case l.Cause == ByTime:
			earliest = c.job.Expires
		case l.Cause == ByLimit && len(c.deliveries) > 0:
			earliest = slices.MaxFunc(c.deliveries, func(a, b *Delivery) int { return cmp.Compare(a.Began, b.Began) }).Began
		case l.Cause == ByLimit:
			earliest = 0
		}
	}
	if earliest == math.MaxInt64 {
		return 0 // that it was never settled is told elsewhere
	}
	return earliest
}
