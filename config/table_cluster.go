package config

// clusterTable are the broker settings of brokers, controllers and replicas. It is never written to.
var clusterTable = []Def{
	{
		Name: "alter.config.policy.class.name", Type: Class, Null: true, Ignored: true,
		Doc: "A Java class that judges changes of settings.",
	},
	{
		Name: "alter.log.dirs.replication.quota.window.num", Type: Int, Default: "11",
		check: atLeast(1), Ignored: true,
		Doc: "The number of samples kept for the quota on moves between log directories.",
	},
	{
		Name: "alter.log.dirs.replication.quota.window.size.seconds", Type: Int, Default: "1",
		check: atLeast(1), Ignored: true,
		Doc: "The length of each sample of the quota on moves between log directories.",
	},
	{
		Name: "auto.leader.rebalance.enable", Type: Boolean, Default: "true", Ignored: true,
		Doc: "Whether leadership returns to the preferred replicas by itself.",
	},
	{
		Name: "broker.heartbeat.interval.ms", Type: Int, Default: "2000", Ignored: true,
		Doc: "The time between a broker's heartbeats to the controller.",
	},
	{
		Name: "broker.id", Type: Int, Default: "-1",
		Doc: "This broker's id; node.id is its newer name.",
	},
	{
		Name: "broker.rack", Type: String, Null: true,
		Doc: "The rack this broker stands in, told to clients.",
	},
	{
		Name: "broker.session.timeout.ms", Type: Int, Default: "9000", Ignored: true,
		Doc: "How long a broker without heartbeats counts as alive.",
	},
	{
		Name: "config.providers", Type: List, check: listOf(true), Ignored: true,
		Doc: "Names of providers that fill variables in settings.",
	},
	{
		Name: "controlled.shutdown.enable", Type: Boolean, Default: "true", Ignored: true,
		Doc: "Whether a broker hands over its leaderships before it stops.",
	},
	{
		Name: "controller.listener.names", Type: List, Null: true, check: listOf(false),
		Kafka: "required", Doc: "Listeners for KRaft controllers: Weir does not open them.",
	},
	{
		Name: "controller.quorum.append.linger.ms", Type: Int, Default: "25", check: atLeast(0),
		Ignored: true, Doc: "How long a KRaft leader gathers writes before it flushes them.",
	},
	{
		Name: "controller.quorum.auto.join.enable", Type: Boolean, Default: "false", Ignored: true,
		Doc: "Whether a KRaft controller joins the quorum by itself.",
	},
	{
		Name: "controller.quorum.bootstrap.servers", Type: List, Ignored: true,
		Doc: "Addresses of KRaft controllers.",
	},
	{
		Name: "controller.quorum.election.backoff.max.ms", Type: Int, Default: "1000",
		check: atLeast(0), Ignored: true, Doc: "The longest pause between KRaft elections.",
	},
	{
		Name: "controller.quorum.election.timeout.ms", Type: Int, Default: "1000",
		check: atLeast(0), Ignored: true, Doc: "How long a KRaft candidate waits for votes.",
	},
	{
		Name: "controller.quorum.fetch.max.bytes", Type: Int, Default: "1048576", check: atLeast(1),
		Ignored: true, Doc: "The most bytes of one KRaft fetch.",
	},
	{
		Name: "controller.quorum.fetch.snapshot.max.bytes", Type: Int, Default: "1048576",
		check: atLeast(1), Ignored: true, Doc: "The most bytes of one fetch of a KRaft snapshot.",
	},
	{
		Name: "controller.quorum.fetch.timeout.ms", Type: Int, Default: "2000", check: atLeast(0),
		Ignored: true,
		Doc:     "How long a KRaft voter goes without a fetch before it stands for election.",
	},
	{
		Name: "controller.quorum.request.timeout.ms", Type: Int, Default: "2000", check: atLeast(0),
		Ignored: true, Doc: "How long a KRaft request may take.",
	},
	{
		Name: "controller.quorum.retry.backoff.ms", Type: Int, Default: "20", check: atLeast(0),
		Ignored: true, Doc: "The pause before a KRaft request is tried again.",
	},
	{
		Name: "controller.quorum.voters", Type: List, Ignored: true,
		Doc: "The voters of a KRaft quorum.",
	},
	{
		Name: "controller.quota.window.num", Type: Int, Default: "11", check: atLeast(1),
		Ignored: true, Doc: "The number of samples kept for the quota on topic changes.",
	},
	{
		Name: "controller.quota.window.size.seconds", Type: Int, Default: "1", check: atLeast(1),
		Ignored: true, Doc: "The length of each sample of the quota on topic changes.",
	},
	{
		Name: "controller.socket.timeout.ms", Type: Int, Default: "30000", Ignored: true,
		Doc: "How long a request to the controller may take.",
	},
	{
		Name: "create.topic.policy.class.name", Type: Class, Null: true, Ignored: true,
		Doc: "A Java class that judges new topics.",
	},
	{
		Name: "delete.records.purgatory.purge.interval.requests", Type: Int, Default: "1",
		Ignored: true, Doc: "How many requests pass between purges of waiting DeleteRecords.",
	},
	{
		Name: "follower.fetch.last.tiered.offset.enable", Type: Boolean, Default: "false",
		Scope: ClusterWide, Ignored: true,
		Doc: "Whether a new follower starts at the last offset that is tiered.",
	},
	{
		Name: "initial.broker.registration.timeout.ms", Type: Int, Default: "60000", Ignored: true,
		Doc: "How long a broker waits for its first registration with the controller.",
	},
	{
		Name: "leader.imbalance.check.interval.seconds", Type: Long, Default: "300",
		check: atLeast(1), Ignored: true,
		Doc: "The time between checks for leaders that are not preferred.",
	},
	{
		Name: "metadata.log.dir", Type: String, Null: true, Ignored: true,
		Doc: "Where KRaft keeps its metadata log.",
	},
	{
		Name: "metadata.log.max.record.bytes.between.snapshots", Type: Long, Default: "20971520",
		check: atLeast(1), Ignored: true, Doc: "The bytes of KRaft metadata between snapshots.",
	},
	{
		Name: "metadata.log.max.snapshot.interval.ms", Type: Long, Default: "3600000",
		check: atLeast(0), Ignored: true, Doc: "The time between KRaft snapshots.",
	},
	{
		Name: "metadata.log.segment.bytes", Type: Int, Default: "1073741824",
		check: atLeast(8388608), Ignored: true,
		Doc: "The size of a segment of KRaft's metadata log.",
	},
	{
		Name: "metadata.log.segment.ms", Type: Long, Default: "604800000", Ignored: true,
		Doc: "The age at which a segment of KRaft's metadata log rolls.",
	},
	{
		Name: "metadata.max.idle.interval.ms", Type: Int, Default: "500", check: atLeast(0),
		Ignored: true, Doc: "The time between no-op records of KRaft's metadata log.",
	},
	{
		Name: "metadata.max.retention.bytes", Type: Long, Default: "104857600", Ignored: true,
		Doc: "The size KRaft's metadata log and snapshots may reach.",
	},
	{
		Name: "metadata.max.retention.ms", Type: Long, Default: "604800000", Ignored: true,
		Doc: "How long KRaft's metadata log and snapshots are kept.",
	},
	{
		Name: "node.id", Type: Int, Default: "1", check: atLeast(0), Kafka: "required",
		Doc: "This broker's id.",
	},
	{
		Name: "num.replica.alter.log.dirs.threads", Type: Int, Null: true, Ignored: true,
		Doc: "The number of threads that move replicas between directories.",
	},
	{
		Name: "num.replica.fetchers", Type: Int, Default: "1", check: atLeast(1),
		Scope: ClusterWide, Ignored: true,
		Doc: "The number of threads that fetch from each other broker.",
	},
	{
		Name: "process.roles", Type: List, Default: "broker,controller",
		check: listOf(false, "broker", "controller"), Ignored: true, Kafka: "required",
		Doc: "Kafka's roles of the process; Weir is always both broker and controller.",
	},
	{
		Name: "replica.fetch.backoff.ms", Type: Int, Default: "1000", check: atLeast(0),
		Ignored: true, Doc: "How long a follower pauses after a failed fetch.",
	},
	{
		Name: "replica.fetch.max.bytes", Type: Int, Default: "1048576", check: atLeast(0),
		Ignored: true, Doc: "The bytes a follower asks for of each partition.",
	},
	{
		Name: "replica.fetch.min.bytes", Type: Int, Default: "1", Ignored: true,
		Doc: "The bytes a follower's fetch waits for.",
	},
	{
		Name: "replica.fetch.response.max.bytes", Type: Int, Default: "10485760", check: atLeast(0),
		Ignored: true, Doc: "The most bytes of one answer to a follower.",
	},
	{
		Name: "replica.fetch.wait.max.ms", Type: Int, Default: "500", Ignored: true,
		Doc: "How long a follower's fetch may wait.",
	},
	{
		Name: "replica.high.watermark.checkpoint.interval.ms", Type: Long, Default: "5000",
		Ignored: true, Doc: "The time between writes of the high watermarks.",
	},
	{
		Name: "replica.lag.time.max.ms", Type: Long, Default: "30000", Ignored: true,
		Doc: "How long a follower may lag and stay in sync.",
	},
	{
		Name: "replica.selector.class", Type: String, Null: true, Ignored: true,
		Doc: "A Java class that picks the replica a consumer reads from.",
	},
	{
		Name: "replica.socket.receive.buffer.bytes", Type: Int, Default: "65536", Ignored: true,
		Doc: "The receive buffer of a follower's socket.",
	},
	{
		Name: "replica.socket.timeout.ms", Type: Int, Default: "30000", Ignored: true,
		Doc: "How long a follower's request may take.",
	},
	{
		Name: "replication.quota.window.num", Type: Int, Default: "11", check: atLeast(1),
		Ignored: true, Doc: "The number of samples kept for the replication quota.",
	},
	{
		Name: "replication.quota.window.size.seconds", Type: Int, Default: "1", check: atLeast(1),
		Ignored: true, Doc: "The length of each sample of the replication quota.",
	},
}
