package groups

import (
	"fmt"
	"slices"

	"weir/coordinator"
	"weir/metadata"
)

// applyConsumer makes the state what one record of a consumer group says. Records may stand in any order that
// compaction leaves them in, so whatever names the group or the member makes it.
func (m *machine) applyConsumer(version int16, r coordinator.Record, undo *coordinator.Undo) error {
	groupID, name, err := readConsumerKey(r.Key, version)
	if err != nil {
		return err
	}
	if r.Value == nil {
		if g := m.groups[groupID]; g != nil && g.consumer != nil {
			m.dropConsumer(g, version, name, undo)
		}
		return nil
	}
	v, err := readConsumerValue(r.Value)
	if err != nil {
		return err
	}
	change, err := v.change(version, name)
	if err != nil {
		return err
	}
	change(m.ensureConsumer(groupID, undo), undo)
	return nil
}

// change reads a value whole, so that a damaged one changes nothing, and gives what it does to the group.
func (r *flexible) change(version int16, name string) (do func(*consumer, *coordinator.Undo), err error) {
	switch version {
	case keyConsumerGroup:
		epoch, hash := r.int32(), int64(0)
		r.tags(func(r *flexible) { hash = r.int64() })
		do = func(c *consumer, undo *coordinator.Undo) { c.setEpoch(epoch, hash, undo) }
	case keyConsumerTopics: // what it lists is in the hash since Kafka 4.1
		do = func(c *consumer, undo *coordinator.Undo) { c.setHasTopics(true, undo) }
		r.rest = nil
	case keyConsumerMember:
		var told consumerMember
		r.readMember(&told)
		do = func(c *consumer, undo *coordinator.Undo) {
			next := c.memberOr(name)
			told.id, told.epoch, told.previousEpoch, told.state = name, next.epoch, next.previousEpoch, next.state
			told.assigned, told.revoking = next.assigned, next.revoking
			c.set(name, &told, undo)
		}
	case keyPlace:
		var told consumerMember
		r.readPlace(&told)
		do = func(c *consumer, undo *coordinator.Undo) {
			next := *c.memberOr(name)
			next.epoch, next.previousEpoch, next.state = told.epoch, told.previousEpoch, told.state
			next.assigned, next.revoking = told.assigned, told.revoking
			c.set(name, &next, undo)
		}
	case keyTarget:
		epoch, atMs := r.int32(), int64(0)
		r.tags(func(r *flexible) { atMs = r.int64() })
		do = func(c *consumer, undo *coordinator.Undo) { c.setTargetEpoch(epoch, atMs, undo) }
	case keyTargetMember:
		list := r.readTarget()
		do = func(c *consumer, undo *coordinator.Undo) { setIn(&c.target, name, list, undo) }
	case keyRegex:
		found := r.readRegex()
		do = func(c *consumer, undo *coordinator.Undo) { setIn(&c.regexes, name, found, undo) }
	}
	if r.err != nil {
		return nil, fmt.Errorf("read value of version %d: %w", version, r.err)
	}
	return do, nil
}

// dropConsumer does what a tombstone says. One that drops the group takes everything of it but the offsets.
func (m *machine) dropConsumer(g *group, version int16, name string, undo *coordinator.Undo) {
	c := g.consumer
	switch version {
	case keyConsumerGroup:
		m.dropGroup(g.id, undo)
	case keyConsumerTopics:
		c.setHasTopics(false, undo)
	case keyConsumerMember:
		if c.members.at(name) != nil {
			c.set(name, nil, undo)
		}
	case keyPlace:
		if old := c.members.at(name); old != nil {
			next := *old
			next.epoch, next.previousEpoch, next.assigned, next.revoking = epochLeave, epochLeave, nil, nil
			c.set(name, &next, undo)
		}
	case keyTarget:
		c.setTargetEpoch(-1, 0, undo)
	case keyTargetMember:
		dropIn(&c.target, name, undo)
	case keyRegex:
		dropIn(&c.regexes, name, undo)
	}
}

// ensureConsumer gives the consumer group of that id. A group that was of another kind becomes one: records
// that end what it was stand before.
func (m *machine) ensureConsumer(id string, undo *coordinator.Undo) *consumer {
	g := m.ensure(id, undo)
	if g.consumer == nil {
		old := g.kind
		g.kind = kind{consumer: newConsumer()}
		undo.Add(func() { g.kind = old })
	}
	return g.consumer
}

// memberOr gives the member, or one of which nothing is known.
func (c *consumer) memberOr(id string) *consumerMember {
	if m := c.members.at(id); m != nil {
		return m
	}
	return newConsumerMember(id)
}

func newConsumerMember(id string) *consumerMember {
	none := ""
	return &consumerMember{id: id, regex: &none, rebalanceTimeout: -1, state: memberStable}
}

func (c *consumer) set(id string, m *consumerMember, undo *coordinator.Undo) {
	old := c.members.at(id)
	c.put(id, m)
	undo.Add(func() { c.put(id, old) })
}

func (c *consumer) setEpoch(epoch int32, hash int64, undo *coordinator.Undo) {
	oldEpoch, oldHash := c.epoch, c.hash
	c.epoch, c.hash = epoch, hash
	undo.Add(func() { c.epoch, c.hash, c.revision = oldEpoch, oldHash, 0 })
}

func (c *consumer) setHasTopics(has bool, undo *coordinator.Undo) {
	old := c.hasTopics
	c.hasTopics = has
	undo.Add(func() { c.hasTopics = old })
}

func (c *consumer) setTargetEpoch(epoch int32, atMs int64, undo *coordinator.Undo) {
	oldEpoch, oldMs := c.targetEpoch, c.targetMs
	c.targetEpoch, c.targetMs = epoch, atMs
	undo.Add(func() { c.targetEpoch, c.targetMs = oldEpoch, oldMs })
}

// setIn puts a value in a map.
func setIn[V any](in *few[string, V], key string, to V, undo *coordinator.Undo) {
	old, had := in.get(key)
	in.put(key, to)
	undo.Add(func() {
		if had {
			in.put(key, old)
		} else {
			in.drop(key)
		}
	})
}

// dropIn takes a value out of a map.
func dropIn[V any](in *few[string, V], key string, undo *coordinator.Undo) {
	if old, had := in.get(key); had {
		in.drop(key)
		undo.Add(func() { in.put(key, old) })
	}
}

// consumerTombstones gives the records that end a consumer group, in Kafka's order.
func consumerTombstones(groupID string, c *consumer) []coordinator.Record {
	var all []coordinator.Record
	members := slices.Sorted(c.members.keys())
	for _, id := range members {
		all = append(all, consumerTombstone(keyPlace, groupID, id))
	}
	for _, id := range members {
		all = append(all, consumerTombstone(keyTargetMember, groupID, id))
	}
	all = append(all, consumerTombstone(keyTarget, groupID))
	for _, id := range members {
		all = append(all, consumerTombstone(keyConsumerMember, groupID, id))
	}
	for _, regex := range slices.Sorted(c.regexes.keys()) {
		all = append(all, consumerTombstone(keyRegex, groupID, regex))
	}
	return append(all, consumerTombstone(keyConsumerTopics, groupID), consumerTombstone(keyConsumerGroup, groupID))
}

// heldAt gives partitions as a member has them that got them in one epoch.
func heldAt(list []metadata.PartitionID, epoch int32) []held {
	all := make([]held, len(list))
	for i, p := range list {
		all[i] = held{p, epoch}
	}
	return all
}
