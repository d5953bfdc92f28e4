package oracle

import (
	"fmt"
	"regexp"
)

// difference is one thing in which Weir means to differ from Apache Kafka. The patterns are regular
// expressions over the whole text; an entry that matches nothing fails the test.
type difference struct {
	scenario string // "key/name vN"
	step     string
	path     string
	why      string
}

// ledger counts what was compared and remembers which entries of the list were needed.
type ledger struct {
	entries                    []entry
	runs, steps, fields, known int
}

type entry struct {
	difference
	scenario, step, path *regexp.Regexp
	used                 bool
}

func newLedger(list []difference) *ledger {
	l := &ledger{}
	for _, d := range list {
		l.entries = append(l.entries, entry{difference: d, scenario: whole(d.scenario), step: whole(d.step),
			path: whole(d.path)})
	}
	return l
}

func whole(pattern string) *regexp.Regexp { return regexp.MustCompile("^(?:" + pattern + ")$") }

// knows reports whether the difference is on the list.
func (l *ledger) knows(sc scenario, version int16, step string, d delta) bool {
	id := fmt.Sprintf("%d/%s v%d", sc.key, sc.name, version)
	for i := range l.entries {
		e := &l.entries[i]
		if e.scenario.MatchString(id) && e.step.MatchString(step) && e.path.MatchString(d.path) {
			e.used = true
			l.known++
			return true
		}
	}
	return false
}

// unused are the entries that matched no difference.
func (l *ledger) unused() []difference {
	var out []difference
	for _, e := range l.entries {
		if !e.used {
			out = append(out, e.difference)
		}
	}
	return out
}
