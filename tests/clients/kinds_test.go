//go:build clients

package clients

import (
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"weir/tests/brokers"
)

// kind is one client library and what it can do.
type kind struct {
	name    string
	command func(root, libs, bootstrap string) []string

	static      bool     // group.instance.id
	cooperative bool     // incremental rebalances
	assignors   []string // of its own, in the agents' words
	remote      []string // the server's that it can ask for, if it speaks the consumer protocol
	regex       bool     // subscribes by a regular expression, and finds topics that come later
	exact       bool     // it may say at which offset each record is stored

	fenced       string // what a producer says whose transactional id another one has; "" has no transactional producer
	sendsOffsets bool   // of a group, in a transaction, whatever the member has read

	// Oddities of the client itself, the same against Apache Kafka.
	emptyIsNull bool // it reads empty keys, values and header values as null
	looseSticky bool // its eager sticky assignor moves more than it must
	soreLoser   bool // after a record was refused its producer refuses all that follow
}

func python(script string) func(root, libs, bootstrap string) []string {
	return func(root, _, bootstrap string) []string {
		return []string{filepath.Join(root, ".cache/python/bin/python"),
			filepath.Join(root, "tests/clients/python", script), bootstrap}
	}
}

func goagent(client string) func(root, libs, bootstrap string) []string {
	return func(root, _, bootstrap string) []string {
		return []string{filepath.Join(root, ".cache/goagent"), client, bootstrap}
	}
}

// kinds are the clients with an agent; kcat, which has only its command line, is in kcat_test.go.
var kinds = []kind{
	{name: "java", command: java, static: true, cooperative: true, exact: true, regex: true,
		fenced: "ProducerFencedException", sendsOffsets: true,
		assignors: []string{"range", "roundrobin", "sticky", "cooperative"}, remote: []string{"uniform", "range"}},
	{name: "confluent-kafka", command: python("agent_confluent.py"), static: true, cooperative: true, exact: true, regex: true,
		fenced: "_FENCED", sendsOffsets: true,
		assignors: []string{"range", "roundrobin", "cooperative"}, remote: []string{"uniform", "range"}},
	{name: "kafka-python", command: python("agent_kafka_python.py"), static: true, cooperative: true, exact: true, regex: true,
		assignors: []string{"range", "roundrobin", "sticky", "cooperative"}, soreLoser: true, fenced: "ProducerFencedError", sendsOffsets: true},
	{name: "aiokafka", command: python("agent_aiokafka.py"), static: true, exact: true, regex: true,
		fenced: "ProducerFenced", sendsOffsets: true,
		assignors: []string{"range", "roundrobin", "sticky"}},
	{name: "kafkajs", command: node, exact: true, assignors: []string{"roundrobin"},
		fenced: "Producer attempted an operation with an old epoch", sendsOffsets: true},
	{name: "sarama", command: goagent("sarama"), static: true, cooperative: true, exact: true,
		fenced: "Error code = 90", sendsOffsets: true, // it has no text for PRODUCER_FENCED
		assignors: []string{"range", "roundrobin", "sticky", "cooperative"}},
	{name: "kafka-go", command: goagent("kafka-go"), emptyIsNull: true, assignors: []string{"range", "roundrobin"}}, // no transactional producer
	{name: "franz-go", command: goagent("franz-go"), static: true, cooperative: true, exact: true, regex: true, looseSticky: true,
		fenced:    "PRODUCER_FENCED",
		assignors: []string{"range", "roundrobin", "sticky", "cooperative"}, remote: []string{"uniform", "range"}},
}

func java(root, libs, bootstrap string) []string {
	classes := filepath.Join(root, ".cache/java") + ":" + filepath.Join(libs, "*")
	return []string{"java", "-Xmx512m", "-XX:+DisplayVMOutputToStderr", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
		"-Dlog4j2.configurationFile=" + filepath.Join(root, "tests/kafka/tools-log4j2.properties"),
		"-Dtools.log.level=error", "-cp", classes, "Agent", bootstrap}
}

func node(root, _, bootstrap string) []string {
	return []string{"node", "--no-warnings", filepath.Join(root, "tests/clients/node/agent.js"), bootstrap}
}

// agent starts one process of this client.
func (k kind) agent(t testing.TB, bootstrap string) *agent {
	t.Helper()
	return start(t, k.name, k.command(brokers.MustRoot(t), brokers.KafkaLibs(t), bootstrap))
}

// brokerKinds are both brokers, Weir first.
var brokerKinds = []string{brokers.KindWeir, brokers.KindKafka}

// codecs are all that the protocol knows; every client has them all.
var codecs = []string{"none", "gzip", "snappy", "lz4", "zstd"}

func TestEveryClientIsThere(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			hello := k.agent(t, "127.0.0.1:1").do(request{Op: "hello"})
			t.Logf("%s %s", k.name, hello.Version)
			for _, c := range codecs {
				if !slices.Contains(hello.Codecs, c) {
					t.Errorf("the agent of %s has no %s", k.name, c)
				}
			}
		})
	}
	if out, err := exec.Command("kcat", "-V").CombinedOutput(); err != nil {
		t.Errorf("kcat: %v\n%s", err, out)
	}
}

// reads says what this client returns for a stored record.
func (k kind) reads(r record) record {
	if !k.emptyIsNull {
		return r
	}
	null := func(b []byte) []byte {
		if len(b) == 0 {
			return nil
		}
		return b
	}
	r.Key, r.Value, r.Headers = null(r.Key), null(r.Value), slices.Clone(r.Headers)
	for i := range r.Headers {
		r.Headers[i].Value = null(r.Headers[i].Value)
	}
	return r
}
