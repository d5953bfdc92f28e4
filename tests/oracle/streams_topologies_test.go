package oracle

import (
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// tellTopology has a member of a group of its own join with a topology, and describes what came of it.
func tellTopology(s *session, label string, subs ...subtopology) {
	m := s.streamsMember(s.name(strings.ReplaceAll(label, " ", "-")), "m1", "p1", subs...)
	s.ask(label, m.joining())
	s.describeStreams(m.group)
}

func streamsTopologies(s *session) {
	topic := s.assignable()
	tellTopology(s, "no subtopology")
	tellTopology(s, "no source", reads("0"))
	tellTopology(s, "missing source", reads("0", topic, s.name("nowhere")))
	tellTopology(s, "many missing", reads("0", s.name("n1"), s.name("n2")), reads("1", s.name("n4"), s.name("n3"), s.name("n5")))
	tellTopology(s, "no name", reads("0", ""))
	tellTopology(s, "twice the source", reads("0", topic, topic))
	regex := reads("0", topic)
	regex.SourceTopicRegex = []string{"a.*"}
	tellTopology(s, "expression", regex)
	tellTopology(s, "internal source", reads("0", "__consumer_offsets"))
	changelog := reads("0", topic)
	changelog.StateChangelogTopics = repartition("__transaction_state", 0)
	tellTopology(s, "internal changelog", changelog)
	counted := reads("0", topic)
	counted.StateChangelogTopics = repartition(s.name("c1"), 3)
	tellTopology(s, "counted changelog", counted)
	odd := reads("0", topic)
	odd.StateChangelogTopics = repartition(s.name("a/b"), 0)
	tellTopology(s, "changelog with a bad name", odd)
	existing := reads("0", topic)
	s.topic("three", 3)
	s.madeTopics(s.name("three"))
	existing.StateChangelogTopics = repartition(s.name("three"), 0)
	tellTopology(s, "changelog of other size", existing)
	unwritten := reads("0", topic)
	unwritten.RepartitionSourceTopics = repartition(s.name("unwritten"), 0)
	tellTopology(s, "nobody writes", unwritten)
	loop := subtopology{SubtopologyID: "0", SourceTopics: []string{}, RepartitionSinkTopics: []string{s.name("loop")},
		RepartitionSourceTopics: repartition(s.name("loop"), 0)}
	tellTopology(s, "loop", loop)
	fixed := reads("0", topic)
	fixed.RepartitionSourceTopics = repartition(s.name("fixed"), 5)
	tellTopology(s, "fixed", fixed)
	negative := reads("0", topic)
	negative.RepartitionSourceTopics = repartition(s.name("negative"), -1)
	tellTopology(s, "negative", negative)
	many := reads("0", topic)
	for i := range 5 {
		many.StateChangelogTopics = append(many.StateChangelogTopics, repartition(fmt.Sprintf("%s%d", s.name("many"), i), 0)...)
	}
	m := s.streamsMember(s.name("many-internal"), "m1", "p1", many)
	resp, _ := s.must(m.at1()).(*kmsg.StreamsGroupHeartbeatResponse)
	s.note("many internal topics", fmt.Sprint(resp.ErrorCode, len(resp.Status), resp.Status[0].StatusCode,
		strings.HasSuffix(resp.Status[0].StatusDetail, " and 2 additional topics")))
	tellTopology(s, "twice the id", reads("0", topic), reads("0", s.name("three")))
}

func streamsCopartitions(s *session) {
	two := s.assignable()
	three, _ := s.topic("three", 3)
	s.madeTopics(three)
	beside := func(sub subtopology, groups ...together) subtopology {
		sub.CopartitionGroups = groups
		return sub
	}
	tellTopology(s, "two and three", beside(reads("0", two, three), together{SourceTopics: []int16{0, 1}}))
	tellTopology(s, "nothing", beside(reads("0", two), together{}))
	with := func(partitions int32) subtopology {
		sub := reads("0", three)
		sub.RepartitionSourceTopics = repartition(s.name(fmt.Sprint("r", partitions)), partitions)
		sub.RepartitionSinkTopics = []string{s.name(fmt.Sprint("r", partitions))}
		return beside(sub, together{SourceTopics: []int16{0}, RepartitionSourceTopics: []int16{0}})
	}
	tellTopology(s, "fitting", with(3))
	tellTopology(s, "not fitting", with(4))
	tellTopology(s, "free", with(0))
	both := reads("0")
	both.SourceTopics = []string{}
	both.RepartitionSourceTopics = slices.Concat(repartition(s.name("x"), 4), repartition(s.name("y"), 6))
	tellTopology(s, "fixed both", beside(both, together{RepartitionSourceTopics: []int16{0, 1}}))
	larger := reads("0")
	larger.SourceTopics = []string{}
	larger.RepartitionSourceTopics = slices.Concat(repartition(s.name("v"), 0), repartition(s.name("w"), 0))
	tellTopology(s, "free both", beside(larger, together{RepartitionSourceTopics: []int16{0, 1}}),
		writes(reads("1", two), s.name("v")), writes(reads("2", three), s.name("w")))
}

func writes(sub subtopology, topics ...string) subtopology {
	sub.RepartitionSinkTopics = topics
	return sub
}

// streamsChange has members come with topologies that are not the group's.
func streamsChange(s *session) {
	topic := s.assignable()
	other, _ := s.topic("other", 1)
	s.madeTopics(other)
	group := s.name("g")
	first := s.streamsMember(group, "m1", "p1", reads("0", topic))
	first.topologyEpoch = 1
	first.join()
	with := func(id string, epoch int32, topic string) *streamsMember {
		m := s.streamsMember(group, id, id, reads("0", topic))
		m.topologyEpoch = epoch
		return m
	}
	old := with("older", 0, topic)
	old.join()
	first.owns()
	old.owns()
	old.beat()
	s.describeStreams(group)
	with("older-and-other", 0, other).join()
	with("other", 1, other).join()
	with("newer", 2, topic).join()
	with("newer-and-other", 2, other).join()
	first.join()
	for _, m := range []string{"m1", "older", "older-and-other"} {
		gone := s.streamsMember(group, m, m)
		gone.leave()
	}
	s.describeStreams(group)
	with("newer", 2, other).join()
	with("other", 1, other).join()
	with("same", 1, topic).join()
	s.describeStreams(group)
}
