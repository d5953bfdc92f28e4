package handlers

import (
	"weir/cluster"
	"weir/config"
	"weir/metadata"
	"weir/share"
)

// ShareSettings are the settings of a share group under the newest image, as room share takes them.
func (h *Handlers) ShareSettings(group string) share.Settings {
	c := h.ShareConfig(group)
	s := share.Settings{
		LockDuration: c.LockDuration, DeliveryLimit: int16(c.DeliveryLimit), MaxLocks: c.MaxRecordLocks,
		Renew: c.Renew, Committed: c.ReadCommitted,
		DeadLetters: c.DeadLetterTopic, CopyRecord: c.DeadLetterCopy,
		Backoff: share.Backoff{Min: c.Backoff, Max: c.BackoffMax, Multiplier: c.BackoffMultiplier},
		Filter:  c.Filter,
	}
	switch {
	case c.Reset.Earliest:
		s.Reset.Kind = share.ResetEarliest
	case c.Reset.ByDuration:
		s.Reset = share.Reset{Kind: share.ResetByDuration, Duration: c.Reset.By}
	}
	switch c.Order {
	case "priority":
		s.Order = share.ByPriority
	case "key":
		s.Order = share.ByKey
	}
	return s
}

// PrepareShareFetch completes what a member of a share group asks for: the settings of the group and of the topics. The topic
// for the group's dead letters is made if it is missing.
func (h *Handlers) PrepareShareFetch(r *share.FetchRequest) {
	r.Settings = h.ShareSettings(r.Group)
	image := h.Cluster.Image()
	most := 0
	for _, id := range r.Partitions {
		topic := image.TopicByID(id.Topic)
		if topic == nil {
			continue
		}
		most = max(most, len(topic.Partitions))
		if s := h.settings.of(image, topic).share; s != (share.TopicSettings{}) {
			if r.Topics == nil {
				r.Topics = make(map[metadata.TopicID]share.TopicSettings)
			}
			r.Topics[topic.ID] = s
		}
	}
	if name := r.Settings.DeadLetters; name != "" && most > 0 && image.Topic(name) == nil {
		h.createDeadLetters(name, most)
	}
}

// createDeadLetters makes a topic for dead letters, if the broker may. Room share keeps what it has for it until it is there.
func (h *Handlers) createDeadLetters(name string, partitions int) {
	if !h.Settings().Bool("errors.deadletterqueue.auto.create.topics.enable") {
		return
	}
	_ = h.createInternal(cluster.NewTopic{Name: name, Partitions: int32(partitions), Replication: -1,
		Configs: map[string]*string{
			"errors.deadletterqueue.group.enable": setting("true"),
			"message.timestamp.type":              setting("CreateTime"),
		}}) // the next fetch tries again
}

// shareTopicOf are the settings of a topic for share groups.
func shareTopicOf(c config.TopicConfig) share.TopicSettings {
	return share.TopicSettings{DelayMs: c.Int64("weir.message.delay.ms"), TTLMs: c.Int64("weir.message.ttl.ms")}
}
