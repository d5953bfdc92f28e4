package groups

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"weir/metadata"
)

// TestSpread has members come and go, read other topics, and topics grow. Every partition that is read has a member, of one
// that all read none has more than are needed, members have as many as each other, and what did not have to move has not.
func TestSpread(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newShareGroup()
		topics := map[string]int{"a": 1, "b": 1}
		for range rapid.IntRange(1, 8).Draw(t, "rounds") {
			for name := range topics {
				topics[name] += rapid.IntRange(0, 5).Draw(t, name)
			}
			for i := range 7 {
				id := fmt.Sprint("m", i)
				switch rapid.IntRange(0, 2).Draw(t, id) {
				case 0:
					reads := rapid.SampledFrom([][]string{{"a", "b"}, {"a", "b"}, {"a"}, {"b"}}).Draw(t, "reads")
					s.put(id, &shareMember{id: id, topics: reads})
				case 1:
					s.put(id, nil)
					s.target.drop(id)
				}
			}
			image := clusterOf(1, topics)
			for _, topic := range image.Topics() {
				s.states = s.states.finish(topic.ID, shareTopic{topic.Name, absent(nil, int32(len(topic.Partitions)))}, true)
			}
			target := s.spread(image)
			checkSpread(t, s, image, target)
			for id, list := range target {
				s.target.put(id, list)
			}
			for id, again := range s.spread(image) {
				if !slices.Equal(again, target[id]) {
					t.Fatalf("%s had %v and has %v though nothing changed", id, target[id], again)
				}
			}
		}
	})
}

func checkSpread(t *rapid.T, s *shareGroup, image *metadata.Image, target map[string][]metadata.PartitionID) {
	if len(target) != s.members.len() {
		t.Fatalf("%d of %d members have a target", len(target), s.members.len())
	}
	holders := make(map[metadata.PartitionID]int)
	alike, least, most := true, 1<<30, 0
	var reads []string
	for id, list := range target {
		mem := s.members.at(id)
		alike = alike && (reads == nil || slices.Equal(reads, mem.topics))
		reads = mem.topics
		least, most = min(least, len(list)), max(most, len(list))
		if !slices.IsSortedFunc(list, comparePartitions) || len(slices.Compact(slices.Clone(list))) != len(list) {
			t.Fatalf("%s has %v", id, list)
		}
		for _, p := range list {
			if !mem.reads(image.TopicByID(p.Topic).Name) {
				t.Fatalf("%s has %v and reads %v", id, p, mem.topics)
			}
			holders[p]++
		}
	}
	total := 0
	for _, topic := range image.Topics() {
		readers := s.reading.at(topic.Name)
		if readers == 0 {
			continue
		}
		total += len(topic.Partitions)
		for i := range topic.Partitions {
			p := metadata.PartitionID{Topic: topic.ID, Index: int32(i)}
			if needed := (readers + len(topic.Partitions) - 1) / len(topic.Partitions); !alike && holders[p] != needed {
				t.Fatalf("%s %d has %d members of %d, %d are needed", topic.Name, i, holders[p], readers, needed)
			}
		}
	}
	if !alike || len(target) == 0 {
		return
	}
	for p, n := range holders {
		if sharing := (len(target) + total - 1) / total; n != sharing {
			t.Fatalf("%v has %d members, not %d", p, n, sharing)
		}
	}
	if most-least > 1 {
		t.Fatalf("%d partitions among %d members, %d to %d each", total, len(target), least, most)
	}
}

// TestSpreadMovesLittle has one member more, and one less: what stays is what can.
func TestSpreadMovesLittle(t *testing.T) {
	s := newShareGroup()
	image := clusterOf(1, map[string]int{"a": 12})
	for _, topic := range image.Topics() {
		s.states = s.states.finish(topic.ID, shareTopic{"a", absent(nil, 12)}, true)
	}
	spread := func() (moved int) {
		for id, list := range s.spread(image) {
			for _, p := range list {
				if !slices.Contains(s.target.at(id), p) {
					moved++
				}
			}
			s.target.put(id, list)
		}
		return moved
	}
	for i, want := range []int{12, 6, 4, 3} {
		id := fmt.Sprint("m", i)
		s.put(id, &shareMember{id: id, topics: []string{"a"}})
		if moved := spread(); moved != want {
			t.Errorf("member %d of %d: %d partitions moved, not %d", i+1, 4, moved, want)
		}
	}
	s.put("m1", nil)
	s.target.drop("m1")
	if moved := spread(); moved != 3 {
		t.Errorf("a member left: %d partitions moved, not its 3", moved)
	}
}

// A hundred thousand partitions are spread in no time to speak of, whoever comes.
func BenchmarkSpread(b *testing.B) {
	s := newShareGroup()
	image := clusterOf(1, map[string]int{"a": 100_000})
	for _, topic := range image.Topics() {
		s.states = s.states.finish(topic.ID, shareTopic{"a", absent(nil, 100_000)}, true)
	}
	for b.Loop() {
		for i := range 3 {
			id := fmt.Sprint("m", i)
			s.put(id, &shareMember{id: id, topics: []string{"a"}})
			for id, list := range s.spread(image) {
				s.target.put(id, list)
			}
		}
		s.members, s.target, s.reading = few[string, *shareMember]{}, few[string, []metadata.PartitionID]{}, counts[string]{}
	}
}
