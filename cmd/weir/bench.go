package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"weir/bench"
	"weir/bench/drivers"
	"weir/cmd/weir/internal/client"
)

// benchCommand measures brokers that run already.
func benchCommand() *cobra.Command {
	var flags workloadFlags
	var targets []string
	var out outputFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "bench [WORKLOAD]",
		Short: "Measure one broker, or several in turn",
		Long: `Measure one broker, or several in turn (A B A B ...), and print medians, spreads and the ratios of the first to the others.

  produce       write as fast as it is acknowledged, or at --rate
  consume       read what was just written; consume-cold: when it has left the page cache
  latency       write at a rate; from the moment a record was due until a reader has it (open loop); with --rate 50% at half of
                the lowest peak among the brokers, which is found first, in a few seconds each
  fan-out       one writer, --consumers readers of everything
  churn         members join and leave a group while records flow
  partitions    many partitions: make them, write one record to each, then to all
  small         one record a batch, many requests in flight
  mixed         writers and readers at the tail, alone and beside cold reads
  connections   many idle connections: memory of each, latency of others
  groups        many groups of one member each, with heartbeats and commits at a rate (open loop)
  rebalance     one large group of the consumer protocol: all join, one leaves, one joins; until each has its share
  transactions  small transactions, a commit each: rate, and the latency of the commit
  consume-process-produce
                copy a topic in transactions of --transaction-every that hold the offsets too
  transactional-ids
                make many ids known: memory of each
  share         --consumers of one share group take what was written and accept every record

A target is NAME=HOST:PORT, for a broker on this machine NAME=HOST:PORT,PID (then its CPU time, memory and disk writes are
measured) or NAME=HOST:PORT,PID,DATADIR (then the disk's flushes are counted and cold reads are possible). It speaks Kafka's protocol, or that
of its address: nats://HOST:PORT, redis://, rabbitmq-stream://, rabbitmq-quorum://, or limit:// for a "weir bench limit-server".

The defaults below are those of produce, where there are any. "weir bench WORKLOAD --show" prints those of a workload, as --config reads them.`,
		Example: `  weir bench produce -t weir=127.0.0.1:9092,4711 -t kafka=127.0.0.1:9192,4712
  weir bench latency --rate 5000 --duration 30s -t weir=127.0.0.1:9092,4711,/var/lib/weir
  weir bench latency --show > workloads.yaml; weir bench --config workloads.yaml`,
		Args: client.Args(cobra.MaximumNArgs(1)), ValidArgs: workloadNames(),
		RunE: func(c *cobra.Command, a []string) error {
			configs, err := flags.configs(a)
			if err != nil {
				return client.UsageError(err)
			}
			if flags.show {
				return showConfigs(c.OutOrStdout(), configs)
			}
			parsed, err := parseTargets(targets)
			if err != nil {
				return client.UsageError(err)
			}
			if err := out.check(); err != nil {
				return err
			}
			return runBench(c, configs, parsed, printTable, asJSON, out)
		},
	}
	flags.bind(c)
	out.bind(c)
	out.bindLive(c)
	c.Flags().StringArrayVarP(&targets, "target", "t", []string{"weir=127.0.0.1:9092"}, "a broker to measure (repeatable)")
	c.Flags().BoolVar(&asJSON, "json", false, "print each workload's report as one JSON object a line")
	return c
}

// workloadNames are what completion offers.
func workloadNames() []string {
	var names []string
	for _, w := range bench.Workloads() {
		names = append(names, string(w))
	}
	return names
}

// printTable is a table of few brokers and all figures.
func printTable(w io.Writer, r *bench.Report) error { return r.Table(w) }

// runBench runs the workloads one after the other and prints each; one that fails does not keep the next from running.
func runBench(c *cobra.Command, configs []bench.Config, targets []bench.Target, print func(io.Writer, *bench.Report) error, asJSON bool, out outputFlags) error {
	ctx := c.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	var failed error
	all := document()
	observe := out.observer(c.ErrOrStderr())
	for _, config := range configs {
		report, err := bench.Run(ctx, config, targets, drivers.Open, observe)
		failed = errors.Join(failed, err)
		all.Reports = append(all.Reports, *report)
		if asJSON {
			err = json.NewEncoder(c.OutOrStdout()).Encode(report)
		} else {
			err = print(c.OutOrStdout(), report)
		}
		if err = errors.Join(err, context.Cause(ctx)); err != nil {
			return errors.Join(failed, err, out.write(all))
		}
	}
	return errors.Join(failed, out.write(all))
}
