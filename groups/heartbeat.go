package groups

import "weir/coordinator"

// heartbeat prolongs a member's session, and tells it when the group rebalances.
func (m *machine) heartbeat(tx *coordinator.Tx, r *HeartbeatRequest) (HeartbeatResponse, error) {
	g := m.groups[r.GroupID]
	if g == nil {
		return HeartbeatResponse{}, ErrUnknownMember
	}
	if g.consumer != nil {
		return m.heartbeatConsumer(tx, g, r)
	}
	if g.streams != nil || g.share != nil {
		return HeartbeatResponse{}, ErrUnknownMember
	}
	c := g.classic
	if err := c.check(r.MemberID, r.InstanceID); err != nil {
		return HeartbeatResponse{}, err
	}
	if r.Generation != c.generation {
		return HeartbeatResponse{}, ErrIllegalGeneration
	}
	mem := c.members[r.MemberID]
	m.prolong(tx, g, mem, mem.sessionTimeout)
	if c.state == StatePreparingRebalance {
		return HeartbeatResponse{}, ErrRebalanceInProgress
	}
	return HeartbeatResponse{}, nil
}
