package groups

import (
	"slices"

	"weir/coordinator"
	"weir/metadata"
)

// settleMember brings a member as far towards its target as it and the others let it, and gives it as it is
// then. Owned is what it says that it has; nil if it does not say.
func (m *machine) settleMember(tx *coordinator.Tx, groupID string, c *consumer, mem *consumerMember,
	owned []metadata.PartitionID, changed bool) *consumerMember {
	next := c.reconcile(m.image(), mem, owned, changed)
	if next.samePlace(mem) {
		return mem
	}
	tx.Append(groupID, placeRecord(groupID, next))
	m.rewindIfRefused(tx, groupID, c)
	if next.classic == nil {
		m.boundRevocation(tx, groupID, c, next)
	}
	return next
}

// reconcile computes a member's next place. changed says that the member reads something else since its last
// request: what it does not read any more goes at once, whatever the target says.
func (c *consumer) reconcile(image *metadata.Image, mem *consumerMember, owned []metadata.PartitionID,
	changed bool) *consumerMember {
	switch mem.state {
	case memberStable:
		if mem.epoch != c.targetEpoch {
			return c.advance(image, mem, owned)
		}
	case memberUnrevoked:
		if owned != nil && !overlap(mem.revoking, owned) {
			return c.advance(image, mem, owned)
		}
	default:
		return c.advance(image, mem, owned)
	}
	if changed {
		return c.shrink(image, mem, owned)
	}
	return mem
}

// advance takes the member to the target's epoch, if it has nothing to give up first. It gets what is free of
// its target; for the rest it waits.
func (c *consumer) advance(image *metadata.Image, mem *consumerMember, owned []metadata.PartitionID) *consumerMember {
	target := slices.DeleteFunc(slices.Clone(c.target.at(mem.id)), func(p metadata.PartitionID) bool {
		return !c.readsID(image, mem, p.Topic)
	})
	kept, revoked := split(mem.assigned, target)
	next := *mem
	next.previousEpoch = mem.epoch
	next.assigned = kept
	if len(revoked) > 0 && (owned == nil || overlap(revoked, owned)) {
		next.state, next.revoking = memberUnrevoked, revoked
		return &next
	}
	free := without(target, kept)
	wanted := len(free)
	free = slices.DeleteFunc(free, func(p metadata.PartitionID) bool { return c.heldByOther(mem, p) })
	next.assigned = merge(kept, heldAt(free, c.targetEpoch))
	next.epoch, next.revoking, next.state = c.targetEpoch, nil, memberStable
	if len(free) < wanted {
		next.state = memberUnreleased
	}
	return &next
}

// shrink takes from a member what it does not read any more.
func (c *consumer) shrink(image *metadata.Image, mem *consumerMember, owned []metadata.PartitionID) *consumerMember {
	var kept, dropped []held
	for _, p := range mem.assigned {
		if c.readsID(image, mem, p.Topic) {
			kept = append(kept, p)
		} else {
			dropped = append(dropped, p)
		}
	}
	if len(dropped) == 0 {
		return mem
	}
	next := *mem
	next.previousEpoch, next.assigned = mem.epoch, kept
	if revoking := merge(mem.revoking, dropped); owned == nil || overlap(revoking, owned) {
		next.state, next.revoking = memberUnrevoked, revoking
	}
	return &next
}

// readsID tells whether a member reads the topic with an id; not if the topic is gone.
func (c *consumer) readsID(image *metadata.Image, mem *consumerMember, id metadata.TopicID) bool {
	t := image.TopicByID(id)
	return t != nil && c.reads(mem, t.Name)
}

// heldByOther tells whether another member has a partition, or is yet to give it up.
func (c *consumer) heldByOther(mem *consumerMember, p metadata.PartitionID) bool {
	others := c.holders.at(p)
	if _, own := epochOf(mem.revoking, p); own {
		others--
	}
	if _, own := epochOf(mem.assigned, p); own {
		others--
	}
	return others > 0
}
