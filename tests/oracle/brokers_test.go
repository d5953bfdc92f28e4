package oracle

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// endpoint is where a broker listens.
type endpoint struct {
	name string
	host string
	port int32
}

func (e endpoint) addr() string { return net.JoinHostPort(e.host, strconv.Itoa(int(e.port))) }

// parseEndpoint reads host:port.
func parseEndpoint(t *testing.T, name, addr string) endpoint {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatalf("address of %s: %v", name, err)
	}
	n, err := strconv.ParseInt(port, 10, 32)
	if err != nil {
		t.Fatalf("address of %s: %v", name, err)
	}
	return endpoint{name: name, host: host, port: int32(n)}
}

// kafkaLibs is the directory of Apache Kafka's jars, for tests that start one with settings of their own.
func kafkaLibs(t *testing.T) string {
	t.Helper()
	libs := os.Getenv("WEIR_KAFKA_LIBS")
	if libs == "" {
		t.Skip("no Apache Kafka to start: run `make oracle`, or set WEIR_KAFKA_LIBS to a directory of its jars")
	}
	return libs
}

// findKafka returns the Apache Kafka to ask, starting one if only its jars are given.
func findKafka(t *testing.T) endpoint {
	t.Helper()
	if addr := os.Getenv("ORACLE_BOOTSTRAP"); addr != "" {
		return parseEndpoint(t, "kafka", addr)
	}
	libs := os.Getenv("WEIR_KAFKA_LIBS")
	if libs == "" {
		t.Skip("no Apache Kafka to compare with: run `make oracle`, or set WEIR_KAFKA_LIBS to a directory of " +
			"its jars, or ORACLE_BOOTSTRAP to host:port of one that runs")
	}
	return startKafka(t, "kafka", libs, "")
}

// settings are what both brokers run with, so that defaults of a cluster of three do not get in the way, nor does retention: some
// scenarios' records are old, and would be deleted between two questions. One thread of each kind makes an Apache Kafka take
// the requests of all connections in the order of their coming, so that an answer tells that whatever was sent before has
// been seen.
const settings = `node.id=1
num.network.threads=1
num.io.threads=1
group.coordinator.threads=1
num.partitions=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=50
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.share.assignment.interval.ms=0
group.initial.rebalance.delay.ms=0
group.streams.initial.rebalance.delay.ms=0
group.streams.assignment.interval.ms=0
auto.create.topics.enable=true
log.retention.ms=-1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.share.max.share.sessions=30
group.share.max.size=20
group.share.min.record.lock.duration.ms=1000
`

// startKafka runs an Apache Kafka until the test ends. It has more settings than the common ones, a line each.
func startKafka(t *testing.T, name, libs, more string) endpoint {
	t.Helper()
	return newKafka(t, name, libs, more).endpoint
}

// kafkaNode is an Apache Kafka of one node, broker and controller in one.
type kafkaNode struct {
	endpoint
	t    *testing.T
	libs string
	dir  string
	run  *exec.Cmd // nil while it does not run
	out  *bytes.Buffer
}

// newKafka formats a directory and starts a node on it.
func newKafka(t *testing.T, name, libs, more string) *kafkaNode {
	t.Helper()
	k := &kafkaNode{endpoint: endpoint{name: name, host: "127.0.0.1", port: freePort(t)}, t: t, libs: libs, dir: t.TempDir(),
		out: &bytes.Buffer{}}
	props := settings + more + fmt.Sprintf(`process.roles=broker,controller
controller.quorum.bootstrap.servers=127.0.0.1:%[2]d
listeners=PLAINTEXT://127.0.0.1:%[1]d,CONTROLLER://127.0.0.1:%[2]d
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=%[3]s
`, k.port, freePort(t), k.logDir())
	if err := os.WriteFile(k.properties(), []byte(props), 0o600); err != nil {
		t.Fatal(err)
	}
	format := exec.Command("java", "-XX:TieredStopAtLevel=1", "-cp", filepath.Join(libs, "*"), "kafka.tools.StorageTool", "format", "--standalone",
		"--cluster-id", "oracle-cluster-000000w", "-c", k.properties())
	if out, err := format.CombinedOutput(); err != nil {
		t.Fatalf("format the directory of %s: %v\n%s", name, err, out)
	}
	t.Cleanup(func() {
		k.stop()
		if t.Failed() {
			t.Logf("the end of %s's output:\n%s", name, tail(k.out.String(), 2000))
		}
	})
	k.start()
	return k
}

func (k *kafkaNode) properties() string { return filepath.Join(k.dir, "server.properties") }
func (k *kafkaNode) logDir() string     { return filepath.Join(k.dir, "log") }

// start runs the node and returns when it answers.
func (k *kafkaNode) start() {
	k.t.Helper()
	k.run = exec.Command("java", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Djava.awt.headless=true", "-Dkafka.logs.dir="+k.dir, "-cp",
		filepath.Join(k.libs, "*"), "kafka.Kafka", k.properties())
	k.run.Stdout, k.run.Stderr = k.out, k.out
	if err := k.run.Start(); err != nil {
		k.t.Fatalf("start %s: %v", k.name, err)
	}
	await(k.t, k.endpoint)
}

// stop ends the node at once.
func (k *kafkaNode) stop() {
	if k.run != nil {
		_ = k.run.Process.Kill()
		_ = k.run.Wait()
		k.run = nil
	}
}

// shutDown has the node end by itself: one that is killed is not let in again before its session ends (see kafkaPatient).
func (k *kafkaNode) shutDown() {
	k.t.Helper()
	if err := k.run.Process.Signal(syscall.SIGTERM); err != nil {
		k.t.Fatalf("stop %s: %v", k.name, err)
	}
	_ = k.run.Wait() // 143
	k.run = nil
}

// await returns when the broker answers.
func await(t *testing.T, e endpoint) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		if w, err := dial(e.addr()); err == nil {
			_, err = w.ask(apiVersionsRequest(3), answerLimit)
			w.conn.Close()
			if err == nil {
				return
			}
		}
		pause()
	}
	t.Fatalf("%s does not answer at %s", e.name, e.addr())
}

// pause is the interval between two questions whether something foreign is ready; nothing announces it.
func pause() { time.Sleep(20 * time.Millisecond) }

// freePort asks the system for a port nobody listens on.
func freePort(t *testing.T) int32 {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return int32(l.Addr().(*net.TCPAddr).Port)
}

func tail(s string, n int) string { return strings.TrimSpace(s[max(0, len(s)-n):]) }
