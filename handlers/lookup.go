package handlers

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"

	"weir/metadata"
	"weir/partition"
)

// findPartition is the resolve beat: a partition of a topic as this broker runs it. The error is
// UNKNOWN_TOPIC_OR_PARTITION when the metadata does not know it and NOT_LEADER_OR_FOLLOWER when it is not
// here (yet).
func (h *Handlers) findPartition(topic *metadata.Topic, index int32) (*partition.Partition, error) {
	if topic == nil || index < 0 || int(index) >= len(topic.Partitions) {
		return nil, kerr.UnknownTopicOrPartition
	}
	p, err := h.Partitions.Get(metadata.PartitionID{Topic: topic.ID, Index: index})
	if err != nil {
		return nil, fmt.Errorf("find partition %s-%d: %w", topic.Name, index, kerr.NotLeaderForPartition)
	}
	return p, nil
}

// findByName is findPartition for requests that carry names.
func (h *Handlers) findByName(name string, index int32) (*partition.Partition, error) {
	return h.findPartition(h.Cluster.Image().Topic(name), index)
}
