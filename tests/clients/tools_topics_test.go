//go:build clients

package clients

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"weir/tests/brokers"
)

// TestTools runs Apache Kafka's own command-line tools.
func TestTools(t *testing.T) {
	t.Parallel()
	for _, brokerKind := range brokerKinds {
		t.Run(brokerKind, func(t *testing.T) {
			b := brokers.New(t, brokerKind, nil)
			x := newTools(t, b)
			for _, c := range []struct {
				name string
				run  func(*tools)
			}{
				{"api versions", (*tools).apiVersions},
				{"topics", (*tools).topics},
				{"configs", (*tools).configs},
				{"console", (*tools).console},
				{"console by group", (*tools).consoleGroup},
				{"get offsets", (*tools).getOffsets},
				{"delete records", (*tools).deleteRecords},
				{"log dirs", (*tools).logDirs},
				{"performance", (*tools).performance},
				{"verifiable", (*tools).verifiable},
				{"cluster", (*tools).cluster},
				{"dump log", (*tools).dumpLog},
			} {
				t.Run(c.name, func(t *testing.T) { c.run(x.on(t)) })
			}
		})
	}
}

func (x *tools) apiVersions() {
	out := x.run("kafka-broker-api-versions --bootstrap-server BROKER")
	x.says(out, x.broker.Addr+" (id: 1 rack: null isFenced: false) -> (", "Produce(0): 0 to 13 [usable: ",
		"Fetch(1): 4 to 18 [usable: ", "JoinGroup(11): 0 to 9 [usable: 9]", "OffsetFetch(9): 1 to 10 [usable: 10]")
}

func (x *tools) topics() {
	const at = " --bootstrap-server BROKER --topic tools-topics"
	x.says(x.run("kafka-topics --create --partitions 3 --config retention.ms=60000"+at), "Created topic tools-topics.")
	again := x.feed("", "kafka-topics --create --partitions 3"+at)
	if again.exit == 0 {
		x.t.Error("creating it twice was no error")
	}
	x.says(again.out+again.err, "Topic 'tools-topics' already exists.")
	x.run("kafka-topics --create --if-not-exists --partitions 3" + at)
	x.says(x.run("kafka-topics --list --bootstrap-server BROKER"), "tools-topics\n")

	out := x.run("kafka-topics --describe" + at)
	x.says(out, "Topic: tools-topics\tTopicId: ", "PartitionCount: 3\tReplicationFactor: 1", "retention.ms=60000",
		"Partition: 2\tLeader: 1\tReplicas: 1\tIsr: 1")
	x.run("kafka-topics --alter --partitions 5" + at)
	x.says(x.run("kafka-topics --describe"+at), "PartitionCount: 5", "Partition: 4\tLeader: 1")
	fewer := x.feed("", "kafka-topics --alter --partitions 2"+at)
	if fewer.exit == 0 {
		x.t.Error("having fewer partitions was no error")
	}
	for _, filter := range []string{"--under-replicated-partitions", "--unavailable-partitions",
		"--under-min-isr-partitions", "--at-min-isr-partitions"} {
		out := x.run("kafka-topics --describe --bootstrap-server BROKER " + filter)
		if filter != "--at-min-isr-partitions" && strings.TrimSpace(out) != "" {
			x.t.Errorf("%s shows\n%s", filter, out)
		}
	}
	bad := x.feed("", "kafka-topics --create --partitions 1 --bootstrap-server BROKER --topic a/b")
	if bad.exit == 0 {
		x.t.Error("a topic named a/b was no error")
	}
	x.run("kafka-topics --delete" + at)
	gone := x.feed("", "kafka-topics --describe"+at)
	if gone.exit == 0 {
		x.t.Errorf("a deleted topic is described:\n%s", gone.out)
	}
	x.says(gone.out+gone.err, "Topic 'tools-topics' does not exist as expected")
}

func (x *tools) configs() {
	const topic = " --bootstrap-server BROKER --entity-type topics --entity-name tools-configs"
	x.run("kafka-topics --create --partitions 1 --bootstrap-server BROKER --topic tools-configs")
	x.run("kafka-configs --alter --add-config retention.ms=1234567,cleanup.policy=[compact,delete]" + topic)
	x.says(x.run("kafka-configs --describe"+topic), "retention.ms=1234567", "cleanup.policy=compact,delete",
		"DYNAMIC_TOPIC_CONFIG:retention.ms=1234567")
	all := x.run("kafka-configs --describe --all" + topic)
	x.says(all, "max.message.bytes=1048588", "segment.bytes=1073741824", "DEFAULT_CONFIG:message.max.bytes=1048588")
	x.run("kafka-configs --alter --delete-config retention.ms" + topic)
	if out := x.run("kafka-configs --describe" + topic); strings.Contains(out, "retention.ms") {
		x.t.Errorf("retention.ms is still there:\n%s", out)
	}
	bad := x.feed("", "kafka-configs --alter --add-config segment.bytes=12"+topic)
	if bad.exit == 0 && !strings.Contains(bad.err+bad.out, "rror") {
		x.t.Error("segment.bytes=12 was no error")
	}
	const broker = " --bootstrap-server BROKER --entity-type brokers --entity-name 1"
	x.says(x.run("kafka-configs --describe --all"+broker), "log.retention.hours=168", "num.partitions=1", "node.id=1")
	x.run("kafka-configs --alter --add-config log.retention.ms=7200000" + broker)
	x.says(x.run("kafka-configs --describe"+broker), "log.retention.ms=7200000", "DYNAMIC_BROKER_CONFIG")
	x.run("kafka-configs --alter --delete-config log.retention.ms" + broker)
}

func (x *tools) cluster() {
	out := x.run("kafka-cluster cluster-id --bootstrap-server BROKER")
	if !regexp.MustCompile(`Cluster ID: [A-Za-z0-9_-]{22}\n`).MatchString(out) {
		x.t.Errorf("cluster-id printed %q", out)
	}
	x.says(x.run("kafka-cluster list-endpoints --bootstrap-server BROKER"), "127.0.0.1")
}

func (x *tools) logDirs() {
	x.run("kafka-topics --create --partitions 2 --bootstrap-server BROKER --topic tools-logdirs")
	x.feed("one\ntwo\n", "kafka-console-producer --bootstrap-server BROKER --topic tools-logdirs")
	out := x.run("kafka-log-dirs --describe --bootstrap-server BROKER --topic-list tools-logdirs")
	x.says(out, `"logDir":"`+x.broker.Dir+`"`, `"error":null`, `"partition":"tools-logdirs-0"`,
		`"partition":"tools-logdirs-1"`, `"offsetLag":0`, `"isFuture":false`)
	sizes := regexp.MustCompile(`"size":([0-9]+)`).FindAllStringSubmatch(out, -1)
	if len(sizes) != 2 || sizes[0][1] == "0" && sizes[1][1] == "0" {
		x.t.Errorf("the sizes are %v", sizes)
	}
}

// dumpLog stops the broker and has Apache Kafka's own reader go through the data that it wrote.
func (x *tools) dumpLog() {
	x.run("kafka-topics --create --partitions 1 --bootstrap-server BROKER --topic tools-dump " +
		"--config segment.bytes=1048576 --config index.interval.bytes=512")
	for _, codec := range codecs {
		x.run("kafka-producer-perf-test --topic tools-dump --num-records 1500 --record-size 1000 --throughput -1 " +
			"--command-property bootstrap.servers=BROKER compression.type=" + codec)
	}
	x.run("kafka-console-consumer --group tools-dump --from-beginning --max-messages 500 --timeout-ms 30000 " +
		"--bootstrap-server BROKER --topic tools-dump")
	records, groups := x.partitionDirs("tools-dump"), x.partitionDirs("__consumer_offsets")
	x.broker.Stop()
	defer x.broker.Start()
	seen := map[string]int{}
	if len(records) != 1 {
		x.t.Fatalf("the partition's directories are %v", records)
	}
	x.says(x.dumpPartition(records[0], "", seen), "producerId: ", "lastSequence: ")
	x.t.Logf("read %v", seen)
	for extension, atLeast := range map[string]int{".log": 5, ".index": 5, ".timeindex": 5, ".snapshot": 1} {
		if seen[extension] < atLeast {
			x.t.Errorf("%d files %s were read", seen[extension], extension)
		}
	}
	var out strings.Builder
	for _, dir := range groups {
		out.WriteString(x.dumpPartition(dir, "--offsets-decoder", seen))
	}
	x.says(out.String(), `"group":"tools-dump"`, `"topic":"tools-dump"`, `"offset":500`, `"protocolType":"consumer"`)
}

// partitionDirs are the directories of a topic's partitions, named by its name or by its id.
func (x *tools) partitionDirs(topic string) []string {
	x.t.Helper()
	ref := newReference(x.t, x.broker.Addr)
	details, err := ref.adm.ListTopicsWithInternal(x.t.Context(), topic)
	if err != nil {
		x.t.Fatal(err)
	}
	var dirs []string
	id := details[topic].ID
	for _, name := range []string{topic, base64.RawURLEncoding.EncodeToString(id[:])} {
		found, _ := filepath.Glob(filepath.Join(x.broker.Dir, name+"-*"))
		dirs = append(dirs, found...)
	}
	return dirs
}

// dumpPartition reads every file of a partition and returns what its segments hold.
func (x *tools) dumpPartition(dir, decoder string, seen map[string]int) string {
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	var out strings.Builder
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil || info.Size() == 0 {
			continue
		}
		extension := filepath.Ext(file)
		seen[extension]++
		switch extension {
		case ".log":
			out.WriteString(x.dumpSegment(file, decoder))
		case ".index", ".timeindex":
			x.dumpIndex(file)
		case ".snapshot":
			out.WriteString(x.run("kafka-dump-log --files " + file))
		}
	}
	return out.String()
}

func (x *tools) dumpSegment(file, decoder string) string {
	x.t.Helper()
	out := x.run(fmt.Sprintf("kafka-dump-log --deep-iteration --print-data-log %s --files %s", decoder, file))
	x.says(out, "Log starting offset: ", "isvalid: true")
	for _, bad := range []string{"isvalid: false", "Found timestamp mismatch", "out of order", "Non-consecutive"} {
		if strings.Contains(out, bad) {
			x.t.Errorf("%s: %s", file, bad)
		}
	}
	return out
}

func (x *tools) dumpIndex(file string) {
	out := x.run("kafka-dump-log --index-sanity-check --files " + file)
	x.says(out, "passed sanity check.")
	out = x.run("kafka-dump-log --files " + file)
	for _, bad := range []string{"Mismatches in", "Found timestamp mismatch", "Found out of order", "Non-consecutive",
		"Index timestamp"} {
		if strings.Contains(out, bad) {
			x.t.Errorf("%s: %.1000s", file, out)
		}
	}
}
