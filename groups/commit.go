package groups

import (
	"unicode/utf16"

	"weir/coordinator"
)

// commit stores offsets. Those whose metadata is too large are refused one by one, the rest is stored
// together.
func (m *machine) commit(tx *coordinator.Tx, r *CommitRequest) (CommitResponse, error) {
	g := m.groups[r.GroupID]
	switch {
	case g != nil && g.consumer != nil:
		if err := g.consumer.checkCommit(r); err != nil {
			return CommitResponse{}, err
		}
	case g != nil && g.streams != nil:
		if err := g.streams.checkCommit(r); err != nil {
			return CommitResponse{}, err
		}
	case g != nil && g.share != nil:
		return CommitResponse{}, ErrOtherKind
	case g != nil:
		if err := g.classic.checkCommit(r); err != nil {
			return CommitResponse{}, err
		}
		m.prolongCommitter(tx, g, r.MemberID)
	case r.Generation >= 0:
		return CommitResponse{}, ErrGroupNotFound
	default:
		if err := m.checkRoom(); err != nil {
			return CommitResponse{}, err
		}
	}
	return m.store(tx, r, func(record coordinator.Record) {
		if mutantCommitInMemory {
			_ = m.Apply(record, nil)
			return
		}
		tx.Append(r.GroupID, record)
	}), nil
}

// store has the offsets written, but for those whose metadata is too large.
func (m *machine) store(tx *coordinator.Tx, r *CommitRequest, write func(coordinator.Record)) CommitResponse {
	nowMs := tx.Now.UnixMilli()
	stored := offset{committedMs: nowMs, expireMs: -1}
	if r.RetentionMs >= 0 {
		stored.expireMs = nowMs + r.RetentionMs
	}
	var response CommitResponse
	for _, t := range r.Topics {
		result := CommitTopicResult{Name: t.Name, ID: t.ID}
		stored.topicID = t.ID
		for _, p := range t.Partitions {
			if p.Metadata != nil && utf16Len(*p.Metadata) > m.config.OffsetMetadataMaxBytes {
				refused := CommitPartitionResult{p.Index, ErrOffsetMetadataTooLarge}
				result.Partitions = append(result.Partitions, refused)
				continue
			}
			stored.offset, stored.leaderEpoch, stored.metadata = p.Offset, p.LeaderEpoch, ""
			if p.Metadata != nil {
				stored.metadata = *p.Metadata
			}
			write(offsetRecord(r.GroupID, t.Name, p.Index, stored))
			result.Partitions = append(result.Partitions, CommitPartitionResult{p.Index, nil})
		}
		response.Topics = append(response.Topics, result)
	}
	return response
}

// checkCommit tells whether the one who commits may. In an empty group that is anyone who does not claim to
// be a member: administrators, and consumers that choose their partitions themselves.
func (c *classic) checkCommit(r *CommitRequest) error {
	if r.Generation < 0 && c.state == StateEmpty {
		return nil
	}
	if r.Generation < 0 && r.MemberID == NoMember && r.InstanceID == nil {
		return ErrUnknownMember
	}
	if err := c.check(r.MemberID, r.InstanceID); err != nil {
		return err
	}
	if r.Generation != c.generation {
		return ErrIllegalGeneration
	}
	if c.state == StateCompletingRebalance {
		return ErrRebalanceInProgress
	}
	return nil
}

// prolongCommitter counts a commit as a sign of life.
func (m *machine) prolongCommitter(tx *coordinator.Tx, g *group, memberID string) {
	switch g.classic.state {
	case StateStable, StatePreparingRebalance:
		if mem := g.classic.members[memberID]; mem != nil {
			m.prolong(tx, g, mem, mem.sessionTimeout)
		}
	}
}

// utf16Len is a string's length as Java counts it, by which Kafka bounds offset.metadata.max.bytes.
func utf16Len(s string) int {
	n := 0
	for _, r := range s {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}
