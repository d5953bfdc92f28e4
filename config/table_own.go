package config

// ownTable are Weir's own settings. It is never written to.
var ownTable = []Def{
	{
		Name: "log.segment.compression", Type: String, Default: "none", check: oneOf("none", "zstd"),
		Scope: ClusterWide, Own: true,
		Doc: "How sealed segments are stored: none is Kafka's plain form, zstd takes a fraction of the disk.",
	},
	{
		Name: "log.segment.compression.zstd.level", Type: Int, Default: "3", check: between(1, 22),
		Scope: ClusterWide, Own: true,
		Doc: "The level of zstd used when log.segment.compression is zstd.",
	},
	{
		Name: "weir.cluster.id", Type: String, Null: true, Own: true,
		Doc: "The cluster's id. Unset draws one at the first start; another one than the stored is refused.",
	},
	{
		Name: "weir.connection.max.requests", Type: Int, Default: "64", check: between(1, 10000), Own: true,
		Doc: "The most requests of one connection that are read and not yet answered.",
	},
	{
		Name: "weir.group.consumer.hurried.heartbeat.interval.ms", Type: Int, Default: "500", check: atLeast(0), Own: true,
		Doc: "How soon a member of a consumer or share group that waits for partitions is told to send its next heartbeat, " +
			"if that is less than its usual interval; 0 tells it the usual one, as Kafka does.",
	},
	{
		Name: "weir.groups.max", Type: Int, Default: "200000", check: atLeast(1), Own: true,
		Doc: "The most groups of one broker, with those that have nothing but committed offsets. One more is refused with " +
			"POLICY_VIOLATION.",
	},
	{
		Name: "weir.handshake.timeout.ms", Type: Long, Default: "10000", check: atLeast(1), Own: true,
		Doc: "How long a new connection may take to send its first request.",
	},
	{
		Name: "weir.http.allowed.hosts", Type: List, check: listOf(true), Own: true,
		Doc: "Names by which the HTTP door may be asked for, beside localhost and the addresses of the loopback; * is any.",
	},
	{
		Name: "weir.http.listener", Type: String, Default: "", Own: true,
		Doc: "The address of the HTTP door (docs/http.md), as host:port; nothing is no door.",
	},
	{
		Name: "weir.http.max.connections", Type: Int, Default: "1000", check: between(1, 1000000), Own: true,
		Doc: "The most connections of the HTTP door at one time; more wait to be accepted.",
	},
	{
		Name: "weir.http.max.request.bytes", Type: Int, Default: "8388608", check: between(1, 1<<30), Own: true,
		Doc: "The longest body of a request over HTTP. Eight such bodies are read at one time.",
	},
	{
		Name: "weir.http.max.wait.ms", Type: Int, Default: "30000", check: between(0, 3600000), Own: true,
		Doc: "The longest wait for messages or for a reply that a request over HTTP may ask for.",
	},
	{
		Name: "weir.log.format", Type: String, Default: "auto", check: oneOf("auto", "text", "json"), Own: true,
		Doc: "How the program's own log lines look; auto is coloured text on a terminal, else text.",
	},
	{
		Name: "weir.log.level", Type: String, Default: "info",
		check: oneOf("debug", "info", "warn", "error"), Own: true,
		Doc: "The least important log lines that are written.",
	},
	{
		Name: "weir.replication.factor.strict", Type: Boolean, Default: "false", Own: true,
		Doc: "Whether a replication factor above the number of brokers is refused, as Kafka does, not lowered.",
	},
	{
		Name: "weir.request.read.timeout.ms", Type: Long, Default: "30000", check: atLeast(1), Own: true,
		Doc: "How long a request may take from its first byte to its last.",
	},
	{
		Name: "weir.segment.compression.bytes.per.second", Type: Long, Default: "67108864", check: atLeast(1), Own: true,
		Doc: "The most record bytes a second that are read to compress sealed segments or to expand them.",
	},
	{
		Name: "weir.shutdown.timeout.ms", Type: Long, Default: "10000", check: atLeast(0), Own: true,
		Doc: "How long a stopping broker waits for requests that are being served.",
	},
}
