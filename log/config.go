package log

import (
	"math"
	"time"

	"weir/record"
)

// Config holds a topic's settings as its logs use them. Sizes are bytes, times milliseconds; the names are
// Kafka's.
type Config struct {
	SegmentBytes           int64
	SegmentMs              int64
	SegmentJitterMs        int64
	SegmentIndexBytes      int64
	IndexIntervalBytes     int64
	RetentionBytes         int64 // per partition; -1 = no limit
	RetentionMs            int64 // -1 = no limit
	FlushMessages          int64 // records that may be unsynced; 1 = fsync before the answer
	FlushMs                int64
	FileDeleteDelayMs      int64
	MaxMessageBytes        int64
	Preallocate            bool
	TimestampType          record.TimestampType
	CleanupDelete          bool // cleanup.policy has delete
	CleanupCompact         bool // cleanup.policy has compact
	MinCleanableDirtyRatio float64
	MinCompactionLagMs     int64
	MaxCompactionLagMs     int64 // it bounds segment.ms of a compacted topic as well
	DeleteRetentionMs      int64 // how long tombstones stay once they have been compacted
	ProducerIDExpirationMs int64
	CompressSegments       bool  // segment.compression is zstd
	CompressionLevel       int64 // segment.compression.zstd.level
}

// DefaultConfig returns Weir's defaults: Kafka's, but fsync before the answer.
func DefaultConfig() Config {
	return Config{
		SegmentBytes: 1 << 30, SegmentMs: 7 * 24 * 3600 * 1000, SegmentIndexBytes: 10 << 20,
		IndexIntervalBytes: 4096,
		RetentionBytes:     -1, RetentionMs: 7 * 24 * 3600 * 1000,
		FlushMessages: 1, FlushMs: math.MaxInt64, FileDeleteDelayMs: 60_000, MaxMessageBytes: 1 << 20,
		CleanupDelete: true, MinCleanableDirtyRatio: 0.5, MaxCompactionLagMs: math.MaxInt64,
		DeleteRetentionMs: 24 * 3600 * 1000, ProducerIDExpirationMs: 24 * 3600 * 1000,
		CompressionLevel: 3,
	}
}

// DirectoryConfig holds the settings of one data directory.
type DirectoryConfig struct {
	CheckpointInterval     time.Duration // log.flush.offset.checkpoint.interval.ms; 0 = 60 s
	CheckpointBytes        int64         // synced bytes after which recovery points are written at once; 0 = 256 MiB
	ProducerExpiryInterval time.Duration // producer.id.expiration.check.interval.ms; 0 = 10 min
	ProbeInterval          time.Duration // how often a full disk is tried again; 0 = 1 s
	BallastBytes           int64         // space set aside so that deletes work on a full disk; 0 = 1 MiB
	JournalBytes           int64         // of each of the journal's two files; 0 = 64 MiB
	CompressBytesPerSecond int64         // record bytes that the compressor works on; 0 = 64 MiB, below 0 = no limit
	FrameCacheBytes        int64         // decompressed frames kept while compressed segments are read; 0 = 16 MiB
	BrokerEpoch            int64         // written into the clean-shutdown marker (KIP-966)
	Compaction             CompactionConfig
}

// CompactionConfig holds the settings of compaction, which those of Kafka's log cleaner are.
type CompactionConfig struct {
	Threads        int           // logs that are compacted at once (log.cleaner.threads); 0 = nothing is by itself
	KeyBytes       int64         // memory of all key tables together (log.cleaner.dedupe.buffer.size); 0 = 128 MiB
	LoadFactor     float64       // how full one may become (log.cleaner.io.buffer.load.factor); 0 = 0.9
	IOBytes        int64         // memory of all buffers together (log.cleaner.io.buffer.size); 0 = 512 KiB
	BytesPerSecond float64       // read and written (log.cleaner.io.max.bytes.per.second); 0 = no limit
	Backoff        time.Duration // pause when there is nothing to do (log.cleaner.backoff.ms); 0 = 15 s
}
