package share

import "weir/coordinator"

// letters is where dead letters go.
type letters interface {
	// end is where the partition of a topic for dead letters ends which takes those of a partition with that index; 0 if there is none
	// yet.
	end(topic string, index int32) int64
	// bury writes dead letters of one share partition, unless they are there, and then tells the machine, with events that call
	// buried.
	bury(all []burial)
}

// burial is records whose dead letters are to be written.
type burial struct {
	key         Key
	first, last int64
	count       int16
	cause       Cause
	letter      letter
}

// burials are those that were decided before a start.
func (p *part) burials() []burial {
	var all []burial
	p.runs.Ascend(func(r run) bool {
		if r.state == StateArchiving {
			all = append(all, burial{key: p.key, first: r.first, last: r.last, count: r.count, cause: r.detail.cause,
				letter: *r.detail.letter})
		}
		return true
	})
	return all
}

// buried archives records of one share partition whose dead letters are durable.
func (m *machine) buried(tx *coordinator.Tx, all []burial) {
	p, ok := m.initialized(all[0].key)
	if !ok {
		return
	}
	var changes []change
	for _, b := range all {
		for _, r := range p.overlapping(b.first, b.last) {
			if r.state == StateArchiving {
				changes = append(changes, change{batch: batch{max(r.first, b.first), min(r.last, b.last), StateArchived, r.count}})
			}
		}
	}
	m.write(tx, p, changes)
	m.arm(tx, p)
	if p.readied {
		p.wake()
	}
}
