package groups

import (
	"cmp"
	"slices"
)

// mixed is an assignment in the making of a group whose members read different topics.
type mixed struct {
	*sharing
	load    []int   // by member, the length of its list
	readers [][]int // by topic, the members that read it
	owner   []int   // by partition, the member that has it; -1: none
	gained  []bool  // by partition, whether its member did not have it before
}

// assignMixed lets members keep what they have, gives what is left to whoever has least, and then moves
// partitions, one by one, from members with more to members with fewer, as long as that makes the two more
// equal.
func assignMixed(s *sharing) [][]int32 {
	x := &mixed{sharing: s, load: make([]int, len(s.members)), readers: make([][]int, len(s.topics)),
		owner: make([]int, s.total), gained: make([]bool, s.total)}
	for p := range x.owner {
		x.owner[p] = -1
	}
	kept, owned := s.keep()
	for m := range s.members {
		x.load[m] = len(kept[m])
		for _, p := range kept[m] {
			x.owner[p] = m
		}
		for _, t := range s.members[m].topics {
			x.readers[t] = append(x.readers[t], m)
		}
	}
	order := x.hardest()
	for _, t := range order {
		x.spread(t, owned)
	}
	for moved := true; moved; { // ends: each move makes the sum of the squares of the loads smaller
		moved = false
		for _, t := range order {
			moved = x.balance(t) || moved
		}
	}
	for m := range kept {
		kept[m] = kept[m][:0:0]
	}
	for p, m := range x.owner {
		if m >= 0 {
			kept[m] = append(kept[m], int32(p))
		}
	}
	return kept
}

// hardest gives the topics that are read, those with most partitions for each of their readers first.
func (x *mixed) hardest() []int {
	var order []int
	for t := range x.topics {
		if len(x.readers[t]) > 0 && x.topics[t].size > 0 {
			order = append(order, t)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		left, right := int(x.topics[a].size)*len(x.readers[b]), int(x.topics[b].size)*len(x.readers[a])
		return cmp.Or(cmp.Compare(right, left), cmp.Compare(len(x.readers[a]), len(x.readers[b])))
	})
	return order
}

// spread gives a topic's free partitions to its readers with the fewest, near ones first among equals.
func (x *mixed) spread(t int, owned []bool) {
	least := newLoadHeap(x.readers[t], func(a, b int) bool { return x.load[a] < x.load[b] })
	topic := x.topics[t]
	for p := topic.first; p < topic.first+topic.size; p++ {
		if owned[p] {
			continue
		}
		m := least.first()
		if x.racks != nil && !x.near(m, p) {
			m = x.nearest(t, p, m)
		}
		x.owner[p], x.gained[p] = m, true
		x.load[m]++
		least.fix(m)
	}
}

// nearest gives a member with the load of m that a partition is near to; m if there is none.
func (x *mixed) nearest(t int, p int32, m int) int {
	for _, other := range x.readers[t] {
		if x.load[other] == x.load[m] && x.near(other, p) {
			return other
		}
	}
	return m
}

// balance moves partitions of a topic between its readers, and tells whether it moved any.
func (x *mixed) balance(t int) (moved bool) {
	if len(x.readers[t]) < 2 {
		return false
	}
	low, high := x.load[x.readers[t][0]], x.load[x.readers[t][0]]
	for _, m := range x.readers[t] {
		low, high = min(low, x.load[m]), max(high, x.load[m])
	}
	if high-low < 2 {
		return false
	}
	has := make(map[int][]int32) // what each has of the topic; what it gained stands last, to go first
	topic := x.topics[t]
	for _, gained := range []bool{false, true} {
		for p := topic.first; p < topic.first+topic.size; p++ {
			if x.gained[p] == gained {
				has[x.owner[p]] = append(has[x.owner[p]], p)
			}
		}
	}
	var owners []int
	for _, m := range x.readers[t] {
		if len(has[m]) > 0 {
			owners = append(owners, m)
		}
	}
	least := newLoadHeap(x.readers[t], func(a, b int) bool { return x.load[a] < x.load[b] })
	most := newLoadHeap(owners, func(a, b int) bool { return x.load[a] > x.load[b] })
	for most.len() > 0 {
		from, to := most.first(), least.first()
		if x.load[from]-x.load[to] < 2 {
			break
		}
		if len(has[from]) == 0 {
			most.drop(from)
			continue
		}
		last := len(has[from]) - 1
		p := has[from][last]
		has[from] = has[from][:last]
		x.owner[p], x.gained[p] = to, true
		x.load[from]--
		x.load[to]++
		least.fix(from)
		least.fix(to)
		most.fix(from)
		most.fix(to)
		moved = true
	}
	return moved
}
