package groups

import "time"

// Config holds the settings of group coordination, named as Kafka names them. Zero values are replaced by Kafka's
// defaults where zero makes no sense.
type Config struct {
	// OffsetsPartitions is the number of partitions of __consumer_offsets: of the topic if it exists, else
	// offsets.topic.num.partitions.
	OffsetsPartitions int32
	// OffsetMetadataMaxBytes bounds the metadata of one committed offset (offset.metadata.max.bytes).
	OffsetMetadataMaxBytes int
	// OffsetsLoadBufferBytes is how much a loading shard reads at once (offsets.load.buffer.size).
	OffsetsLoadBufferBytes int
	// OffsetsRetention is how long offsets outlive their group (offsets.retention.minutes).
	OffsetsRetention time.Duration
	// OffsetsRetentionCheckInterval is how often expired ones are looked for (offsets.retention.check.interval.ms).
	OffsetsRetentionCheckInterval time.Duration
	// GroupMinSessionTimeoutMs and GroupMaxSessionTimeoutMs bound session.timeout.ms of members.
	GroupMinSessionTimeoutMs, GroupMaxSessionTimeoutMs int32
	// GroupInitialRebalanceDelayMs is how long an empty group waits for more members after the first.
	GroupInitialRebalanceDelayMs int32
	// GroupMaxSize bounds the members of one group.
	GroupMaxSize int
	// BatchMaxBytes bounds one record batch, and so the stored size of one group: max.message.bytes of the topic.
	BatchMaxBytes int
}
