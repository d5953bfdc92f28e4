package groups

import (
	"slices"
	"strings"

	"weir/coordinator"
)

// list gives the shard's groups that pass the filters.
func (m *machine) list(_ *coordinator.Tx, r *ListRequest) []Listed {
	if !passes(r.Types, string(TypeClassic)) {
		return nil
	}
	var listed []Listed
	for _, g := range m.groups {
		if passes(r.States, string(g.classic.state)) {
			listed = append(listed, Listed{g.id, g.classic.protocolType, g.classic.state, TypeClassic})
		}
	}
	return listed
}

// passes tells whether a filter lets a value through: an empty one lets all.
func passes(filter []string, value string) bool {
	return len(filter) == 0 || slices.ContainsFunc(filter, func(f string) bool {
		return strings.EqualFold(strings.TrimSpace(f), value)
	})
}
