package handlers

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"

	"weir/cluster"
	"weir/coordinator"
	"weir/metadata"
)

// offsetsTopic is where groups and committed offsets live, stateTopic where transactions do, shareTopic where what share
// groups have settled does.
const (
	offsetsTopic = "__consumer_offsets"
	stateTopic   = "__transaction_state"
	shareTopic   = "__share_group_state"
)

// groupLeader returns the broker that coordinates a group: the leader of the group's partition of
// __consumer_offsets, which is created if there is none yet.
func (h *Handlers) groupLeader(group string) (*metadata.Broker, error) {
	return h.shardLeader(offsetsTopic, h.Groups.ShardOf(group), h.offsetsTopic)
}

// transactionLeader is groupLeader for a transactional id and __transaction_state.
func (h *Handlers) transactionLeader(id string) (*metadata.Broker, error) {
	return h.shardLeader(stateTopic, h.Txns.ShardOf(id), h.stateTopic)
}

// shareLeader is groupLeader for a partition that a share group reads and __share_group_state.
func (h *Handlers) shareLeader(key string) (*metadata.Broker, error) {
	partitions := h.Settings().Int32("share.coordinator.state.topic.num.partitions")
	if topic := h.Cluster.Image().Topic(shareTopic); topic != nil {
		partitions = int32(len(topic.Partitions))
	}
	return h.shardLeader(shareTopic, coordinator.ShardOf(key, partitions), h.shareTopic)
}

// shardLeader returns the leader of a partition of an internal topic, which is created if there is none yet.
func (h *Handlers) shardLeader(name string, shard int32, make func() cluster.NewTopic) (*metadata.Broker, error) {
	image := h.Cluster.Image()
	topic := image.Topic(name)
	if topic == nil {
		if err := h.createInternal(make()); err != nil {
			return nil, err
		}
		image = h.Cluster.Image()
		topic = image.Topic(name)
	}
	if topic == nil || int(shard) >= len(topic.Partitions) {
		return nil, kerr.CoordinatorNotAvailable
	}
	leader := image.Broker(topic.Partitions[shard].Leader)
	if leader == nil {
		return nil, kerr.CoordinatorNotAvailable
	}
	return leader, nil
}

// offsetsTopic is __consumer_offsets with the settings Kafka gives it
// (GroupCoordinatorService.groupMetadataTopicConfigs).
func (h *Handlers) offsetsTopic() cluster.NewTopic {
	config := h.Settings()
	return cluster.NewTopic{
		Name:        offsetsTopic,
		Internal:    true,
		Partitions:  config.Int32("offsets.topic.num.partitions"),
		Replication: int16(config.Int32("offsets.topic.replication.factor")),
		Configs: map[string]*string{
			"cleanup.policy": setting("compact"), "compression.type": setting("producer"),
			"segment.bytes": setting(strconv.FormatInt(config.Int64("offsets.topic.segment.bytes"), 10)),
		},
	}
}

// stateTopic is __transaction_state with the settings Kafka gives it
// (TransactionStateManager.transactionTopicConfigs).
func (h *Handlers) stateTopic() cluster.NewTopic {
	config := h.Settings()
	return cluster.NewTopic{
		Name:        stateTopic,
		Internal:    true,
		Partitions:  config.Int32("transaction.state.log.num.partitions"),
		Replication: int16(config.Int32("transaction.state.log.replication.factor")),
		Configs: map[string]*string{
			"cleanup.policy": setting("compact"), "compression.type": setting("uncompressed"),
			"unclean.leader.election.enable": setting("false"),
			"min.insync.replicas":            setting(strconv.Itoa(config.Int("transaction.state.log.min.isr"))),
			"segment.bytes":                  setting(strconv.FormatInt(config.Int64("transaction.state.log.segment.bytes"), 10)),
		},
	}
}

// shareTopic is __share_group_state with the settings Kafka gives it
// (ShareCoordinatorService.shareGroupStateTopicConfigs): it is cut by its coordinator, never by time.
func (h *Handlers) shareTopic() cluster.NewTopic {
	config := h.Settings()
	return cluster.NewTopic{
		Name:        shareTopic,
		Internal:    true,
		Partitions:  config.Int32("share.coordinator.state.topic.num.partitions"),
		Replication: int16(config.Int32("share.coordinator.state.topic.replication.factor")),
		Configs: map[string]*string{
			"cleanup.policy": setting("delete"), "compression.type": setting("producer"), "retention.ms": setting("-1"),
			"min.insync.replicas": setting(strconv.Itoa(config.Int("share.coordinator.state.topic.min.isr"))),
			"segment.bytes":       setting(strconv.FormatInt(config.Int64("share.coordinator.state.topic.segment.bytes"), 10)),
		},
	}
}

func setting(s string) *string { return &s }

func (h *Handlers) createInternal(t cluster.NewTopic) error {
	ctx, cancel := h.within(0)
	defer cancel()
	made := h.Cluster.CreateTopics(ctx, []cluster.NewTopic{t}, false)
	if err := made[0].Err; err != nil && !errors.Is(err, cluster.ErrTopicExists) {
		h.Logger.Error("create internal topic", "topic", t.Name, "error", err)
		return kerr.CoordinatorNotAvailable
	}
	return nil
}

// sharePartitionKey reads a key of the form "group:topic id:partition" and gives it as it is hashed; false if it is none
// (SharePartitionKey.java). The group's name may hold colons.
func sharePartitionKey(key string) (string, bool) {
	parts := strings.Split(key, ":")
	last := len(parts) - 1
	if last < 2 {
		return "", false
	}
	group := strings.Join(parts[:last-1], ":")
	id, badID := metadata.ParseTopicID(parts[last-1])
	index, badIndex := strconv.ParseInt(parts[last], 10, 32)
	return fmt.Sprintf("%s:%s:%d", group, id, index), strings.TrimSpace(group) != "" && badID == nil && badIndex == nil
}
