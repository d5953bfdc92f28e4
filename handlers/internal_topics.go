package handlers

import (
	"errors"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"

	"weir/cluster"
	"weir/metadata"
)

// offsetsTopic is where groups and committed offsets live.
const offsetsTopic = "__consumer_offsets"

// groupLeader returns the broker that coordinates a group: the leader of the group's partition of
// __consumer_offsets, which is created if there is none yet.
func (h *Handlers) groupLeader(group string) (*metadata.Broker, error) {
	image := h.Cluster.Image()
	topic := image.Topic(offsetsTopic)
	if topic == nil {
		if err := h.createOffsetsTopic(); err != nil {
			return nil, err
		}
		image = h.Cluster.Image()
		topic = image.Topic(offsetsTopic)
	}
	shard := h.Groups.ShardOf(group)
	if topic == nil || int(shard) >= len(topic.Partitions) {
		return nil, kerr.CoordinatorNotAvailable
	}
	leader := image.Broker(topic.Partitions[shard].Leader)
	if leader == nil {
		return nil, kerr.CoordinatorNotAvailable
	}
	return leader, nil
}

// createOffsetsTopic makes __consumer_offsets with the settings Kafka gives it
// (GroupCoordinatorService.groupMetadataTopicConfigs).
func (h *Handlers) createOffsetsTopic() error {
	ctx, cancel := h.within(0)
	defer cancel()
	config := h.Settings()
	segment := strconv.FormatInt(config.Int64("offsets.topic.segment.bytes"), 10)
	compact, producer := "compact", "producer"
	made := h.Cluster.CreateTopics(ctx, []cluster.NewTopic{{
		Name:        offsetsTopic,
		Internal:    true,
		Partitions:  config.Int32("offsets.topic.num.partitions"),
		Replication: int16(config.Int32("offsets.topic.replication.factor")),
		Configs: map[string]*string{
			"cleanup.policy": &compact, "compression.type": &producer, "segment.bytes": &segment,
		},
	}}, false)
	if err := made[0].Err; err != nil && !errors.Is(err, cluster.ErrTopicExists) {
		h.Logger.Error("create topic for committed offsets", "topic", offsetsTopic, "error", err)
		return kerr.CoordinatorNotAvailable
	}
	return nil
}

// sharePartitionKey reports whether a key has the form "group:topic id:partition" (SharePartitionKey.java).
func sharePartitionKey(key string) bool {
	parts := strings.Split(key, ":")
	if len(parts) != 3 || strings.TrimSpace(parts[0]) == "" {
		return false
	}
	_, badID := metadata.ParseTopicID(parts[1])
	_, badIndex := strconv.ParseInt(parts[2], 10, 32)
	return badID == nil && badIndex == nil
}
