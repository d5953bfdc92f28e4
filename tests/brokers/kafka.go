package brokers

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Kafka starts an Apache Kafka: one node, broker and controller in one process.
func Kafka(tb testing.TB, settings map[string]string) *Broker {
	tb.Helper()
	dir := tb.TempDir()
	b := newBroker(tb, KindKafka, dir)
	classes := filepath.Join(KafkaLibs(tb), "*")
	file := filepath.Join(dir, "server.properties")
	if err := os.WriteFile(file, []byte(kafkaProperties(b, reservePort(tb), settings)), 0o600); err != nil {
		tb.Fatal(err)
	}
	format := exec.Command("java", "-XX:TieredStopAtLevel=1", "-cp", classes, "kafka.tools.StorageTool", "format",
		"--standalone", "--cluster-id", "weir-tests-kafka-0000w", "-c", file)
	if out, err := format.CombinedOutput(); err != nil {
		tb.Fatalf("format a directory for Apache Kafka: %v\n%s", err, out)
	}
	b.command = func() *exec.Cmd {
		return exec.Command("java", "-Xms256m", "-Xmx1g", "-XX:+UseG1GC", "-Djava.awt.headless=true",
			"-Dkafka.logs.dir="+dir, "-Dlog4j2.configurationFile="+KafkaFile(tb, "broker-log4j2.properties"),
			"-cp", classes, "kafka.Kafka", file)
	}
	b.Start()
	return b
}

func kafkaProperties(b *Broker, controllerPort int, settings map[string]string) string {
	var s strings.Builder
	fmt.Fprintf(&s, `process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:%[2]d
listeners=PLAINTEXT://%[1]s,CONTROLLER://127.0.0.1:%[2]d
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=%[3]s
min.insync.replicas=1
`, b.Addr, controllerPort, b.Dir)
	all := merged(settings)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&s, "%s=%s\n", name, all[name])
	}
	return s.String()
}

// KafkaLibs is the directory of the jars of Apache Kafka's broker and newest Java client.
func KafkaLibs(tb testing.TB) string {
	tb.Helper()
	return jars(tb, "WEIR_KAFKA_LIBS", "broker")
}

// KafkaTools is the directory of the jars of Apache Kafka's command-line tools.
func KafkaTools(tb testing.TB) string {
	tb.Helper()
	return jars(tb, "WEIR_KAFKA_TOOLS", "tools")
}

func jars(tb testing.TB, variable, name string) string {
	tb.Helper()
	dir := os.Getenv(variable)
	if dir == "" {
		dir = filepath.Join(MustRoot(tb), ".cache", "kafka", name)
	}
	if found, _ := filepath.Glob(filepath.Join(dir, "kafka-clients-*.jar")); len(found) == 0 {
		tb.Fatalf("no Apache Kafka in %s: run `scripts/setup kafka`", dir)
	}
	return dir
}

// KafkaFile is a file of tests/kafka.
func KafkaFile(tb testing.TB, name string) string {
	tb.Helper()
	return filepath.Join(MustRoot(tb), "tests", "kafka", name)
}
