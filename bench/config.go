// Package bench measures message brokers: workloads as a Config and a run, each of them against every target in turn
// (A B A B ...), so that two brokers are compared in one run on one machine.
//
// It is a library: it owns no flags and no global state; cmd/weir binds flags to it. It knows a broker only as a Driver; the
// packages under it implement that, one a protocol.
package bench

import (
	"time"
)

// Workload names what is measured.
type Workload string

// The workloads.
const (
	// Produce writes records as fast as they are acknowledged, or at Config.Rate.
	Produce Workload = "produce"
	// Consume reads back what was written just before, from the page cache: a hot read.
	Consume Workload = "consume"
	// ConsumeCold reads back what was written before and is no longer in the page cache.
	ConsumeCold Workload = "consume-cold"
	// EndToEnd writes at a fixed rate and measures from the moment at which a record was due to be sent until a reader has it.
	EndToEnd Workload = "latency"
	// FanOut has one writer and Config.Consumers readers that each read everything.
	FanOut Workload = "fan-out"
	// Churn has members join and leave a consumer group while records flow.
	Churn Workload = "churn"
	// Partitions makes a topic of many partitions, writes one record to each, then to all as fast as it goes.
	Partitions Workload = "partitions"
	// Small writes one record a batch, many requests in flight.
	Small Workload = "small"
	// Mixed has writers and readers at the tail, alone and then beside a reader of old data that is not in the page cache.
	Mixed Workload = "mixed"
	// Connections opens many connections that stay idle beside writers and readers at a fixed rate.
	Connections Workload = "connections"
	// Groups has many consumer groups of one member each, which send heartbeats and commit offsets at a rate.
	Groups Workload = "groups"
	// Rebalance has one large consumer group share many partitions: all members join at once, then one leaves and one comes.
	Rebalance Workload = "rebalance"
	// Transactions writes small transactions one after the other and commits each.
	Transactions Workload = "transactions"
	// ConsumeProcessProduce copies a topic to another in transactions that hold the copies and the offsets.
	ConsumeProcessProduce Workload = "consume-process-produce"
	// TransactionalIDs makes many transactional ids known.
	TransactionalIDs Workload = "transactional-ids"
	// Share has Config.Consumers members of a share group take what was written before and accept every record.
	Share Workload = "share"
)

// Workloads are all workloads, in the order in which help lists them.
func Workloads() []Workload {
	return []Workload{Produce, Consume, ConsumeCold, EndToEnd, FanOut, Churn, Partitions, Small, Mixed, Connections, Groups,
		Rebalance, Transactions, ConsumeProcessProduce, TransactionalIDs, Share}
}

// Target is a broker to measure, and what a report says of it.
type Target struct {
	// Name stands in the report.
	Name string `json:"name"`
	// Kind says which protocol it speaks: "kafka" (also where it is empty), "nats" …; whoever opens Drivers knows the kinds.
	Kind string `json:"kind,omitempty"`
	// Bootstrap is where it listens, host:port.
	Bootstrap string `json:"bootstrap"`
	// PID is the broker's process where it runs on this machine; 0 where it is not known: then CPU and memory are not
	// reported.
	PID int `json:"pid,omitempty"`
	// DataDir is where a broker on this machine keeps its data: it is needed to count the disk's flushes and to drop the page
	// cache before a cold read.
	DataDir string `json:"data_dir,omitempty"`
	// Version is the broker's own, where it is known.
	Version string `json:"version,omitempty"`
	// Absent says why the broker does not run, on one line; then it is not measured, and the reason stands in the report.
	Absent string `json:"absent,omitempty"`
	// Settings are those that matter to the figures, "fsync before the answer": "yes" first of all. They are printed as given.
	Settings map[string]string `json:"settings,omitempty"`
}

// Config is one workload with its sizes. Its durations are strings such as "5ms" in JSON.
type Config struct {
	Workload Workload `json:"workload"`
	// Client picks among a driver's ways to speak its protocol; "" is the driver's default. Kafka: franz-go; raw (requests that were
	// encoded before the clock starts, answers of which only headers are read, so that the broker is the limit).
	Client string `json:"client,omitempty"`

	Partitions int32         `json:"partitions"` // of the topic, which is made for the run and deleted after it
	Records    int           `json:"records"`    // written in one run, by all producers together; 0: as many as fit into Duration
	Duration   time.Duration `json:"duration"`   // how long a run writes where Records is 0
	Producers  int           `json:"producers"`
	Consumers  int           `json:"consumers"` // share the partitions; in FanOut each reads all of them
	Rate       float64       `json:"-"`         // "rate": records a second of all producers together, open loop; 0: as fast as possible
	// PeakShare, "rate" as well where it is written "50%", makes Rate this share of the peak, which is measured first; see Peak.
	PeakShare float64 `json:"-"`

	RecordBytes  int           `json:"record_bytes"`  // size of a record's value
	BatchBytes   int32         `json:"batch_bytes"`   // upper bound of a producer's batch
	BatchRecords int           `json:"batch_records"` // records of a batch where the driver can say so; 0: by bytes and linger
	Linger       time.Duration `json:"linger"`        // how long a producer waits for a batch to fill
	Codec        string        `json:"codec"`         // none, gzip, snappy, lz4, zstd
	Acks         string        `json:"acks"`          // all, 1 or 0
	InFlight     int           `json:"in_flight"`     // requests that a producer has unanswered at a time; 0: the driver's default
	Buffered     int           `json:"buffered"`      // records that a producer holds before Send waits; 0: the driver's default
	FetchBytes   int32         `json:"fetch_bytes"`   // upper bound of one answer to a reader; 0: the driver's default

	Keys         string  `json:"keys"`          // none (round robin), uniform or zipf
	KeyCount     int     `json:"key_count"`     // distinct keys
	ZipfExponent float64 `json:"zipf_exponent"` // above 1; larger is more skewed

	Payload string  `json:"payload"` // random (does not compress), compressible, flights (real rows) or flights-json (real events)
	Ratio   float64 `json:"ratio"`   // of compressible: about how many times smaller a codec makes it
	Seed    uint64  `json:"seed"`    // of payload and keys

	Members     int           `json:"members"`      // Churn: members that stay; Rebalance: of the group
	ChurnEvery  time.Duration `json:"churn_every"`  // Churn: a further member joins, or the one that did leaves, this often
	Connections int           `json:"connections"`  // Connections: how many stay idle; Groups, Rebalance: how many the members share; TransactionalIDs: that make ids known
	Groups      int           `json:"groups"`       // Groups: how many, each with one member
	Topics      int           `json:"topics"`       // Rebalance: how many topics of Partitions the members read
	BeatEvery   time.Duration `json:"beat_every"`   // Groups, Rebalance: each member sends a heartbeat this often; 0, for Rebalance: as the broker wants it
	CommitEvery time.Duration `json:"commit_every"` // Groups: each member commits this often
	EvictBytes  int64         `json:"evict_bytes"`  // ConsumeCold: written elsewhere before the read where the data directory is not known

	TransactionRecords int           `json:"transaction_records"` // Transactions: records of one, in one batch to one partition
	TransactionEvery   time.Duration `json:"transaction_every"`   // ConsumeProcessProduce: a transaction is committed this often
	TransactionalIDs   int           `json:"transactional_ids"`   // TransactionalIDs: how many

	TopicSettings map[string]string `json:"topic_settings,omitempty"` // passed on when the topic is made

	Runs     int           `json:"runs"`     // counted runs of each target, in turn
	WarmUp   int           `json:"warm_up"`  // runs before them that are not counted
	Patience time.Duration `json:"patience"` // a run in which nothing was acknowledged or received for this long is an error
}

// Default gives a workload's sizes as the README's figures have them: 1 KiB records, six partitions, acks=all.
func Default(w Workload) Config {
	c := Config{Workload: w, Partitions: 6, Records: 1_000_000, Producers: 1, Consumers: 1, RecordBytes: 1024, BatchBytes: 1 << 20,
		Linger: 5 * time.Millisecond, Codec: "none", Acks: "all", Keys: "none", KeyCount: 10_000, ZipfExponent: 1.1,
		Payload: "random", Ratio: 4, Seed: 1, Runs: 5, WarmUp: 1, Patience: 30 * time.Second}
	timed := func(rate float64, d time.Duration) {
		c.Records, c.Rate, c.Duration, c.Linger = 0, rate, d, 0
	}
	switch w {
	case EndToEnd:
		timed(5000, 15*time.Second)
	case FanOut:
		c.Consumers, c.Records = 4, 500_000
	case Churn:
		timed(5000, 20*time.Second)
		c.Members, c.ChurnEvery, c.RecordBytes, c.Partitions = 3, 4*time.Second, 256, 12
	case Partitions:
		c.Partitions, c.Records = 1000, 500_000
	case Small:
		c.Records, c.BatchRecords, c.Linger, c.RecordBytes, c.InFlight, c.Client = 100_000, 1, 0, 100, 64, "raw"
	case Mixed:
		c.Producers, c.Consumers = 1, 1
	case Connections:
		timed(1000, 10*time.Second)
		c.Connections, c.RecordBytes = 10_000, 256
	case Groups:
		timed(0, 10*time.Second)
		c.Partitions, c.Groups, c.Connections, c.BeatEvery, c.CommitEvery = 1, 10_000, 500, time.Second, time.Second
	case Rebalance:
		timed(0, time.Second)
		c.Topics, c.Partitions, c.Members, c.Connections = 10, 1000, 1000, 100
	case Transactions:
		timed(0, 10*time.Second)
		c.Partitions, c.TransactionRecords, c.Client = 1, 10, "raw"
	case ConsumeProcessProduce:
		c.Records, c.TransactionEvery = 500_000, 100*time.Millisecond
	case TransactionalIDs:
		timed(0, time.Second)
		c.TransactionalIDs, c.Connections = 100_000, 64
	case Share:
		c.Records, c.Consumers, c.BatchBytes = 500_000, 4, 16<<10
	}
	return c
}

// volume is about how many bytes of values a run writes.
func (c Config) volume() int64 {
	records := float64(c.Records)
	switch {
	case c.seeksPeak():
		records = peakGuess / float64(c.RecordBytes) * c.Duration.Seconds()
	case c.Records == 0:
		records = c.Rate * c.Duration.Seconds()
	}
	return max(int64(records*float64(c.RecordBytes)), 1<<20)
}
