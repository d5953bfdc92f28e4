package handlers

import (
	"errors"

	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/coordinator"
	"weir/groups"
	"weir/metadata"
	"weir/share"
)

// Who is in a share group, and of which partitions it has a state, lives in one room and shard; the states live in another, in
// as many shards as it takes. What concerns both goes in steps: the group notes what is to be done, the states are made or
// dropped, the group notes that it has been. After a crash between two steps the next request that comes does it again.

// inBackground answers with what serve gives, which may wait for the disk.
func inBackground(serve func() kmsg.Response) Answer {
	done := make(chan struct{})
	var resp kmsg.Response
	go func() {
		defer close(done)
		resp = serve()
	}()
	return Later(done, func() kmsg.Response { return resp })
}

// initializeShare has states made of partitions, and tells the group. One that the group begins as share.auto.offset.reset
// says has none until the first record is asked for, so that there is nothing to wait for.
func (h *Handlers) initializeShare(group string, all []groups.ShareInitialize) {
	var made, fromStart []metadata.PartitionID
	for _, p := range all {
		if p.FromStart {
			fromStart = append(fromStart, p.PartitionID)
		} else {
			made = append(made, p.PartitionID)
		}
	}
	if len(made) > 0 {
		h.Groups.ShareInitialized(group, made, nil) // durable in its own time; the next heartbeat finds it
	}
	if len(fromStart) == 0 {
		return
	}
	go func() {
		made, failed := h.makeStates(group, fromStart, func(k share.Key) *coordinator.Future[struct{}] {
			return h.Shares.Initialize(k, 0)
		})
		h.Groups.ShareInitialized(group, made, partitionsOf(failed))
	}()
}

// makeStates makes states, and tells which could be made, and why others could not.
func (h *Handlers) makeStates(group string, all []metadata.PartitionID, begin func(share.Key) *coordinator.Future[struct{}],
) (made []metadata.PartitionID, failed map[metadata.PartitionID]error) {
	failed = make(map[metadata.PartitionID]error)
	if err := h.ensureShareTopic(h.Cluster.Image()); err != nil {
		for _, id := range all {
			failed[id] = err
		}
		return nil, failed
	}
	pending := make([]*coordinator.Future[struct{}], len(all))
	for i, id := range all {
		k := share.Key{Group: group, PartitionID: id}
		if loaded := h.Shares.Loaded(h.Shares.ShardOf(k)); loaded != nil {
			select {
			case <-loaded:
			case <-h.ctx.Done():
			}
		}
		pending[i] = begin(k)
	}
	for i, id := range all {
		if _, err := pending[i].Result(); err != nil {
			failed[id] = err
		} else {
			made = append(made, id)
		}
	}
	return made, failed
}

// dropStates drops states; the first error is given.
func (h *Handlers) dropStates(group string, all []metadata.PartitionID) error {
	pending := make([]*coordinator.Future[struct{}], len(all))
	for i, id := range all {
		pending[i] = h.Shares.Delete(share.Key{Group: group, PartitionID: id})
	}
	var first error
	for _, f := range pending {
		if _, err := f.Result(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// endShare drops all states of a share group that is to be deleted. A group of another kind has none.
func (h *Handlers) endShare(group string) error {
	noted, err := h.Groups.DropShareStates(group).Result()
	if err != nil || !noted.Share {
		return err
	}
	h.shares.removeGroup(group)
	h.readers.forget(group)
	keys, err := h.Shares.Keys(group).Result() // these are those that are there, of whatever the group noted
	if err != nil {
		return err
	}
	all := make([]metadata.PartitionID, len(keys))
	for i, k := range keys {
		all[i] = k.PartitionID
	}
	return h.dropStates(group, all)
}

func partitionsOf(all map[metadata.PartitionID]error) []metadata.PartitionID {
	var list []metadata.PartitionID
	for id := range all {
		list = append(list, id)
	}
	return list
}

// shareOffsets tells where a group is in a partition, and where that ends; the start is -1 where nobody has fetched.
func (h *Handlers) shareOffsets(group string, id metadata.PartitionID) (o share.Offsets, end int64, err error) {
	o, err = h.Shares.Offsets(share.Key{Group: group, PartitionID: id}).Result()
	none := share.Offsets{Start: -1}
	switch {
	case errors.Is(err, coordinator.ErrNotCoordinator) && h.Cluster.Image().Topic(shareTopic) == nil:
		return none, 0, nil // nobody has fetched yet
	case err != nil:
		return none, 0, err
	case o.Start < 0:
		return none, 0, nil
	}
	p, err := h.Partitions.Get(id)
	if err != nil {
		return none, 0, err
	}
	return o, p.HighWatermark(), nil
}
