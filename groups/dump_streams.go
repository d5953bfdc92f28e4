package groups

import "fmt"

// dumpStreams shows one record of a streams group.
func dumpStreams(version int16, key, value []byte) (string, error) {
	group, name, err := readConsumerKey(key, version)
	if err != nil {
		return "", err
	}
	what := map[int16]string{
		keyStreamsGroup: "streams group", keyStreamsMember: "streams member", keyStreamsTarget: "streams target epoch",
		keyStreamsShare: "streams target", keyStreamsPlace: "streams assignment", keyStreamsTopology: "streams topology",
	}[version]
	line := fmt.Sprintf("%s group=%q", what, group)
	if name != "" {
		line += fmt.Sprintf(" member=%q", name)
	}
	if value == nil {
		return line + " deleted", nil
	}
	r, err := readConsumerValue(value)
	if err != nil {
		return "", err
	}
	switch version {
	case keyStreamsGroup:
		epoch, hash, validated, standbys := r.readStreamsGroup()
		line += fmt.Sprintf(" epoch=%d hash=%d validatedTopologyEpoch=%d standbys=%d", epoch, hash, validated, standbys)
	case keyStreamsMember:
		var m streamsMember
		r.readStreamsMember(&m)
		line += fmt.Sprintf(" client=%q host=%q process=%q topologyEpoch=%d rebalanceTimeoutMs=%d", m.clientID, m.clientHost,
			m.processID, m.topologyEpoch, m.rebalanceTimeout)
	case keyStreamsTarget:
		line += fmt.Sprintf(" epoch=%d", r.int32())
	case keyStreamsShare:
		line += " " + dumpTasks(r.readTaskSet(0))
	case keyStreamsPlace:
		var m streamsMember
		r.readStreamsPlace(&m)
		line += fmt.Sprintf(" epoch=%d previous=%d state=%d %s revoking %s", m.epoch, m.previousEpoch, m.state,
			dumpTasks(m.assigned), dumpTasks(m.revoking))
	case keyStreamsTopology:
		t := r.readTopology()
		line += fmt.Sprintf(" epoch=%d subtopologies=%d", t.Epoch, len(t.Subtopologies))
	}
	if r.err != nil {
		return "", fmt.Errorf("read value of version %d: %w", version, r.err)
	}
	return line, nil
}

func dumpTasks(s taskSet) string {
	text := ""
	for i, name := range []string{"active", "standby", "warmup"} {
		text += name + "=["
		for j, t := range *s.roles()[i] {
			if j > 0 {
				text += " "
			}
			text += fmt.Sprintf("%s_%d", t.sub, t.index)
		}
		text += "] "
	}
	return text[:len(text)-1]
}
