//go:build clients

package clients

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// console writes with the console producer and reads with the console consumer in several ways.
func (x *tools) console() {
	const topic = " --bootstrap-server BROKER --topic tools-console"
	x.run("kafka-topics --create --partitions 1" + topic)
	for i, codec := range codecs {
		lines := fmt.Sprintf("h:%s\tkey-%d\tvalue %d\n", codec, i, i)
		r := x.feed(lines, "kafka-console-producer --compression-codec "+codec+" --reader-property parse.key=true "+
			"--reader-property parse.headers=true"+topic)
		if r.exit != 0 {
			x.t.Fatalf("console producer with %s: %s %s", codec, r.out, r.err)
		}
	}
	r := x.feed("key-t\tNULL\n", "kafka-console-producer --reader-property parse.key=true "+
		"--reader-property null.marker=NULL"+topic)
	if r.exit != 0 {
		x.t.Fatalf("a tombstone: %s %s", r.out, r.err)
	}
	out := x.run("kafka-console-consumer --from-beginning --max-messages 6 --timeout-ms 30000 " +
		"--formatter-property print.key=true --formatter-property print.headers=true " +
		"--formatter-property print.offset=true --formatter-property print.partition=true" + topic)
	var want string
	for i, codec := range codecs {
		want += fmt.Sprintf("Partition:0\tOffset:%d\th:%s\tkey-%d\tvalue %d\n", i, codec, i, i)
	}
	want += "Partition:0\tOffset:5\tNO_HEADERS\tkey-t\tnull\n"
	if out != want {
		x.t.Errorf("read %q\ninstead of %q", out, want)
	}
	out = x.run("kafka-console-consumer --partition 0 --offset 3 --max-messages 1 --timeout-ms 30000" + topic)
	if out != "value 3\n" {
		x.t.Errorf("from offset 3: %q", out)
	}
	out = x.run("kafka-console-consumer --isolation-level read_committed --partition 0 --offset 0 --max-messages 2 " +
		"--timeout-ms 30000" + topic)
	if out != "value 0\nvalue 1\n" {
		x.t.Errorf("read committed: %q", out)
	}
	r = x.feed("auto\n", "kafka-console-producer --bootstrap-server BROKER --topic tools-auto-created")
	if r.exit != 0 {
		x.t.Fatalf("a topic made by writing to it: %s %s", r.out, r.err)
	}
	out = x.run("kafka-console-consumer --bootstrap-server BROKER --topic tools-auto-created --from-beginning " +
		"--max-messages 1 --timeout-ms 30000")
	if out != "auto\n" {
		x.t.Errorf("from the topic made by writing to it: %q", out)
	}
}

// consoleGroup: the second consumer of a group goes on where the first one stopped.
func (x *tools) consoleGroup() {
	const topic = " --bootstrap-server BROKER --topic tools-console-group"
	x.run("kafka-topics --create --partitions 1" + topic)
	var lines strings.Builder
	for i := range 10 {
		fmt.Fprintf(&lines, "line %d\n", i)
	}
	x.feed(lines.String(), "kafka-console-producer"+topic)
	read := "kafka-console-consumer --group console-group --from-beginning --max-messages 5 --timeout-ms 30000" + topic
	first, second := x.run(read), x.run(read)
	if first+second != lines.String() {
		x.t.Errorf("first %q, then %q", first, second)
	}
}

// getOffsets asks for every special time there is.
func (x *tools) getOffsets() {
	const topic = " --bootstrap-server BROKER --topic tools-offsets"
	x.run("kafka-topics --create --partitions 2" + topic)
	base := time.Now().Add(-time.Hour).UnixMilli()
	newReference(x.t, x.broker.Addr).writeTimed("tools-offsets", base, time.Second, 9)
	for when, want := range map[string]string{"latest": "9", "-1": "9", "earliest": "0", "-2": "0",
		"earliest-local": "0", "-4": "0", "max-timestamp": "8", "-3": "8", fmt.Sprint(base + 3500): "4"} {
		x.says(x.run("kafka-get-offsets --time "+when+topic), "tools-offsets:0:"+want+"\n")
	}
	for _, when := range []string{"latest-tiered", "-5", "earliest-pending-upload", fmt.Sprint(base + 7_200_000)} {
		r := x.feed("", "kafka-get-offsets --time "+when+topic)
		if strings.Contains(r.out, "tools-offsets:0:0") || strings.Contains(r.out, "tools-offsets:0:9") {
			x.t.Errorf("--time %s: %q %q", when, r.out, r.err)
		}
	}
	x.says(x.run("kafka-get-offsets --bootstrap-server BROKER --topic-partitions tools-offsets:1"), "tools-offsets:1:0")
}

// deleteRecords moves the start of a partition.
func (x *tools) deleteRecords() {
	const topic = " --bootstrap-server BROKER --topic tools-delete-records"
	x.run("kafka-topics --create --partitions 1" + topic)
	x.feed(strings.Repeat("x\n", 10), "kafka-console-producer"+topic)
	file := filepath.Join(x.t.TempDir(), "offsets.json")
	for _, c := range []struct {
		offset int
		low    string
	}{{4, "4"}, {-1, "10"}} {
		text := fmt.Sprintf(`{"version":1,"partitions":[{"topic":"tools-delete-records","partition":0,"offset":%d}]}`,
			c.offset)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			x.t.Fatal(err)
		}
		out := x.run("kafka-delete-records --bootstrap-server BROKER --offset-json-file " + file)
		x.says(out, "partition: tools-delete-records-0\tlow_watermark: "+c.low)
		x.says(x.run("kafka-get-offsets --time earliest"+topic), "tools-delete-records:0:"+c.low)
	}
}

// performance runs both performance tools, in a process without the threads and the garbage of other tools.
func (x *tools) performance() {
	x = newTools(x.t, x.broker)
	x.run("kafka-topics --create --partitions 4 --bootstrap-server BROKER --topic tools-perf")
	out := x.run("kafka-producer-perf-test --topic tools-perf --num-records 50000 --record-size 200 --throughput -1 " +
		"--command-property bootstrap.servers=BROKER compression.type=lz4")
	x.says(out, "50000 records sent, ", "99.9th.")
	x.t.Log(strings.TrimSpace(out))
	out = x.run("kafka-consumer-perf-test --topic tools-perf --num-records 50000 --bootstrap-server BROKER " +
		"--timeout 60000 --group tools-perf --hide-header")
	fields := strings.Split(out, ", ")
	if len(fields) < 6 || fields[4] != "50000" {
		x.t.Errorf("consumed: %s", out)
	}
	x.t.Log(strings.TrimSpace(out))
}

// verifiable runs the pair that Apache Kafka's own system tests use, and compares what they say.
func (x *tools) verifiable() {
	x.run("kafka-topics --create --partitions 2 --bootstrap-server BROKER --topic tools-verifiable")
	sent := values(x.alone("kafka-verifiable-producer --bootstrap-server BROKER --topic tools-verifiable "+
		"--max-messages 500 --throughput -1 --acks -1"), "producer_send_success")
	read := values(x.alone("kafka-verifiable-consumer --bootstrap-server BROKER --topic tools-verifiable "+
		"--group-id tools-verifiable --reset-policy earliest --max-messages 500 --verbose"), "record_data")
	if len(sent) != 500 || !slices.Equal(sent, read) {
		x.t.Errorf("%d were sent, %d were read", len(sent), len(read))
	}
}

// values are the values in events of this name, sorted.
func values(out, name string) []string {
	var all []string
	for line := range strings.Lines(out) {
		var event struct{ Name, Value string }
		if json.Unmarshal([]byte(line), &event) == nil && event.Name == name {
			all = append(all, event.Value)
		}
	}
	slices.Sort(all)
	return all
}
