package handlers

import (
	"context"
	"maps"
	"sync"

	"weir/metadata"
)

// shareReaders remembers which share groups are known to read which topics without a member, so that the group's shard is asked
// once.
type shareReaders struct {
	mu    sync.Mutex
	known map[shareReading]int // partitions; mu guards it
	turn  uint64               // rises when something is forgotten; mu guards it
}

// shareReading is a group and a topic that it reads.
type shareReading struct {
	group string
	topic metadata.TopicID
}

// readersMax bounds what is remembered: deleted topics leave it only then.
const readersMax = 100_000

// covers reports whether so many partitions are known to be read, and whose turn it is, for add.
func (r *shareReaders) covers(of shareReading, partitions int) (bool, uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.known[of] >= partitions, r.turn
}

// add remembers what was found since a turn, unless something was forgotten meanwhile.
func (r *shareReaders) add(of shareReading, partitions int, turn uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.turn != turn {
		return
	}
	if r.known == nil || len(r.known) >= readersMax {
		r.known = make(map[shareReading]int)
	}
	r.known[of] = partitions
}

// forget forgets a group that was deleted, or has forgotten what it had.
func (r *shareReaders) forget(group string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn++
	maps.DeleteFunc(r.known, func(of shareReading, _ int) bool { return of.group == group })
}

// ReadShare has a share group read a topic for those who are not members of it, and makes the group, and the topics that keep
// groups, if there are none. What is taken for a group is so seen, and deleted, as that of any share group. It is called before
// records are acquired and again afterwards, for the group may be deleted meanwhile.
func (h *Handlers) ReadShare(ctx context.Context, group string, topic *metadata.Topic) error {
	of := shareReading{group, topic.ID}
	known, turn := h.readers.covers(of, len(topic.Partitions))
	if known {
		return nil
	}
	if err := h.EnsureGroups(ctx, group); err != nil {
		return err
	}
	all := make([]metadata.PartitionID, len(topic.Partitions))
	for i := range all {
		all[i] = metadata.PartitionID{Topic: topic.ID, Index: int32(i)}
	}
	if _, err := h.Groups.ReadShare(group, all).Result(); err != nil {
		return err
	}
	h.readers.add(of, len(all), turn)
	return nil
}
