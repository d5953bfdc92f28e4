package share

import (
	"time"

	"weir/filter"
)

// Settings are a group's, as Kafka names them. They come with each request.
type Settings struct {
	// LockDuration is how long a member holds a record before others may have it (share.record.lock.duration.ms).
	LockDuration time.Duration
	// DeliveryLimit is how often a record is delivered before it is given up (share.delivery.count.limit).
	DeliveryLimit int16
	// MaxLocks bounds the records of a partition that are looked at and not settled (share.partition.max.record.locks).
	MaxLocks int
	// Renew lets members hold a record for longer (share.renew.acknowledge.enable).
	Renew bool
	// Committed leaves records of transactions out until they are committed (share.isolation.level).
	Committed bool
	// Reset says where a group begins that has never fetched (share.auto.offset.reset).
	Reset Reset
	// DeadLetters names the topic for records that are given up, "" for none (errors.deadletterqueue.topic.name).
	DeadLetters string
	// CopyRecord has dead letters carry key, value and headers (errors.deadletterqueue.copy.record.enable).
	CopyRecord bool
	// Order says what of that which is available goes first (weir.share.order).
	Order Order
	// Backoff is how long a record waits after it was released or its lock ended, by its deliveries (weir.share.retry.backoff.ms,
	// .max.ms, .multiplier).
	Backoff Backoff
	// Filter says which records the group gets, nil for all (weir.share.filter). The others are settled when they are looked at.
	Filter *filter.Filter
}

// TopicSettings are a topic's, for records whose headers say nothing.
type TopicSettings struct {
	DelayMs int64 // after a record's timestamp; 0 for none (weir.message.delay.ms)
	TTLMs   int64 // likewise (weir.message.ttl.ms)
}

// ResetKind is a strategy of share.auto.offset.reset.
type ResetKind int8

// The strategies.
const (
	ResetLatest ResetKind = iota
	ResetEarliest
	ResetByDuration
)

// Reset is where a group begins; Duration is back from now, for ResetByDuration.
type Reset struct {
	Kind     ResetKind
	Duration time.Duration
}

// Order is what goes first.
type Order int8

// The orders.
const (
	ByOffset   Order = iota // the lowest offset
	ByPriority              // the highest priority of all that there is room to look at, then the lowest offset
	ByKey                   // the lowest offset, and of each key one record at a time, in order
)

// Backoff grows from Min by Multiplier with every delivery, up to Max.
type Backoff struct {
	Min, Max   time.Duration
	Multiplier float64
}

// after is the wait after so many deliveries.
func (b Backoff) after(deliveries int16) time.Duration {
	if b.Min <= 0 {
		return 0
	}
	wait := float64(b.Min)
	for range deliveries - 1 {
		if wait *= max(b.Multiplier, 1); wait >= float64(b.Max) {
			break
		}
	}
	return min(time.Duration(wait), max(b.Max, b.Min))
}

// Config holds the broker's settings of share groups. Zero values are replaced by Kafka's defaults.
type Config struct {
	// StatePartitions is the number of partitions of __share_group_state: of the topic if it exists, else
	// share.coordinator.state.topic.num.partitions.
	StatePartitions int32
	// LoadBufferBytes is how much a loading shard reads at once (share.coordinator.load.buffer.size).
	LoadBufferBytes int
	// SnapshotUpdates is after how many changes a share partition is written whole
	// (share.coordinator.snapshot.update.records.per.snapshot).
	SnapshotUpdates int
	// PruneInterval is how often records of the state that later ones replace are deleted
	// (share.coordinator.state.topic.prune.interval.ms).
	PruneInterval time.Duration
	// BatchMaxBytes bounds one batch of the state: max.message.bytes of the topic.
	BatchMaxBytes int
}

func (c Config) withDefaults() Config {
	if c.StatePartitions == 0 {
		c.StatePartitions = 50
	}
	if c.LoadBufferBytes == 0 {
		c.LoadBufferBytes = 5 << 20
	}
	if c.SnapshotUpdates == 0 {
		c.SnapshotUpdates = 500
	}
	if c.PruneInterval == 0 {
		c.PruneInterval = 5 * time.Minute
	}
	if c.BatchMaxBytes == 0 {
		c.BatchMaxBytes = 1 << 20
	}
	return c
}
