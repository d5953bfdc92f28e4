package bench

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// stampBytes is what a record needs to carry its due time and its number.
const stampBytes = 16

// limits keep a mistyped size from filling the machine's memory.
const (
	maxRecordBytes = 64 << 20
	maxClients     = 1 << 16
)

// Check refuses a Config that cannot run.
func (c Config) Check() error {
	if !slices.Contains(Workloads(), c.Workload) {
		return fmt.Errorf("workload %q is none of %v", c.Workload, Workloads())
	}
	for _, n := range []struct {
		name       string
		value, min int
		max        int
	}{
		{"partitions", int(c.Partitions), 1, 1 << 20},
		{"records", c.Records, 0, 1 << 40},
		{"producers", c.Producers, 1, maxClients},
		{"consumers", c.Consumers, 1, maxClients},
		{"record_bytes", c.RecordBytes, 1, maxRecordBytes},
		{"batch_bytes", int(c.BatchBytes), 1, 1 << 30},
		{"batch_records", c.BatchRecords, 0, 1 << 24},
		{"in_flight", c.InFlight, 0, 1 << 20},
		{"buffered", c.Buffered, 0, 1 << 28},
		{"fetch_bytes", int(c.FetchBytes), 0, 1 << 30},
		{"key_count", c.KeyCount, 1, 1 << 24},
		{"evict_bytes", int(c.EvictBytes), 0, 1 << 50},
		{"runs", c.Runs, 1, 1 << 20},
		{"warm_up", c.WarmUp, 0, 1 << 20},
	} {
		if n.value < n.min || n.value > n.max {
			return fmt.Errorf("%s is %d; want %d to %d", n.name, n.value, n.min, n.max)
		}
	}
	return errors.Join(oneOf("payload", c.Payload, "random", "compressible", "flights", "flights-json"),
		oneOf("keys", c.Keys, "none", "uniform", "zipf"), oneOf("acks", c.Acks, "all", "1", "0"),
		oneOf("codec", c.Codec, "none", "gzip", "snappy", "lz4", "zstd"), c.checkTime(), c.checkWorkload(), c.checkTransactions())
}

func oneOf(name, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("%s %q is none of %v", name, value, allowed)
}

// checkTime checks rates and durations.
func (c Config) checkTime() error {
	switch {
	case c.Records == 0 && c.Duration <= 0:
		return errors.New("neither records nor duration says when a run ends")
	case c.PeakShare < 0 || c.PeakShare > 1 || c.PeakShare > 0 && c.Rate > 0:
		return errors.New("a rate is records a second or a share of the peak of at most 100%, not both")
	case c.PeakShare > 0 && c.Workload != EndToEnd:
		return fmt.Errorf("rate: only %s takes a share of the peak", EndToEnd)
	case c.Rate < 0 || c.Linger < 0 || c.Duration < 0:
		return errors.New("rate, linger and duration are not negative")
	case c.Patience < time.Second:
		return fmt.Errorf("patience is %s; want a second or more", c.Patience)
	case c.Keys == "zipf" && c.ZipfExponent <= 1:
		return fmt.Errorf("zipf_exponent is %g; want more than 1", c.ZipfExponent)
	case c.Payload == "compressible" && c.Ratio < 1:
		return fmt.Errorf("ratio is %g; want 1 or more", c.Ratio)
	}
	return nil
}

// checkWorkload checks what one workload needs.
func (c Config) checkWorkload() error {
	paced := c.Rate > 0 || c.PeakShare > 0
	reads := c.Workload == EndToEnd || c.Workload == FanOut || c.Workload == Churn || c.Workload == Mixed || c.Workload == Connections
	switch {
	case reads && paced && c.RecordBytes < stampBytes:
		return fmt.Errorf("record_bytes is %d; %s needs %d for the time and the number in each record", c.RecordBytes, c.Workload, stampBytes)
	case reads && c.Acks == "0":
		return fmt.Errorf("%s counts what was acknowledged: acks=0 does not go with it", c.Workload)
	case c.Workload == Share && (c.Records == 0 || c.Rate > 0 || c.RecordBytes < stampBytes || c.Acks == "0"):
		return fmt.Errorf("share needs records, no rate, acks other than 0, and %d record_bytes for the number in each record", stampBytes)
	case (c.Workload == EndToEnd || c.Workload == Churn || c.Workload == Connections) && !paced:
		return fmt.Errorf("%s runs at a rate, which is not given", c.Workload)
	case c.Workload == Churn && (c.Members < 1 || c.ChurnEvery <= 0 || c.Members > maxClients):
		return errors.New("churn needs members and churn_every")
	case c.Workload == Groups && (c.Groups < 1 || c.Groups > 1<<20 || c.BeatEvery <= 0 || c.CommitEvery <= 0 || c.Duration <= 0):
		return errors.New("groups needs groups, beat_every, commit_every and duration")
	case c.Workload == Rebalance && (c.Members < 2 || c.Members > maxClients || c.Topics < 1 || c.Topics > 1<<10 || c.BeatEvery < 0):
		return errors.New("rebalance needs two members, topics, and a beat_every that is not negative")
	case (c.Workload == Groups || c.Workload == Rebalance) && (c.Connections < 1 || c.Connections > maxClients):
		return fmt.Errorf("connections is %d; want 1 to %d", c.Connections, maxClients)
	case c.Workload == Connections && (c.Connections < 1 || c.Connections > 1<<20):
		return fmt.Errorf("connections is %d; want 1 to %d", c.Connections, 1<<20)
	}
	return nil
}

// checkTransactions checks what the workloads of transactions need.
func (c Config) checkTransactions() error {
	switch {
	case c.Workload == Transactions && (c.TransactionRecords < 1 || c.TransactionRecords > 1<<20):
		return errors.New("transactions needs transaction_records")
	case c.Workload == ConsumeProcessProduce && (c.TransactionEvery <= 0 || c.Records == 0 || c.Rate > 0):
		return errors.New("consume-process-produce needs transaction_every, records and no rate")
	case c.Workload == TransactionalIDs && (c.TransactionalIDs < 1 || c.TransactionalIDs > 1<<24):
		return fmt.Errorf("transactional_ids is %d; want 1 to %d", c.TransactionalIDs, 1<<24)
	case c.Workload == TransactionalIDs && (c.Connections < 1 || c.Connections > maxClients):
		return fmt.Errorf("connections is %d; want 1 to %d", c.Connections, maxClients)
	}
	return nil
}
