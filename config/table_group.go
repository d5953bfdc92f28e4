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
		Name: "errors.deadletterqueue.copy.record.enable", Type: Boolean, Default: "false",
		Ignored: true, Doc: "Whether a record given up is copied with its key and value.",
	},
	{
		Name: "errors.deadletterqueue.topic.name", Type: String, Ignored: true,
		Doc: "The topic that takes the records which the share group gave up; empty for none.",
	},
	{
		Name: "share.assignment.interval.ms", Type: Int, Default: "1000", check: atLeast(0),
		Broker: "group.share.assignment.interval.ms",
		Doc:    "The time between two assignments.",
	},
	{
		Name: "share.auto.offset.reset", Type: String, Default: "latest", check: offsetReset(),
		Ignored: true,
		Doc:     "Where the group begins a partition: latest, earliest or by_duration:<ISO 8601>.",
	},
	{
		Name: "share.delivery.count.limit", Type: Int, Default: "5", check: atLeast(2),
		Ignored: true, Broker: "group.share.delivery.count.limit",
		Doc: "How often a record is delivered before it is given up.",
	},
	{
		Name: "share.heartbeat.interval.ms", Type: Int, Default: "5000", check: atLeast(1),
		Broker: "group.share.heartbeat.interval.ms",
		Doc:    "The heartbeat interval given to members.",
	},
	{
		Name: "share.isolation.level", Type: String, Default: "read_uncommitted",
		check: oneOf("read_committed", "read_uncommitted"), Ignored: true,
		Doc: "Whether records of open and aborted transactions are delivered.",
	},
	{
		Name: "share.partition.max.record.locks", Type: Int, Default: "2000", check: atLeast(100),
		Ignored: true, Broker: "group.share.partition.max.record.locks",
		Doc: "The most records of one partition that the group may hold acquired.",
	},
	{
		Name: "share.record.lock.duration.ms", Type: Int, Default: "30000", check: atLeast(1000),
		Ignored: true, Broker: "group.share.record.lock.duration.ms",
		Doc: "How long a member holds an acquired record.",
	},
	{
		Name: "share.renew.acknowledge.enable", Type: Boolean, Default: "true", Ignored: true,
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
}
