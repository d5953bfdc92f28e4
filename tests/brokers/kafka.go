package brokers

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"weir/bench/rivals"
)

// Kafka starts an Apache Kafka: one node, broker and controller in one process. It lives for seconds, in which an optimizing compiler
// costs more than it gains: see Measured.
func Kafka(tb testing.TB, settings map[string]string) *Broker {
	tb.Helper()
	return kafka(tb, settings, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
}

func kafka(tb testing.TB, settings map[string]string, jvm ...string) *Broker {
	tb.Helper()
	dir := tb.TempDir()
	b := newBroker(tb, KindKafka, dir)
	node := rivals.KafkaNode{Libs: KafkaLibs(tb), Dir: dir, Data: b.Dir, Addr: b.Addr,
		Controller: fmt.Sprintf("127.0.0.1:%d", ReservePort(tb)), Settings: merged(settings), JVM: append(jvm, "-Xms256m", "-Xmx1g")}
	if err := node.Format(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	b.command = node.Command
	b.Start()
	return b
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
