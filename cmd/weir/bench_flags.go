package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"weir/bench"
)

// workloadFlags give a workload's Config: its defaults, over them a file, over that the flags that were given.
type workloadFlags struct {
	set     *pflag.FlagSet
	file    string
	show    bool
	unused  bench.Config // what the flags are bound to for help
	clients int
}

func (w *workloadFlags) bind(c *cobra.Command) {
	w.set = c.Flags()
	w.set.StringVar(&w.file, "config", "", "a YAML or JSON file with one workload or a list of them, named as in --json")
	w.set.BoolVar(&w.show, "show", false, "print the workload with its sizes as --config reads it, and measure nothing")
	w.unused = bench.Default(bench.Produce)
	bindConfig(w.set, &w.unused, &w.clients)
}

// rateFlag is a rate, or a share of the peak.
type rateFlag struct{ c *bench.Config }

func (f rateFlag) String() string {
	if f.c == nil {
		return "0" // pflag asks a zero value for its default
	}
	return bench.FormatRate(f.c.Rate, f.c.PeakShare)
}

func (f rateFlag) Set(word string) (err error) {
	f.c.Rate, f.c.PeakShare, err = bench.ParseRate(word)
	return err
}

func (rateFlag) Type() string { return "rate" }

// bindConfig binds flags to the fields of a Config.
func bindConfig(f *pflag.FlagSet, c *bench.Config, clients *int) {
	f.StringVar(&c.Client, "client", c.Client, "Kafka: franz-go, or raw (encoded before the clock starts)")
	f.Int32VarP(&c.Partitions, "partitions", "p", c.Partitions, "partitions of the topic")
	f.IntVarP(&c.Records, "records", "n", c.Records, "records of one run")
	f.DurationVar(&c.Duration, "duration", c.Duration, "how long a run writes, in place of --records")
	f.IntVar(&c.Producers, "producers", c.Producers, "writers")
	f.IntVar(&c.Consumers, "consumers", c.Consumers, "readers")
	f.IntVarP(clients, "clients", "c", 1, "both --producers and --consumers")
	f.Var(rateFlag{c}, "rate", "records a second, open loop; 0: as fast as possible; latency: also a share of the peak, such as 50%")
	f.IntVarP(&c.RecordBytes, "size", "s", c.RecordBytes, "bytes of a record's value (record_bytes in a file)")
	f.Int32Var(&c.BatchBytes, "batch", c.BatchBytes, "largest batch in bytes (batch_bytes in a file)")
	f.IntVar(&c.BatchRecords, "batch-records", c.BatchRecords, "records of a batch, with --client raw; 0: by --batch")
	f.DurationVar(&c.Linger, "linger", c.Linger, "how long a producer waits for a batch to fill")
	f.StringVarP(&c.Codec, "compression", "z", c.Codec, "none, gzip, snappy, lz4 or zstd (codec in a file)")
	f.StringVar(&c.Acks, "acks", c.Acks, "all, 1 or 0")
	f.IntVar(&c.InFlight, "in-flight", c.InFlight, "requests that a producer has unanswered; 0: the client's default")
	f.IntVar(&c.Buffered, "buffered", c.Buffered, "records that a producer holds; 0: the client's default")
	f.Int32Var(&c.FetchBytes, "fetch-bytes", c.FetchBytes, "largest answer to a reader; 0: the client's default")
	f.StringVar(&c.Keys, "keys", c.Keys, "none (partitions in turn), uniform or zipf")
	f.IntVar(&c.KeyCount, "key-count", c.KeyCount, "distinct keys")
	f.Float64Var(&c.ZipfExponent, "zipf-exponent", c.ZipfExponent, "skew of zipf keys, above 1")
	f.StringVar(&c.Payload, "payload", c.Payload, "random, compressible, flights or flights-json")
	f.Float64Var(&c.Ratio, "ratio", c.Ratio, "how many times smaller a codec makes a compressible payload")
	f.Uint64Var(&c.Seed, "seed", c.Seed, "of payload and keys")
	f.IntVar(&c.Members, "members", c.Members, "churn: members that stay; rebalance: of the group")
	f.DurationVar(&c.ChurnEvery, "churn-every", c.ChurnEvery, "churn: a member joins or leaves this often")
	f.IntVar(&c.Connections, "connections", c.Connections, "connections: how many stay idle; groups, rebalance: how many members share; transactional-ids: that make them known")
	f.IntVar(&c.Groups, "groups", c.Groups, "groups: how many, each with one member")
	f.DurationVar(&c.BeatEvery, "beat-every", c.BeatEvery, "groups, rebalance: a member sends a heartbeat this often; 0: as the broker wants it")
	f.IntVar(&c.Topics, "topics", c.Topics, "rebalance: topics of --partitions that the members read")
	f.DurationVar(&c.CommitEvery, "commit-every", c.CommitEvery, "groups: a member commits this often")
	f.IntVar(&c.TransactionRecords, "transaction-records", c.TransactionRecords, "transactions: records of each")
	f.DurationVar(&c.TransactionEvery, "transaction-every", c.TransactionEvery, "consume-process-produce: how long a transaction is open")
	f.IntVar(&c.TransactionalIDs, "transactional-ids", c.TransactionalIDs, "transactional-ids: how many")
	f.Int64Var(&c.EvictBytes, "evict-bytes", c.EvictBytes, "consume-cold without a data directory: bytes to write elsewhere first")
	f.StringToStringVar(&c.TopicSettings, "topic-setting", c.TopicSettings, "a setting of the topic, name=value (repeatable)")
	f.IntVarP(&c.Runs, "runs", "r", c.Runs, "counted runs of each target")
	f.IntVar(&c.WarmUp, "warm-up", c.WarmUp, "runs before them that are not counted")
	f.DurationVar(&c.Patience, "patience", c.Patience, "a run that stands still this long has failed")
}

// configs gives the workloads to run: the one that an argument names, or those of the file.
func (w *workloadFlags) configs(args []string) ([]bench.Config, error) {
	name := bench.Workload("")
	if len(args) > 0 {
		name = bench.Workload(args[0])
	}
	var all []bench.Config
	if w.file != "" {
		var err error
		if all, err = readConfigs(w.file, name); err != nil {
			return nil, fmt.Errorf("read %s: %w", w.file, err)
		}
	} else if name != "" {
		all = []bench.Config{bench.Default(name)}
	} else {
		return nil, fmt.Errorf("name a workload, or a file of them with --config; workloads: %v", bench.Workloads())
	}
	for i := range all {
		if err := w.override(&all[i]); err != nil {
			return nil, err
		}
		if err := all[i].Check(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// override sets what was given as a flag.
func (w *workloadFlags) override(c *bench.Config) error {
	clients := 0
	mine := pflag.NewFlagSet("", pflag.ContinueOnError)
	bindConfig(mine, c, &clients)
	var failed error
	w.set.Visit(func(f *pflag.Flag) {
		if mine.Lookup(f.Name) == nil || f.Name == "topic-setting" {
			return
		}
		failed = errors.Join(failed, mine.Set(f.Name, f.Value.String()))
	})
	if w.set.Changed("topic-setting") {
		c.TopicSettings = w.unused.TopicSettings
	}
	// Who gives a duration wants it to be heeded; in a file both stand side by side.
	if w.file == "" && w.set.Changed("duration") && !w.set.Changed("records") {
		c.Records = 0
	}
	if clients > 0 && w.set.Changed("clients") {
		c.Producers, c.Consumers = clients, clients
	}
	return failed
}

// showConfigs writes workloads as YAML.
func showConfigs(w io.Writer, configs []bench.Config) error {
	text, err := json.Marshal(configs)
	if err != nil {
		return fmt.Errorf("show workloads: %w", err)
	}
	var tree yaml.Node
	if err := yaml.Unmarshal(text, &tree); err != nil { // JSON is YAML
		return fmt.Errorf("show workloads: %w", err)
	}
	plainStyle(&tree)
	out := yaml.NewEncoder(w)
	out.SetIndent(2)
	if err := errors.Join(out.Encode(&tree), out.Close()); err != nil {
		return fmt.Errorf("show workloads: %w", err)
	}
	return nil
}

// plainStyle takes JSON's braces and quotes away; the order of the fields stays.
func plainStyle(n *yaml.Node) {
	n.Style = 0
	for _, child := range n.Content {
		plainStyle(child)
	}
}

// readConfigs reads one workload or a list. What a workload does not name has its default; name stands in for a workload that
// is not named.
func readConfigs(file string, name bench.Workload) ([]bench.Config, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var tree any
	if err := yaml.Unmarshal(text, &tree); err != nil { // JSON is YAML
		return nil, err
	}
	list, ok := tree.([]any)
	if !ok {
		list = []any{tree}
	}
	var all []bench.Config
	for i, item := range list {
		text, err := json.Marshal(item)
		if err != nil {
			return nil, fmt.Errorf("workload %d: %w", i+1, err)
		}
		named := struct{ Workload bench.Workload }{name}
		if err := json.Unmarshal(text, &named); err != nil {
			return nil, fmt.Errorf("workload %d: %w", i+1, err)
		}
		c := bench.Default(named.Workload)
		if err := json.Unmarshal(text, &c); err != nil {
			return nil, fmt.Errorf("workload %d: %w", i+1, err)
		}
		if name == "" || c.Workload == name {
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no workload %s in it", name)
	}
	return all, nil
}

// parseTargets reads NAME=HOST:PORT[,PID[,DATADIR]].
func parseTargets(words []string) ([]bench.Target, error) {
	var out []bench.Target
	seen := map[string]bool{}
	for _, w := range words {
		name, rest, ok := strings.Cut(w, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("target %q is not NAME=HOST:PORT[,PID[,DATADIR]]", w)
		}
		if seen[name] {
			return nil, fmt.Errorf("two targets are called %s", name)
		}
		seen[name] = true
		parts := strings.SplitN(rest, ",", 3)
		t := bench.Target{Name: name, Bootstrap: parts[0]}
		if kind, address, ok := strings.Cut(parts[0], "://"); ok {
			t.Kind, t.Bootstrap = kind, address
		}
		if len(parts) > 1 {
			var err error
			if t.PID, err = strconv.Atoi(parts[1]); err != nil {
				return nil, fmt.Errorf("target %q: the process %q is not a number", w, parts[1])
			}
		}
		if len(parts) > 2 {
			t.DataDir = parts[2]
		}
		out = append(out, t)
	}
	return out, nil
}
