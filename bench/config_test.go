package bench

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestDefaultsCanRun(t *testing.T) {
	for _, w := range Workloads() {
		c := Default(w)
		if err := c.Check(); err != nil {
			t.Errorf("%s: %v", w, err)
		}
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var back Config
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(c, back) {
			t.Errorf("%s: %+v came back as %+v", w, c, back)
		}
		if workloads[w] == nil {
			t.Errorf("%s does nothing", w)
		}
	}
}

func TestConfigKeepsWhatTheTextDoesNotName(t *testing.T) {
	c := Default(EndToEnd)
	if err := json.Unmarshal([]byte(`{"rate": 100, "linger": "3ms"}`), &c); err != nil {
		t.Fatal(err)
	}
	want := Default(EndToEnd)
	want.Rate, want.Linger = 100, 3*time.Millisecond
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got %+v; want %+v", c, want)
	}
	for text, word := range map[string]string{`{"recrods": 1}`: "recrods", `{"linger": 5}`: "string", `{"linger": "soon"}`: "soon"} {
		if err := json.Unmarshal([]byte(text), &c); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: got %v; want an error with %q", text, err, word)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	for _, c := range []struct {
		workload Workload
		set      func(*Config)
		want     string
	}{
		{"prodcue", func(*Config) {}, "prodcue"},
		{Produce, func(c *Config) { c.Records = 0 }, "neither records nor duration"},
		{Produce, func(c *Config) { c.Partitions = 0 }, "partitions is 0"},
		{Produce, func(c *Config) { c.Codec = "brotli" }, "brotli"},
		{Produce, func(c *Config) { c.Acks = "2" }, "acks"},
		{Produce, func(c *Config) { c.Keys, c.ZipfExponent = "zipf", 1 }, "zipf_exponent"},
		{EndToEnd, func(c *Config) { c.Rate = 0 }, "at a rate"},
		{EndToEnd, func(c *Config) { c.RecordBytes = 15 }, "needs 16"},
		{EndToEnd, func(c *Config) { c.Acks = "0" }, "acks=0"},
		{EndToEnd, func(c *Config) { c.PeakShare = 0.5 }, "not both"},
		{EndToEnd, func(c *Config) { c.Rate, c.PeakShare = 0, 1.5 }, "at most 100%"},
		{EndToEnd, func(c *Config) { c.Rate, c.PeakShare, c.RecordBytes = 0, 0.5, 15 }, "needs 16"},
		{Produce, func(c *Config) { c.PeakShare = 0.5 }, "only latency"},
		{Churn, func(c *Config) { c.ChurnEvery = 0 }, "churn_every"},
		{Connections, func(c *Config) { c.Connections = 0 }, "connections is 0"},
		{Groups, func(c *Config) { c.CommitEvery = 0 }, "commit_every"},
		{Groups, func(c *Config) { c.Connections = 0 }, "connections is 0"},
		{Transactions, func(c *Config) { c.TransactionRecords = 0 }, "transaction_records"},
		{ConsumeProcessProduce, func(c *Config) { c.TransactionEvery = 0 }, "transaction_every"},
		{TransactionalIDs, func(c *Config) { c.TransactionalIDs = 0 }, "transactional_ids"},
		{Rebalance, func(c *Config) { c.Members = 1 }, "two members"},
	} {
		config := Default(c.workload)
		c.set(&config)
		if err := config.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v; want an error with %q", c.workload, err, c.want)
		}
	}
}
