package config

import (
	"slices"
	"strings"
)

// table is one kind of setting: by name, and sorted. It is built once and never written to afterwards.
type table struct {
	defs   []*Def
	byName map[string]*Def
}

var (
	brokerDefs = newTable(logTable, networkTable, groupsTable, clusterTable, sharedTable, securityTable,
		ownTable)
	topicDefs = newTable(topicTable)
	groupDefs = newTable(groupTable)
)

func newTable(parts ...[]Def) *table {
	t := &table{byName: make(map[string]*Def)}
	for _, part := range parts {
		for i := range part {
			d := &part[i]
			d.initial = d.mustParseDefault()
			t.defs = append(t.defs, d)
			t.byName[d.Name] = d
		}
	}
	slices.SortFunc(t.defs, func(a, b *Def) int { return strings.Compare(a.Name, b.Name) })
	return t
}

// mustParseDefault panics on a default that breaks the setting's own rule: a mistake in the table.
func (d *Def) mustParseDefault() value {
	if d.Null {
		return value{}
	}
	v, err := d.parse(d.Default)
	if err != nil {
		panic("BUG: default of " + d.Name + ": " + err.Error())
	}
	return v
}

// BrokerDefs returns every broker setting by ascending name. The slice must not be modified.
func BrokerDefs() []*Def { return brokerDefs.defs }

// TopicDefs returns every topic setting by ascending name. The slice must not be modified.
func TopicDefs() []*Def { return topicDefs.defs }

// GroupDefs returns every group setting by ascending name. The slice must not be modified.
func GroupDefs() []*Def { return groupDefs.defs }

// BrokerDef returns the broker setting of that name, nil when there is none.
func BrokerDef(name string) *Def { return brokerDefs.byName[name] }

// Topic returns the topic setting of that name, nil when there is none.
func Topic(name string) *Def { return topicDefs.byName[name] }

// Group returns the group setting of that name, nil when there is none.
func Group(name string) *Def { return groupDefs.byName[name] }

// Valid is the words in which the setting's bounds are documented, "" for none.
func (d *Def) Valid() string { return d.check.words }

// Nearest returns the broker setting whose name is closest to the one given, for error messages.
func Nearest(name string) string {
	best, least := "", 1<<30
	for _, d := range brokerDefs.defs {
		if n := distance(name, d.Name); n < least {
			best, least = d.Name, n
		}
	}
	return best
}

// distance is the Levenshtein distance of two texts.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
