package groups

import (
	"cmp"
	"slices"

	"weir/metadata"
)

// spread computes who should have what of the partitions that have a state. Members that read the same topics share them
// all evenly; else each topic is shared evenly by those who read it.
func (s *shareGroup) spread(image *metadata.Image) map[string][]metadata.PartitionID {
	members := slices.Sorted(s.members.keys())
	target := make(map[string][]metadata.PartitionID, len(members))
	if len(members) == 0 {
		return target
	}
	for _, id := range members {
		target[id] = []metadata.PartitionID{}
	}
	var pools [][]metadata.PartitionID
	alike := true
	for _, id := range members {
		alike = alike && slices.Equal(s.members.at(id).topics, s.members.at(members[0]).topics)
	}
	for _, id := range topicIDs(s.states.made) {
		t := image.TopicByID(id)
		if t == nil || s.reading.at(t.Name) == 0 {
			continue
		}
		if len(pools) == 0 || !alike {
			pools = append(pools, nil)
		}
		last := &pools[len(pools)-1]
		for _, p := range s.states.made[id].below(len(t.Partitions)) {
			*last = append(*last, metadata.PartitionID{Topic: id, Index: p})
		}
	}
	for _, pool := range pools {
		if len(pool) == 0 {
			continue
		}
		readers := slices.DeleteFunc(slices.Clone(members), func(id string) bool {
			return !s.members.at(id).reads(image.TopicByID(pool[0].Topic).Name)
		})
		for id, list := range spreadPool(pool, readers, s.target.at) {
			target[id] = append(target[id], list...)
		}
	}
	for _, list := range target {
		slices.SortFunc(list, comparePartitions)
	}
	return target
}

// seat is a member that is to have a number of partitions of a pool.
type seat struct {
	id    string
	has   []metadata.PartitionID
	wants int
}

// spreadPool shares partitions among members so that each partition has as many members as the others, and each member as
// many partitions, or one more. With more members than partitions several have the same one. Who had a partition keeps it
// as far as that allows. (Kafka leaves a partition with fewer members where only a swap would help.)
func spreadPool(pool []metadata.PartitionID, members []string, had func(string) []metadata.PartitionID,
) map[string][]metadata.PartitionID {
	at := make(map[metadata.PartitionID]int, len(pool))
	for i, p := range pool {
		at[p] = i
	}
	holders := make([]int, len(pool))
	seats := make([]*seat, len(members))
	for i, id := range members {
		seats[i] = &seat{id: id}
		for _, p := range had(id) {
			if n, found := at[p]; found {
				holders[n]++
				seats[i].has = append(seats[i].has, p)
			}
		}
	}
	// Those who have most are to have one more, where that does not come out even.
	slices.SortStableFunc(seats, func(a, b *seat) int { return cmp.Compare(len(b.has), len(a.has)) })
	sharing := (len(members) + len(pool) - 1) / len(pool)
	each, more := sharing*len(pool)/len(members), sharing*len(pool)%len(members)
	for i, m := range seats {
		if m.wants = each; i < more {
			m.wants++
		}
	}
	for _, m := range seats {
		m.giveUpExcess(holders, at)
	}
	for _, m := range seats {
		m.has = slices.DeleteFunc(m.has, func(p metadata.PartitionID) bool {
			tooMany := holders[at[p]] > sharing
			if tooMany {
				holders[at[p]]--
			}
			return tooMany
		})
	}
	deal(pool, holders, seats, sharing)
	out := make(map[string][]metadata.PartitionID, len(seats))
	for _, m := range seats {
		out[m.id] = m.has
	}
	return out
}

// giveUpExcess takes from a member what is more than it is to have: first what most others have too.
func (m *seat) giveUpExcess(holders []int, at map[metadata.PartitionID]int) {
	if len(m.has) <= m.wants {
		return
	}
	slices.SortStableFunc(m.has, func(a, b metadata.PartitionID) int { return cmp.Compare(holders[at[a]], holders[at[b]]) })
	for _, p := range m.has[m.wants:] {
		holders[at[p]]--
	}
	m.has = m.has[:m.wants]
}

// deal gives the partitions that have too few members to those that have too few partitions, in turn.
func deal(pool []metadata.PartitionID, holders []int, seats []*seat, sharing int) {
	open := slices.DeleteFunc(slices.Clone(seats), func(m *seat) bool { return len(m.has) >= m.wants })
	next := 0
	for i, p := range pool {
		for passed := 0; holders[i] < sharing; {
			next %= len(open)
			m := open[next]
			switch has := holders[i] > 0 && slices.Contains(m.has, p); {
			case has && passed < len(open):
				next++
				passed++
				continue
			case has:
				m.swapFor(p, seats)
			default:
				m.has = append(m.has, p)
			}
			holders[i]++
			passed = 0
			if len(m.has) >= m.wants {
				open = slices.Delete(open, next, next+1)
			} else {
				next++
			}
		}
	}
}

// swapFor gives a partition, which all members have that want more, to one that does not have it, and m another of that
// one's. There is always one to be had: who lacks the partition has at least as many as m.
func (m *seat) swapFor(p metadata.PartitionID, seats []*seat) {
	for _, other := range seats {
		if slices.Contains(other.has, p) {
			continue
		}
		for i, q := range other.has {
			if !slices.Contains(m.has, q) {
				other.has[i] = p
				m.has = append(m.has, q)
				return
			}
		}
	}
}
