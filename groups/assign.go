package groups

import (
	"slices"
	"strings"

	"weir/metadata"
)

// Assignors that the coordinator has, as Kafka names them.
const (
	AssignorUniform = "uniform"
	AssignorRange   = "range"
)

// assignors are pure: the same sharing always comes out the same way.
var assignors = map[string]func(s *sharing) [][]int32{
	AssignorUniform: assignUniform,
	AssignorRange:   assignRange,
}

// sharing is what an assignor is asked: who reads which topics, and who had what before. Partitions are
// numbered through all topics: partition i of topic t is topics[t].first+i.
type sharing struct {
	topics  []sharedTopic // sorted by id
	members []subscriber  // sorted by member id
	racks   [][]string    // by partition, the racks of its replicas; nil if that makes no difference
	total   int           // partitions of all topics
}

type sharedTopic struct {
	id    metadata.TopicID
	first int32 // number of partition 0
	size  int32
}

// subscriber is one member as an assignor sees it.
type subscriber struct {
	id         string
	instanceID *string
	rack       string
	topics     []int32 // indexes in sharing.topics, sorted
	had        []int32 // partitions of the last target that are still there and read by it, sorted
}

// share computes who gets what; the result is by member id.
func (c *consumer) share(image *metadata.Image, assignor string) map[string][]metadata.PartitionID {
	s := c.sharing(image)
	lists := assignors[assignor](s)
	result := make(map[string][]metadata.PartitionID, len(lists))
	for i, numbers := range lists {
		slices.Sort(numbers)
		list := make([]metadata.PartitionID, 0, len(numbers))
		t := 0
		for _, n := range numbers {
			for n >= s.topics[t].first+s.topics[t].size {
				t++
			}
			list = append(list, metadata.PartitionID{Topic: s.topics[t].id, Index: n - s.topics[t].first})
		}
		result[s.members[i].id] = list
	}
	return result
}

// sharing describes the group to an assignor. Topics that do not exist are left out.
func (c *consumer) sharing(image *metadata.Image) *sharing {
	s := &sharing{}
	var topics []*metadata.Topic
	for name := range c.topics() {
		if t := image.Topic(name); t != nil {
			topics = append(topics, t)
		}
	}
	slices.SortFunc(topics, func(a, b *metadata.Topic) int { return slices.Compare(a.ID[:], b.ID[:]) })
	index := make(map[string]int32, len(topics))
	for i, t := range topics {
		index[t.Name] = int32(i)
		s.topics = append(s.topics, sharedTopic{t.ID, int32(s.total), int32(len(t.Partitions))})
		s.total += len(t.Partitions)
	}
	lists := make(map[string][]int32) // by subscription, for most members have the same
	for _, m := range c.members.all() {
		sub := subscriber{id: m.id, instanceID: m.instanceID, topics: c.topicsOf(m, index, lists)}
		if m.rackID != nil {
			sub.rack = *m.rackID
		}
		sub.had = s.numbers(c.target.at(m.id), sub.topics)
		s.members = append(s.members, sub)
	}
	slices.SortFunc(s.members, func(a, b subscriber) int { return strings.Compare(a.id, b.id) })
	s.racks = s.racksIn(image, topics)
	return s
}

// topicsOf gives the topics that a member reads, by index.
func (c *consumer) topicsOf(m *consumerMember, index map[string]int32, lists map[string][]int32) []int32 {
	key := m.regexOrNone() + "\x00" + strings.Join(m.topics, "\x00")
	if list, known := lists[key]; known {
		return list
	}
	names := m.topics
	if r := c.regexes.at(m.regexOrNone()); r != nil {
		names = sortedSet(slices.Concat(names, r.topics))
	}
	list := make([]int32, 0, len(names))
	for _, name := range names {
		if i, exists := index[name]; exists {
			list = append(list, i)
		}
	}
	slices.Sort(list)
	lists[key] = list
	return list
}

// numbers gives those of a list of partitions that exist and are of the given topics.
func (s *sharing) numbers(list []metadata.PartitionID, topics []int32) []int32 {
	had := make([]int32, 0, len(list))
	for _, p := range list {
		for len(topics) > 0 && slices.Compare(s.topics[topics[0]].id[:], p.Topic[:]) < 0 {
			topics = topics[1:]
		}
		if len(topics) == 0 {
			break
		}
		if t := s.topics[topics[0]]; t.id == p.Topic && p.Index >= 0 && p.Index < t.size {
			had = append(had, t.first+p.Index)
		}
	}
	return had
}

// racksIn gives the racks of every partition; nil if no member tells its rack, or all partitions are in the
// same ones.
func (s *sharing) racksIn(image *metadata.Image, topics []*metadata.Topic) [][]string {
	if !slices.ContainsFunc(s.members, func(m subscriber) bool { return m.rack != "" }) {
		return nil
	}
	racks, differ := make([][]string, 0, s.total), false
	for _, t := range topics {
		for i := range t.Partitions {
			racks = append(racks, racksOf(image, &t.Partitions[i]))
			differ = differ || !slices.Equal(racks[0], racks[len(racks)-1])
		}
	}
	if !differ {
		return nil
	}
	return racks
}

// near tells whether a replica of a partition is in a member's rack.
func (s *sharing) near(m int, partition int32) bool {
	rack := s.members[m].rack
	return s.racks != nil && rack != "" && slices.Contains(s.racks[partition], rack)
}

// homogeneous tells whether all members read the same topics.
func (s *sharing) homogeneous() bool {
	for i := range s.members {
		if !slices.Equal(s.members[i].topics, s.members[0].topics) {
			return false
		}
	}
	return true
}

// free gives the partitions that a member may read and nobody holds, in order.
func (s *sharing) free(owned []bool) []int32 {
	read := make([]bool, len(s.topics))
	for i := range s.members {
		if i > 0 && len(s.members[i].topics) > 0 && len(s.members[i-1].topics) > 0 &&
			&s.members[i].topics[0] == &s.members[i-1].topics[0] {
			continue // the same list
		}
		for _, t := range s.members[i].topics {
			read[t] = true
		}
	}
	var list []int32
	for t := range s.topics {
		for p := s.topics[t].first; read[t] && p < s.topics[t].first+s.topics[t].size; p++ {
			if !owned[p] {
				list = append(list, p)
			}
		}
	}
	return list
}
