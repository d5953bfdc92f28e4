package groups

import (
	"math"
	"time"
)

// Config holds the settings of group coordination, named as Kafka names them. Zero values are replaced by
// Kafka's defaults, except where zero means something: GroupInitialRebalanceDelayMs.
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
	// OffsetsRetentionCheckInterval is how often expired ones are looked for
	// (offsets.retention.check.interval.ms).
	OffsetsRetentionCheckInterval time.Duration
	// GroupMinSessionTimeoutMs and GroupMaxSessionTimeoutMs bound session.timeout.ms of members.
	GroupMinSessionTimeoutMs, GroupMaxSessionTimeoutMs int32
	// GroupInitialRebalanceDelayMs is how long an empty group waits for more members after the first.
	GroupInitialRebalanceDelayMs int32
	// MaxGroups bounds the groups of all shards together; 0: not at all (weir.groups.max). Kafka has no such bound.
	MaxGroups int
	// GroupMaxSize bounds the members of one group.
	GroupMaxSize int
	// Consumer holds the settings of groups that follow the consumer protocol.
	Consumer ConsumerConfig
	// Streams holds the settings of groups that run a Kafka Streams topology.
	Streams StreamsConfig
	// Share holds the settings of share groups.
	Share ShareConfig
	// BatchMaxBytes bounds one record batch, and so the stored size of one group: max.message.bytes of the
	// topic.
	BatchMaxBytes int
}

// Setting is a setting that groups may have of their own, within bounds.
type Setting struct{ Default, Min, Max int32 }

// StreamsConfig holds the settings of streams groups (group.streams.*). Zero values of the first two and the last are
// replaced by Kafka's defaults.
type StreamsConfig struct {
	// SessionTimeoutMs is how long a member may be silent.
	SessionTimeoutMs Setting
	// HeartbeatIntervalMs is how often members are told to be heard of.
	HeartbeatIntervalMs Setting
	// AssignmentIntervalMs is how long a target stands before the next is computed.
	AssignmentIntervalMs Setting
	// InitialDelayMs is how long a new group waits for more members.
	InitialDelayMs Setting
	// Standbys is how many copies of each task with state there are.
	Standbys Setting
	// MaxSize bounds the members of one group.
	MaxSize int
}

// ShareConfig holds the settings of share groups (group.share.*) that tell how members belong to them. Zero values are
// replaced by Kafka's defaults, except those of the intervals that may be 0.
type ShareConfig struct {
	// SessionTimeoutMs is how long a member may be silent.
	SessionTimeoutMs Setting
	// HeartbeatIntervalMs is how often members are told to be heard of.
	HeartbeatIntervalMs Setting
	// HurriedIntervalMs is how soon members are told to be heard of again while the states of their partitions are being made,
	// if that is less than HeartbeatIntervalMs; 0: as ever.
	HurriedIntervalMs int32
	// AssignmentIntervalMs is how long a target stands before the next is computed.
	AssignmentIntervalMs Setting
	// MaxSize bounds the members of one group.
	MaxSize int
	// Assignor is the one that all groups have: simple, there is no other (SimpleAssignor).
	Assignor string
}

// ConsumerConfig holds the settings of groups that follow the consumer protocol (group.consumer.*). Zero
// values are replaced by Kafka's defaults, except that of the assignment interval.
type ConsumerConfig struct {
	// SessionTimeoutMs is how long a member may be silent.
	SessionTimeoutMs Setting
	// HeartbeatIntervalMs is how often members are told to be heard of.
	HeartbeatIntervalMs Setting
	// HurriedIntervalMs is how soon a member is told to be heard of again that waits for what others are to give up, if that
	// is less than HeartbeatIntervalMs (weir.group.consumer.hurried.heartbeat.interval.ms); 0: as any member.
	HurriedIntervalMs int32
	// AssignmentIntervalMs is how long a target stands before the next is computed.
	AssignmentIntervalMs Setting
	// MaxSize bounds the members of one group.
	MaxSize int
	// Assignors are those that members may ask for; the first serves groups that do not ask.
	Assignors []string
	// NoUpgrade and NoDowngrade keep groups that have members from becoming consumer groups, and classic ones
	// again (group.consumer.migration.policy).
	NoUpgrade, NoDowngrade bool
	// RegexRefreshInterval is how long topics of regular expressions are trusted
	// (group.consumer.regex.refresh.interval.ms).
	RegexRefreshInterval time.Duration
}

func (c *ConsumerConfig) setDefaults() {
	for _, d := range []struct {
		at *Setting
		to Setting
	}{
		{&c.SessionTimeoutMs, Setting{45_000, 45_000, 60_000}},
		{&c.HeartbeatIntervalMs, Setting{5_000, 5_000, 15_000}},
	} {
		if *d.at == (Setting{}) {
			*d.at = d.to
		}
	}
	if c.MaxSize == 0 {
		c.MaxSize = math.MaxInt32
	}
	if len(c.Assignors) == 0 {
		c.Assignors = []string{AssignorUniform, AssignorRange}
	}
	if c.RegexRefreshInterval == 0 {
		c.RegexRefreshInterval = 10 * time.Minute
	}
}

func (c Config) withDefaults() Config {
	c.Consumer.setDefaults()
	if c.Streams.SessionTimeoutMs == (Setting{}) {
		c.Streams.SessionTimeoutMs = Setting{45_000, 45_000, 60_000}
	}
	if c.Streams.HeartbeatIntervalMs == (Setting{}) {
		c.Streams.HeartbeatIntervalMs = Setting{5_000, 5_000, 15_000}
	}
	if c.Streams.MaxSize == 0 {
		c.Streams.MaxSize = math.MaxInt32
	}
	if c.Share.SessionTimeoutMs == (Setting{}) {
		c.Share.SessionTimeoutMs = Setting{45_000, 45_000, 60_000}
	}
	if c.Share.HeartbeatIntervalMs == (Setting{}) {
		c.Share.HeartbeatIntervalMs = Setting{5_000, 5_000, 15_000}
	}
	if c.Share.Assignor == "" {
		c.Share.Assignor = "simple"
	}
	if c.Share.MaxSize == 0 {
		c.Share.MaxSize = 200
	}
	for _, d := range []struct {
		at *int
		to int
	}{
		{&c.OffsetMetadataMaxBytes, 4096},
		{&c.OffsetsLoadBufferBytes, 5 << 20},
		{&c.GroupMaxSize, math.MaxInt32},
		{&c.BatchMaxBytes, 1 << 20},
	} {
		if *d.at == 0 {
			*d.at = d.to
		}
	}
	for _, d := range []struct {
		at *time.Duration
		to time.Duration
	}{
		{&c.OffsetsRetention, 7 * 24 * time.Hour},
		{&c.OffsetsRetentionCheckInterval, 10 * time.Minute},
	} {
		if *d.at == 0 {
			*d.at = d.to
		}
	}
	if c.OffsetsPartitions == 0 {
		c.OffsetsPartitions = 50
	}
	if c.GroupMinSessionTimeoutMs == 0 {
		c.GroupMinSessionTimeoutMs = 6000
	}
	if c.GroupMaxSessionTimeoutMs == 0 {
		c.GroupMaxSessionTimeoutMs = 1_800_000
	}
	return c
}
