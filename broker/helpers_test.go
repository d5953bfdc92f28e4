package broker

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"weir/config"
)

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

// logLines collects what a broker logs, for the tests that fail.
type logLines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// values are settings for tests: a free port of the loopback and no waiting for more members, under those
// given.
func values(t *testing.T, dir string, given ...string) *config.Values {
	t.Helper()
	flags := map[string]string{
		"log.dirs": dir, "listeners": "PLAINTEXT://127.0.0.1:0", "group.initial.rebalance.delay.ms": "0",
		"offsets.topic.num.partitions": "4",
	}
	for _, pair := range given {
		name, value, _ := strings.Cut(pair, "=")
		flags[name] = value
	}
	v, err := config.Load(config.LoadOptions{Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// open starts a broker, and closes it with the test.
func open(t *testing.T, c Config) *Broker {
	t.Helper()
	lines := &logLines{}
	if c.Logger == nil {
		c.Logger = slog.New(slog.NewTextHandler(lines, nil))
	}
	b, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		shut(t, b)
		if text := lines.String(); t.Failed() || strings.Contains(text, "panic") {
			t.Errorf("the broker's log:\n%s", text)
		}
	})
	return b
}

// openDir starts a broker on a directory.
func openDir(t *testing.T, dir string, given ...string) *Broker {
	t.Helper()
	return open(t, Config{Values: values(t, dir, given...)})
}

// shut closes a broker.
func shut(t *testing.T, b *Broker) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := b.Close(ctx); err != nil {
		t.Error(err)
	}
}

// limit is a context that ends when the test's patience does.
func limit(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// client connects a client to a broker.
func client(t *testing.T, b *Broker, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	all := append([]kgo.Opt{
		kgo.SeedBrokers(b.Addr("PLAINTEXT").String()), kgo.MetadataMinAge(10 * time.Millisecond),
		kgo.RetryBackoffFn(func(int) time.Duration { return 10 * time.Millisecond }),
	}, options...)
	c, err := kgo.NewClient(all...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// admin connects an administrator.
func admin(t *testing.T, b *Broker) *kadm.Client {
	t.Helper()
	return kadm.NewClient(client(t, b))
}

// topic creates a topic with settings given as name=value.
func topic(t *testing.T, b *Broker, name string, partitions int32, given ...string) {
	t.Helper()
	configs := make(map[string]*string)
	for _, pair := range given {
		setting, value, _ := strings.Cut(pair, "=")
		configs[setting] = &value
	}
	resp, err := admin(t, b).CreateTopic(limit(t), partitions, -1, configs, name)
	if err != nil || resp.Err != nil {
		t.Fatalf("create topic %s: %v, %v", name, err, resp.Err)
	}
}

// produceN writes records "prefix0" ... to one partition of a topic, synchronously, and returns them.
func produceN(t *testing.T, b *Broker, topic string, partition int32, prefix string, n int) []*kgo.Record {
	t.Helper()
	c := client(t, b, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	var records []*kgo.Record
	for i := range n {
		value := fmt.Appendf(nil, "%s%d", prefix, i)
		records = append(records, &kgo.Record{Topic: topic, Partition: partition, Value: value})
	}
	if err := c.ProduceSync(limit(t), records...).FirstErr(); err != nil {
		t.Fatalf("produce to %s: %v", topic, err)
	}
	return records
}

// consumeN reads n records of a topic from its beginning.
func consumeN(t *testing.T, b *Broker, topic string, n int, options ...kgo.Opt) []*kgo.Record {
	t.Helper()
	c := client(t, b, append([]kgo.Opt{
		kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	}, options...)...)
	return pollN(t, c, n)
}

// pollN polls until n records are there.
func pollN(t *testing.T, c *kgo.Client, n int) []*kgo.Record {
	t.Helper()
	var got []*kgo.Record
	ctx := limit(t)
	for len(got) < n {
		fetches := c.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("poll, have %d of %d records: %v", len(got), n, err)
		}
		got = append(got, fetches.Records()...)
	}
	if len(got) > n {
		t.Fatalf("got %d records, want %d", len(got), n)
	}
	return got
}
