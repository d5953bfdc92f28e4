package groups

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"weir/metadata"
)

// layout is what a topology comes to with the topics that there are (InternalTopicManager).
type layout struct {
	tasks    map[string]int32 // how many a subtopology has; nil unless the group can run
	stateful map[string]bool  // subtopologies with state
	names    map[string]struct{}
	internal map[string]int32 // partitions that the internal topics are to have; nil if that is not known
	missing  []InternalTopic  // to be made
	problem  *StreamsStatus   // nil if the group can run
	err      error            // no topics would make the topology run: nobody may join with it
}

// counting counts the partitions of the topics of a topology: those that there are have what they have, the others what
// was decided.
type counting struct {
	*topology
	image   *metadata.Image
	decided map[string]int32
}

func (c *counting) of(name string) (n int32, known bool) {
	if t := c.image.Topic(name); t != nil {
		return int32(len(t.Partitions)), true
	}
	n, known = c.decided[name]
	return n, known
}

// most gives the most partitions that an input of a subtopology has.
func (c *counting) most(s *Subtopology) int32 {
	most := int32(0)
	for _, name := range s.inputs() {
		n, _ := c.of(name)
		most = max(most, n)
	}
	return most
}

// layOut counts partitions: of the sources first, then of repartition topics from those who write them, then of
// changelogs.
func layOut(t *topology, image *metadata.Image) *layout {
	l := &layout{stateful: make(map[string]bool), names: make(map[string]struct{})}
	c := &counting{t, image, make(map[string]int32)}
	var absent []string
	for i := range t.Subtopologies {
		s := &t.Subtopologies[i]
		l.stateful[s.ID] = len(s.Changelogs) > 0
		for _, topic := range slices.Concat(s.Repartition, s.Changelogs) {
			l.names[topic.Name] = struct{}{}
		}
		for _, name := range s.Sources {
			l.names[name] = struct{}{}
			if image.Topic(name) == nil {
				absent = append(absent, name)
			}
		}
	}
	if len(absent) > 0 {
		return l.fail(StatusMissingSourceTopics, "Source topics %s are missing.", summary(sortedSet(absent)))
	}
	if l.err = c.countRepartition(); l.err != nil {
		return l
	}
	if l.problem = c.copartition(); l.problem != nil {
		return l
	}
	tasks := make(map[string]int32)
	for i := range t.Subtopologies {
		s := &t.Subtopologies[i]
		if len(s.inputs()) == 0 {
			l.err = refuse(ErrInvalidTopology, "No source topics found for subtopology %s", s.ID)
			return l
		}
		tasks[s.ID] = c.most(s)
		for _, topic := range s.Changelogs {
			c.decided[topic.Name] = tasks[s.ID]
		}
	}
	l.internal = c.decided
	return l.compare(t, image, tasks)
}

func (l *layout) fail(code StatusCode, format string, args ...any) *layout {
	l.problem = &StreamsStatus{code, fmt.Sprintf(format, args...)}
	return l
}

// compare looks whether internal topics are there and are as they must be.
func (l *layout) compare(t *topology, image *metadata.Image, tasks map[string]int32) *layout {
	absent := make(map[string]InternalTopic)
	for i := range t.Subtopologies {
		s := &t.Subtopologies[i]
		for _, topic := range slices.Concat(s.Repartition, s.Changelogs) {
			topic.Partitions = l.internal[topic.Name]
			found := image.Topic(topic.Name)
			if found == nil {
				absent[topic.Name] = topic
			} else if n := int32(len(found.Partitions)); n != topic.Partitions {
				return l.fail(StatusIncorrectlyPartitioned, "Existing topic %s has different number of partitions: "+
					"expected %d, found %d", topic.Name, topic.Partitions, n)
			}
		}
	}
	if len(absent) > 0 {
		names := slices.Sorted(maps.Keys(absent))
		for _, name := range names {
			l.missing = append(l.missing, absent[name])
		}
		return l.fail(StatusMissingInternalTopics, "Internal topics are missing: %s", summary(names))
	}
	l.tasks = tasks
	return l
}

// described gives the topology with the partitions that its internal topics have, once the group can run, in the order
// in which administrators are shown it.
func (l *layout) described(t *topology) *Topology {
	d := &Topology{Epoch: t.Epoch, Subtopologies: slices.Clone(t.Subtopologies)}
	byID := func(a, b Subtopology) int { return strings.Compare(a.ID, b.ID) }
	slices.SortFunc(d.Subtopologies, byID)
	for i := range d.Subtopologies {
		s := &d.Subtopologies[i]
		s.Sources, s.Sinks = slices.Sorted(slices.Values(s.Sources)), slices.Sorted(slices.Values(s.Sinks))
		s.Repartition, s.Changelogs = l.describedTopics(s.Repartition), l.describedTopics(s.Changelogs)
	}
	return d
}

func (l *layout) describedTopics(list []InternalTopic) []InternalTopic {
	list = slices.Clone(list)
	for i := range list {
		if l.problem == nil && l.err == nil {
			list[i].Partitions = l.internal[list[i].Name]
		}
	}
	slices.SortFunc(list, func(a, b InternalTopic) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// countRepartition counts partitions of repartition topics: as told, or as many as the largest topic known that those
// who write it read. A topic may stand behind others, so it goes round until all are counted (RepartitionTopics).
func (c *counting) countRepartition() error {
	for i := range c.Subtopologies {
		for _, r := range c.Subtopologies[i].Repartition {
			if r.Partitions > 0 {
				c.decided[r.Name] = r.Partitions
			}
		}
	}
	for needed := true; needed; {
		needed = false
		progress := false
		for i := range c.Subtopologies {
			for _, sink := range c.Subtopologies[i].Sinks {
				if _, counted := c.decided[sink]; counted {
					continue
				}
				if n := c.written(&c.Subtopologies[i]); n > 0 {
					c.decided[sink], progress = n, true
				} else {
					needed = true
				}
			}
		}
		if needed && !progress {
			return refuse(ErrInvalidTopology, "Failed to compute number of partitions for all repartition topics. There may be "+
				"loops in the topology that cannot be resolved.")
		}
	}
	for i := range c.Subtopologies {
		for _, r := range c.Subtopologies[i].Repartition {
			if _, counted := c.decided[r.Name]; !counted {
				return refuse(ErrInvalidTopology, "Failed to compute number of partitions for all repartition topics, because a "+
					"repartition source topic is never used as a sink topic.")
			}
		}
	}
	return nil
}

// written counts the partitions that what a subtopology writes is to have, 0 if that is not known yet.
func (c *counting) written(s *Subtopology) int32 {
	most := int32(0)
	for _, r := range s.Repartition {
		most = max(most, c.decided[r.Name])
	}
	for _, name := range s.Sources {
		n, _ := c.of(name)
		most = max(most, n)
	}
	return most
}

// copartition gives repartition topics that may have any number of partitions as many as those beside them, and says what cannot be
// read together (CopartitionedTopicsEnforcer).
func (c *counting) copartition() *StreamsStatus {
	for i := range c.Subtopologies {
		s := &c.Subtopologies[i]
		for _, g := range s.Copartition {
			if problem := c.enforce(s, g); problem != nil {
				return problem
			}
		}
	}
	return nil
}

func (c *counting) enforce(s *Subtopology, g CopartitionGroup) *StreamsStatus {
	sources, fixed, all := make(map[string]int32), make(map[string]int32), make(map[string]int32)
	for _, at := range g.Sources {
		sources[s.Sources[at]], _ = c.of(s.Sources[at])
	}
	for _, at := range g.Repartition {
		r := s.Repartition[at]
		all[r.Name], _ = c.of(r.Name)
		if r.Partitions > 0 {
			fixed[r.Name] = all[r.Name]
		}
	}
	lead := sources
	if len(sources) == 0 {
		if lead = fixed; len(fixed) == 0 {
			lead = nil
		}
	}
	n, same := sameCount(lead)
	switch {
	case !same && len(sources) > 0:
		return notTogether(sources)
	case !same:
		return notTogether(all)
	case lead == nil:
		for _, m := range all {
			n = max(n, m)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if has, isFixed := fixed[name]; isFixed && has != n {
			return &StreamsStatus{StatusIncorrectlyPartitioned, fmt.Sprintf("Number of partitions [%d] of repartition topic [%s] "+
				"doesn't match number of partitions [%d] of the source topic.", has, name, n)}
		}
		c.decided[name] = n
	}
	return nil
}

// sameCount gives the number that all have, if they do.
func sameCount(counts map[string]int32) (n int32, same bool) {
	for _, m := range counts {
		if n != 0 && m != n {
			return 0, false
		}
		n = m
	}
	return n, true
}

func notTogether(counts map[string]int32) *StreamsStatus {
	var told []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		told = append(told, fmt.Sprintf("%s=%d", name, counts[name]))
	}
	return &StreamsStatus{StatusIncorrectlyPartitioned,
		"Following topics do not have the same number of partitions: [{" + strings.Join(told, ", ") + "}]"}
}
