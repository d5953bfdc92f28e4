package groups

import (
	"slices"

	"weir/coordinator"
)

// consumerLeave takes a member out, or, if it is a static one that will be back, keeps its place until its
// session ends.
func (m *machine) consumerLeave(tx *coordinator.Tx, r *ConsumerHeartbeatRequest) (ConsumerHeartbeatResponse, error) {
	g := m.groups[r.GroupID]
	if g == nil {
		return ConsumerHeartbeatResponse{}, refuse(ErrGroupNotFound, "Group %s not found.", r.GroupID)
	}
	c := g.consumer
	if c == nil {
		return ConsumerHeartbeatResponse{}, notConsumer(r.GroupID)
	}
	mem := c.members.at(r.MemberID)
	if r.InstanceID != nil {
		mem = c.staticMember(r.InstanceID)
		if err := checkStatic(mem, r.MemberID, *r.InstanceID); err != nil {
			return ConsumerHeartbeatResponse{}, err
		}
	}
	if mem == nil {
		return ConsumerHeartbeatResponse{}, c.unknownMember(r.GroupID, r.MemberID)
	}
	response := ConsumerHeartbeatResponse{MemberID: r.MemberID, Epoch: r.Epoch}
	m.logger.Info("member leaves", "group", r.GroupID, "member", mem.id, "epoch", r.Epoch)
	if r.InstanceID == nil || r.Epoch != epochLeaveStatic {
		m.fence(tx, r.GroupID, c, []*consumerMember{mem})
		return response, nil
	}
	next := *mem
	next.epoch, next.revoking = epochLeaveStatic, nil
	next.assigned = heldAt(partitionsOf(mem.assigned), 0)
	tx.Append(r.GroupID, placeRecord(r.GroupID, &next))
	return response, nil
}

// fence takes members out of the group. If only classic members stay, the group becomes a classic one.
func (m *machine) fence(tx *coordinator.Tx, groupID string, c *consumer, members []*consumerMember) {
	if len(members) == 0 {
		return
	}
	if m.mayDowngrade(c, members) {
		m.downgrade(tx, groupID, c, members, true)
		return
	}
	for _, mem := range members {
		m.removeRecords(tx, groupID, mem.id)
	}
	for _, regex := range slices.Sorted(c.regexes.keys()) {
		if c.readers.at(regex) == 0 {
			tx.Append(groupID, consumerTombstone(keyRegex, groupID, regex))
		}
	}
	hash := m.topicsHash(m.image(), c.topics())
	tx.Append(groupID, consumerGroupRecord(groupID, c.epoch+1, hash))
	if c.members.len() == 0 { // there is nothing to assign
		tx.Append(groupID, targetRecord(groupID, c.epoch, 0))
	}
	for _, mem := range members {
		m.forgetTimers(tx, c, mem.id)
	}
	m.rewindIfRefused(tx, groupID, c)
}
