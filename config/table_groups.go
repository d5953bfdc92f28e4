package config

// groupsTable are the broker settings of groups and their offsets. It is never written to.
var groupsTable = []Def{
	{
		Name: "group.consumer.assignment.interval.ms", Type: Int, Default: "1000",
		check: atLeast(0), Scope: ClusterWide,
		Doc: "The time between two assignments of a consumer group.",
	},
	{
		Name: "group.consumer.assignors", Type: List, Default: "uniform,range",
		check: listOf(false, "uniform", "range"),
		Doc:   "The server-side assignors of consumer groups; the first is the default.",
	},
	{
		Name: "group.consumer.heartbeat.interval.ms", Type: Int, Default: "5000", check: atLeast(1),
		Doc: "The heartbeat interval given to members of consumer groups.",
	},
	{
		Name: "group.consumer.max.assignment.interval.ms", Type: Int, Default: "15000",
		check: atLeast(0),
		Doc:   "The largest consumer.assignment.interval.ms a group may set.",
	},
	{
		Name: "group.consumer.max.heartbeat.interval.ms", Type: Int, Default: "15000",
		check: atLeast(1),
		Doc:   "The largest consumer.heartbeat.interval.ms a group may set.",
	},
	{
		Name: "group.consumer.max.session.timeout.ms", Type: Int, Default: "60000",
		check: atLeast(1),
		Doc:   "The largest consumer.session.timeout.ms a group may set.",
	},
	{
		Name: "group.consumer.max.size", Type: Int, Default: "10000", check: atLeast(1), Kafka: "2147483647",
		Doc: "The most members of one consumer group.",
	},
	{
		Name: "group.consumer.migration.policy", Type: String, Default: "bidirectional",
		check: oneOfFold("DISABLED", "DOWNGRADE", "UPGRADE", "BIDIRECTIONAL"),
		Doc:   "Whether groups may change between the classic and the consumer protocol while they run.",
	},
	{
		Name: "group.consumer.min.assignment.interval.ms", Type: Int, Default: "0",
		check: atLeast(0),
		Doc:   "The smallest consumer.assignment.interval.ms a group may set.",
	},
	{
		Name: "group.consumer.min.heartbeat.interval.ms", Type: Int, Default: "5000",
		check: atLeast(1),
		Doc:   "The smallest consumer.heartbeat.interval.ms a group may set.",
	},
	{
		Name: "group.consumer.min.session.timeout.ms", Type: Int, Default: "45000",
		check: atLeast(1),
		Doc:   "The smallest consumer.session.timeout.ms a group may set.",
	},
	{
		Name: "group.consumer.session.timeout.ms", Type: Int, Default: "45000", check: atLeast(1),
		Doc: "How long a member of a consumer group may be silent before it is removed.",
	},
	{
		Name: "group.coordinator.append.linger.ms", Type: Int, Default: "-1", check: atLeast(-1),
		Ignored: true,
		Doc:     "How long the coordinator gathers records before it writes them; -1 adapts to the load.",
	},
	{
		Name: "group.coordinator.background.threads", Type: Int, Default: "2", check: atLeast(1),
		Ignored: true, Doc: "The number of threads for the coordinator's background work.",
	},
	{
		Name: "group.coordinator.cached.buffer.max.bytes", Type: Int, Default: "1048588",
		check: atLeast(524288), Scope: ClusterWide, Ignored: true,
		Doc: "The largest write buffer a group coordinator keeps.",
	},
	{
		Name: "group.coordinator.rebalance.protocols", Type: List, Default: "classic,consumer,streams",
		check: listOf(false, "consumer", "classic", "share", "streams"), Ignored: true,
		Doc: "The group protocols that are on.",
	},
	{
		Name: "group.coordinator.threads", Type: Int, Default: "4", check: atLeast(1),
		Ignored: true, Doc: "The number of threads that run group coordinators.",
	},
	{
		Name: "group.initial.rebalance.delay.ms", Type: Int, Default: "3000",
		Doc: "How long a new classic group waits for more members before its first rebalance.",
	},
	{
		Name: "group.max.session.timeout.ms", Type: Int, Default: "1800000",
		Doc: "The largest session timeout a member of a classic group may ask for.",
	},
	{
		Name: "group.max.size", Type: Int, Default: "10000", check: atLeast(1), Kafka: "2147483647",
		Doc: "The most members of one classic group.",
	},
	{
		Name: "group.min.session.timeout.ms", Type: Int, Default: "6000",
		Doc: "The smallest session timeout a member of a classic group may ask for.",
	},
	{
		Name: "group.share.assignment.interval.ms", Type: Int, Default: "1000", check: atLeast(0),
		Scope: ClusterWide, Doc: "The time between two assignments of a share group.",
	},
	{
		Name: "group.share.assignors", Type: List, Default: "simple", check: listOf(false, "simple"),
		Doc: "The server-side assignor of share groups; there is one.",
	},
	{
		Name: "group.share.delivery.count.limit", Type: Int, Default: "5", check: between(2, 10),
		Doc: "How often a record is delivered to a share group before it is given up.",
	},
	{
		Name: "group.share.heartbeat.interval.ms", Type: Int, Default: "5000", check: atLeast(1),
		Doc: "The heartbeat interval given to members of share groups.",
	},
	{
		Name: "group.share.max.assignment.interval.ms", Type: Int, Default: "15000",
		check: atLeast(0),
		Doc:   "The largest share.assignment.interval.ms a group may set.",
	},
	{
		Name: "group.share.max.delivery.count.limit", Type: Int, Default: "10",
		check: between(5, 25),
		Doc:   "The largest share.delivery.count.limit a group may set.",
	},
	{
		Name: "group.share.max.heartbeat.interval.ms", Type: Int, Default: "15000",
		check: atLeast(1),
		Doc:   "The largest share.heartbeat.interval.ms a group may set.",
	},
	{
		Name: "group.share.max.partition.max.record.locks", Type: Int, Default: "4000",
		check: between(2000, 10000),
		Doc:   "The largest share.partition.max.record.locks a group may set.",
	},
	{
		Name: "group.share.max.record.lock.duration.ms", Type: Int, Default: "60000",
		check: between(30000, 3600000),
		Doc:   "The largest share.record.lock.duration.ms a group may set.",
	},
	{
		Name: "group.share.max.session.timeout.ms", Type: Int, Default: "60000", check: atLeast(1),
		Doc: "The largest share.session.timeout.ms a group may set.",
	},
	{
		Name: "group.share.max.share.sessions", Type: Int, Default: "2000", check: atLeast(1),
		Doc: "The most share sessions of a broker.",
	},
	{
		Name: "group.share.max.size", Type: Int, Default: "200", check: between(1, 1000),
		Doc: "The most members of one share group.",
	},
	{
		Name: "group.share.min.assignment.interval.ms", Type: Int, Default: "0", check: atLeast(0),
		Doc: "The smallest share.assignment.interval.ms a group may set.",
	},
	{
		Name: "group.share.min.delivery.count.limit", Type: Int, Default: "2", check: between(2, 5),
		Doc: "The smallest share.delivery.count.limit a group may set.",
	},
	{
		Name: "group.share.min.heartbeat.interval.ms", Type: Int, Default: "5000",
		check: atLeast(1),
		Doc:   "The smallest share.heartbeat.interval.ms a group may set.",
	},
	{
		Name: "group.share.min.partition.max.record.locks", Type: Int, Default: "100",
		check: between(100, 2000),
		Doc:   "The smallest share.partition.max.record.locks a group may set.",
	},
	{
		Name: "group.share.min.record.lock.duration.ms", Type: Int, Default: "15000",
		check: between(1000, 30000),
		Doc:   "The smallest share.record.lock.duration.ms a group may set.",
	},
	{
		Name: "group.share.min.session.timeout.ms", Type: Int, Default: "45000", check: atLeast(1),
		Doc: "The smallest share.session.timeout.ms a group may set.",
	},
	{
		Name: "group.share.partition.max.record.locks", Type: Int, Default: "2000",
		check: between(100, 10000),
		Doc:   "The most records of one partition that a share group may hold acquired.",
	},
	{
		Name: "group.share.record.lock.duration.ms", Type: Int, Default: "30000",
		check: between(1000, 3600000),
		Doc:   "How long a share group's member holds an acquired record.",
	},
	{
		Name: "group.share.session.timeout.ms", Type: Int, Default: "45000", check: atLeast(1),
		Doc: "How long a member of a share group may be silent before it is removed.",
	},
	{
		Name: "group.streams.assignment.interval.ms", Type: Int, Default: "1000", check: atLeast(0),
		Scope: ClusterWide,
		Doc:   "The time between two assignments of a streams group.",
	},
	{
		Name: "group.streams.assignors", Type: List, Default: "sticky", check: listOf(false),
		Ignored: true, Doc: "The server-side assignors of streams groups; the first is the default.",
	},
	{
		Name: "group.streams.heartbeat.interval.ms", Type: Int, Default: "5000", check: atLeast(1),
		Doc: "The heartbeat interval given to members of streams groups.",
	},
	{
		Name: "group.streams.initial.rebalance.delay.ms", Type: Int, Default: "3000",
		check: atLeast(0),
		Doc:   "How long a new streams group waits for more members before its first assignment.",
	},
	{
		Name: "group.streams.max.assignment.interval.ms", Type: Int, Default: "15000",
		check: atLeast(0),
		Doc:   "The largest streams.assignment.interval.ms a group may set.",
	},
	{
		Name: "group.streams.max.heartbeat.interval.ms", Type: Int, Default: "15000",
		check: atLeast(1),
		Doc:   "The largest streams.heartbeat.interval.ms a group may set.",
	},
	{
		Name: "group.streams.max.session.timeout.ms", Type: Int, Default: "60000",
		check: atLeast(1),
		Doc:   "The largest streams.session.timeout.ms a group may set.",
	},
	{
		Name: "group.streams.max.size", Type: Int, Default: "2147483647", check: atLeast(1),
		Doc: "The most members of one streams group.",
	},
	{
		Name: "group.streams.max.standby.replicas", Type: Int, Default: "2", check: atLeast(0),
		Doc: "The largest streams.num.standby.replicas a group may set.",
	},
	{
		Name: "group.streams.min.assignment.interval.ms", Type: Int, Default: "0",
		check: atLeast(0),
		Doc:   "The smallest streams.assignment.interval.ms a group may set.",
	},
	{
		Name: "group.streams.min.heartbeat.interval.ms", Type: Int, Default: "5000",
		check: atLeast(1),
		Doc:   "The smallest streams.heartbeat.interval.ms a group may set.",
	},
	{
		Name: "group.streams.min.session.timeout.ms", Type: Int, Default: "45000",
		check: atLeast(1),
		Doc:   "The smallest streams.session.timeout.ms a group may set.",
	},
	{
		Name: "group.streams.num.standby.replicas", Type: Int, Default: "0", check: atLeast(0),
		Doc: "The number of standby copies of each task of a streams group.",
	},
	{
		Name: "group.streams.rack.aware.assignment.tags", Type: List, check: listOf(true), Ignored: true,
		Doc: "The client tags over which standby tasks of streams groups are spread.",
	},
	{
		Name: "group.streams.session.timeout.ms", Type: Int, Default: "45000", check: atLeast(1),
		Doc: "How long a member of a streams group may be silent before it is removed.",
	},
	{
		Name: "group.streams.topology.description.plugin.class", Type: Class, Null: true, Ignored: true,
		Doc: "The Java class that keeps descriptions of streams topologies.",
	},
	{
		Name: "offset.metadata.max.bytes", Type: Int, Default: "4096",
		Doc: "The largest metadata text of one committed offset.",
	},
	{
		Name: "offsets.commit.timeout.ms", Type: Int, Default: "5000", check: atLeast(1),
		Ignored: true, Doc: "How long an offset commit may wait for its record to be durable.",
	},
	{
		Name: "offsets.load.buffer.size", Type: Int, Default: "5242880", check: atLeast(1),
		Doc: "The bytes read at a time when group state is loaded.",
	},
	{
		Name: "offsets.retention.check.interval.ms", Type: Long, Default: "600000",
		check: atLeast(1), Doc: "The time between removals of expired offsets.",
	},
	{
		Name: "offsets.retention.minutes", Type: Int, Default: "10080", check: atLeast(1),
		Doc: "How long the offsets of an empty group are kept.",
	},
	{
		Name: "offsets.topic.compression.codec", Type: Int, Default: "0", Ignored: true,
		Doc: "The codec number for batches of __consumer_offsets.",
	},
	{
		Name: "offsets.topic.num.partitions", Type: Int, Default: "50", check: atLeast(1),
		Doc: "The number of partitions of __consumer_offsets.",
	},
	{
		Name: "offsets.topic.replication.factor", Type: Short, Default: "1", check: atLeast(1),
		Kafka: "3", Doc: "The replication factor of __consumer_offsets.",
	},
	{
		Name: "offsets.topic.segment.bytes", Type: Int, Default: "104857600", check: atLeast(1),
		Doc: "The segment size of __consumer_offsets.",
	},
}
