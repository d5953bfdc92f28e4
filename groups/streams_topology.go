package groups

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"weir/metadata"
)

// topology is a Topology that is never modified.
type topology Topology

// reader gives the id of the subtopology that reads a topic, "" if none does.
func (t *topology) reader(topic string) string {
	if t == nil {
		return ""
	}
	for i := range t.Subtopologies {
		if slices.Contains(t.Subtopologies[i].inputs(), topic) {
			return t.Subtopologies[i].ID
		}
	}
	return ""
}

// inputs gives the topics whose partitions are the subtopology's tasks.
func (s *Subtopology) inputs() []string {
	all := slices.Clone(s.Sources)
	for _, t := range s.Repartition {
		all = append(all, t.Name)
	}
	return all
}

// layout is what a topology comes to with the topics that there are (ConfiguredTopology).
type layout struct {
	tasks    map[string]int32 // how many a subtopology has; nil unless the group can run
	stateful map[string]bool  // subtopologies with state
	names    map[string]struct{}
	missing  []InternalTopic // to be made
	problem  *StreamsStatus  // nil if the group can run
}

// layOut counts partitions: of the sources first, then of repartition topics from those who write them, then of
// changelogs.
func layOut(t *topology, image *metadata.Image) *layout {
	l := &layout{stateful: make(map[string]bool), names: make(map[string]struct{})}
	counts := make(map[string]int32)
	var absent []string
	for i := range t.Subtopologies {
		s := &t.Subtopologies[i]
		l.stateful[s.ID] = len(s.Changelogs) > 0
		for _, name := range s.Sources {
			l.names[name] = struct{}{}
			if found := image.Topic(name); found != nil {
				counts[name] = int32(len(found.Partitions))
			} else {
				absent = append(absent, name)
			}
		}
	}
	if len(absent) > 0 {
		return l.fail(StatusMissingSourceTopics, "Source topics %s are missing.", strings.Join(sortedSet(absent), ", "))
	}
	if err := t.countRepartition(counts); err != nil {
		return l.fail(err.Code, "%s", err.Detail)
	}
	if err := t.checkCopartition(counts); err != nil {
		return l.fail(err.Code, "%s", err.Detail)
	}
	tasks := make(map[string]int32)
	for i := range t.Subtopologies {
		s := &t.Subtopologies[i]
		for _, name := range s.inputs() {
			tasks[s.ID] = max(tasks[s.ID], counts[name])
		}
		for _, c := range s.Changelogs {
			counts[c.Name] = tasks[s.ID]
		}
	}
	return l.compare(t, image, counts, tasks)
}

func (l *layout) fail(code StatusCode, format string, args ...any) *layout {
	l.problem = &StreamsStatus{code, fmt.Sprintf(format, args...)}
	return l
}

// compare looks whether internal topics are there and are as they must be.
func (l *layout) compare(t *topology, image *metadata.Image, counts, tasks map[string]int32) *layout {
	absent := make(map[string]InternalTopic)
	for i := range t.Subtopologies {
		s := &t.Subtopologies[i]
		for _, topic := range slices.Concat(s.Repartition, s.Changelogs) {
			l.names[topic.Name] = struct{}{}
			topic.Partitions = counts[topic.Name]
			found := image.Topic(topic.Name)
			if found == nil {
				absent[topic.Name] = topic
			} else if n := int32(len(found.Partitions)); n != topic.Partitions {
				return l.fail(StatusIncorrectlyPartitioned, "Existing topic %s has different number of partitions: "+
					"expected %d, actual %d", topic.Name, topic.Partitions, n)
			}
		}
	}
	if len(absent) > 0 {
		names := slices.Sorted(maps.Keys(absent))
		for _, name := range names {
			l.missing = append(l.missing, absent[name])
		}
		return l.fail(StatusMissingInternalTopics, "Internal topics are missing: [%s]", strings.Join(names, ", "))
	}
	l.tasks = tasks
	return l
}

// countRepartition counts partitions of repartition topics: as told, or as many as the largest topic that those
// who write it read. A topic may stand behind others, so it goes round until nothing changes.
func (t *topology) countRepartition(counts map[string]int32) *StreamsStatus {
	unknown := make(map[string]bool)
	for i := range t.Subtopologies {
		for _, r := range t.Subtopologies[i].Repartition {
			if r.Partitions > 0 {
				counts[r.Name] = r.Partitions
			} else {
				unknown[r.Name] = true
			}
		}
	}
	for progress := true; progress && len(unknown) > 0; {
		progress = false
		for i := range t.Subtopologies {
			s, most, known := &t.Subtopologies[i], int32(0), true
			for _, name := range s.inputs() {
				known = known && !unknown[name]
				most = max(most, counts[name])
			}
			for _, sink := range s.Sinks {
				if known && most > 0 && unknown[sink] {
					counts[sink] = max(counts[sink], most)
					delete(unknown, sink)
					progress = true
				}
			}
		}
	}
	if len(unknown) > 0 {
		return &StreamsStatus{StatusIncorrectlyPartitioned, "Failed to compute number of partitions for repartition topics " +
			strings.Join(slices.Sorted(maps.Keys(unknown)), ", ")}
	}
	return nil
}

// checkCopartition gives repartition topics that may have any number of partitions as many as those beside them,
// and refuses what cannot be read together.
func (t *topology) checkCopartition(counts map[string]int32) *StreamsStatus {
	for i := range t.Subtopologies {
		s := &t.Subtopologies[i]
		for _, g := range s.Copartition {
			var fixed, free []string
			for _, at := range g.Sources {
				fixed = append(fixed, s.Sources[at])
			}
			for _, at := range g.Repartition {
				if r := s.Repartition[at]; r.Partitions > 0 {
					fixed = append(fixed, r.Name)
				} else {
					free = append(free, r.Name)
				}
			}
			most := int32(0)
			for _, name := range fixed {
				if most = max(most, counts[name]); counts[name] != counts[fixed[0]] {
					var told []string
					for _, name := range sortedSet(fixed) {
						told = append(told, fmt.Sprintf("%s=%d", name, counts[name]))
					}
					return &StreamsStatus{StatusIncorrectlyPartitioned,
						"Following topics do not have the same number of partitions: [{" + strings.Join(told, ", ") + "}]"}
				}
			}
			for _, name := range free {
				if len(fixed) == 0 {
					most = max(most, counts[name])
				}
			}
			for _, name := range free {
				counts[name] = most
			}
		}
	}
	return nil
}

// check refuses a topology that says what cannot be: indexes come from the wire.
func (t *Topology) check() error {
	within := func(list []int16, n int) bool {
		return !slices.ContainsFunc(list, func(i int16) bool { return i < 0 || int(i) >= n })
	}
	seen := make(map[string]bool)
	for i := range t.Subtopologies {
		s := &t.Subtopologies[i]
		if seen[s.ID] {
			return refuse(ErrInvalidTopology, "Subtopology %s stands twice.", s.ID)
		}
		seen[s.ID] = true
		if len(s.SourceRegex) > 0 {
			return refuse(ErrInvalidTopology, "Regular expressions for source topics are not supported yet.")
		}
		for _, g := range s.Copartition {
			if !within(g.Sources, len(s.Sources)) || !within(g.Repartition, len(s.Repartition)) {
				return refuse(ErrInvalidTopology, "A copartition group of subtopology %s names a topic that is not there.", s.ID)
			}
		}
		for _, c := range s.Changelogs {
			if c.Partitions != 0 {
				return refuse(ErrInvalidTopology, "Changelog topic %s must have an undefined partition count, but it is set to %d.",
					c.Name, c.Partitions)
			}
		}
	}
	return nil
}
