package handlers

import (
	"errors"
	"time"

	"weir/coordinator"
	"weir/metadata"
	"weir/share"
)

// lockTimeoutMillis is for how long a group's members hold what they acquire.
func (h *Handlers) lockTimeoutMillis(group string) int32 {
	return int32(h.ShareConfig(group).LockDuration / time.Millisecond)
}

// ensureShareTopic makes the topic of what share groups have settled, if there is none yet.
func (h *Handlers) ensureShareTopic(image *metadata.Image) error {
	if image.Topic(shareTopic) != nil {
		return nil
	}
	return h.createInternal(h.shareTopic())
}

// shareFetch acquires records. A shard that is loading is waited for; while one is not to be had there is nothing to acquire from
// what lives on it, for clients know no error that says so.
func (h *Handlers) shareFetch(stop <-chan struct{}, r share.FetchRequest) []share.Fetched {
	timer := h.Clock.NewTimer(max(r.MaxWait, 0))
	defer timer.Stop()
	began := h.Clock.Now()
	if !h.awaitShards(&r, stop, timer.C()) {
		return nil
	}
	r.MaxWait = max(r.MaxWait-h.Clock.Since(began), 0)
	fetched := h.Shares.Fetch(stop, r)
	got, unavailable := false, false
	for i := range fetched {
		err := fetched[i].Err
		if errors.Is(err, coordinator.ErrLoading) || errors.Is(err, coordinator.ErrNotCoordinator) ||
			errors.Is(err, coordinator.ErrNotAvailable) {
			fetched[i].Err, unavailable = nil, true
			continue
		}
		got = got || err != nil || len(fetched[i].Acquired) > 0
	}
	if unavailable && !got { // the client is not to come again at once
		select {
		case <-timer.C():
		case <-stop:
		}
	}
	return fetched
}

// awaitShards waits for the shards of a request to be loaded; false when the time is over or stop is closed before.
func (h *Handlers) awaitShards(r *share.FetchRequest, stop <-chan struct{}, over <-chan time.Time) bool {
	for _, id := range r.Partitions {
		loaded := h.Shares.Loaded(h.Shares.ShardOf(share.Key{Group: r.Group, PartitionID: id}))
		if loaded == nil {
			continue
		}
		select {
		case <-loaded:
			continue
		default:
		}
		select {
		case <-loaded:
		case <-stop:
			return false
		case <-over:
			return false
		}
	}
	return true
}
