//go:build compare

package compare

import (
	"fmt"
	"os"
	"testing"
	"time"

	"weir/bench"
	driver "weir/bench/kafka"
	"weir/tests/brokers"
)

// TestBesideKafka prints the figures that README quotes. Weir runs with its defaults, fsync before the answer; Apache Kafka
// with its own, without.
func TestBesideKafka(t *testing.T) {
	weir, kafka := brokers.Weir(t, nil), brokers.Kafka(t, nil)
	printStarts(t, weir, kafka)
	targets := []bench.Target{{Name: "weir", Bootstrap: weir.Addr, PID: weir.PID()}, {Name: "kafka", Bootstrap: kafka.Addr, PID: kafka.PID()}}
	for _, w := range []struct {
		name string
		set  func(*bench.Config)
	}{
		{"produce, 1 KiB, no compression", func(*bench.Config) {}},
		{"produce, 1 KiB flights, zstd", func(c *bench.Config) { c.Codec, c.Payload = "zstd", "flights" }},
		{"produce, 100 B, lz4 flights", func(c *bench.Config) { c.RecordBytes, c.Codec, c.Payload, c.Records = 100, "lz4", "flights", 2_000_000 }},
		{"consume what was just written, 1 KiB", func(c *bench.Config) { c.Workload = bench.Consume }},
	} {
		c := bench.Default(bench.Produce)
		c.Records = 300_000
		w.set(&c)
		report, err := bench.Run(t.Context(), c, targets, driver.Open, nil)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("\n%s: %d partitions, %d records a run, %d runs, median (least-most)\n", w.name, c.Partitions, c.Records, c.Runs)
		if err := report.Table(os.Stdout); err != nil {
			t.Fatal(err)
		}
	}
}

// printStarts shows how soon each broker answers on an empty directory, and what it holds resident when idle.
func printStarts(t *testing.T, all ...*brokers.Broker) {
	for _, b := range all {
		time.Sleep(3 * time.Second) // idle means that nothing has happened for a while
		rss, err := b.RSS()
		if err != nil {
			t.Fatal(err)
		}
		b.Stop()
		fmt.Printf("%s: idle %d MiB resident; answers %s after a restart\n", b.Kind, rss>>20, b.Start().Round(time.Millisecond))
	}
}
