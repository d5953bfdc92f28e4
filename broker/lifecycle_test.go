package broker

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"weir/cluster"
	"weir/vfs"
)

// TestRestart shows that records, offsets of groups and topics outlive a clean stop, without a recovery.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	b := openDir(t, dir)
	topic(t, b, "kept", 2, "retention.ms=123456789")
	produceN(t, b, "kept", 0, "a", 50)
	produceN(t, b, "kept", 1, "b", 50)
	c := client(t, b, kgo.ConsumeTopics("kept"), kgo.ConsumerGroup("g"), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	pollN(t, c, 100)
	if err := c.CommitUncommittedOffsets(limit(t)); err != nil {
		t.Fatal(err)
	}
	c.Close()
	id := b.cluster.Image().ClusterID
	shut(t, b)

	b = openDir(t, dir)
	if !b.directory.WasClean() {
		t.Error("the stop was not clean")
	}
	if got := b.cluster.Image().ClusterID; got != id {
		t.Errorf("cluster id %s, was %s", got, id)
	}
	consumeN(t, b, "kept", 100)
	committed, err := admin(t, b).FetchOffsets(limit(t), "g")
	if err != nil {
		t.Fatal(err)
	}
	for p := range int32(2) {
		if o, ok := committed.Lookup("kept", p); !ok || o.At != 50 {
			t.Errorf("partition %d: committed %+v", p, o)
		}
	}
	produceN(t, b, "kept", 0, "c", 1)
	c = client(t, b, kgo.ConsumeTopics("kept"), kgo.ConsumerGroup("g"))
	if r := pollN(t, c, 1)[0]; string(r.Value) != "c0" || r.Offset != 50 {
		t.Errorf("resumed at %q, offset %d", r.Value, r.Offset)
	}
}

// TestCrash cuts the power: what was acknowledged with acks=all is there afterwards, and a leader epoch has
// begun.
func TestCrash(t *testing.T) {
	mem, store := vfs.NewMem(), cluster.NewMemStore()
	b := open(t, Config{Values: values(t, "/data"), FS: mem, Store: store})
	topic(t, b, "crash", 1)
	sent := produceN(t, b, "crash", 0, "r", 200)
	mem2 := mem.CrashClone(vfs.CrashOptions{UnsyncedPercent: 0, Rand: rand.New(rand.NewPCG(1, 2))})
	store2 := store.Snapshot()

	after := open(t, Config{Values: values(t, "/data"), FS: mem2, Store: store2})
	if after.directory.WasClean() {
		t.Error("a crash counts as a clean stop")
	}
	got := consumeN(t, after, "crash", len(sent))
	for i, r := range got {
		if string(r.Value) != string(sent[i].Value) {
			t.Fatalf("record %d is %q", i, r.Value)
		}
	}
	produceN(t, after, "crash", 0, "more", 1)
	if r := consumeN(t, after, "crash", len(sent)+1)[len(sent)]; r.LeaderEpoch <= got[0].LeaderEpoch {
		t.Errorf("leader epoch %d after the crash, %d before", r.LeaderEpoch, got[0].LeaderEpoch)
	}
}

// TestTwoBrokers runs two brokers in one process.
func TestTwoBrokers(t *testing.T) {
	one, two := openDir(t, t.TempDir()), openDir(t, t.TempDir(), "node.id=7")
	topic(t, one, "same", 1)
	topic(t, two, "same", 1)
	produceN(t, one, "same", 0, "one", 1)
	produceN(t, two, "same", 0, "two", 1)
	if got := consumeN(t, one, "same", 1); string(got[0].Value) != "one0" {
		t.Errorf("the first holds %q", got[0].Value)
	}
	if got := consumeN(t, two, "same", 1); string(got[0].Value) != "two0" {
		t.Errorf("the second holds %q", got[0].Value)
	}
}

// TestLocked refuses a directory that a broker has open, and leaves that broker alone.
func TestLocked(t *testing.T) {
	dir := t.TempDir()
	b := openDir(t, dir)
	_, err := Open(t.Context(), Config{Values: values(t, dir)})
	if err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second broker on one directory: %v", err)
	}
	topic(t, b, "alive", 1)
	produceN(t, b, "alive", 0, "x", 1)
}

// TestAdvertised tells clients the address that they connected to, unless told otherwise.
func TestAdvertised(t *testing.T) {
	for name, c := range map[string]struct {
		given []string
		want  string
	}{
		"wildcard":   {[]string{"listeners=PLAINTEXT://:0"}, "127.0.0.1"},
		"named":      {[]string{"listeners=PLAINTEXT://localhost:0"}, "localhost"},
		"advertised": {[]string{"advertised.listeners=PLAINTEXT://broker.example:1234"}, "broker.example"},
		"controller": {[]string{"listeners=PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0"}, "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			given := append(c.given, "controller.listener.names=CONTROLLER")
			b := openDir(t, t.TempDir(), given...)
			port := portOf(b.Addr("PLAINTEXT"))
			client, err := kgo.NewClient(kgo.SeedBrokers(fmt.Sprintf("127.0.0.1:%d", port)))
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			brokers, err := kadm.NewClient(client).ListBrokers(limit(t))
			if err != nil || len(brokers) != 1 || brokers[0].Host != c.want {
				t.Fatalf("brokers %+v, error %v; want host %s", brokers, err, c.want)
			}
			if c.want != "broker.example" && brokers[0].Port != port {
				t.Errorf("port %d, want %d", brokers[0].Port, port)
			}
		})
	}
}

// TestCloseUnderLoad stops a broker that is being written to and read from.
func TestCloseUnderLoad(t *testing.T) {
	dir := t.TempDir()
	b := openDir(t, dir)
	topic(t, b, "load", 4)
	producer := client(t, b, kgo.RecordRetries(1), kgo.RecordDeliveryTimeout(time.Second),
		kgo.MaxBufferedRecords(1000))
	consumer := client(t, b, kgo.ConsumeTopics("load"), kgo.FetchMaxWait(time.Minute))
	go consumer.PollFetches(limit(t))
	var acked atomic.Int64
	producing, stop := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	reached := make(chan struct{})
	go func() {
		defer close(stopped)
		for producing.Err() == nil {
			r := &kgo.Record{Topic: "load", Value: make([]byte, 500)}
			producer.Produce(producing, r, func(_ *kgo.Record, err error) {
				if err == nil && acked.Add(1) == 20_000 {
					close(reached)
				}
			})
		}
	}()
	select {
	case <-reached:
	case <-limit(t).Done():
		t.Fatalf("only %d records were acknowledged", acked.Load())
	}
	began := time.Now()
	shut(t, b)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the stop took %v", took)
	}
	stop()
	<-stopped
	producer.Close()

	b = openDir(t, dir)
	if !b.directory.WasClean() {
		t.Error("the stop was not clean")
	}
	ends, err := admin(t, b).ListEndOffsets(limit(t), "load")
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	ends.Each(func(o kadm.ListedOffset) { total += o.Offset })
	if total < acked.Load() {
		t.Errorf("%d records are there, %d were acknowledged", total, acked.Load())
	}
}

// TestDamagedPartition takes a damaged partition out of service, alone.
func TestDamagedPartition(t *testing.T) {
	dir := t.TempDir()
	b := openDir(t, dir, "log.segment.bytes=1048576")
	topic(t, b, "whole", 1)
	topic(t, b, "hurt", 1)
	produceN(t, b, "whole", 0, "w", 10)
	produceN(t, b, "hurt", 0, strings.Repeat("h", 1000), 3000)
	id := b.cluster.Image().Topic("hurt").ID
	shut(t, b)

	first := filepath.Join(dir, id.String()+"-0", "00000000000000000000.log")
	if err := os.Truncate(first, 0); err != nil {
		t.Fatal(err)
	}
	b = openDir(t, dir)
	consumeN(t, b, "whole", 10)
	ends, err := admin(t, b).ListEndOffsets(limit(t), "hurt")
	if o, _ := ends.Lookup("hurt", 0); err == nil && o.Err == nil {
		t.Errorf("a damaged partition answers %+v", o)
	}
	if _, err := os.Stat(first); err != nil {
		t.Errorf("a file of a damaged partition was deleted: %v", err)
	}
}

// TestHangUp connects and hangs up in all ways, and leaves nothing behind.
func TestHangUp(t *testing.T) {
	b := openDir(t, t.TempDir())
	for i := range 50 {
		conn, err := net.Dial("tcp", b.Addr("PLAINTEXT").String())
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
		}
		conn.Close()
	}
	topic(t, b, "fine", 1)
	produceN(t, b, "fine", 0, "x", 1)
}
