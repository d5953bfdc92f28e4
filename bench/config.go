// Package bench measures brokers that speak the Kafka protocol: workloads as a Config and a run, each of them against every
// target in turn, so that two brokers are compared in one run on one machine.
//
// It is a library: it owns no flags and no global state; cmd/weir binds flags to it.
package bench

import (
	"errors"
	"fmt"
	"time"
)

// Workload names what is measured.
type Workload string

// The workloads.
const (
	// Produce writes records and waits for every answer.
	Produce Workload = "produce"
	// Consume reads back what a Produce run of the same Config wrote just before (from the page cache: a hot read).
	Consume Workload = "consume"
)

// Target is a broker to measure.
type Target struct {
	// Name stands in the report.
	Name string
	// Bootstrap is where it listens, host:port.
	Bootstrap string
	// PID is the broker's process where it runs on this machine; 0 where it is not known: then CPU and memory are not
	// reported.
	PID int
}

// Config is one workload with its sizes.
type Config struct {
	Workload    Workload
	Partitions  int32         // partitions of the topic, which is made for the run and deleted after it
	Records     int           // records written or read in one run
	RecordBytes int           // size of a record's value
	BatchBytes  int32         // upper bound of a producer's batch
	Linger      time.Duration // how long a producer waits for a batch to fill
	Codec       string        // none, gzip, snappy, lz4, zstd
	Acks        string        // all, 1 or 0
	Clients     int           // producers, or consumers that share the partitions
	Payload     string        // random (does not compress) or flights (real rows)
	Runs        int           // counted runs of each target, in turn
	WarmUp      int           // runs before them that are not counted
}

// Default gives the workload that the README's figures come from: 1 KiB records, six partitions, acks=all.
func Default() Config {
	return Config{Workload: Produce, Partitions: 6, Records: 1_000_000, RecordBytes: 1024, BatchBytes: 1 << 20,
		Linger: 5 * time.Millisecond, Codec: "none", Acks: "all", Clients: 1, Payload: "random", Runs: 5, WarmUp: 1}
}

// Check refuses a Config that cannot run.
func (c Config) Check() error {
	switch {
	case c.Workload != Produce && c.Workload != Consume:
		return fmt.Errorf("workload %q is neither produce nor consume", c.Workload)
	case c.Partitions < 1 || c.Records < 1 || c.RecordBytes < 1 || c.Clients < 1 || c.Runs < 1 || c.WarmUp < 0:
		return errors.New("partitions, records, record bytes, clients and runs must be at least 1")
	case c.Payload != "random" && c.Payload != "flights":
		return fmt.Errorf("payload %q is neither random nor flights", c.Payload)
	}
	return nil
}
