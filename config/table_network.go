package config

// networkTable are the broker settings of listeners, connections, requests and quotas.
// It is never written to.
var networkTable = []Def{
	{
		Name: "advertised.listeners", Type: List, Null: true, check: listOf(true),
		Doc: "The addresses clients are told to connect to, as NAME://host:port; unset means those of listeners.",
	},
	{
		Name: "background.threads", Type: Int, Default: "10", check: atLeast(1), Scope: ClusterWide,
		Ignored: true, Doc: "The number of threads for background work.",
	},
	{
		Name: "client.quota.callback.class", Type: Class, Null: true, Ignored: true,
		Doc: "A Java class that sets client quotas.",
	},
	{
		Name: "connection.failed.authentication.delay.ms", Type: Int, Default: "100",
		check: atLeast(0), Ignored: true,
		Doc: "How long a connection stays open after its authentication failed.",
	},
	{
		Name: "connections.max.idle.ms", Type: Long, Default: "600000",
		Doc: "A connection idle for longer is closed.",
	},
	{
		Name: "connections.max.reauth.ms", Type: Long, Default: "0", Ignored: true,
		Doc: "How long a SASL session may last before it must authenticate again; 0 is for ever.",
	},
	{
		Name: "early.start.listeners", Type: List, Null: true, check: listOf(true), Ignored: true,
		Doc: "Listeners that open before authorization is ready.",
	},
	{
		Name: "fetch.max.bytes", Type: Int, Default: "57671680", check: atLeast(1024),
		Doc: "The most bytes of one answer to a fetch.",
	},
	{
		Name: "fetch.purgatory.purge.interval.requests", Type: Int, Default: "1000", Ignored: true,
		Doc: "How many requests pass between purges of waiting fetches.",
	},
	{
		Name: "inter.broker.listener.name", Type: String, Null: true, Ignored: true,
		Doc: "The listener for talk between brokers.",
	},
	{
		Name: "kafka.metrics.polling.interval.secs", Type: Int, Default: "10", check: atLeast(1),
		Ignored: true, Doc: "The time between polls of Yammer metrics.",
	},
	{
		Name: "kafka.metrics.reporters", Type: List, check: listOf(true), Ignored: true,
		Doc: "Java classes that report Yammer metrics.",
	},
	{
		Name: "listener.security.protocol.map", Type: String,
		Default: "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT",
		Doc:     "Which security protocol each listener name speaks.",
	},
	{
		Name: "listeners", Type: List, Default: "PLAINTEXT://127.0.0.1:9092", check: listOf(false),
		Kafka: "PLAINTEXT://:9092",
		Doc:   "The addresses to listen on, as NAME://host:port; an empty host is every interface.",
	},
	{
		Name: "max.connection.creation.rate", Type: Int, Default: "2147483647", check: atLeast(0),
		Scope: ClusterWide, Ignored: true, Doc: "The most new connections a second.",
	},
	{
		Name: "max.connections", Type: Int, Default: "20000", check: atLeast(0), Kafka: "2147483647",
		Doc: "The most connections of the broker at one time.",
	},
	{
		Name: "max.connections.per.ip", Type: Int, Default: "1000", check: atLeast(0),
		Kafka: "2147483647",
		Doc:   "The most connections from one address at one time.",
	},
	{
		Name: "max.connections.per.ip.overrides", Type: String, Scope: ClusterWide,
		Ignored: true, Doc: "Other limits for named addresses, as host:limit,host:limit.",
	},
	{
		Name: "max.incremental.fetch.session.cache.slots", Type: Int, Default: "1000",
		check: atLeast(0), Doc: "The most incremental fetch sessions of the broker.",
	},
	{
		Name: "max.request.partition.size.limit", Type: Int, Default: "2000", check: atLeast(1),
		Doc: "The most partitions of one DescribeTopicPartitions answer.",
	},
	{
		Name: "metric.reporters", Type: List, check: listOf(true), Ignored: true,
		Kafka: "org.apache.kafka.common.metrics.JmxReporter",
		Doc:   "Java classes that report metrics.",
	},
	{
		Name: "metrics.num.samples", Type: Int, Default: "2", check: atLeast(1), Ignored: true,
		Doc: "The number of samples kept for metrics.",
	},
	{
		Name: "metrics.recording.level", Type: String, Default: "INFO", Ignored: true,
		Doc: "The most detailed level of metrics that are recorded.",
	},
	{
		Name: "metrics.sample.window.ms", Type: Long, Default: "30000", check: atLeast(1),
		Ignored: true, Doc: "The length of each sample of metrics.",
	},
	{
		Name: "num.io.threads", Type: Int, Default: "8", check: atLeast(1), Scope: ClusterWide,
		Ignored: true, Doc: "The number of threads that serve requests.",
	},
	{
		Name: "num.network.threads", Type: Int, Default: "3", check: atLeast(1), Scope: ClusterWide,
		Ignored: true, Doc: "The number of network threads of each listener.",
	},
	{
		Name: "queued.max.request.bytes", Type: Long, Default: "150994944", Kafka: "-1",
		Doc: "The most bytes of requests read and not yet answered, of which socket.request.max.bytes are kept for " +
			"one that finds the rest in use; readers wait. Memory is limited accordingly. -1 is no limit.",
	},
	{
		Name: "queued.max.requests", Type: Int, Default: "500", check: atLeast(1), Ignored: true,
		Doc: "The most requests queued between network and request threads.",
	},
	{
		Name: "quota.window.num", Type: Int, Default: "11", check: atLeast(1), Ignored: true,
		Doc: "The number of samples kept for client quotas.",
	},
	{
		Name: "quota.window.size.seconds", Type: Int, Default: "1", check: atLeast(1),
		Ignored: true, Doc: "The length of each sample of client quotas.",
	},
	{
		Name: "request.timeout.ms", Type: Int, Default: "30000", Ignored: true,
		Doc: "How long a request of this broker to another may take.",
	},
	{
		Name: "socket.connection.setup.timeout.max.ms", Type: Long, Default: "30000", Ignored: true,
		Doc: "The longest time a connection to another broker may take to open.",
	},
	{
		Name: "socket.connection.setup.timeout.ms", Type: Long, Default: "10000", Ignored: true,
		Doc: "The first limit on the time a connection to another broker takes to open.",
	},
	{
		Name: "socket.listen.backlog.size", Type: Int, Default: "50", check: atLeast(1),
		Ignored: true, Doc: "The most connections that wait to be accepted.",
	},
	{
		Name: "socket.receive.buffer.bytes", Type: Int, Default: "-1", Kafka: "102400",
		Doc: "The receive buffer of a client's socket; -1 leaves it to the system, which lets it grow with use.",
	},
	{
		Name: "socket.request.max.bytes", Type: Int, Default: "104857600", check: atLeast(1),
		Doc: "The largest request accepted.",
	},
	{
		Name: "socket.send.buffer.bytes", Type: Int, Default: "102400",
		Doc: "The send buffer of a client's socket; -1 leaves it to the system.",
	},
	{
		Name: "telemetry.max.bytes", Type: Int, Default: "1048576", check: atLeast(1),
		Ignored: true, Doc: "The largest telemetry message a client may push.",
	},
}
