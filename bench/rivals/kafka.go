package rivals

import (
	"context"
	_ "embed" // the files of Apache Kafka's directory
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed kafka/log4j2.properties
var kafkaLogging string

// KafkaNode is one Apache Kafka: broker and controller in one process.
type KafkaNode struct {
	Libs       string            // directory of its jars
	Dir        string            // where its own files go: server.properties, server.log
	Data       string            // log.dirs
	Addr       string            // host:port where clients connect
	Controller string            // host:port of the controller
	Settings   map[string]string // beside those
	JVM        []string          // flags of the virtual machine
}

// Format writes the node's files and makes its data directory a new cluster's.
func (n KafkaNode) Format(ctx context.Context) error {
	if err := os.WriteFile(n.file("server.properties"), []byte(n.properties()), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(n.file("log4j2.properties"), []byte(kafkaLogging), 0o600); err != nil {
		return err
	}
	bin, err := Java()
	if err != nil {
		return err
	}
	format := exec.CommandContext(ctx, bin, "-XX:TieredStopAtLevel=1", "-cp", n.classes(), "kafka.tools.StorageTool", "format",
		"--standalone", "--cluster-id", "weir-bench-kafka-0000w", "-c", n.file("server.properties"))
	format.Dir = n.Dir
	if out, err := format.CombinedOutput(); err != nil {
		return fmt.Errorf("format a directory for Apache Kafka: %w\n%s", err, out)
	}
	return nil
}

// Command runs the node, which Format prepared. Where there is no Java the command says so when it is started.
func (n KafkaNode) Command() *exec.Cmd {
	bin, err := Java()
	cmd := exec.Command(bin, slices.Concat(n.JVM, []string{"-Djava.awt.headless=true", "-Dkafka.logs.dir=" + n.Dir,
		"-Dlog4j2.configurationFile=" + n.file("log4j2.properties"), "-cp", n.classes(), "kafka.Kafka", n.file("server.properties")})...)
	if err != nil {
		cmd.Err = err
	}
	return cmd
}

func (n KafkaNode) file(name string) string { return filepath.Join(n.Dir, name) }

func (n KafkaNode) classes() string { return filepath.Join(n.Libs, "*") }

func (n KafkaNode) properties() string {
	var s strings.Builder
	fmt.Fprintf(&s, `process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=%[2]s
listeners=PLAINTEXT://%[1]s,CONTROLLER://%[2]s
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=%[3]s
min.insync.replicas=1
`, n.Addr, n.Controller, n.Data)
	for _, name := range slices.Sorted(maps.Keys(n.Settings)) {
		fmt.Fprintf(&s, "%s=%s\n", name, n.Settings[name])
	}
	return s.String()
}

// Java is the program that runs Apache Kafka: that of JAVA_HOME, else the one on the PATH.
func Java() (string, error) {
	var places []string
	if home := os.Getenv("JAVA_HOME"); home != "" {
		places = append(places, filepath.Join(home, "bin", "java"))
	}
	return program("java", "any Java of version 17 or newer, which Apache Kafka runs on", places...)
}

// kafkaHeap and kafkaJVM are the flags of Apache Kafka's own start script.
const kafkaHeap = "1 GiB (its start script's -Xmx1G -Xms1G)"

var kafkaJVM = []string{"-Xmx1G", "-Xms1G", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20",
	"-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent"}

// kafkaAlone are the settings without which a cluster of one node cannot work.
var kafkaAlone = map[string]string{
	"offsets.topic.replication.factor":                 "1",
	"transaction.state.log.replication.factor":         "1",
	"transaction.state.log.min.isr":                    "1",
	"share.coordinator.state.topic.replication.factor": "1",
	"share.coordinator.state.topic.min.isr":            "1",
}

// kafka starts Apache Kafka with its defaults, or with a sync for each batch.
func kafka(synced bool) func(context.Context, *site) error {
	return func(ctx context.Context, s *site) error {
		libs, err := kafkaLibs(ctx, s)
		if err != nil {
			return err
		}
		addrs, err := loopback(2)
		if err != nil {
			return err
		}
		settings := maps.Clone(kafkaAlone)
		s.target.Settings[syncKey] = "no (flush.messages=" + noFlush + ", its default)"
		if synced {
			settings["log.flush.interval.messages"] = "1"
			s.target.Settings[syncKey] = "yes (log.flush.interval.messages=1)"
		}
		s.target.Settings["heap"] = kafkaHeap
		if s.target.Settings["java"], err = javaVersion(ctx); err != nil {
			return err
		}
		s.target.Bootstrap, s.target.Version = addrs[0], kafkaVersion(libs)
		n := KafkaNode{Libs: libs, Dir: s.dir, Data: s.target.DataDir, Addr: addrs[0], Controller: addrs[1], Settings: settings, JVM: kafkaJVM}
		if err := n.Format(ctx); err != nil {
			return err
		}
		return s.serve(ctx, n.Command(), func(ctx context.Context) error { return ProbeKafka(ctx, addrs[0]) })
	}
}

// javaVersion is the first line that java -version prints.
func javaVersion(ctx context.Context) (string, error) {
	bin, err := Java()
	if err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, bin, "-version").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("ask Java for its version: %w", err)
	}
	first, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(first), nil
}
