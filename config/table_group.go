package config

// groupTable are the settings of a group. It is never written to.
var groupTable = []Def{
	{
		Name: "consumer.assignment.interval.ms", Type: Int, Default: "1000", check: atLeast(0),
		Broker: "group.consumer.assignment.interval.ms",
		Doc:    "The time between two assignments.",
	},
	{
		Name: "consumer.heartbeat.interval.ms", Type: Int, Default: "5000", check: atLeast(1),
		Broker: "group.consumer.heartbeat.interval.ms",
		Doc:    "The heartbeat interval given to members.",
	},
	{
		Name: "consumer.session.timeout.ms", Type: Int, Default: "45000", check: atLeast(1),
		Broker: "group.consumer.session.timeout.ms",
		Doc:    "How long a member may be silent before it is removed.",
	},
	{
		Name: "errors.deadletterqueue.copy.record.enable", Type: Boolean, Default: "true", Kafka: "false",
		Doc: "Whether a dead letter has key, value and headers of the record that was given up.",
	},
	{
		Name: "errors.deadletterqueue.topic.name", Type: String, check: deadLetterTopic(),
		Doc: "The topic that takes the records which the share group gave up; empty for none.",
	},
	{
		Name: "share.assignment.interval.ms", Type: Int, Default: "1000", check: atLeast(0),
		Broker: "group.share.assignment.interval.ms",
		Doc:    "The time between two assignments.",
	},
	{
		Name: "share.auto.offset.reset", Type: String, Default: "latest", check: offsetReset(),
		Doc: "Where the group begins a partition: latest, earliest or by_duration:<ISO 8601>.",
	},
	{
		Name: "share.delivery.count.limit", Type: Int, Default: "5", check: atLeast(2), Broker: "group.share.delivery.count.limit",
		Doc: "How often a record is delivered before it is given up.",
	},
	{
		Name: "share.heartbeat.interval.ms", Type: Int, Default: "5000", check: atLeast(1),
		Broker: "group.share.heartbeat.interval.ms",
		Doc:    "The heartbeat interval given to members.",
	},
	{
		Name: "share.isolation.level", Type: String, Default: "read_uncommitted",
		check: oneOf("read_committed", "read_uncommitted"),
		Doc:   "Whether records of open and aborted transactions are delivered.",
	},
	{
		Name: "share.partition.max.record.locks", Type: Int, Default: "2000", check: atLeast(100),
		Broker: "group.share.partition.max.record.locks",
		Doc:    "The most records of one partition that the group may hold acquired.",
	},
	{
		Name: "share.record.lock.duration.ms", Type: Int, Default: "30000", check: atLeast(1000),
		Broker: "group.share.record.lock.duration.ms",
		Doc:    "How long a member holds an acquired record.",
	},
	{
		Name: "share.renew.acknowledge.enable", Type: Boolean, Default: "true",
		Doc: "Whether members may renew the lock of an acquired record.",
	},
	{
		Name: "share.session.timeout.ms", Type: Int, Default: "45000", check: atLeast(1),
		Broker: "group.share.session.timeout.ms",
		Doc:    "How long a member may be silent before it is removed.",
	},
	{
		Name: "streams.assignment.interval.ms", Type: Int, Default: "1000", check: atLeast(0),
		Broker: "group.streams.assignment.interval.ms",
		Doc:    "The time between two assignments.",
	},
	{
		Name: "streams.assignor.name", Type: String, Default: "sticky", Ignored: true,
		Broker: "group.streams.assignors", Doc: "The server-side assignor of the group.",
	},
	{
		Name: "streams.heartbeat.interval.ms", Type: Int, Default: "5000", check: atLeast(1),
		Broker: "group.streams.heartbeat.interval.ms",
		Doc:    "The heartbeat interval given to members.",
	},
	{
		Name: "streams.initial.rebalance.delay.ms", Type: Int, Default: "3000", check: atLeast(0),
		Broker: "group.streams.initial.rebalance.delay.ms",
		Doc:    "How long a new group waits for more members before its first assignment.",
	},
	{
		Name: "streams.num.standby.replicas", Type: Int, Default: "0", check: atLeast(0),
		Broker: "group.streams.num.standby.replicas",
		Doc:    "The number of standby copies of each task.",
	},
	{
		Name: "streams.rack.aware.assignment.tags", Type: List, check: listOf(true), Ignored: true,
		Broker: "group.streams.rack.aware.assignment.tags",
		Doc:    "The client tags over which standby tasks are spread.",
	},
	{
		Name: "streams.session.timeout.ms", Type: Int, Default: "45000", check: atLeast(1),
		Broker: "group.streams.session.timeout.ms",
		Doc:    "How long a member may be silent before it is removed.",
	},
	{
		Name: "weir.share.filter", Type: String, check: recordFilter(), Own: true,
		Doc: "Which records the share group gets: pattern:<AMQP topic pattern on the routing key>, or an expression in CEL; " +
			"empty for all. The others are settled.",
	},
	{
		Name: "weir.share.order", Type: String, Default: "offset", check: oneOf("offset", "priority", "key"), Own: true,
		Doc: "What goes first to the share group: the lowest offset, the highest weir.priority, or of each key one record at a " +
			"time, in order.",
	},
	{
		Name: "weir.share.retry.backoff.max.ms", Type: Long, Default: "60000", check: between(0, maxWaitMs), Own: true,
		Doc: "The longest weir.share.retry.backoff.ms comes to.",
	},
	{
		Name: "weir.share.retry.backoff.ms", Type: Long, Default: "0", check: between(0, maxWaitMs), Own: true,
		Doc: "How long a record waits after it was released for the first time, or its lock ended.",
	},
	{
		Name: "weir.share.retry.backoff.multiplier", Type: Double, Default: "2", check: fraction(1, 1000), Own: true,
		Doc: "By how much weir.share.retry.backoff.ms grows with each further delivery.",
	},
}
