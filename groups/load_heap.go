package groups

import "container/heap"

// loadHeap keeps members in the order of their load. Of equals the one with the lower number comes first.
type loadHeap struct {
	members []int
	at      map[int]int // place in members
	before  func(a, b int) bool
}

func newLoadHeap(members []int, before func(a, b int) bool) *loadHeap {
	h := &loadHeap{members: append([]int{}, members...), at: make(map[int]int, len(members)), before: before}
	for i, m := range h.members {
		h.at[m] = i
	}
	heap.Init((*loadOrder)(h))
	return h
}

func (h *loadHeap) len() int { return len(h.members) }

func (h *loadHeap) first() int { return h.members[0] }

// fix puts a member where it belongs after its load has changed; one that is not in the heap is passed over.
func (h *loadHeap) fix(m int) {
	if i, in := h.at[m]; in {
		heap.Fix((*loadOrder)(h), i)
	}
}

func (h *loadHeap) drop(m int) { heap.Remove((*loadOrder)(h), h.at[m]) }

// loadOrder is a loadHeap as package heap wants it.
type loadOrder loadHeap

func (h *loadOrder) Len() int { return len(h.members) }

func (h *loadOrder) Less(i, j int) bool {
	a, b := h.members[i], h.members[j]
	if h.before(a, b) || h.before(b, a) {
		return h.before(a, b)
	}
	return a < b
}

func (h *loadOrder) Swap(i, j int) {
	h.members[i], h.members[j] = h.members[j], h.members[i]
	h.at[h.members[i]], h.at[h.members[j]] = i, j
}

func (h *loadOrder) Push(x any) {
	h.at[x.(int)] = len(h.members)
	h.members = append(h.members, x.(int))
}

func (h *loadOrder) Pop() any {
	last := len(h.members) - 1
	m := h.members[last]
	h.members = h.members[:last]
	delete(h.at, m)
	return m
}
