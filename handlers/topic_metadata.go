package handlers

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/metadata"
)

// topicRefused is a topic of Metadata that cannot be described.
func topicRefused(name *string, id [16]byte, code int16) kmsg.MetadataResponseTopic {
	t := kmsg.NewMetadataResponseTopic()
	t.Topic, t.TopicID, t.ErrorCode = name, id, code
	return t
}

// describeTopic describes a topic for Metadata.
func (h *Handlers) describeTopic(c *Conn, version int16, image *metadata.Image, topic *metadata.Topic,
) kmsg.MetadataResponseTopic {
	t := kmsg.NewMetadataResponseTopic()
	name := topic.Name
	t.Topic, t.TopicID, t.IsInternal = &name, topic.ID, topic.Internal
	for i, p := range topic.Partitions {
		partition := kmsg.NewMetadataResponseTopicPartition()
		partition.Partition, partition.Leader, partition.LeaderEpoch = int32(i), p.Leader, p.LeaderEpoch
		partition.Replicas, partition.ISR = p.Replicas, p.ISR
		partition.OfflineReplicas = offlineReplicas(image, p)
		partition.ErrorCode = h.leaderCode(c, version, image, p)
		if partition.ErrorCode != 0 {
			partition.Leader = -1
		}
		t.Partitions = append(t.Partitions, partition)
	}
	return t
}

// leaderCode is the error that stands at a partition whose leader the client cannot reach: there is none, or
// it has no listener of the client's.
func (h *Handlers) leaderCode(c *Conn, version int16, image *metadata.Image, p metadata.Partition) int16 {
	leader := image.Broker(p.Leader)
	if leader == nil {
		return kerr.LeaderNotAvailable.Code
	}
	if _, _, ok := h.EndpointFor(c, leader); ok {
		return 0
	}
	if version < 6 {
		return kerr.LeaderNotAvailable.Code
	}
	return kerr.ListenerNotFound.Code
}
