package config

// topicTable are the settings of a topic. It is never written to.
var topicTable = []Def{
	{
		Name: "cleanup.policy", Type: List, Default: "delete",
		check: listOf(true, "compact", "delete"), Broker: "log.cleanup.policy",
		Doc: "What becomes of old segments: delete, compact, both or (empty) neither.",
	},
	{
		Name: "compression.gzip.level", Type: Int, Default: "-1", check: gzipLevel(),
		Broker: "compression.gzip.level",
		Doc:    "The level used when compression.type is gzip; -1 is the codec's own default.",
	},
	{
		Name: "compression.lz4.level", Type: Int, Default: "9", check: between(1, 17),
		Broker: "compression.lz4.level", Doc: "The level used when compression.type is lz4.",
	},
	{
		Name: "compression.type", Type: String, Default: "producer",
		check:  oneOf("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"),
		Broker: "compression.type",
		Doc:    "How batches are stored: as the producer sent them, uncompressed, or in one codec.",
	},
	{
		Name: "compression.zstd.level", Type: Int, Default: "3", check: between(-131072, 22),
		Broker: "compression.zstd.level", Doc: "The level used when compression.type is zstd.",
	},
	{
		Name: "delete.retention.ms", Type: Long, Default: "86400000", check: atLeast(0),
		Broker: "log.cleaner.delete.retention.ms",
		Doc:    "How long tombstones of a compacted topic are kept.",
	},
	{
		Name: "errors.deadletterqueue.group.enable", Type: Boolean, Default: "false",
		Doc: "Whether share groups may write records they gave up to this topic.",
	},
	{
		Name: "file.delete.delay.ms", Type: Long, Default: "60000", check: atLeast(0),
		Broker: "log.segment.delete.delay.ms",
		Doc:    "How long a deleted segment's files stay, renamed, for readers that still use them.",
	},
	{
		Name: "flush.messages", Type: Long, Default: "1", check: atLeast(1),
		Kafka: "9223372036854775807", Broker: "log.flush.interval.messages",
		Doc: "Records between syncs. 1 answers acks=all after an fsync; 9223372036854775807 from the page cache.",
	},
	{
		Name: "flush.ms", Type: Long, Default: "9223372036854775807", check: atLeast(0),
		Broker: "log.flush.interval.ms", Doc: "The longest time records stay unsynced.",
	},
	{
		Name: "follower.replication.throttled.replicas", Type: List, check: throttled(),
		Ignored: true,
		Doc:     "Replicas whose followers are throttled, as partition:broker,partition:broker, or *.",
	},
	{
		Name: "index.interval.bytes", Type: Int, Default: "4096", check: atLeast(0),
		Broker: "log.index.interval.bytes",
		Doc:    "The bytes of log between two entries of its offset index.",
	},
	{
		Name: "leader.replication.throttled.replicas", Type: List, check: throttled(),
		Ignored: true,
		Doc:     "Replicas whose leaders are throttled, as partition:broker,partition:broker, or *.",
	},
	{
		Name: "local.retention.bytes", Type: Long, Default: "-2", check: atLeast(-2), Ignored: true,
		Broker: "log.local.retention.bytes",
		Doc:    "The bytes of a tiered partition kept locally; -2 follows retention.bytes.",
	},
	{
		Name: "local.retention.ms", Type: Long, Default: "-2", check: atLeast(-2), Ignored: true,
		Broker: "log.local.retention.ms",
		Doc:    "How long a tiered partition's segments are kept locally; -2 follows retention.ms.",
	},
	{
		Name: "max.compaction.lag.ms", Type: Long, Default: "9223372036854775807",
		check: atLeast(1), Broker: "log.cleaner.max.compaction.lag.ms",
		Doc: "The age at which records are compacted at the latest, and segments of compacted topics roll.",
	},
	{
		Name: "max.decompressed.message.bytes", Type: Int, Default: "67108864", check: atLeast(0),
		Kafka: "2147483639", Broker: "max.decompressed.message.bytes",
		Doc: "The largest size a record batch may have when decompressed.",
	},
	{
		Name: "max.message.bytes", Type: Int, Default: "1048588", check: atLeast(0),
		Broker: "message.max.bytes",
		Doc:    "The largest record batch accepted, as it comes in (compressed).",
	},
	{
		Name: "message.timestamp.after.max.ms", Type: Long, Default: "3600000", check: atLeast(0),
		Broker: "log.message.timestamp.after.max.ms",
		Doc:    "How far a record's timestamp may lie ahead of the broker's clock.",
	},
	{
		Name: "message.timestamp.before.max.ms", Type: Long, Default: "9223372036854775807",
		check: atLeast(0), Broker: "log.message.timestamp.before.max.ms",
		Doc: "How far a record's timestamp may lie behind the broker's clock.",
	},
	{
		Name: "message.timestamp.type", Type: String, Default: "CreateTime",
		check: oneOf("CreateTime", "LogAppendTime"), Broker: "log.message.timestamp.type",
		Doc: "Whether records keep the producer's timestamp or get the time of their append.",
	},
	{
		Name: "min.cleanable.dirty.ratio", Type: Double, Default: "0.5", check: fraction(0, 1),
		Broker: "log.cleaner.min.cleanable.ratio",
		Doc:    "The share of uncompacted bytes above which the log is compacted.",
	},
	{
		Name: "min.compaction.lag.ms", Type: Long, Default: "0", check: atLeast(0),
		Broker: "log.cleaner.min.compaction.lag.ms",
		Doc:    "The shortest time a record stays out of compaction.",
	},
	{
		Name: "min.insync.replicas", Type: Int, Default: "1", check: atLeast(1), Ignored: true,
		Broker: "min.insync.replicas",
		Doc:    "The in-sync replicas that acks=all needs; Weir's storage satisfies it with one broker.",
	},
	{
		Name: "preallocate", Type: Boolean, Default: "false", Broker: "log.preallocate",
		Doc: "Whether a new segment's file is allocated at its full size.",
	},
	{
		Name: "remote.copy.lag.bytes", Type: Long, Default: "-1", check: atLeast(-1), Ignored: true,
		Broker: "log.remote.copy.lag.bytes",
		Doc:    "How many newer bytes a segment has before it is tiered; -1 follows local.retention.bytes.",
	},
	{
		Name: "remote.copy.lag.ms", Type: Long, Default: "0", check: atLeast(-1), Ignored: true,
		Broker: "log.remote.copy.lag.ms",
		Doc:    "How old a segment is before it is tiered; -1 follows local.retention.ms.",
	},
	{
		Name: "remote.log.copy.disable", Type: Boolean, Default: "false", Ignored: true,
		Doc: "Whether the tiered data becomes read-only.",
	},
	{
		Name: "remote.log.delete.on.disable", Type: Boolean, Default: "false", Ignored: true,
		Doc: "Whether tiered data is deleted when tiering is turned off.",
	},
	{
		Name: "remote.storage.enable", Type: Boolean, Default: "false", Ignored: true,
		Doc: "Whether the topic is tiered.",
	},
	{
		Name: "retention.bytes", Type: Long, Default: "-1", Broker: "log.retention.bytes",
		Doc: "The size of a partition above which its oldest segments are deleted; -1 is no limit.",
	},
	{
		Name: "retention.ms", Type: Long, Default: "604800000", check: atLeast(-1),
		Broker: "log.retention.ms", Doc: "How long records are kept; -1 is for ever.",
	},
	{
		Name: "segment.bytes", Type: Int, Default: "1073741824", check: atLeast(1048576),
		Broker: "log.segment.bytes", Doc: "The size at which a segment rolls.",
	},
	{
		Name: "segment.compression", Type: String, Default: "none", check: oneOf("none", "zstd"), Own: true,
		Broker: "log.segment.compression",
		Doc: "How sealed segments are stored: none is Kafka's plain form, zstd takes a fraction of the disk. " +
			"A change reaches old segments in the background.",
	},
	{
		Name: "segment.compression.zstd.level", Type: Int, Default: "3", check: between(1, 22), Own: true,
		Broker: "log.segment.compression.zstd.level",
		Doc:    "The level of zstd used when segment.compression is zstd.",
	},
	{
		Name: "segment.index.bytes", Type: Int, Default: "10485760", check: atLeast(4),
		Broker: "log.index.size.max.bytes",
		Doc:    "The largest size of an index file; a segment with a full index rolls.",
	},
	{
		Name: "segment.jitter.ms", Type: Long, Default: "0", check: atLeast(0),
		Broker: "log.roll.jitter.ms", Doc: "The largest random part taken off segment.ms.",
	},
	{
		Name: "segment.ms", Type: Long, Default: "604800000", check: atLeast(1),
		Broker: "log.roll.ms", Doc: "The age at which a segment rolls.",
	},
	{
		Name: "unclean.leader.election.enable", Type: Boolean, Default: "false", Ignored: true,
		Broker: "unclean.leader.election.enable",
		Doc:    "Whether a replica that is not in sync may become leader.",
	},
	{
		Name: "weir.dedup.ids.max", Type: Int, Default: "1000000", check: between(1, 100_000_000), Own: true,
		Doc: "The most message ids of a partition that are remembered for weir.dedup.window.ms, the newest; each takes about 100 bytes.",
	},
	{
		Name: "weir.dedup.window.ms", Type: Long, Default: "0", check: between(0, 7*24*3600*1000), Own: true,
		Doc: "For how long a record is not appended again that has the weir.message.id of another; 0 appends all.",
	},
	{
		Name: "weir.message.delay.ms", Type: Long, Default: "0", check: between(0, maxWaitMs), Own: true,
		Doc: "How long after its timestamp a record goes to share groups, unless its headers say.",
	},
	{
		Name: "weir.message.ttl.ms", Type: Long, Default: "0", check: between(0, maxWaitMs), Own: true,
		Doc: "How long after its timestamp a record is worth delivering to share groups, unless its headers say; 0 is for ever.",
	},
	{
		Name: "weir.topic.idle.expire.ms", Type: Long, Default: "0", check: between(0, maxWaitMs), Own: true,
		Doc: "The topic is deleted when nobody has read from it or written to it for so long; 0 never. For topics of replies and the like.",
	},
}
