package groups

import (
	"fmt"
	"strings"

	"weir/metadata"
)

// dumpShare shows one record of a share group.
func dumpShare(version int16, key, value []byte) (string, error) {
	groupID, name, err := readConsumerKey(key, version)
	if err != nil {
		return "", err
	}
	what := map[int16]string{
		keyShareMember: "shareMember", keyShareGroup: "shareGroup", keyShareTarget: "shareTarget",
		keyShareTargetMember: "shareTargetMember", keySharePlace: "sharePlace", keyShareStates: "shareStates",
	}[version]
	line := fmt.Sprintf("%s group=%q", what, groupID)
	if name != "" {
		line += fmt.Sprintf(" member=%q", name)
	}
	if value == nil {
		return line + " deleted", nil
	}
	v, err := readConsumerValue(value)
	if err != nil {
		return "", err
	}
	change, err := v.shareChange(version, name)
	if err != nil {
		return "", err
	}
	s := newShareGroup()
	change(s, nil)
	return line + s.dumped(version, name), nil
}

// dumped shows what one record has made of a share group.
func (s *shareGroup) dumped(version int16, name string) string {
	switch mem := s.memberOr(name); version {
	case keyShareGroup:
		return fmt.Sprintf(" epoch=%d hash=%x", s.epoch, uint64(s.hash))
	case keyShareMember:
		return fmt.Sprintf(" rack=%q client=%q host=%q topics=%q", text(mem.rackID), mem.clientID, mem.clientHost, mem.topics)
	case keyShareTarget:
		return fmt.Sprintf(" epoch=%d computedMs=%d", s.targetEpoch, s.targetMs)
	case keyShareTargetMember:
		return " partitions=" + dumpPartitions(heldAt(s.target.at(name), -1))
	case keySharePlace:
		return fmt.Sprintf(" epoch=%d previousEpoch=%d assigned=%s", mem.epoch, mem.previousEpoch,
			dumpPartitions(heldAt(mem.assigned, -1)))
	case keyShareStates:
		return fmt.Sprintf(" making=%s made=%s dropping=%s", dumpTopics(s.states.making), dumpTopics(s.states.made),
			dumpNames(s.states.dropping))
	}
	return ""
}

func dumpTopics(topics map[metadata.TopicID]shareTopic) string {
	var all []string
	for _, id := range topicIDs(topics) {
		all = append(all, fmt.Sprintf("%s:%v", topics[id].name, topics[id].partitions))
	}
	return "[" + strings.Join(all, " ") + "]"
}

func dumpNames(topics map[metadata.TopicID]string) string {
	var all []string
	for _, id := range topicIDs(topics) {
		all = append(all, topics[id])
	}
	return "[" + strings.Join(all, " ") + "]"
}
