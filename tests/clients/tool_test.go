//go:build clients

package clients

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"weir/tests/brokers"
)

// toolClasses are the main classes behind the scripts in Apache Kafka's bin folder.
var toolClasses = map[string]string{
	"kafka-acls":                      "org.apache.kafka.tools.AclCommand",
	"kafka-broker-api-versions":       "org.apache.kafka.tools.BrokerApiVersionsCommand",
	"kafka-cluster":                   "org.apache.kafka.tools.ClusterTool",
	"kafka-configs":                   "kafka.admin.ConfigCommand",
	"kafka-console-consumer":          "org.apache.kafka.tools.consumer.ConsoleConsumer",
	"kafka-console-producer":          "org.apache.kafka.tools.ConsoleProducer",
	"kafka-console-share-consumer":    "org.apache.kafka.tools.consumer.ConsoleShareConsumer",
	"kafka-consumer-groups":           "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
	"kafka-consumer-perf-test":        "org.apache.kafka.tools.ConsumerPerformance",
	"kafka-delete-records":            "org.apache.kafka.tools.DeleteRecordsCommand",
	"kafka-dump-log":                  "org.apache.kafka.tools.DumpLogSegments",
	"kafka-features":                  "org.apache.kafka.tools.FeatureCommand",
	"kafka-get-offsets":               "org.apache.kafka.tools.GetOffsetShell",
	"kafka-groups":                    "org.apache.kafka.tools.GroupsCommand",
	"kafka-log-dirs":                  "org.apache.kafka.tools.LogDirsCommand",
	"kafka-producer-perf-test":        "org.apache.kafka.tools.ProducerPerformance",
	"kafka-share-consumer-perf-test":  "org.apache.kafka.tools.ShareConsumerPerformance",
	"kafka-share-groups":              "org.apache.kafka.tools.consumer.group.ShareGroupCommand",
	"kafka-replica-verification":      "org.apache.kafka.tools.ReplicaVerificationTool",
	"kafka-streams-application-reset": "org.apache.kafka.tools.StreamsResetter",
	"kafka-streams-groups":            "org.apache.kafka.tools.streams.StreamsGroupCommand",
	"group-admin":                     "GroupAdmin",
	"kafka-topics":                    "org.apache.kafka.tools.TopicCommand",
	"kafka-transactions":              "org.apache.kafka.tools.TransactionsCommand",
	"kafka-verifiable-consumer":       "org.apache.kafka.tools.VerifiableConsumer",
	"kafka-verifiable-share-consumer": "org.apache.kafka.tools.VerifiableShareConsumer",
	"kafka-verifiable-producer":       "org.apache.kafka.tools.VerifiableProducer",
	"remote-offsets":                  "RemoteOffsets",
}

// tools runs Apache Kafka's command-line tools against one broker, one after another in one Java process.
type tools struct {
	*agent
	broker *brokers.Broker
}

func newTools(t testing.TB, b *brokers.Broker) *tools {
	t.Helper()
	return &tools{agent: start(t, "kafka-tools", javaTool(t, "ToolHost")), broker: b}
}

// javaTool is the command line that runs a main class with the tools' jars.
func javaTool(t testing.TB, class string) []string {
	classes := filepath.Join(brokers.MustRoot(t), ".cache/java") + ":" + filepath.Join(brokers.KafkaTools(t), "*")
	return []string{"java", "-Xmx768m", "-XX:+DisplayVMOutputToStderr", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
		"-Dlog4j2.configurationFile=" + brokers.KafkaFile(t, "tools-log4j2.properties"), "-Dtools.log.level=error",
		"-cp", classes, class}
}

// on is the same for another test.
func (x *tools) on(t testing.TB) *tools { return &tools{x.agent.on(t), x.broker} }

// result is what a tool left behind.
type result struct {
	exit     int
	out, err string
}

// feed runs a tool with standard input. Arguments are split at spaces; BROKER stands for the broker's
// address.
func (x *tools) feed(stdin, command string, more ...string) result {
	x.t.Helper()
	class, args := x.parse(append(strings.Fields(command), more...))
	a := x.do(request{Op: "tool", Class: class, Args: args, Stdin: stdin})
	return result{a.Exit, a.Out, a.Err}
}

func (x *tools) parse(words []string) (class string, args []string) {
	x.t.Helper()
	class, ok := toolClasses[words[0]]
	if !ok {
		x.t.Fatalf("no tool %q", words[0])
	}
	for _, w := range words[1:] {
		args = append(args, strings.ReplaceAll(w, "BROKER", x.broker.Addr))
	}
	return class, args
}

// alone runs a tool in a process of its own: for those that do their last work as that ends. One that takes too long says where it is.
func (x *tools) alone(command string) string {
	x.t.Helper()
	class, args := x.parse(strings.Fields(command))
	line := append(javaTool(x.t, class), args...)
	ctx, cancel := context.WithTimeout(x.t.Context(), agentTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGQUIT) }
	cmd.WaitDelay = dumpTime
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		x.t.Fatalf("%s: %v %v\n%s\n%s", command, err, ctx.Err(), shortened(out.String(), 2_000, 2_000), shortened(errs.String(), 14_000, 3_000))
	}
	return out.String()
}

// run runs a tool that must succeed and returns what it printed.
func (x *tools) run(command string, more ...string) string {
	x.t.Helper()
	r := x.feed("", command, more...)
	if r.exit != 0 {
		x.t.Fatalf("%s: exit %d\n%s\n%s", command, r.exit, r.out, r.err)
	}
	return r.out
}

// says checks that text has every one of these.
func (x *tools) says(text string, wanted ...string) {
	x.t.Helper()
	for _, w := range wanted {
		if !strings.Contains(text, w) {
			x.t.Errorf("it does not say %q:\n%.3000s", w, text)
		}
	}
}
