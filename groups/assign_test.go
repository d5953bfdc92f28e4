package groups

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"weir/metadata"
)

// sharingOf makes a problem: topics by their sizes, members by the topics that they read.
func sharingOf(sizes []int, reads [][]int) *sharing {
	s := &sharing{}
	for i, size := range sizes {
		id := metadata.TopicID{15: byte(i + 1)}
		s.topics = append(s.topics, sharedTopic{id, int32(s.total), int32(size)})
		s.total += size
	}
	for i, topics := range reads {
		m := subscriber{id: fmt.Sprintf("m%04d", i)}
		for _, t := range topics {
			m.topics = append(m.topics, int32(t))
		}
		s.members = append(s.members, m)
	}
	return s
}

// drawSharing makes any problem, with what was assigned before.
func drawSharing(t *rapid.T, same bool) *sharing {
	sizes := rapid.SliceOfN(rapid.IntRange(0, 12), 1, 6).Draw(t, "sizes")
	n := rapid.IntRange(1, 12).Draw(t, "members")
	subset := func(label string) []int {
		var topics []int
		for i := range sizes {
			if rapid.Bool().Draw(t, fmt.Sprint(label, i)) {
				topics = append(topics, i)
			}
		}
		return topics
	}
	all := subset("all")
	reads := make([][]int, n)
	for i := range reads {
		if reads[i] = all; !same {
			reads[i] = subset(fmt.Sprint("m", i))
		}
	}
	s := sharingOf(sizes, reads)
	if rapid.Bool().Draw(t, "racks") {
		names := []string{"", "a", "b", "c"}
		for i := range s.members {
			s.members[i].rack = rapid.SampledFrom(names).Draw(t, "rack")
		}
		for range s.total {
			s.racks = append(s.racks, []string{rapid.SampledFrom(names[1:]).Draw(t, "rack of partition")})
		}
	}
	for p := range s.total { // an earlier owner, or two
		for range 2 {
			m := &s.members[rapid.IntRange(0, n-1).Draw(t, "owner")]
			if s.reads(m, int32(p)) && !slices.Contains(m.had, int32(p)) && rapid.Bool().Draw(t, "had") {
				m.had = append(m.had, int32(p))
			}
		}
	}
	return s
}

func (s *sharing) topicOf(p int32) int32 {
	for i, t := range s.topics {
		if p >= t.first && p < t.first+t.size {
			return int32(i)
		}
	}
	panic("no such partition")
}

func (s *sharing) reads(m *subscriber, p int32) bool { return slices.Contains(m.topics, s.topicOf(p)) }

// checkComplete holds what every assignor must: each partition that is read belongs to exactly one member, who
// reads it.
func checkComplete(t *rapid.T, s *sharing, lists [][]int32) {
	owner := make(map[int32]int)
	for m, list := range lists {
		for _, p := range list {
			if other, twice := owner[p]; twice {
				t.Fatalf("partition %d belongs to %d and %d", p, other, m)
			}
			if owner[p] = m; !s.reads(&s.members[m], p) {
				t.Fatalf("member %d does not read partition %d", m, p)
			}
		}
	}
	for p := range int32(s.total) {
		read := slices.ContainsFunc(s.members, func(m subscriber) bool { return s.reads(&m, p) })
		if _, owned := owner[p]; owned != read {
			t.Fatalf("partition %d: read %v, assigned %v", p, read, owned)
		}
	}
}

// keptOf counts what members have again.
func keptOf(s *sharing, lists [][]int32) (kept int) {
	for m, list := range lists {
		for _, p := range list {
			if slices.Contains(s.members[m].had, p) {
				kept++
			}
		}
	}
	return kept
}

// Uniform, all read the same: numbers differ by one at most, and nobody could keep more.
func TestUniformSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSharing(t, true)
		lists := assignUniform(s)
		checkComplete(t, s, lists)
		total, low, high := 0, s.total, 0
		for _, list := range lists {
			total, low, high = total+len(list), min(low, len(list)), max(high, len(list))
		}
		if high-low > 1 {
			t.Fatalf("between %d and %d partitions", low, high)
		}
		first, _ := s.keep()
		most, more := 0, 0
		for _, had := range first {
			most += min(len(had), total/len(lists))
			if len(had) > total/len(lists) {
				more++
			}
		}
		most += min(more, total%len(lists))
		if kept := keptOf(s, lists); kept < most {
			t.Fatalf("%d partitions stay, %d could", kept, most)
		}
		checkAgain(t, s, lists)
	})
}

// Uniform, all read something else: no partition could move to a member with at least two fewer.
func TestUniformMixed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSharing(t, false)
		lists := assignUniform(s)
		checkComplete(t, s, lists)
		for from, list := range lists {
			for _, p := range list {
				for to := range lists {
					if len(list)-len(lists[to]) > 1 && s.reads(&s.members[to], p) {
						t.Fatalf("%d has %d, %d has %d, and partition %d could move", from, len(list), to, len(lists[to]), p)
					}
				}
			}
		}
		checkAgain(t, s, lists)
	})
}

// checkAgain holds that assigning again changes nothing, and that a member that leaves moves nothing but what
// it had, if the others can keep the balance.
func checkAgain(t *rapid.T, s *sharing, lists [][]int32) {
	for m := range s.members {
		s.members[m].had = slices.Sorted(slices.Values(lists[m]))
	}
	again := assignUniform(s)
	for m := range again {
		if slices.Sort(again[m]); !slices.Equal(again[m], s.members[m].had) {
			t.Fatalf("member %d had %v and gets %v", m, s.members[m].had, again[m])
		}
	}
	if len(s.members) < 2 || !s.homogeneous() {
		return
	}
	s.members = s.members[1:]
	rest := assignUniform(s)
	checkComplete(t, s, rest)
	for m := range rest {
		for _, p := range s.members[m].had {
			if !slices.Contains(rest[m], p) {
				t.Fatalf("a member left, and another lost partition %d", p)
			}
		}
	}
}

// Range: each topic in runs, in the order of the members, longer ones first; static members first.
func TestRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSharing(t, rapid.Bool().Draw(t, "same"))
		for i := range s.members {
			if rapid.Bool().Draw(t, "static") {
				instance := fmt.Sprintf("i%d", (i*7)%len(s.members))
				s.members[i].instanceID = &instance
			}
		}
		lists := assignRange(s)
		checkComplete(t, s, lists)
		order := make([]int, len(s.members))
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(a, b int) int { return s.before(a, b) })
		for i, topic := range s.topics {
			next, size := topic.first, s.total
			for _, m := range order {
				var run []int32
				for _, p := range lists[m] {
					if s.topicOf(p) == int32(i) {
						run = append(run, p)
					}
				}
				if len(run) > size && slices.Contains(s.members[m].topics, int32(i)) {
					t.Fatalf("topic %d: a later member has %d after %d", i, len(run), size)
				}
				if slices.Contains(s.members[m].topics, int32(i)) {
					if size < s.total && size-len(run) > 1 {
						t.Fatalf("topic %d: %d after %d", i, len(run), size)
					}
					size = len(run)
				}
				for _, p := range run {
					if p != next {
						t.Fatalf("topic %d: partition %d after %d", i, p, next)
					}
					next++
				}
			}
		}
	})
}

// before orders members as range does.
func (s *sharing) before(a, b int) int {
	key := func(m subscriber) string {
		if m.instanceID != nil {
			return "0" + *m.instanceID
		}
		return "1" + m.id
	}
	switch left, right := key(s.members[a]), key(s.members[b]); {
	case left < right:
		return -1
	case left > right:
		return 1
	}
	return 0
}

// Members get partitions that are near to them, where that costs no balance.
func TestUniformRacks(t *testing.T) {
	s := sharingOf([]int{6}, [][]int{{0}, {0}, {0}})
	for i, rack := range []string{"c", "a", "b"} {
		s.members[i].rack = rack
	}
	for _, rack := range []string{"a", "b", "c", "a", "b", "c"} {
		s.racks = append(s.racks, []string{rack})
	}
	for m, list := range assignUniform(s) {
		for _, p := range list {
			if !s.near(m, p) {
				t.Errorf("member in %s has partition %d in %s", s.members[m].rack, p, s.racks[p])
			}
		}
	}
}

// BenchmarkAssign assigns 10,000 partitions of 10 topics to 1,000 members: anew, and when one has left.
func BenchmarkAssign(b *testing.B) {
	var sizes []int
	for range 10 {
		sizes = append(sizes, 1000)
	}
	for _, kind := range []string{"same", "mixed", "range"} {
		reads := make([][]int, 1000)
		for i := range reads {
			for t := range sizes {
				if kind != "mixed" || (i+t)%2 == 0 || i%7 == t {
					reads[i] = append(reads[i], t)
				}
			}
		}
		assign := assignUniform
		if kind == "range" {
			assign = assignRange
		}
		s := sharingOf(sizes, reads)
		lists := assign(s)
		b.Run(kind+"/new", func(b *testing.B) {
			for b.Loop() {
				assign(s)
			}
		})
		for m := range s.members {
			s.members[m].had = slices.Sorted(slices.Values(lists[m]))
		}
		s.members = s.members[1:]
		b.Run(kind+"/left", func(b *testing.B) {
			for b.Loop() {
				assign(s)
			}
		})
	}
}

// BenchmarkShare is all that a new target of 1,000 members and 10,000 partitions takes, from the group's state
// to the lists of partitions.
func BenchmarkShare(b *testing.B) {
	d := metadata.Empty().Edit()
	c := newConsumer()
	var names []string
	for i := range 10 {
		t := &metadata.Topic{ID: metadata.NewTopicID(), Name: fmt.Sprintf("t%d", i)}
		t.Partitions = make([]metadata.Partition, 1000)
		d.PutTopic(t)
		names = append(names, t.Name)
	}
	image := d.Done()
	for i := range 1000 {
		m := newConsumerMember(fmt.Sprintf("m%04d", i))
		m.topics = names
		c.put(m.id, m)
	}
	for id, list := range c.share(image, AssignorUniform) {
		c.target.put(id, list)
	}
	c.put("m0000", nil)
	c.target.drop("m0000")
	b.ReportAllocs()
	for b.Loop() {
		c.share(image, AssignorUniform)
	}
}
