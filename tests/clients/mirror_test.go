//go:build clients

package clients

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"weir/tests/brokers"
)

// TestMirrorMaker has MirrorMaker 2 copy a topic from Weir to Apache Kafka and another way round: its records, settings and the
// offsets of its group, which then goes on at the other broker and misses nothing.
func TestMirrorMaker(t *testing.T) {
	t.Parallel()
	sides, settings := mirrorSides(t)
	startMirror(t, t.TempDir(), settings)
	host := start(t, "kafka-tools", javaTool(t, "ToolHost"))
	for _, kind := range brokerKinds {
		other := sides[brokerKinds[1-slices.Index(brokerKinds, kind)]]
		t.Run("from "+kind, func(t *testing.T) {
			sides[kind].on(t).mirrored(other.on(t))
			sides[kind].on(t).translated(host.on(t), other)
		})
	}
}

// TestMirrorExactlyOnce kills a MirrorMaker 2 with exactly.once.source.support in the midst of its work, both ways, and starts another:
// the copies have each record once.
func TestMirrorExactlyOnce(t *testing.T) {
	sides, settings := mirrorSides(t)
	for _, kind := range brokerKinds {
		settings[kind+".exactly.once.source.support"] = "enabled"
		settings[kind+".producer.transaction.timeout.ms"] = "20000" // until then the second waits for what the first left open
	}
	settings["dedicated.mode.enable.internal.rest"] = "true"
	settings["listeners"] = fmt.Sprintf("http://127.0.0.1:%d", brokers.ReservePort(t))
	dir := t.TempDir()
	first := startMirror(t, dir, settings)
	for _, kind := range brokerKinds {
		other := sides[brokerKinds[1-slices.Index(brokerKinds, kind)]]
		await(t, streamsReady, "the copy of "+kind+" has begun", func() bool {
			ends, err := other.adm.ListEndOffsets(t.Context(), kind+".orders")
			end, _ := ends.Lookup(kind+".orders", 0)
			return err == nil && end.Err == nil && end.Offset > 0
		})
	}
	for n := range 20 {
		for _, kind := range brokerKinds {
			sides[kind].produce(fmt.Sprint("flow ", n), 50)
		}
		if n == 10 {
			first.kill()
		}
	}
	startMirror(t, dir, settings)
	for _, kind := range brokerKinds {
		other := sides[brokerKinds[1-slices.Index(brokerKinds, kind)]]
		t.Run("from "+kind, func(t *testing.T) { sides[kind].on(t).awaitOnce(other.on(t), kind+".orders") })
	}
}

// mirrorSides starts both brokers, each with its topic, and gives the settings of a MirrorMaker between them.
func mirrorSides(t *testing.T) (sides map[string]*mirrorSide, settings map[string]string) {
	t.Helper()
	sides = map[string]*mirrorSide{}
	settings = map[string]string{
		"clusters": "weir,kafka", "topics": "orders", "groups": "readers", "replication.factor": "1",
		"weir->kafka.enabled": "true", "kafka->weir.enabled": "true", "sync.group.offsets.enabled": "true", "offset.lag.max": "0",
		"refresh.topics.interval.seconds": "1", "sync.topic.configs.interval.seconds": "1", "refresh.groups.interval.seconds": "1",
		"emit.checkpoints.interval.seconds": "1", "sync.group.offsets.interval.seconds": "1", "emit.heartbeats.interval.seconds": "1",
	}
	for _, topic := range []string{"checkpoints.topic", "heartbeats.topic", "offset-syncs.topic", "offset.storage", "status.storage", "config.storage"} {
		settings[topic+".replication.factor"] = "1"
	}
	for _, kind := range brokerKinds {
		b := brokers.New(t, kind, quickTimeouts)
		sides[kind] = newMirrorSide(t, b)
		settings[kind+".bootstrap.servers"] = b.Addr
		settings[kind+".consumer.isolation.level"] = "read_committed"
		settings[kind+".offset.flush.interval.ms"] = "500"
	}
	return sides, settings
}

// startMirror starts a MirrorMaker 2.
func startMirror(t *testing.T, dir string, settings map[string]string) *jvm {
	t.Helper()
	file := filepath.Join(dir, "mirror.properties")
	writeProperties(t, file, settings)
	return startJVM(t, dir, "mirror", "org.apache.kafka.connect.mirror.MirrorMaker", file)
}

// mirrorPartitions are those of the topic that is copied.
const mirrorPartitions = 2

// mirrorSide is one of the two brokers with what was written there.
type mirrorSide struct {
	*reference
	kind    string
	broker  *brokers.Broker
	written []string // committed records, in the form of recordsOf
}

// on is the same for another test.
func (m *mirrorSide) on(t testing.TB) *mirrorSide {
	return &mirrorSide{&reference{t, m.cl, m.adm}, m.kind, m.broker, m.written}
}

// newMirrorSide makes the topic. An aborted transaction in it makes its offsets others than the copy's.
func newMirrorSide(t testing.TB, b *brokers.Broker) *mirrorSide {
	m := &mirrorSide{reference: newReference(t, b.Addr), kind: b.Kind, broker: b}
	m.create("orders", mirrorPartitions, map[string]string{"retention.ms": "86400000000", "max.message.bytes": "2000000"})
	m.produce("early", 200)
	cl, err := kgo.NewClient(append(m.cl.Opts(), kgo.TransactionalID("aborted"))...)
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	err = cl.BeginTransaction()
	for p := range int32(mirrorPartitions) {
		err = cmp.Or(err, cl.ProduceSync(t.Context(), &kgo.Record{Topic: "orders", Partition: p, Value: []byte("aborted")}).FirstErr())
	}
	if err = cmp.Or(err, cl.EndTransaction(t.Context(), kgo.TryAbort)); err != nil {
		t.Fatal(err)
	}
	return m
}

// produce writes n records to each partition.
func (m *mirrorSide) produce(label string, n int) {
	m.t.Helper()
	var all []*kgo.Record
	for p := range int32(mirrorPartitions) {
		for i := range n {
			all = append(all, &kgo.Record{Topic: "orders", Partition: p, Key: fmt.Appendf(nil, "key %d", i%7), Value: fmt.Appendf(nil, "%s %s %d", m.kind, label, i),
				Headers: []kgo.RecordHeader{{Key: "n", Value: []byte{byte(i)}}}, Timestamp: time.Now().Add(-time.Minute).Truncate(time.Millisecond)})
		}
	}
	ctx, cancel := context.WithTimeout(m.t.Context(), time.Minute)
	defer cancel()
	if err := m.cl.ProduceSync(ctx, all...).FirstErr(); err != nil {
		m.t.Fatal(err)
	}
	m.written = append(m.written, texts(all)...)
}

// texts are records in words, by partition.
func texts(records []*kgo.Record) []string {
	var all []string
	for _, r := range records {
		all = append(all, fmt.Sprintf("%d %s=%s %v %d", r.Partition, r.Key, r.Value, r.Headers, r.Timestamp.UnixMilli()))
	}
	return all
}

// mirrored checks that the other side has the topic, and moves the group there.
func (m *mirrorSide) mirrored(to *mirrorSide) {
	copied := m.kind + ".orders"
	m.produce("middle", 200)
	m.awaitCopy(to, copied)
	m.awaitConfig(to, copied)

	if got := m.readGroup("orders", len(m.written)); !slices.Equal(got, sorted(m.written)) {
		m.t.Errorf("the group read %d records at its first broker instead of %d", len(got), len(m.written))
	}
	for _, topic := range []string{m.kind + ".heartbeats", m.kind + ".checkpoints.internal"} {
		await(m.t, streamsReady, "records in "+topic, func() bool {
			ends, err := to.adm.ListEndOffsets(m.t.Context(), topic)
			end, _ := ends.Lookup(topic, 0)
			return err == nil && end.Err == nil && end.Offset > 0
		})
	}
	await(m.t, streamsReady, "the group's offsets are at the other broker", func() bool {
		got, err := to.adm.FetchOffsets(m.t.Context(), "readers")
		if err != nil {
			return false
		}
		for p := range int32(mirrorPartitions) {
			// The copy has 400 records and no marker; the source has more offsets.
			if o, ok := got.Lookup(copied, p); !ok || o.At != 400 {
				return false
			}
		}
		return true
	})
	before := len(m.written)
	m.produce("late", 100)
	m.awaitCopy(to, copied)
	if got := to.readGroup(copied, len(m.written)-before); !slices.Equal(got, sorted(m.written[before:])) {
		m.t.Errorf("the group read %d records at the other broker instead of the %d that it had not had", len(got), len(m.written)-before)
	}
}

// translated checks what RemoteClusterUtils tells a client of where the group goes on at the other side. The group has read all of the
// topic that is copied.
func (m *mirrorSide) translated(host *agent, to *mirrorSide) {
	m.t.Helper()
	want := ""
	for p := range mirrorPartitions {
		want += fmt.Sprintf("%s.orders-%d 400\n", m.kind, p)
	}
	want += fmt.Sprintf("hops 1 upstream [%s]\n", m.kind)
	x := &tools{host, to.broker}
	if got := x.run("remote-offsets BROKER " + m.kind + " readers"); got != want {
		m.t.Errorf("RemoteClusterUtils says\n%s\ninstead of\n%s", got, want)
	}
}

// awaitOnce waits until the copy has as many records as were written, and checks that they are those, each once.
func (m *mirrorSide) awaitOnce(to *mirrorSide, copied string) {
	m.t.Helper()
	var got []string
	await(m.t, streamsReady, copied+" has all records", func() bool {
		got = texts(to.committed(copied, mirrorPartitions))
		return len(got) >= len(m.written)
	})
	if !slices.Equal(sorted(got), sorted(m.written)) {
		m.t.Errorf("%s has %d records, not the same %d as the topic that it copies", copied, len(got), len(m.written))
	}
}

func sorted(texts []string) []string { return slices.Sorted(slices.Values(texts)) }

// awaitCopy waits until the copy has all records, and checks that they are the same.
func (m *mirrorSide) awaitCopy(to *mirrorSide, copied string) {
	m.t.Helper()
	await(m.t, streamsReady, copied+" has all records", func() bool {
		ends, err := to.adm.ListEndOffsets(m.t.Context(), copied)
		n := 0
		ends.Each(func(o kadm.ListedOffset) { n += int(o.Offset) })
		return err == nil && ends.Error() == nil && n >= len(m.written)
	})
	if got := texts(to.committed(copied, mirrorPartitions)); !slices.Equal(sorted(got), sorted(m.written)) {
		m.t.Errorf("%s has %d records, not the same %d as the topic that it copies", copied, len(got), len(m.written))
	}
}

// awaitConfig waits until the copy has the topic's settings.
func (m *mirrorSide) awaitConfig(to *mirrorSide, copied string) {
	m.t.Helper()
	want := map[string]string{"retention.ms": "86400000000", "max.message.bytes": "2000000"}
	await(m.t, streamsReady, copied+" has the topic's settings", func() bool {
		got, err := to.adm.DescribeTopicConfigs(m.t.Context(), copied)
		found := map[string]string{}
		if err == nil {
			for _, c := range got[0].Configs {
				if _, ok := want[c.Key]; ok {
					found[c.Key] = c.MaybeValue()
				}
			}
		}
		return maps.Equal(found, want)
	})
}

// readGroup has a member of the group read n records at least, commit and leave, and returns what it read, sorted.
func (m *mirrorSide) readGroup(topic string, n int) []string {
	m.t.Helper()
	cl, err := kgo.NewClient(append(m.cl.Opts(), kgo.ConsumerGroup("readers"), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
	if err != nil {
		m.t.Fatal(err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(m.t.Context(), time.Minute)
	defer cancel()
	var got []*kgo.Record
	for len(got) < n {
		f := cl.PollFetches(ctx)
		if ctx.Err() != nil {
			m.t.Fatalf("the group read %d of %d records of %s", len(got), n, topic)
		}
		got = append(got, f.Records()...)
	}
	if err := cl.CommitUncommittedOffsets(ctx); err != nil {
		m.t.Fatal(err)
	}
	return sorted(texts(got))
}
