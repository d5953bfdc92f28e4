package groups

import "slices"

// assignUniform gives all members the same number of partitions, give or take one, and lets them keep as many
// as that allows. Where partitions have racks, members get those near to them before others.
//
// If members read different topics the numbers are as equal as the subscriptions let them be: no partition
// could move to a member that has at least two fewer.
func assignUniform(s *sharing) [][]int32 {
	if len(s.members) == 0 {
		return nil
	}
	if !s.homogeneous() {
		return assignMixed(s)
	}
	kept, owned := s.keep()
	total := 0
	for _, t := range s.members[0].topics {
		total += int(s.topics[t].size)
	}
	least, extra := total/len(s.members), total%len(s.members)
	quota := make([]int, len(s.members))
	for i := range quota { // one more for those who have more already
		quota[i] = least
		if extra > 0 && len(kept[i]) > least {
			quota[i]++
			extra--
		}
	}
	for i := range quota { // and for the first others
		if extra > 0 && quota[i] == least {
			quota[i]++
			extra--
		}
	}
	for i := range kept {
		s.drop(i, &kept[i], quota[i], owned)
	}
	rest := s.free(owned)
	if s.racks != nil {
		rest = s.fill(kept, quota, rest, true)
	}
	s.fill(kept, quota, rest, false)
	return kept
}

// keep gives each member what it had. A partition that several had stays with the first.
func (s *sharing) keep() (kept [][]int32, owned []bool) {
	kept, owned = make([][]int32, len(s.members)), make([]bool, s.total)
	for i := range s.members {
		kept[i] = make([]int32, 0, max(len(s.members[i].had), s.total/len(s.members)+1))
		for _, p := range s.members[i].had {
			if !owned[p] {
				owned[p] = true
				kept[i] = append(kept[i], p)
			}
		}
	}
	return kept, owned
}

// drop takes from a member what is more than its quota: what is far from it first, then the highest numbers.
func (s *sharing) drop(m int, list *[]int32, quota int, owned []bool) {
	if len(*list) <= quota {
		return
	}
	if s.racks != nil {
		slices.SortStableFunc(*list, func(a, b int32) int {
			switch near := s.near(m, a); {
			case near == s.near(m, b):
				return 0
			case near:
				return -1
			}
			return 1
		})
	}
	for _, p := range (*list)[quota:] {
		owned[p] = false
	}
	*list = (*list)[:quota]
}

// fill gives partitions to members that have less than their quota, in turns, so that each topic is spread
// over the members. With near set only partitions that are near to a member are given to it. It returns what
// nobody got.
func (s *sharing) fill(lists [][]int32, quota []int, partitions []int32, near bool) (rest []int32) {
	var hungry []int
	for i := range lists {
		if len(lists[i]) < quota[i] {
			hungry = append(hungry, i)
		}
	}
	next := 0
	for _, p := range partitions {
		given := false
		for range hungry {
			if next >= len(hungry) {
				next = 0
			}
			m := hungry[next]
			if near && !s.near(m, p) {
				next++
				continue
			}
			lists[m] = append(lists[m], p)
			given = true
			if len(lists[m]) == quota[m] {
				hungry = slices.Delete(hungry, next, next+1)
			} else {
				next++
			}
			break
		}
		if !given {
			rest = append(rest, p)
		}
	}
	return rest
}
