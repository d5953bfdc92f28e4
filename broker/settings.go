package broker

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"strings"
	"time"

	httpadmin "weir/admin" // the tests have an admin of their own
	"weir/cluster"
	"weir/config"
	"weir/groups"
	"weir/handlers"
	"weir/log"
	"weir/metadata"
	"weir/partition"
	"weir/record"
	"weir/server"
	"weir/share"
	"weir/txn"
)

// settings maps the table of settings to the Config of each room; nothing below handlers reads the table
// itself.
type settings struct {
	values     *config.Values
	brokerID   int32
	dataDir    string
	advertised []config.Listener

	server    server.Config // without Clock and Logger
	cluster   cluster.Config
	directory log.DirectoryConfig
	groups    groups.Config
	txns      txn.Config // without Version
	shares    share.Config
	admin     httpadmin.Config

	openWorkers       int // partitions opened at once
	retentionInterval time.Duration
	shutdownTimeout   time.Duration
	durability        string // for the start line
}

func newSettings(v *config.Values) (*settings, error) {
	s := &settings{
		values:            v,
		brokerID:          v.BrokerID(),
		openWorkers:       max(v.Int("num.recovery.threads.per.data.dir"), 1),
		retentionInterval: milliseconds(v.Int64("log.retention.check.interval.ms")),
		shutdownTimeout:   milliseconds(v.Int64("weir.shutdown.timeout.ms")),
		durability:        durabilityOf(v),
	}
	var err error
	if s.dataDir, err = filepath.Abs(v.List("log.dirs")[0]); err != nil {
		return nil, fmt.Errorf("log.dirs: %w", err)
	}
	if err := s.setListeners(v); err != nil {
		return nil, err
	}
	s.setServer(v)
	s.setCluster(v)
	s.setAdmin(v)
	s.directory = log.DirectoryConfig{
		CheckpointInterval:     milliseconds(v.Int64("log.flush.offset.checkpoint.interval.ms")),
		CompressBytesPerSecond: v.Int64("weir.segment.compression.bytes.per.second"),
	}
	s.groups = groups.Config{
		OffsetsPartitions:             v.Int32("offsets.topic.num.partitions"),
		OffsetMetadataMaxBytes:        v.Int("offset.metadata.max.bytes"),
		OffsetsLoadBufferBytes:        v.Int("offsets.load.buffer.size"),
		OffsetsRetention:              time.Duration(v.Int64("offsets.retention.minutes")) * time.Minute,
		OffsetsRetentionCheckInterval: milliseconds(v.Int64("offsets.retention.check.interval.ms")),
		GroupMinSessionTimeoutMs:      v.Int32("group.min.session.timeout.ms"),
		GroupMaxSessionTimeoutMs:      v.Int32("group.max.session.timeout.ms"),
		GroupInitialRebalanceDelayMs:  v.Int32("group.initial.rebalance.delay.ms"),
		MaxGroups:                     v.Int("weir.groups.max"),
		GroupMaxSize:                  v.Int("group.max.size"),
		BatchMaxBytes:                 v.Int("message.max.bytes"),
		Consumer:                      consumerConfig(v),
		Streams:                       streamsConfig(v),
		Share:                         shareConfig(v),
	}
	s.txns = txn.Config{
		StatePartitions: v.Int32("transaction.state.log.num.partitions"),
		LoadBufferBytes: v.Int("transaction.state.log.load.buffer.size"),
		MaxTimeoutMs:    v.Int32("transaction.max.timeout.ms"),
		IDExpiration:    milliseconds(v.Int64("transactional.id.expiration.ms")),
		ExpiryInterval:  milliseconds(v.Int64("transaction.remove.expired.transaction.cleanup.interval.ms")),
		AbortInterval:   milliseconds(v.Int64("transaction.abort.timed.out.transaction.cleanup.interval.ms")),
		BatchMaxBytes:   v.Int("message.max.bytes"),
	}
	s.shares = share.Config{
		StatePartitions: v.Int32("share.coordinator.state.topic.num.partitions"),
		LoadBufferBytes: v.Int("share.coordinator.load.buffer.size"),
		SnapshotUpdates: v.Int("share.coordinator.snapshot.update.records.per.snapshot"),
		BatchMaxBytes:   v.Int("message.max.bytes"),
	}
	return s, nil
}

// consumerConfig is what groups of the consumer protocol need.
func consumerConfig(v *config.Values) groups.ConsumerConfig {
	bounded := func(name, least, most string) groups.Setting {
		return groups.Setting{Default: v.Int32(name), Min: v.Int32(least), Max: v.Int32(most)}
	}
	policy := strings.ToUpper(v.String("group.consumer.migration.policy"))
	return groups.ConsumerConfig{
		SessionTimeoutMs: bounded("group.consumer.session.timeout.ms",
			"group.consumer.min.session.timeout.ms", "group.consumer.max.session.timeout.ms"),
		HeartbeatIntervalMs: bounded("group.consumer.heartbeat.interval.ms",
			"group.consumer.min.heartbeat.interval.ms", "group.consumer.max.heartbeat.interval.ms"),
		HurriedIntervalMs: v.Int32("weir.group.consumer.hurried.heartbeat.interval.ms"),
		AssignmentIntervalMs: bounded("group.consumer.assignment.interval.ms",
			"group.consumer.min.assignment.interval.ms", "group.consumer.max.assignment.interval.ms"),
		MaxSize:     v.Int("group.consumer.max.size"),
		Assignors:   v.List("group.consumer.assignors"),
		NoUpgrade:   policy == "DISABLED" || policy == "DOWNGRADE",
		NoDowngrade: policy == "DISABLED" || policy == "UPGRADE",
	}
}

// streamsConfig is what streams groups need.
func streamsConfig(v *config.Values) groups.StreamsConfig {
	bounded := func(name, least, most string) groups.Setting {
		return groups.Setting{Default: v.Int32(name), Min: v.Int32(least), Max: v.Int32(most)}
	}
	return groups.StreamsConfig{
		SessionTimeoutMs: bounded("group.streams.session.timeout.ms",
			"group.streams.min.session.timeout.ms", "group.streams.max.session.timeout.ms"),
		HeartbeatIntervalMs: bounded("group.streams.heartbeat.interval.ms",
			"group.streams.min.heartbeat.interval.ms", "group.streams.max.heartbeat.interval.ms"),
		AssignmentIntervalMs: bounded("group.streams.assignment.interval.ms",
			"group.streams.min.assignment.interval.ms", "group.streams.max.assignment.interval.ms"),
		InitialDelayMs: groups.Setting{Default: v.Int32("group.streams.initial.rebalance.delay.ms"), Max: math.MaxInt32},
		Standbys: groups.Setting{Default: v.Int32("group.streams.num.standby.replicas"),
			Max: v.Int32("group.streams.max.standby.replicas")},
		MaxSize: v.Int("group.streams.max.size"),
	}
}

// shareConfig is what share groups need.
func shareConfig(v *config.Values) groups.ShareConfig {
	bounded := func(name, least, most string) groups.Setting {
		return groups.Setting{Default: v.Int32(name), Min: v.Int32(least), Max: v.Int32(most)}
	}
	return groups.ShareConfig{
		SessionTimeoutMs: bounded("group.share.session.timeout.ms",
			"group.share.min.session.timeout.ms", "group.share.max.session.timeout.ms"),
		HeartbeatIntervalMs: bounded("group.share.heartbeat.interval.ms",
			"group.share.min.heartbeat.interval.ms", "group.share.max.heartbeat.interval.ms"),
		HurriedIntervalMs: v.Int32("weir.group.consumer.hurried.heartbeat.interval.ms"),
		AssignmentIntervalMs: bounded("group.share.assignment.interval.ms",
			"group.share.min.assignment.interval.ms", "group.share.max.assignment.interval.ms"),
		MaxSize:  v.Int("group.share.max.size"),
		Assignor: v.List("group.share.assignors")[0],
	}
}

// setListeners resolves listeners, their security protocols and the advertised ones. Listeners for
// controllers, which configurations made for Apache Kafka's combined mode have, are left out: there is no
// controller to reach.
func (s *settings) setListeners(v *config.Values) error {
	all, err := config.ParseListeners(v.String("listeners"))
	if err != nil {
		return fmt.Errorf("listeners: %w", err)
	}
	protocols := make(map[string]string)
	for _, pair := range v.List("listener.security.protocol.map") {
		name, protocol, ok := strings.Cut(pair, ":")
		if !ok {
			return fmt.Errorf("listener.security.protocol.map: %q is not NAME:PROTOCOL", pair)
		}
		protocols[strings.ToUpper(strings.TrimSpace(name))] = strings.ToUpper(strings.TrimSpace(protocol))
	}
	controllers := make(map[string]bool)
	for _, name := range v.List("controller.listener.names") {
		controllers[strings.ToUpper(name)] = true
	}
	for _, l := range all {
		if controllers[l.Name] {
			continue
		}
		protocol := protocols[l.Name]
		if protocol == "" {
			protocol = l.Name
		}
		if protocol != server.Plaintext {
			return fmt.Errorf("listeners: security protocol %s of listener %s is not supported, only %s is",
				protocol, l.Name, server.Plaintext)
		}
		s.server.Listeners = append(s.server.Listeners, server.Listener{
			Name: l.Name, Protocol: protocol, Host: l.Host, Port: int(l.Port),
		})
	}
	if len(s.server.Listeners) == 0 {
		return fmt.Errorf("listeners: none of %q is for clients", v.String("listeners"))
	}
	if s.advertised, err = config.ParseListeners(v.String("advertised.listeners")); err != nil {
		return fmt.Errorf("advertised.listeners: %w", err)
	}
	return nil
}

func (s *settings) setServer(v *config.Values) {
	queued := v.Int64("queued.max.request.bytes")
	if queued <= 0 {
		queued = math.MaxInt64 / 2
	}
	s.server.MaxRequestBytes = v.Int("socket.request.max.bytes")
	s.server.QueuedRequestBytes = max(queued, int64(s.server.MaxRequestBytes))
	s.server.MaxConnections = v.Int("max.connections")
	s.server.MaxConnectionsPerIP = v.Int("max.connections.per.ip")
	s.server.IdleTimeout = milliseconds(v.Int64("connections.max.idle.ms"))
	s.server.HandshakeTimeout = milliseconds(v.Int64("weir.handshake.timeout.ms"))
	s.server.FrameTimeout = milliseconds(v.Int64("weir.request.read.timeout.ms"))
	s.server.Pipeline = v.Int("weir.connection.max.requests")
	s.server.SendBufferBytes = v.Int("socket.send.buffer.bytes")
	s.server.ReceiveBufferBytes = v.Int("socket.receive.buffer.bytes")
}

func (s *settings) setAdmin(v *config.Values) {
	s.admin = httpadmin.Config{
		Address: v.String("weir.http.listener"), Hosts: v.List("weir.http.allowed.hosts"),
		MaxRequestBytes: v.Int64("weir.http.max.request.bytes"), MaxConnections: v.Int("weir.http.max.connections"),
		MaxWait:     milliseconds(v.Int64("weir.http.max.wait.ms")),
		ReadTimeout: milliseconds(v.Int64("weir.request.read.timeout.ms")),
		IdleTimeout: milliseconds(v.Int64("connections.max.idle.ms")),
	}
}

func (s *settings) setCluster(v *config.Values) {
	s.cluster = cluster.Config{
		ClusterID: v.String("weir.cluster.id"), BrokerID: s.brokerID, Rack: v.String("broker.rack"),
		DefaultPartitions:  v.Int32("num.partitions"),
		DefaultReplication: int16(v.Int("default.replication.factor")),
		StrictReplication:  v.Bool("weir.replication.factor.strict"),
		Features:           handlers.SupportedFeatures(),
		Rules: cluster.Rules{
			CheckTopic: v.CheckTopic, CheckBroker: config.CheckBroker, CheckGroup: v.CheckGroup,
			List: listSetting,
		},
	}
}

// listSetting says of a setting whether there is one of that name, whether it is a list, and its default.
func listSetting(kind cluster.ResourceKind, name string) (def string, isList, known bool) {
	var d *config.Def
	switch kind {
	case cluster.TopicResource:
		d = config.Topic(name)
	case cluster.BrokerResource:
		d = config.BrokerDef(name)
	case cluster.GroupResource:
		d = config.Group(name)
	}
	if d == nil {
		return "", false, false
	}
	return d.Default, d.Type == config.List, true
}

// logConfig is what a topic's logs need of its settings in force under an image.
func (s *settings) logConfig(image *metadata.Image, topic *metadata.Topic) log.Config {
	clusterWide, own := image.BrokerConfig(metadata.DefaultBroker), image.BrokerConfig(s.brokerID)
	broker := config.NewBroker(s.values, clusterWide, own)
	t := broker.Topic(topic.Configs)
	c := log.Config{
		SegmentBytes: t.Int64("segment.bytes"), SegmentMs: t.Int64("segment.ms"),
		SegmentJitterMs: t.Int64("segment.jitter.ms"), SegmentIndexBytes: t.Int64("segment.index.bytes"),
		IndexIntervalBytes: t.Int64("index.interval.bytes"),
		RetentionBytes:     t.Int64("retention.bytes"), RetentionMs: t.Int64("retention.ms"),
		FlushMessages: t.Int64("flush.messages"), FlushMs: t.Int64("flush.ms"),
		FileDeleteDelayMs: t.Int64("file.delete.delay.ms"), MaxMessageBytes: t.Int64("max.message.bytes"),
		Preallocate:            t.Bool("preallocate"),
		MinCleanableDirtyRatio: t.Float64("min.cleanable.dirty.ratio"),
		MinCompactionLagMs:     t.Int64("min.compaction.lag.ms"), MaxCompactionLagMs: t.Int64("max.compaction.lag.ms"),
		DeleteRetentionMs:      t.Int64("delete.retention.ms"),
		ProducerIDExpirationMs: broker.Int64("producer.id.expiration.ms"),
		CompressSegments:       t.String("segment.compression") == "zstd",
		CompressionLevel:       t.Int64("segment.compression.zstd.level"),
	}
	if t.String("message.timestamp.type") == "LogAppendTime" {
		c.TimestampType = record.LogAppendTime
	}
	for _, policy := range t.List("cleanup.policy") {
		c.CleanupDelete = c.CleanupDelete || policy == "delete"
		c.CleanupCompact = c.CleanupCompact || policy == "compact"
	}
	if topic.Internal {
		c.FlushMessages = 1 // coordinators answer from what is on the disk, whatever the topic's settings say
	}
	return c
}

// dedup is what a topic's partitions go by when they leave out what was appended before.
func (s *settings) dedup(image *metadata.Image, topic *metadata.Topic) partition.DedupConfig {
	clusterWide, own := image.BrokerConfig(metadata.DefaultBroker), image.BrokerConfig(s.brokerID)
	t := config.NewBroker(s.values, clusterWide, own).Topic(topic.Configs)
	return partition.DedupConfig{WindowMs: t.Int64("weir.dedup.window.ms"), MaxIDs: int(t.Int64("weir.dedup.ids.max"))}
}

// compaction is what compaction needs of the settings in force under an image.
func (s *settings) compaction(image *metadata.Image) log.CompactionConfig {
	clusterWide, own := image.BrokerConfig(metadata.DefaultBroker), image.BrokerConfig(s.brokerID)
	b := config.NewBroker(s.values, clusterWide, own)
	c := log.CompactionConfig{
		KeyBytes: b.Int64("log.cleaner.dedupe.buffer.size"), LoadFactor: b.Float64("log.cleaner.io.buffer.load.factor"),
		IOBytes: b.Int64("log.cleaner.io.buffer.size"), BytesPerSecond: b.Float64("log.cleaner.io.max.bytes.per.second"),
		Backoff: milliseconds(b.Int64("log.cleaner.backoff.ms")),
	}
	if b.Bool("log.cleaner.enable") {
		c.Threads = int(b.Int64("log.cleaner.threads"))
	}
	return c
}

// dynamicConfigs remembers the broker settings altered over the wire that were applied last.
type dynamicConfigs struct {
	clusterWide, own map[string]string
}

// changed reports whether an image has other ones, and remembers them.
func (d *dynamicConfigs) changed(image *metadata.Image, broker int32) bool {
	now := dynamicConfigs{image.BrokerConfig(metadata.DefaultBroker), image.BrokerConfig(broker)}
	same := maps.Equal(d.clusterWide, now.clusterWide) && maps.Equal(d.own, now.own)
	*d = now
	return !same
}

// durabilityOf says in words what acks=all means for topics that do not set it themselves.
func durabilityOf(v *config.Values) string {
	t := v.Topic(nil)
	messages, ms := t.Int64("flush.messages"), t.Int64("flush.ms")
	switch {
	case messages == 1:
		return "fsync before acks=all"
	case messages == math.MaxInt64 && ms == math.MaxInt64:
		return "page cache"
	default:
		return fmt.Sprintf("page cache, fsync every %d messages or %d ms", messages, ms)
	}
}

func milliseconds(n int64) time.Duration {
	if n < 0 || n > int64(math.MaxInt64/time.Millisecond) {
		return math.MaxInt64
	}
	return time.Duration(n) * time.Millisecond
}
