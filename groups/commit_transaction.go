package groups

import "weir/coordinator"

// commitTransaction stores offsets as pending (TxnOffsetCommit).
func (m *machine) commitTransaction(tx *coordinator.Tx, r *TransactionCommitRequest) (CommitResponse, error) {
	g := m.groups[r.GroupID]
	switch {
	case g == nil && r.Generation >= 0:
		return CommitResponse{}, ErrGroupNotFound
	case g == nil:
		if err := m.checkRoom(); err != nil {
			return CommitResponse{}, err
		}
	case r.claims():
		if err := g.checkTransaction(&r.CommitRequest); err != nil {
			return CommitResponse{}, err
		}
	}
	if g != nil && g.classic != nil {
		m.prolongCommitter(tx, g, r.MemberID)
	}
	return m.store(tx, &r.CommitRequest, func(record coordinator.Record) {
		if mutantCommitInMemory {
			_ = m.Apply(record, nil)
			return
		}
		tx.AppendPending(r.GroupID, record, r.Producer, r.Guard)
	}), nil
}

// claims tells whether the one who commits says that it is a member. Old clients do not.
func (r *CommitRequest) claims() bool {
	return r.Generation >= 0 || r.MemberID != NoMember || r.InstanceID != nil
}

// checkTransaction tells whether the member may commit. Unlike a plain commit, one of a transaction may come while
// the group waits for its assignment.
func (g *group) checkTransaction(r *CommitRequest) error {
	if g.consumer != nil {
		return g.consumer.checkCommit(r)
	}
	if g.streams != nil {
		return g.streams.checkCommit(r)
	}
	if g.share != nil {
		return ErrOtherKind
	}
	if r.Generation < 0 && g.classic.state == StateEmpty {
		return nil
	}
	if err := g.classic.check(r.MemberID, r.InstanceID); err != nil {
		return err
	}
	if r.Generation != g.classic.generation {
		return ErrIllegalGeneration
	}
	return nil
}
