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
	return startKafka(t, "kafka", libs)
}

// settings are what both brokers run with, so that defaults of a cluster of three do not get in the way, nor does retention: some
// scenarios' records are old, and would be deleted between two questions.
const settings = `node.id=1
num.partitions=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=50
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=true
log.retention.ms=-1
`

// startKafka formats a directory and runs one node, broker and controller in one, until the test ends.
func startKafka(t *testing.T, name, libs string) endpoint {
	t.Helper()
	dir := t.TempDir()
	e := endpoint{name: name, host: "127.0.0.1", port: freePort(t)}
	controller := freePort(t)
	props := settings + fmt.Sprintf(`process.roles=broker,controller
controller.quorum.bootstrap.servers=127.0.0.1:%[2]d
listeners=PLAINTEXT://127.0.0.1:%[1]d,CONTROLLER://127.0.0.1:%[2]d
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=%[3]s
`, e.port, controller, filepath.Join(dir, "log"))
	file := filepath.Join(dir, "server.properties")
	if err := os.WriteFile(file, []byte(props), 0o600); err != nil {
		t.Fatal(err)
	}
	classes := filepath.Join(libs, "*")
	format := exec.Command("java", "-cp", classes, "kafka.tools.StorageTool", "format", "--standalone",
		"--cluster-id", "oracle-cluster-000000w", "-c", file)
	if out, err := format.CombinedOutput(); err != nil {
		t.Fatalf("format the directory of %s: %v\n%s", name, err, out)
	}
	run := exec.Command("java", "-Xmx512m", "-Djava.awt.headless=true", "-Dkafka.logs.dir="+dir, "-cp", classes,
		"kafka.Kafka", file)
	var out bytes.Buffer
	run.Stdout, run.Stderr = &out, &out
	if err := run.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	t.Cleanup(func() {
		_ = run.Process.Kill()
		_ = run.Wait()
		if t.Failed() {
			t.Logf("the end of %s's output:\n%s", name, tail(out.String(), 2000))
		}
	})
	await(t, e)
	return e
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
