package client

import (
	"slices"
	"testing"

	"weir/bench"
)

func TestShareCoversEveryStreamOnce(t *testing.T) {
	for _, consumers := range []int{1, 2, 4, 9} {
		c := bench.Default(bench.Consume)
		c.Partitions, c.Consumers = 6, consumers
		var got []string
		for i := range consumers {
			got = append(got, Share("t", c, i)...)
		}
		slices.Sort(got)
		if !slices.Equal(got, Streams("t", 6)) {
			t.Errorf("%d consumers: got %v; want each of 6 once", consumers, got)
		}
	}
}

func TestTurnGoesOverAll(t *testing.T) {
	turn := NewTurn(3, 4)
	var got []int
	for range 4 {
		got = append(got, turn.Next(bench.Record{Partition: -1}))
	}
	if !slices.Equal(got, []int{1, 2, 0, 1}) {
		t.Errorf("got %v; want [1 2 0 1]", got)
	}
	if got := turn.Next(bench.Record{Partition: 5}); got != 2 {
		t.Errorf("partition 5 of 3 went to %d; want 2", got)
	}
}

func TestCheckSaysWhatIsNotDone(t *testing.T) {
	for name, set := range map[string]func(*bench.Config){
		"workload": func(c *bench.Config) { c.Workload = bench.Churn },
		"codec":    func(c *bench.Config) { c.Codec = "zstd" },
		"keys":     func(c *bench.Config) { c.Keys = "zipf" },
		"acks":     func(c *bench.Config) { c.Acks = "0" },
	} {
		c := bench.Default(bench.Produce)
		if err := Check(c, bench.Produce); err != nil {
			t.Fatal(err)
		}
		set(&c)
		if err := Check(c, bench.Produce); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestUnacknowledged(t *testing.T) {
	c := bench.Default(bench.Small)
	if got := Unacknowledged(c, 5); got != 64 {
		t.Errorf("small: got %d; want the 64 requests of one record", got)
	}
	c = bench.Default(bench.Produce)
	if got := Unacknowledged(c, 5); got != 5 {
		t.Errorf("produce: got %d; want the default", got)
	}
	if c.Buffered = 7; Unacknowledged(c, 5) != 7 {
		t.Error("buffered is not heeded")
	}
}
