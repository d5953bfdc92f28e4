package kafka_test

import (
	"strings"
	"testing"
	"time"

	"weir/bench"
	"weir/bench/kafka"
	"weir/tests/brokers"
)

func TestMain(m *testing.M) { brokers.Main(m) }

// TestWorkloads runs each workload, small, on a Weir: the engine checks that everything sent arrived.
func TestWorkloads(t *testing.T) {
	weir := brokers.Weir(t, nil)
	target := bench.Target{Name: "weir", Bootstrap: weir.Addr, PID: weir.PID(), DataDir: weir.Dir}
	for _, c := range []struct {
		name     string
		workload bench.Workload
		set      func(*bench.Config)
	}{
		{"produce", bench.Produce, func(c *bench.Config) { c.Producers = 2 }},
		{"produce, zipf keys, zstd", bench.Produce, func(c *bench.Config) { c.Keys, c.Codec, c.Payload = "zipf", "zstd", "flights" }},
		{"produce, acks=1", bench.Produce, func(c *bench.Config) { c.Acks = "1" }},
		{"produce, acks=0", bench.Produce, func(c *bench.Config) { c.Acks = "0" }},
		{"produce at a rate", bench.Produce, func(c *bench.Config) { c.Rate = 50_000 }},
		{"produce, raw", bench.Produce, func(c *bench.Config) { c.Client, c.Producers = "raw", 2 }},
		{"produce, raw, lz4", bench.Produce, func(c *bench.Config) { c.Client, c.Codec, c.RecordBytes, c.BatchBytes = "raw", "lz4", 100, 10_000 }},
		{"produce, raw, acks=0", bench.Produce, func(c *bench.Config) { c.Client, c.Acks = "raw", "0" }},
		{"consume", bench.Consume, func(c *bench.Config) { c.Consumers = 2 }},
		{"consume, raw", bench.Consume, func(c *bench.Config) { c.Client, c.Consumers, c.BatchBytes = "raw", 2, 20_000 }},
		{"consume, raw, small answers", bench.Consume, func(c *bench.Config) { c.Client, c.FetchBytes, c.BatchBytes = "raw", 30_000, 20_000 }},
		{"consume-cold", bench.ConsumeCold, func(*bench.Config) {}},
		{"latency", bench.EndToEnd, func(*bench.Config) {}},
		{"fan-out", bench.FanOut, func(*bench.Config) {}},
		{"fan-out, raw", bench.FanOut, func(c *bench.Config) { c.Client = "raw" }},
		{"churn", bench.Churn, func(c *bench.Config) {
			c.Members, c.ChurnEvery, c.Duration, c.Partitions = 2, 300*time.Millisecond, time.Second, 4
		}},
		{"partitions", bench.Partitions, func(c *bench.Config) { c.Partitions = 50 }},
		{"partitions, raw", bench.Partitions, func(c *bench.Config) { c.Partitions, c.Client, c.BatchBytes = 50, "raw", 8000 }},
		{"small", bench.Small, func(*bench.Config) {}},
		{"mixed", bench.Mixed, func(c *bench.Config) { c.Client, c.BatchBytes = "raw", 50_000 }},
		{"groups", bench.Groups, func(c *bench.Config) { c.Partitions, c.Groups, c.Connections = 2, 60, 7 }},
		{"rebalance", bench.Rebalance, func(c *bench.Config) {
			c.Topics, c.Partitions, c.Members, c.Connections, c.BeatEvery = 2, 20, 10, 3, 100*time.Millisecond
		}},
		{"transactions", bench.Transactions, func(c *bench.Config) { c.Producers = 2 }},
		{"transactions, franz-go", bench.Transactions, func(c *bench.Config) { c.Client, c.Duration, c.Records = "", 0, 100 }},
		{"consume-process-produce", bench.ConsumeProcessProduce, func(c *bench.Config) { c.Consumers = 2 }},
		{"transactional-ids", bench.TransactionalIDs, func(c *bench.Config) { c.TransactionalIDs, c.Connections = 200, 5 }},
		{"share", bench.Share, func(c *bench.Config) { c.Consumers, c.Records = 2, 10_000 }},
		{"connections", bench.Connections, func(c *bench.Config) { c.Connections = 600 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := bench.Default(c.workload)
			config.Runs, config.WarmUp, config.Partitions = 1, 0, 3
			if config.Records > 0 {
				config.Records = 3000
			} else {
				config.Duration = 300 * time.Millisecond
			}
			c.set(&config)
			r, err := bench.Run(t.Context(), config, []bench.Target{target}, kafka.Open, nil)
			if err != nil {
				t.Fatal(err)
			}
			m := r.Results[0]
			switch config.Workload {
			case bench.Groups, bench.Rebalance, bench.TransactionalIDs:
				config.RecordBytes = 0 // offsets, heartbeats and ids are counted
			}
			if m.Records == 0 || m.Bytes < m.Records*int64(config.RecordBytes) || m.Broker == nil || m.Broker.PeakRSSBytes == 0 {
				t.Errorf("got %+v; want records and the broker's usage", m)
			}
			if config.Workload != bench.Consume && config.Workload != bench.ConsumeCold && config.Workload != bench.Rebalance &&
				m.Ack == nil {
				t.Error("no acknowledgement was timed")
			}
		})
	}
}

func TestClearErrors(t *testing.T) {
	weir := brokers.Weir(t, nil)
	for _, c := range []struct {
		workload bench.Workload
		set      func(*bench.Config)
		want     string
	}{
		{bench.Produce, func(c *bench.Config) { c.Client = "librdkafka" }, "librdkafka"},
		{bench.Produce, func(c *bench.Config) { c.Client, c.Keys = "raw", "uniform" }, "without keys"},
		{bench.Produce, func(c *bench.Config) { c.BatchRecords = 5 }, "needs client raw"},
		{bench.EndToEnd, func(c *bench.Config) { c.Client, c.Duration = "raw", time.Second }, "needs franz-go"},
	} {
		config := bench.Default(c.workload)
		config.Runs, config.WarmUp = 1, 0
		c.set(&config)
		_, err := bench.Run(t.Context(), config, []bench.Target{{Name: "weir", Bootstrap: weir.Addr}}, kafka.Open, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v; want an error with %q", c.workload, err, c.want)
		}
	}
}
