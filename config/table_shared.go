package config

// sharedTable are the broker settings of transactions, share groups and tiered storage.
// It is never written to.
var sharedTable = []Def{
	{
		Name: "add.partitions.to.txn.retry.backoff.max.ms", Type: Int, Default: "100",
		check: atLeast(0), Ignored: true,
		Doc: "The longest time the server retries adding partitions to a transaction.",
	},
	{
		Name: "add.partitions.to.txn.retry.backoff.ms", Type: Int, Default: "20", check: atLeast(1),
		Ignored: true,
		Doc:     "The pause between the server's own attempts to add partitions to a transaction.",
	},
	{
		Name: "errors.deadletterqueue.auto.create.topics.enable", Type: Boolean, Default: "true", Kafka: "false",
		Doc: "Whether topics for dead letters are made by themselves.",
	},
	{
		Name: "errors.deadletterqueue.topic.name.prefix", Type: String, Default: "dlq.",
		Doc: "What the name of a topic for dead letters must begin with.",
	},
	{
		Name: "remote.fetch.max.wait.ms", Type: Int, Default: "500", check: atLeast(1),
		Scope: ClusterWide, Ignored: true, Doc: "How long a fetch waits for tiered data.",
	},
	{
		Name: "remote.list.offsets.request.timeout.ms", Type: Long, Default: "30000",
		check: atLeast(1), Scope: ClusterWide, Ignored: true,
		Doc: "How long a lookup by time waits for tiered data.",
	},
	{
		Name: "remote.log.index.file.cache.total.size.bytes", Type: Long, Default: "1073741824",
		check: atLeast(1), Scope: ClusterWide, Ignored: true,
		Doc: "The size of the cache of tiered segments' indexes.",
	},
	{
		Name: "remote.log.manager.copier.thread.pool.size", Type: Int, Default: "10",
		check: atLeast(1), Scope: ClusterWide, Ignored: true,
		Doc: "The number of threads that tier segments.",
	},
	{
		Name: "remote.log.manager.copy.max.bytes.per.second", Type: Long,
		Default: "9223372036854775807", check: atLeast(1), Scope: ClusterWide, Ignored: true,
		Doc: "The most bytes a second that are tiered.",
	},
	{
		Name: "remote.log.manager.copy.quota.window.num", Type: Int, Default: "11",
		check: atLeast(1), Ignored: true, Doc: "The number of samples kept for the tiering quota.",
	},
	{
		Name: "remote.log.manager.copy.quota.window.size.seconds", Type: Int, Default: "1",
		check: atLeast(1), Ignored: true, Doc: "The length of each sample of the tiering quota.",
	},
	{
		Name: "remote.log.manager.expiration.thread.pool.size", Type: Int, Default: "10",
		check: atLeast(1), Scope: ClusterWide, Ignored: true,
		Doc: "The number of threads that delete tiered segments.",
	},
	{
		Name: "remote.log.manager.fetch.max.bytes.per.second", Type: Long,
		Default: "9223372036854775807", check: atLeast(1), Scope: ClusterWide, Ignored: true,
		Doc: "The most bytes a second read back from tiered storage.",
	},
	{
		Name: "remote.log.manager.fetch.quota.window.num", Type: Int, Default: "11",
		check: atLeast(1), Ignored: true,
		Doc: "The number of samples kept for the quota on tiered reads.",
	},
	{
		Name: "remote.log.manager.fetch.quota.window.size.seconds", Type: Int, Default: "1",
		check: atLeast(1), Ignored: true,
		Doc: "The length of each sample of the quota on tiered reads.",
	},
	{
		Name: "remote.log.manager.follower.thread.pool.size", Type: Int, Default: "2",
		check: atLeast(1), Scope: ClusterWide, Ignored: true,
		Doc: "The number of threads for followers of tiered partitions.",
	},
	{
		Name: "remote.log.manager.task.interval.ms", Type: Long, Default: "30000",
		check: atLeast(1), Ignored: true, Doc: "The time between rounds of tiering.",
	},
	{
		Name: "remote.log.manager.thread.pool.size", Type: Int, Default: "2", check: atLeast(1),
		Ignored: true, Doc: "The number of threads that schedule tiering.",
	},
	{
		Name: "remote.log.metadata.custom.metadata.max.bytes", Type: Int, Default: "128",
		check: atLeast(0), Ignored: true,
		Doc: "The most bytes of a plugin's own metadata of a tiered segment.",
	},
	{
		Name: "remote.log.metadata.manager.class.name", Type: String, Null: true, check: notEmpty(),
		Ignored: true,
		Kafka:   "org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager",
		Doc:     "The Java class that keeps track of tiered segments.",
	},
	{
		Name: "remote.log.metadata.manager.class.path", Type: String, Null: true, Ignored: true,
		Doc: "Where that class is loaded from.",
	},
	{
		Name: "remote.log.metadata.manager.impl.prefix", Type: String, Default: "rlmm.config.",
		check: notEmpty(), Ignored: true, Doc: "The prefix of that class's own settings.",
	},
	{
		Name: "remote.log.metadata.manager.listener.name", Type: String, Null: true,
		check: notEmpty(), Ignored: true, Doc: "The listener that class connects to.",
	},
	{
		Name: "remote.log.reader.max.pending.tasks", Type: Int, Default: "100", check: atLeast(1),
		Ignored: true, Doc: "The most tiered reads that wait.",
	},
	{
		Name: "remote.log.reader.threads", Type: Int, Default: "10", check: atLeast(1),
		Scope: ClusterWide, Ignored: true, Doc: "The number of threads that read tiered segments.",
	},
	{
		Name: "remote.log.storage.manager.class.name", Type: String, Null: true, check: notEmpty(),
		Ignored: true, Doc: "The Java class that stores tiered segments.",
	},
	{
		Name: "remote.log.storage.manager.class.path", Type: String, Null: true, Ignored: true,
		Doc: "Where that class is loaded from.",
	},
	{
		Name: "remote.log.storage.manager.impl.prefix", Type: String, Default: "rsm.config.",
		check: notEmpty(), Ignored: true, Doc: "The prefix of that class's own settings.",
	},
	{
		Name: "remote.log.storage.system.enable", Type: Boolean, Default: "false", Ignored: true,
		Doc: "Whether tiered storage is on.",
	},
	{
		Name: "share.coordinator.append.linger.ms", Type: Int, Default: "-1", check: atLeast(-1),
		Ignored: true, Doc: "How long the share coordinator gathers records before it writes them.",
	},
	{
		Name: "share.coordinator.cached.buffer.max.bytes", Type: Int, Default: "1048588",
		check: atLeast(524288), Scope: ClusterWide, Ignored: true,
		Doc: "The largest write buffer a share coordinator keeps.",
	},
	{
		Name: "share.coordinator.load.buffer.size", Type: Int, Default: "5242880",
		check: atLeast(1),
		Doc:   "The bytes read at a time when share state is loaded.",
	},
	{
		Name: "share.coordinator.snapshot.update.records.per.snapshot", Type: Int, Default: "500",
		check: between(0, 500), Doc: "The updates of share state between snapshots.",
	},
	{
		Name: "share.coordinator.state.topic.compression.codec", Type: Int, Default: "0",
		Ignored: true, Doc: "The codec number for batches of __share_group_state.",
	},
	{
		Name: "share.coordinator.state.topic.min.isr", Type: Short, Default: "1", check: atLeast(1),
		Kafka: "2", Doc: "min.insync.replicas of __share_group_state.",
	},
	{
		Name: "share.coordinator.state.topic.num.partitions", Type: Int, Default: "50",
		check: atLeast(1), Doc: "The number of partitions of __share_group_state.",
	},
	{
		Name: "share.coordinator.state.topic.replication.factor", Type: Short, Default: "1",
		check: atLeast(1), Kafka: "3",
		Doc: "The replication factor of __share_group_state.",
	},
	{
		Name: "share.coordinator.state.topic.segment.bytes", Type: Int, Default: "104857600",
		check: atLeast(1), Doc: "The segment size of __share_group_state.",
	},
	{
		Name: "share.coordinator.threads", Type: Int, Default: "1", check: atLeast(1),
		Ignored: true, Doc: "The number of threads that run share coordinators.",
	},
	{
		Name: "share.coordinator.write.timeout.ms", Type: Int, Default: "5000", check: atLeast(1),
		Ignored: true, Doc: "How long a write of share state may take.",
	},
	{
		Name: "share.fetch.purgatory.purge.interval.requests", Type: Int, Default: "1000",
		Ignored: true, Doc: "How many requests pass between purges of waiting share fetches.",
	},
	{
		Name: "transaction.abort.timed.out.transaction.cleanup.interval.ms", Type: Int,
		Default: "1", check: atLeast(1), Kafka: "10000",
		Doc: "The time between aborts of transactions that timed out; how long one may outlive its timeout.",
	},
	{
		Name: "transaction.max.timeout.ms", Type: Int, Default: "900000", check: atLeast(1),
		Doc: "The longest timeout a transaction may ask for.",
	},
	{
		Name: "transaction.partition.verification.enable", Type: Boolean, Default: "true",
		Scope: ClusterWide,
		Doc: "Whether a partition is checked to be in the transaction that writes to it, for clients that add partitions " +
			"themselves. Without, a batch that comes late opens a transaction that nobody ends.",
	},
	{
		Name: "transaction.remove.expired.transaction.cleanup.interval.ms", Type: Int,
		Default: "3600000", check: atLeast(1),
		Doc: "The time between removals of expired transactional ids.",
	},
	{
		Name: "transaction.state.log.load.buffer.size", Type: Int, Default: "5242880",
		check: atLeast(1),
		Doc:   "The bytes read at a time when transaction state is loaded.",
	},
	{
		Name: "transaction.state.log.min.isr", Type: Int, Default: "1", check: atLeast(1),
		Kafka: "2", Doc: "min.insync.replicas of __transaction_state.",
	},
	{
		Name: "transaction.state.log.num.partitions", Type: Int, Default: "50", check: atLeast(1),
		Doc: "The number of partitions of __transaction_state.",
	},
	{
		Name: "transaction.state.log.replication.factor", Type: Short, Default: "1",
		check: atLeast(1), Kafka: "3",
		Doc: "The replication factor of __transaction_state.",
	},
	{
		Name: "transaction.state.log.segment.bytes", Type: Int, Default: "104857600",
		check: atLeast(1), Doc: "The segment size of __transaction_state.",
	},
	{
		Name: "transaction.two.phase.commit.enable", Type: Boolean, Default: "false", Ignored: true,
		Doc: "Whether transactions may be prepared (two-phase commit). As in Kafka 4.4 no request that is served asks for it.",
	},
	{
		Name: "transactional.id.expiration.ms", Type: Int, Default: "604800000", check: atLeast(1),
		Doc: "How long an idle transactional id is kept.",
	},
}
