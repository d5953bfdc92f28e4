package groups

import (
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// DumpRecord shows one record of __consumer_offsets as a line of text, for people who look into the log's files. An error
// says that the record is of no kind that is known here.
func DumpRecord(key, value []byte) (string, error) {
	version, ok := keyVersion(key)
	if !ok {
		return "", fmt.Errorf("read key: %d bytes", len(key))
	}
	switch version {
	case 0, 1:
		var k kmsg.OffsetCommitKey
		if err := k.ReadFrom(key); err != nil {
			return "", fmt.Errorf("read offset key: %w", err)
		}
		line := fmt.Sprintf("offset group=%q topic=%q partition=%d", k.Group, k.Topic, k.Partition)
		if value == nil {
			return line + " deleted", nil
		}
		o, err := readOffset(value)
		if err != nil {
			return "", err
		}
		return line + fmt.Sprintf(" offset=%d leaderEpoch=%d metadata=%q committedMs=%d", o.offset, o.leaderEpoch,
			o.metadata, o.committedMs), nil
	case 2:
		var k kmsg.GroupMetadataKey
		if err := k.ReadFrom(key); err != nil {
			return "", fmt.Errorf("read group key: %w", err)
		}
		if value == nil {
			return fmt.Sprintf("group group=%q deleted", k.Group), nil
		}
		v, err := readGroup(value)
		if err != nil {
			return "", err
		}
		return dumpGroup(k.Group, v), nil
	case keyConsumerGroup, keyConsumerTopics, keyConsumerMember, keyTarget, keyTargetMember, keyPlace, keyRegex:
		return dumpConsumer(version, key, value)
	case keyStreamsGroup, keyStreamsMember, keyStreamsTarget, keyStreamsShare, keyStreamsPlace, keyStreamsTopology:
		return dumpStreams(version, key, value)
	case keyShareMember, keyShareGroup, keyShareTarget, keyShareTargetMember, keySharePlace, keyShareStates:
		return dumpShare(version, key, value)
	}
	return "", fmt.Errorf("read key: version %d is not known", version)
}

func dumpGroup(id string, v *kmsg.GroupMetadataValue) string {
	var b strings.Builder
	fmt.Fprintf(&b, "group group=%q protocolType=%q generation=%d protocol=%q leader=%q members=%d", id, v.ProtocolType,
		v.Generation, text(v.Protocol), text(v.Leader), len(v.Members))
	for _, m := range v.Members {
		fmt.Fprintf(&b, " [member=%q instance=%q client=%q host=%q sessionTimeoutMs=%d subscription=%dB assignment=%dB]",
			m.MemberID, text(m.InstanceID), m.ClientID, m.ClientHost, m.SessionTimeoutMillis, len(m.Subscription), len(m.Assignment))
	}
	return b.String()
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
