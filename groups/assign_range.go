package groups

import (
	"cmp"
	"slices"
)

// assignRange gives each member a run of each topic's partitions, so that topics with the same number of
// partitions and the same readers are shared in the same way. Static members come first, by their instance
// ids, so that they keep their place when they come back under another member id.
func assignRange(s *sharing) [][]int32 {
	order := make([]int, len(s.members))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		left, right := s.members[a], s.members[b]
		switch {
		case left.instanceID != nil && right.instanceID != nil:
			return cmp.Compare(*left.instanceID, *right.instanceID)
		case left.instanceID != nil:
			return -1
		case right.instanceID != nil:
			return 1
		}
		return cmp.Compare(left.id, right.id)
	})
	readers := make([][]int, len(s.topics))
	for _, m := range order {
		for _, t := range s.members[m].topics {
			readers[t] = append(readers[t], m)
		}
	}
	lists := make([][]int32, len(s.members))
	for t, topic := range s.topics {
		next := topic.first
		for i, m := range readers[t] {
			n := int(topic.size) / len(readers[t])
			if i < int(topic.size)%len(readers[t]) {
				n++
			}
			for range n {
				lists[m] = append(lists[m], next)
				next++
			}
		}
	}
	return lists
}
