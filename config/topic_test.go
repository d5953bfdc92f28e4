package config

import (
	"errors"
	"strings"
	"testing"
)

// TestCheckTopicAnswersAsKafka holds the answers that Apache Kafka 4.3.1 gave to the same settings.
func TestCheckTopicAnswersAsKafka(t *testing.T) {
	for given, want := range map[string]string{
		"nope=1":                     "Unknown topic config name: nope",
		"message.format.version=2.0": "Unknown topic config name: message.format.version",
		"retention.ms=abc":           "Invalid value abc for configuration retention.ms: Not a number of type LONG",
		"retention.ms=":              "Invalid value  for configuration retention.ms: Not a number of type LONG",
		"retention.ms=-2":            "Invalid value -2 for configuration retention.ms: Value must be at least -1",
		"segment.ms=0":               "Invalid value 0 for configuration segment.ms: Value must be at least 1",
		"segment.bytes=1":            "Invalid value 1 for configuration segment.bytes: Value must be at least 1048576",
		"cleanup.policy=foo": "Invalid value foo for configuration cleanup.policy: String must be one of: " +
			"compact, delete",
		"cleanup.policy=delete,,compact": "Configuration 'cleanup.policy' values must not be empty.",
		"compression.type=brotli": "Invalid value brotli for configuration compression.type: String must be " +
			"one of: uncompressed, zstd, lz4, snappy, gzip, producer",
		"min.insync.replicas=0": "Invalid value 0 for configuration min.insync.replicas: Value must be at least 1",
		"max.message.bytes=-1":  "Invalid value -1 for configuration max.message.bytes: Value must be at least 0",
		"max.message.bytes=2147483648": "Invalid value 2147483648 for configuration max.message.bytes: " +
			"Not a number of type INT",
		"min.cleanable.dirty.ratio=1.1": "Invalid value 1.1 for configuration min.cleanable.dirty.ratio: " +
			"Value must be no more than 1",
		"min.cleanable.dirty.ratio=-0.1": "Invalid value -0.1 for configuration min.cleanable.dirty.ratio: " +
			"Value must be at least 0",
		"preallocate=yes": "Invalid value yes for configuration preallocate: Expected value to be either true " +
			"or false",
		"message.timestamp.type=x": "Invalid value x for configuration message.timestamp.type: String must be " +
			"one of: CreateTime, LogAppendTime",
		"compression.gzip.level=0": "Invalid value 0 for configuration compression.gzip.level: Value must be " +
			"between 1 and 9 or equal to -1",
		"compression.lz4.level=18": "Invalid value 18 for configuration compression.lz4.level: Value must be " +
			"no more than 17",
		"leader.replication.throttled.replicas=1": "Invalid value [1] for configuration " +
			"leader.replication.throttled.replicas: leader.replication.throttled.replicas must be the literal " +
			"'*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:" +
			"[brokerId],...",
		"remote.storage.enable=true": "Tiered Storage functionality is disabled in the broker. Topic cannot be " +
			"configured with remote log storage.",
		"min.compaction.lag.ms=10 max.compaction.lag.ms=5": "conflict topic config setting " +
			"min.compaction.lag.ms (10) > max.compaction.lag.ms (5)",
	} {
		err := Defaults().CheckTopic(pairs(given))
		if !errors.Is(err, ErrInvalid) || err.Error() != want {
			t.Errorf("%s: got %v; want %s", given, err, want)
		}
	}
	for _, given := range []string{
		"cleanup.policy=", "cleanup.policy=delete,delete", "leader.replication.throttled.replicas=1:1,2:2",
		"leader.replication.throttled.replicas=*", "compression.gzip.level=-1", "retention.ms=-1",
		"max.decompressed.message.bytes=5", "preallocate=TRUE",
	} {
		if err := Defaults().CheckTopic(pairs(given)); err != nil {
			t.Errorf("%s: %v", given, err)
		}
	}
	if err := Defaults().CheckTopic(map[string]string{"retention.ms": " 5 "}); err != nil {
		t.Errorf("white space: %v", err)
	}
}

// pairs reads "a=1 b=2".
func pairs(text string) map[string]string {
	m := make(map[string]string)
	for _, pair := range strings.Split(text, " ") {
		name, val, _ := strings.Cut(pair, "=")
		m[name] = val
	}
	return m
}

// TestCheckGroupAnswersAsKafka holds the answers that Apache Kafka 4.4.0 gives to the same settings.
func TestCheckGroupAnswersAsKafka(t *testing.T) {
	reset := func(given string) string {
		return "Invalid value " + given + " for configuration share.auto.offset.reset: Invalid value `" + given +
			"` for configuration share.auto.offset.reset. The value must be either 'earliest', 'latest' or of the " +
			"format 'by_duration:<PnDTnHnMn.nS>'."
	}
	for given, want := range map[string]string{
		"nope=1":                                    "Unknown group config name: nope",
		"consumer.session.timeout.ms=1":             "consumer.session.timeout.ms must be in the range 45000 to 60000 inclusive.",
		"consumer.session.timeout.ms=70000":         "consumer.session.timeout.ms must be in the range 45000 to 60000 inclusive.",
		"consumer.heartbeat.interval.ms=1":          "consumer.heartbeat.interval.ms must be in the range 5000 to 15000 inclusive.",
		"share.auto.offset.reset=x":                 reset("x"),
		"share.auto.offset.reset=by_duration:-PT1H": reset("by_duration:-PT1H"),
		"share.auto.offset.reset=by_duration:x":     reset("by_duration:x"),
		"share.isolation.level=x": "Invalid value x for configuration share.isolation.level: String must be one " +
			"of: read_committed, read_uncommitted",
		"share.delivery.count.limit=1": "Invalid value 1 for configuration share.delivery.count.limit: Value " +
			"must be at least 2",
		"share.delivery.count.limit=11": "share.delivery.count.limit must be in the range 2 to 10 inclusive.",
		"share.renew.acknowledge.enable=7": "Invalid value 7 for configuration share.renew.acknowledge.enable: " +
			"Expected value to be either true or false",
		"streams.num.standby.replicas=3": "streams.num.standby.replicas must be less than or equal to 2",
	} {
		err := Defaults().CheckGroup(pairs(given))
		if !errors.Is(err, ErrInvalid) || err.Error() != want {
			t.Errorf("%s: got %v; want %s", given, err, want)
		}
	}
	for _, given := range []string{"consumer.session.timeout.ms=50000", "share.auto.offset.reset=by_duration:PT1H",
		"share.auto.offset.reset=by_duration:P1DT2H3M4.5S"} {
		if err := Defaults().CheckGroup(pairs(given)); err != nil {
			t.Errorf("%s: %v", given, err)
		}
	}
}

// TestCheckBroker holds the answers that Apache Kafka 4.3.1 gave, except for listener settings, which
// Kafka lets change over the wire and we do not.
func TestCheckBroker(t *testing.T) {
	for given, want := range map[string]string{
		"log.dirs=/x":            "Cannot update these configs dynamically: [log.dirs]",
		"log.dirs=/x node.id=3":  "Cannot update these configs dynamically: [log.dirs, node.id]",
		"log.retention.hours=5":  "Cannot update these configs dynamically: [log.retention.hours]",
		"listeners=PLAINTEXT:x":  "Cannot update these configs dynamically: [listeners]",
		"weir.log.level=debug":   "Cannot update these configs dynamically: [weir.log.level]",
		"my.custom.path=/etc":    "Cannot update these configs dynamically: [my.custom.path]",
		"log.retention.ms=x":     "Invalid value x for configuration log.retention.ms: Not a number of type LONG",
		"log.segment.bytes=1":    "Invalid value 1 for configuration log.segment.bytes: Value must be at least 1048576",
		"log.cleaner.threads=-1": "Invalid value -1 for configuration log.cleaner.threads: Value must be at least 0",
		"ssl.keystore.password=": "These security configs can be dynamically updated only per-listener using the " +
			"listener prefix: [ssl.keystore.password]",
		"listener.name.a.ssl.keystore.location=/etc": "Cannot update these configs dynamically: " +
			"[listener.name.a.ssl.keystore.location]",
		"sasl.oauthbearer.jwks.endpoint.url=file:///etc": "Cannot update these configs dynamically: " +
			"[sasl.oauthbearer.jwks.endpoint.url]",
	} {
		for _, clusterWide := range []bool{true, false} {
			err := CheckBroker(pairs(given), clusterWide)
			if !errors.Is(err, ErrInvalid) || err.Error() != want {
				t.Errorf("%s: got %v; want %s", given, err, want)
			}
		}
	}
	for _, given := range []string{"nope=1", "log.cleaner.threads=2", "listener.name.a.max.connection.creation.rate=10"} {
		if err := CheckBroker(pairs(given), false); err != nil {
			t.Errorf("%s: %v", given, err)
		}
	}
	const single = "listener.name.a.sasl.jaas.config"
	err := CheckBroker(map[string]string{single: "x"}, true)
	if err == nil || !strings.HasPrefix(err.Error(), "Cannot update these configs at default cluster level") {
		t.Errorf("got %v", err)
	}
}
