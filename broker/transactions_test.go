package broker

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// transactional is a producer under a transactional id.
func transactional(t *testing.T, b *Broker, id string, options ...kgo.Opt) *kgo.Client {
	return client(t, b, append([]kgo.Opt{kgo.TransactionalID(id), kgo.TransactionTimeout(time.Minute),
		kgo.RecordPartitioner(kgo.ManualPartitioner())}, options...)...)
}

// write makes a transaction with a record for each partition and ends it.
func write(t *testing.T, c *kgo.Client, topic string, partitions int32, value string, end kgo.TransactionEndTry) {
	t.Helper()
	if err := c.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	for p := range partitions {
		r := &kgo.Record{Topic: topic, Partition: p, Value: []byte(value)}
		if err := c.ProduceSync(limit(t), r).FirstErr(); err != nil {
			t.Fatalf("produce %s to %d: %v", value, p, err)
		}
	}
	if err := c.EndTransaction(limit(t), end); err != nil {
		t.Fatalf("end %s: %v", value, err)
	}
}

// TestTransactions shows that readers of committed records see all of a committed transaction, nothing of an aborted
// one, and nothing of or behind an open one; and that this outlives a restart.
func TestTransactions(t *testing.T) {
	dir := t.TempDir()
	b := openDir(t, dir)
	topic(t, b, "t", 3)
	c := transactional(t, b, "id")
	for i := range 20 {
		write(t, c, "t", 3, fmt.Sprint("commit ", i), kgo.TryCommit)
		write(t, c, "t", 3, fmt.Sprint("abort ", i), kgo.TryAbort)
	}
	open := transactional(t, b, "open")
	if err := open.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	for p := range int32(3) {
		r := &kgo.Record{Topic: "t", Partition: p, Value: []byte("open")}
		if err := open.ProduceSync(limit(t), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	produceN(t, b, "t", 0, "behind", 1)
	check := func(b *Broker) {
		t.Helper()
		counts := make(map[string]int)
		for _, r := range consumeN(t, b, "t", 60, kgo.FetchIsolationLevel(kgo.ReadCommitted())) {
			counts[string(r.Value)]++
		}
		for i := range 20 {
			if n := counts[fmt.Sprint("commit ", i)]; n != 3 {
				t.Errorf("commit %d was read %d times, want 3", i, n)
			}
		}
		if len(counts) != 20 {
			t.Errorf("read %v", counts)
		}
		consumeN(t, b, "t", 124)
	}
	check(b)
	shut(t, b)
	b = openDir(t, dir)
	check(b)
}

// TestFencedProducer shows that the second producer of an id ends what the first one has open, and that the first
// can do nothing any more.
func TestFencedProducer(t *testing.T) {
	b := openDir(t, t.TempDir())
	topic(t, b, "t", 1)
	first, second := transactional(t, b, "id"), transactional(t, b, "id")
	if err := first.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := first.ProduceSync(limit(t), &kgo.Record{Topic: "t", Value: []byte("lost")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	write(t, second, "t", 1, "kept", kgo.TryCommit)
	err := first.ProduceSync(limit(t), &kgo.Record{Topic: "t", Value: []byte("late")}).FirstErr()
	if !errors.Is(err, kerr.InvalidProducerEpoch) && !errors.Is(err, kerr.ProducerFenced) {
		t.Errorf("produce of the first: %v", err)
	}
	if err := first.EndTransaction(limit(t), kgo.TryCommit); err == nil {
		t.Error("the first committed")
	}
	if r := consumeN(t, b, "t", 1, kgo.FetchIsolationLevel(kgo.ReadCommitted())); string(r[0].Value) != "kept" {
		t.Errorf("read %q", r[0].Value)
	}
}

// TestConsumeProcessProduce moves records from one topic to another, each in a transaction with the offset that it
// stands for, by two members of a group of which each gives up now and then: every record arrives exactly once.
func TestConsumeProcessProduce(t *testing.T) {
	dir := t.TempDir()
	b := openDir(t, dir, "group.initial.rebalance.delay.ms=0")
	topic(t, b, "in", 4)
	topic(t, b, "out", 4)
	const records = 400
	for p := range int32(4) {
		produceN(t, b, "in", p, fmt.Sprintf("p%d", p), records/4)
	}
	ctx, stop := context.WithCancel(limit(t))
	defer stop()
	failed := make(chan error, 2)
	for i := range 2 {
		go func() {
			err := move(ctx, b, i)
			if !errors.Is(err, context.Canceled) {
				stop()
			}
			failed <- err
		}()
	}
	seen := make(map[string]int)
	out := client(t, b, kgo.ConsumeTopics("out"), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	for len(seen) < records {
		fetches := out.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			t.Fatalf("after %d records: %v; members: %v, %v", len(seen), err, <-failed, <-failed)
		}
		fetches.EachRecord(func(r *kgo.Record) { seen[string(r.Value)]++ })
	}
	stop()
	for range 2 {
		if err := <-failed; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	for value, n := range seen {
		if n != 1 {
			t.Errorf("%s arrived %d times", value, n)
		}
	}
	offsets := committedBy(t, b, "movers")
	total := int64(0)
	for _, o := range offsets.Sorted() {
		total += o.At
	}
	if total != records {
		t.Errorf("offsets committed add up to %d, want %d", total, records)
	}
	shut(t, b)
	b = openDir(t, dir)
	again := committedBy(t, b, "movers")
	for _, o := range offsets.Sorted() {
		if now, ok := again.Lookup(o.Topic, o.Partition); !ok || now.At != o.At {
			t.Errorf("after a restart the offset of %s-%d is %d, it was %d", o.Topic, o.Partition, now.At, o.At)
		}
	}
}

// committedBy gives what a group has committed, once no transaction may change it.
func committedBy(t *testing.T, b *Broker, group string) kadm.OffsetResponses {
	t.Helper()
	offsets, err := admin(t, b).FetchOffsets(kadm.RequireStable(limit(t)), group)
	if err != nil {
		t.Fatal(err)
	}
	return offsets
}

// move is one member. It aborts every third transaction.
func move(ctx context.Context, b *Broker, i int) error {
	s, err := kgo.NewGroupTransactSession(kgo.SeedBrokers(b.Addr("PLAINTEXT").String()),
		kgo.TransactionalID(fmt.Sprint("mover ", i)), kgo.ConsumerGroup("movers"), kgo.ConsumeTopics("in"),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.DefaultProduceTopic("out"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return err
	}
	defer s.Close()
	for n := 0; ; n++ {
		fetches := s.PollRecords(ctx, 10)
		if err := fetches.Err0(); err != nil {
			return err
		}
		if err := s.Begin(); err != nil {
			return err
		}
		fetches.EachRecord(func(r *kgo.Record) { s.Produce(ctx, kgo.StringRecord(string(r.Value)), nil) })
		end := kgo.TryCommit
		if n%3 == 2 {
			end = kgo.TryAbort
		}
		if _, err := s.End(ctx, end); err != nil {
			return fmt.Errorf("end transaction %d: %w", n, err)
		}
	}
}
