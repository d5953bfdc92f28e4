package groups

import "slices"

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

// Topics names all topics of the topology, each once.
func (t *Topology) Topics() []string {
	var all []string
	for i := range t.Subtopologies {
		s := &t.Subtopologies[i]
		all = append(all, s.Sources...)
		all = append(all, s.Sinks...)
		for _, topic := range slices.Concat(s.Repartition, s.Changelogs) {
			all = append(all, topic.Name)
		}
	}
	seen := make(map[string]bool, len(all))
	return slices.DeleteFunc(all, func(name string) bool {
		again := seen[name]
		seen[name] = true
		return again
	})
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
		for _, r := range s.Repartition {
			if r.Partitions < 0 {
				return refuse(ErrInvalidTopology, "Repartition topic %s has a negative partition count: %d.", r.Name, r.Partitions)
			}
		}
	}
	return nil
}
