package groups

import (
	"slices"
	"strings"

	"weir/coordinator"
)

// list gives the shard's groups that pass the filters.
func (m *machine) list(_ *coordinator.Tx, r *ListRequest) []Listed {
	var listed []Listed
	for _, g := range m.groups {
		if l := g.listed(); passes(r.Types, string(l.Type)) && passes(r.States, string(l.State)) {
			listed = append(listed, l)
		}
	}
	return listed
}

func (g *group) listed() Listed {
	if g.consumer != nil {
		return Listed{g.id, consumerProtocolType, g.consumer.state(), TypeConsumer}
	}
	if g.streams != nil {
		return Listed{g.id, "streams", g.streams.state(), TypeStreams}
	}
	if g.share != nil {
		return Listed{g.id, "share", g.share.state(), TypeShare}
	}
	return Listed{g.id, g.classic.protocolType, g.classic.state, TypeClassic}
}

// passes tells whether a filter lets a value through: an empty one lets all.
func passes(filter []string, value string) bool {
	return len(filter) == 0 || slices.ContainsFunc(filter, func(f string) bool {
		return strings.EqualFold(strings.TrimSpace(f), value)
	})
}
