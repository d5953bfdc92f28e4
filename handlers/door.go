package handlers

import (
	"context"

	"weir/coordinator"
	"weir/log"
	"weir/metadata"
	"weir/partition"
)

// This file is what another door to the same broker goes by, beside PrepareShareFetch, so that both do the same.

// Append validates a batch by the topic's rules and appends it to one of its partitions.
func (h *Handlers) Append(topic *metadata.Topic, index int32, raw []byte) (partition.Ticket, error) {
	to, err := h.Partitions.Get(metadata.PartitionID{Topic: topic.ID, Index: index})
	if err != nil {
		return partition.Ticket{}, err
	}
	return h.appendBatch(topic, to, raw, log.Guard{})
}

// MaxMessageBytes is how large a batch of the topic may be.
func (h *Handlers) MaxMessageBytes(topic *metadata.Topic) int {
	return h.settings.of(h.Cluster.Image(), topic).rules.MaxBytes
}

// EnsureShareTopic makes the topic of what share groups have settled, if there is none yet.
func (h *Handlers) EnsureShareTopic() error {
	if h.HasShareTopic() {
		return nil
	}
	return h.createInternal(h.shareTopic())
}

// HasShareTopic reports whether there is the topic of what share groups have settled.
func (h *Handlers) HasShareTopic() bool { return h.Cluster.Image().Topic(shareTopic) != nil }

// EnsureGroups makes the topic of groups, if there is none yet, and waits until what it has of a group has been read.
func (h *Handlers) EnsureGroups(ctx context.Context, group string) error {
	if h.Cluster.Image().Topic(offsetsTopic) == nil {
		if err := h.createInternal(h.offsetsTopic()); err != nil {
			return err
		}
	}
	loaded := h.Groups.Loaded(h.Groups.ShardOf(group))
	if loaded == nil { // the topic may just have been made
		if err := h.Cluster.AwaitApplied(ctx, h.Cluster.Image()); err != nil {
			return err
		}
		loaded = h.Groups.Loaded(h.Groups.ShardOf(group))
	}
	if loaded == nil {
		return coordinator.ErrNotCoordinator
	}
	select {
	case <-loaded:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
