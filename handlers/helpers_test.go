package handlers

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"weir/cluster"
	"weir/config"
	"weir/groups"
	"weir/internal/clock"
	"weir/log"
	"weir/metadata"
	"weir/partition"
	"weir/protocol"
	"weir/share"
	"weir/txn"
	"weir/vfs"
)

// fixture is the handlers of one broker in memory, and one connection to it.
type fixture struct {
	*Handlers
	t         testing.TB
	conn      *Conn
	committer *partition.SyncCommitter
}

// newFixture makes the handlers of broker 1 with the settings given as name=value. It has a listener with a
// configured address, one without, and one that clients of other listeners cannot be sent to.
func newFixture(t testing.TB, given ...string) *fixture {
	t.Helper()
	flags := map[string]string{"node.id": "1", "offsets.topic.num.partitions": "1",
		"group.initial.rebalance.delay.ms": "0"}
	for _, pair := range given {
		name, value, _ := strings.Cut(pair, "=")
		flags[name] = value
	}
	values, err := config.Load(config.LoadOptions{Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	lg, clk := slog.New(slog.DiscardHandler), clock.Real()
	store := cluster.NewMemStore()
	c, err := cluster.Open(t.Context(), store, cluster.Config{
		BrokerID: 1, Rack: "r1", SelfApplied: true, DefaultPartitions: values.Int32("num.partitions"),
		Endpoints: []metadata.Endpoint{{Listener: "OUTSIDE", Host: "weir.example", Port: 9000},
			{Listener: "INSIDE", Port: 9092}},
		Features: SupportedFeatures(),
		Rules: cluster.Rules{CheckTopic: values.CheckTopic, CheckBroker: config.CheckBroker,
			CheckGroup: values.CheckGroup},
	}, clk, lg)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := log.OpenDirectory(vfs.NewMem(), "/data", log.DirectoryConfig{}, clk, lg)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, committer: partition.NewSyncCommitter(partition.SyncConfig{}, clk)}
	service := groups.New(groups.Config{OffsetsPartitions: 1, OffsetMetadataMaxBytes: 4096,
		GroupMinSessionTimeoutMs: 6000, GroupMaxSessionTimeoutMs: 1800000}, clk, lg)
	partitions := partition.NewSet()
	txns := txn.New(txn.Config{StatePartitions: 1}, partitions, clk, lg)
	shares := share.New(share.Config{StatePartitions: 1}, partitions, clk, lg)
	f.Handlers = New(Deps{BrokerID: 1, Config: values, Cluster: c, Partitions: partitions,
		Groups: service, Txns: txns, Shares: shares, Directory: dir, Clock: clk, Logger: lg})
	f.conn = f.connect("INSIDE")
	t.Cleanup(func() {
		f.Close()
		ctx := context.WithoutCancel(t.Context())
		failed := []error{shares.Close(ctx), txns.Close(ctx), service.Close(ctx)}
		f.committer.Close()
		failed = append(failed, dir.Close(ctx), c.Close(), store.Close())
		for _, err := range failed {
			if err != nil {
				t.Error(err)
			}
		}
	})
	return f
}

// connect is a connection that came in on a listener.
func (f *fixture) connect(listener string) *Conn {
	return &Conn{ID: 1, Listener: listener, Local: &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 9092},
		Remote: &net.TCPAddr{IP: net.IPv4(10, 0, 0, 2), Port: 40000}, Principal: "User:ANONYMOUS"}
}

// topic creates a topic and opens its partitions, with shards of the coordinator where they hold groups.
func (f *fixture) topic(name string, partitions int32, settings ...string) *metadata.Topic {
	f.t.Helper()
	topic := cluster.NewTopic{Name: name, Partitions: partitions, Replication: 1, Configs: map[string]*string{}}
	for _, pair := range settings {
		name, value, _ := strings.Cut(pair, "=")
		topic.Configs[name] = &value
	}
	made := f.Cluster.CreateTopics(f.t.Context(), []cluster.NewTopic{topic}, false)
	if made[0].Err != nil {
		f.t.Fatal(made[0].Err)
	}
	f.open(made[0].Topic)
	return made[0].Topic
}

// open opens the partitions of a topic, as the broker does when it sees a new one.
func (f *fixture) open(topic *metadata.Topic) {
	f.t.Helper()
	for i, p := range topic.Partitions {
		id := metadata.PartitionID{Topic: topic.ID, Index: int32(i)}
		c := log.Config{SegmentBytes: 1 << 20, SegmentIndexBytes: 1 << 16, IndexIntervalBytes: 4096,
			RetentionBytes: -1, RetentionMs: -1, FlushMessages: 1, MaxMessageBytes: 1 << 20}
		l, err := f.Directory.Open(id, c, p.LeaderEpoch)
		if err != nil {
			f.t.Fatal(err)
		}
		opened := partition.New(l, f.committer, p.LeaderEpoch, f.Clock)
		f.Partitions.Put(opened)
		if topic.Name == offsetsTopic {
			f.Groups.BecomeLeader(int32(i), opened)
			<-f.Groups.Loaded(int32(i))
		}
		if topic.Name == shareTopic {
			f.Shares.BecomeLeader(int32(i), opened)
			<-f.Shares.Loaded(int32(i))
		}
	}
}

// coordinate makes the topic of committed offsets and leads its one shard.
func (f *fixture) coordinate() {
	f.t.Helper()
	if err := f.createInternal(f.offsetsTopic()); err != nil {
		f.t.Fatal(err)
	}
	f.open(f.Cluster.Image().Topic(offsetsTopic))
}

// ask serves a request of a version, over its bytes as a client sends them, and decodes the answer's.
func ask[R kmsg.Response](f *fixture, version int16, req kmsg.Request) R {
	f.t.Helper()
	return askOn[R](f, f.conn, version, req)
}

// askOn is ask on another connection.
func askOn[R kmsg.Response](f *fixture, c *Conn, version int16, req kmsg.Request) R {
	f.t.Helper()
	req.SetVersion(version)
	client := "tester"
	header := protocol.RequestHeader{Key: req.Key(), Version: version, ClientID: &client}
	reply, err := f.Serve(c, &Request{Header: header, Body: req.AppendTo(nil)})
	if err != nil {
		f.t.Fatalf("%s v%d: %v", kmsg.NameForKey(req.Key()), version, err)
	}
	defer reply.Release()
	reply.Wait(f.t.Context().Done())
	var body []byte
	for _, part := range reply.Encode(nil) {
		if part.File == nil {
			body = append(body, part.Bytes...)
			continue
		}
		stored := make([]byte, part.Len())
		if n, err := part.File.ReadAt(stored, 0); n < len(stored) {
			f.t.Fatalf("records of the answer of %s: %v", kmsg.NameForKey(req.Key()), err)
		}
		body = append(body, stored...)
	}
	resp := req.ResponseKind().(R)
	if err := resp.ReadFrom(body); err != nil {
		f.t.Fatalf("answer of %s v%d: %v", kmsg.NameForKey(req.Key()), version, err)
	}
	return resp
}

// text is a pointer to a string, for nullable fields.
func text(s string) *string { return &s }
