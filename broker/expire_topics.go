package broker

import (
	"context"
	"strconv"
	"time"

	"weir/cluster"
	"weir/metadata"
)

// idleCheck is how often topics are looked at that expire when nobody uses them.
const idleCheck = time.Second

// expiryMs is weir.topic.idle.expire.ms of a topic, 0 for topics that do not expire.
func expiryMs(topic *metadata.Topic) int64 {
	ms, err := strconv.ParseInt(topic.Configs["weir.topic.idle.expire.ms"], 10, 64)
	if err != nil || topic.Internal {
		return 0 // it was checked when it was set
	}
	return ms
}

// expireTopics deletes topics that nobody has read from or written to for as long as their settings say. A start counts as use.
func (b *Broker) expireTopics(ctx context.Context) {
	nowMs := b.config.Clock.Now().UnixMilli()
	for _, topic := range b.cluster.Image().Topics() {
		if ms := expiryMs(topic); ms == 0 || !b.idle(topic, nowMs-ms) {
			continue
		}
		result := b.cluster.DeleteTopics(ctx, []cluster.TopicRef{{ID: topic.ID}})[0]
		if result.Err != nil {
			b.config.Logger.Warn("topic that nobody uses could not be deleted", "topic", topic.Name, "error", result.Err)
			continue
		}
		b.config.Logger.Info("topic that nobody used is deleted", "topic", topic.Name)
	}
}

// idle tells whether no partition of a topic was used since a time.
func (b *Broker) idle(topic *metadata.Topic, sinceMs int64) bool {
	for i := range topic.Partitions {
		p, err := b.partitions.Get(metadata.PartitionID{Topic: topic.ID, Index: int32(i)})
		if err != nil {
			return false
		}
		if at, tracked := p.LastUse(); !tracked || at > sinceMs {
			return false
		}
	}
	return true
}
