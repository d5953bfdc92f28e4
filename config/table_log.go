package config

// logTable are the broker settings of logs and topics. It is never written to.
var logTable = []Def{
	{
		Name: "auto.create.topics.enable", Type: Boolean, Default: "true",
		Doc: "Whether asking for the metadata of an unknown topic may create it.",
	},
	{
		Name: "compression.gzip.level", Type: Int, Default: "-1", check: gzipLevel(),
		Scope: ClusterWide,
		Doc:   "The level used when compression.type is gzip; -1 is the codec's own default.",
	},
	{
		Name: "compression.lz4.level", Type: Int, Default: "9", check: between(1, 17),
		Scope: ClusterWide, Doc: "The level used when compression.type is lz4.",
	},
	{
		Name: "compression.type", Type: String, Default: "producer",
		check: oneOf("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"),
		Scope: ClusterWide,
		Doc:   "How batches are stored: as the producer sent them, uncompressed, or in one codec.",
	},
	{
		Name: "compression.zstd.level", Type: Int, Default: "3", check: between(-131072, 22),
		Scope: ClusterWide, Doc: "The level used when compression.type is zstd.",
	},
	{
		Name: "cordoned.log.dirs", Type: List, check: listOf(true), Ignored: true,
		Doc: "Log directories that take no new partitions.",
	},
	{
		Name: "default.replication.factor", Type: Int, Default: "1",
		Doc: "The replication factor of topics created without one.",
	},
	{
		Name: "delete.topic.enable", Type: Boolean, Default: "true",
		Doc: "Whether topics may be deleted.",
	},
	{
		Name: "log.cleaner.backoff.ms", Type: Long, Default: "15000", check: atLeast(0),
		Scope: ClusterWide,
		Doc:   "How long compaction rests when there is nothing to compact.",
	},
	{
		Name: "log.cleaner.dedupe.buffer.size", Type: Long, Default: "134217728",
		Scope: ClusterWide, Doc: "The most memory in bytes for the key tables of compaction. A log with more keys takes several passes.",
	},
	{
		Name: "log.cleaner.delete.retention.ms", Type: Long, Default: "86400000", check: atLeast(0),
		Scope: ClusterWide, Doc: "How long tombstones of compacted topics are kept.",
	},
	{
		Name: "log.cleaner.enable", Type: Boolean, Default: "true",
		Doc: "Whether logs are compacted.",
	},
	{
		Name: "log.cleaner.io.buffer.load.factor", Type: Double, Default: "0.9", Scope: ClusterWide,
		Doc: "How full a key table of compaction may become.",
	},
	{
		Name: "log.cleaner.io.buffer.size", Type: Int, Default: "524288", check: atLeast(0),
		Scope: ClusterWide,
		Doc:   "The memory in bytes for the reads and writes of compaction.",
	},
	{
		Name: "log.cleaner.io.max.bytes.per.second", Type: Double,
		Default: "1.7976931348623157E308", Scope: ClusterWide,
		Doc: "The most bytes a second that compaction reads and writes.",
	},
	{
		Name: "log.cleaner.max.compaction.lag.ms", Type: Long, Default: "9223372036854775807",
		check: atLeast(1), Scope: ClusterWide,
		Doc: "The age at which records are compacted at the latest, and segments of compacted topics roll.",
	},
	{
		Name: "log.cleaner.min.cleanable.ratio", Type: Double, Default: "0.5",
		check: fraction(0, 1), Scope: ClusterWide,
		Doc: "The share of uncompacted bytes above which a log is compacted.",
	},
	{
		Name: "log.cleaner.min.compaction.lag.ms", Type: Long, Default: "0", check: atLeast(0),
		Scope: ClusterWide,
		Doc:   "The shortest time a record stays out of compaction.",
	},
	{
		Name: "log.cleaner.threads", Type: Int, Default: "1", check: atLeast(0), Scope: ClusterWide,
		Doc: "How many logs are compacted at once.",
	},
	{
		Name: "log.cleanup.policy", Type: List, Default: "delete",
		check: listOf(true, "compact", "delete"), Scope: ClusterWide,
		Doc: "What becomes of old segments: delete, compact, both or (empty) neither.",
	},
	{
		Name: "log.dir", Type: List, Default: "./data", check: listOf(false),
		Kafka: "/tmp/kafka-logs", Doc: "The data directory, when log.dirs is not set.",
	},
	{
		Name: "log.dir.failure.timeout.ms", Type: Long, Default: "30000", check: atLeast(1),
		Ignored: true, Doc: "How long a failed log directory may stay unknown to the controller.",
	},
	{
		Name: "log.dirs", Type: List, Null: true, check: listOf(true),
		Synonyms: []string{"log.dirs", "log.dir"}, Doc: "The data directory; one is supported.",
	},
	{
		Name: "log.flush.interval.messages", Type: Long, Default: "1", check: atLeast(1),
		Scope: ClusterWide, Kafka: "9223372036854775807",
		Doc: "Records between syncs of a log. 1 answers acks=all after an fsync that began after the write.",
	},
	{
		Name: "log.flush.interval.ms", Type: Long, Null: true, Scope: ClusterWide,
		Synonyms: []string{"log.flush.interval.ms", "log.flush.scheduler.interval.ms"},
		Doc:      "The longest time records stay unsynced; unset takes log.flush.scheduler.interval.ms.",
	},
	{
		Name: "log.flush.offset.checkpoint.interval.ms", Type: Int, Default: "60000",
		check: atLeast(0), Doc: "The time between writes of the recovery points.",
	},
	{
		Name: "log.flush.scheduler.interval.ms", Type: Long, Default: "9223372036854775807",
		Doc: "The longest time records stay unsynced when log.flush.interval.ms is not set.",
	},
	{
		Name: "log.flush.start.offset.checkpoint.interval.ms", Type: Int, Default: "60000",
		check: atLeast(0), Ignored: true, Doc: "The time between writes of the log start offsets.",
	},
	{
		Name: "log.index.interval.bytes", Type: Int, Default: "4096", check: atLeast(0),
		Scope: ClusterWide, Doc: "The bytes of log between two entries of its offset index.",
	},
	{
		Name: "log.index.size.max.bytes", Type: Int, Default: "10485760", check: atLeast(4),
		Scope: ClusterWide,
		Doc:   "The largest size of an index file; a segment with a full index rolls.",
	},
	{
		Name: "log.local.retention.bytes", Type: Long, Default: "-2", check: atLeast(-2),
		Scope: ClusterWide, Ignored: true,
		Doc: "The bytes of a tiered partition kept locally; -2 follows log.retention.bytes.",
	},
	{
		Name: "log.local.retention.ms", Type: Long, Default: "-2", check: atLeast(-2),
		Scope: ClusterWide, Ignored: true,
		Doc: "How long a tiered partition's segments are kept locally; -2 follows log.retention.ms.",
	},
	{
		Name: "log.message.timestamp.after.max.ms", Type: Long, Default: "3600000",
		check: atLeast(0), Scope: ClusterWide,
		Doc: "How far a record's timestamp may lie ahead of the broker's clock.",
	},
	{
		Name: "log.message.timestamp.before.max.ms", Type: Long, Default: "9223372036854775807",
		check: atLeast(0), Scope: ClusterWide,
		Doc: "How far a record's timestamp may lie behind the broker's clock.",
	},
	{
		Name: "log.message.timestamp.type", Type: String, Default: "CreateTime",
		check: oneOf("CreateTime", "LogAppendTime"), Scope: ClusterWide,
		Doc: "Whether records keep the producer's timestamp or get the time of their append.",
	},
	{
		Name: "log.preallocate", Type: Boolean, Default: "false", Scope: ClusterWide,
		Doc: "Whether a new segment's file is allocated at its full size.",
	},
	{
		Name: "log.remote.copy.lag.bytes", Type: Long, Default: "-1", check: atLeast(-1),
		Scope: ClusterWide, Ignored: true,
		Doc: "How many newer bytes a segment has before it is tiered; -1 follows log.local.retention.bytes.",
	},
	{
		Name: "log.remote.copy.lag.ms", Type: Long, Default: "0", check: atLeast(-1),
		Scope: ClusterWide, Ignored: true,
		Doc: "How old a segment is before it is tiered; -1 follows log.local.retention.ms.",
	},
	{
		Name: "log.retention.bytes", Type: Long, Default: "-1", Scope: ClusterWide,
		Doc: "The size of a partition above which its oldest segments are deleted; -1 is no limit.",
	},
	{
		Name: "log.retention.check.interval.ms", Type: Long, Default: "300000", check: atLeast(1),
		Doc: "The time between checks for segments to be deleted.",
	},
	{
		Name: "log.retention.hours", Type: Int, Default: "168",
		Synonyms: []string{"log.retention.ms", "log.retention.minutes", "log.retention.hours"},
		factor:   3600000,
		Doc:      "How long records are kept, when neither log.retention.ms nor log.retention.minutes is set.",
	},
	{
		Name: "log.retention.minutes", Type: Int, Null: true,
		Synonyms: []string{"log.retention.ms", "log.retention.minutes", "log.retention.hours"},
		factor:   60000, Doc: "How long records are kept, when log.retention.ms is not set.",
	},
	{
		Name: "log.retention.ms", Type: Long, Null: true, Scope: ClusterWide,
		Synonyms: []string{"log.retention.ms", "log.retention.minutes", "log.retention.hours"},
		Doc:      "How long records are kept; -1 is for ever; unset takes log.retention.minutes.",
	},
	{
		Name: "log.roll.hours", Type: Int, Default: "168", check: atLeast(1),
		Synonyms: []string{"log.roll.ms", "log.roll.hours"}, factor: 3600000,
		Doc: "The age at which a segment rolls, when log.roll.ms is not set.",
	},
	{
		Name: "log.roll.jitter.hours", Type: Int, Default: "0", check: atLeast(0),
		Synonyms: []string{"log.roll.jitter.ms", "log.roll.jitter.hours"}, factor: 3600000,
		Doc: "The largest random part taken off log.roll.hours, when log.roll.jitter.ms is not set.",
	},
	{
		Name: "log.roll.jitter.ms", Type: Long, Null: true, Scope: ClusterWide,
		Synonyms: []string{"log.roll.jitter.ms", "log.roll.jitter.hours"},
		Doc:      "The largest random part taken off log.roll.ms; unset takes log.roll.jitter.hours.",
	},
	{
		Name: "log.roll.ms", Type: Long, Null: true, Scope: ClusterWide,
		Synonyms: []string{"log.roll.ms", "log.roll.hours"},
		Doc:      "The age at which a segment rolls; unset takes log.roll.hours.",
	},
	{
		Name: "log.segment.bytes", Type: Int, Default: "1073741824", check: atLeast(1048576),
		Scope: ClusterWide, Doc: "The size at which a segment rolls.",
	},
	{
		Name: "log.segment.delete.delay.ms", Type: Long, Default: "60000", check: atLeast(0),
		Scope: ClusterWide,
		Doc:   "How long a deleted segment's files stay, renamed, for readers that still use them.",
	},
	{
		Name: "max.decompressed.message.bytes", Type: Int, Default: "67108864", check: atLeast(0),
		Kafka: "2147483639", Doc: "The largest size a record batch may have when decompressed.",
	},
	{
		Name: "message.max.bytes", Type: Int, Default: "1048588", check: atLeast(0),
		Scope: ClusterWide, Doc: "The largest record batch accepted, as it comes in (compressed).",
	},
	{
		Name: "min.insync.replicas", Type: Int, Default: "1", check: atLeast(1), Scope: ClusterWide,
		Ignored: true,
		Doc:     "The in-sync replicas that acks=all needs; Weir's storage satisfies it with one broker.",
	},
	{
		Name: "num.partitions", Type: Int, Default: "1", check: atLeast(1),
		Doc: "The number of partitions of topics created without one.",
	},
	{
		Name: "num.recovery.threads.per.data.dir", Type: Int, Default: "2", check: atLeast(1),
		Doc: "The number of logs that are opened at one time at the start.",
	},
	{
		Name: "producer.id.expiration.ms", Type: Int, Default: "86400000", check: atLeast(1),
		Scope: ClusterWide, Doc: "How long the state of an idle idempotent producer is kept.",
	},
	{
		Name: "producer.purgatory.purge.interval.requests", Type: Int, Default: "1000",
		Ignored: true, Doc: "How many requests pass between purges of waiting produce requests.",
	},
	{
		Name: "unclean.leader.election.enable", Type: Boolean, Default: "false", Scope: ClusterWide,
		Ignored: true, Doc: "Whether a replica that is not in sync may become leader.",
	},
}
