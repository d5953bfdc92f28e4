package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"weir/bench"
)

// benchCommand binds flags to the workloads of bench.
func benchCommand() *cobra.Command {
	config := bench.Default(bench.Produce)
	var targets []string
	var asJSON bool
	c := &cobra.Command{
		Use:   "bench produce|consume",
		Short: "Measure one broker, or several in turn",
		Long: `Measure one broker, or several in turn (A B A B ...), and print medians, spreads and the ratios of the first to the others.

A target is NAME=HOST:PORT or, for a broker on this machine, NAME=HOST:PORT,PID: then its CPU time and memory are
reported too.`,
		Example: `  weir bench produce --target weir=127.0.0.1:9092,4711 --target kafka=127.0.0.1:9192,4712`,
		Args:    cobra.ExactArgs(1), ValidArgs: []string{string(bench.Produce), string(bench.Consume)},
		RunE: func(c *cobra.Command, a []string) error {
			config.Workload = bench.Workload(a[0])
			parsed, err := parseTargets(targets)
			if err != nil {
				return err
			}
			return runBench(c, config, parsed, asJSON)
		},
	}
	f := c.Flags()
	f.StringArrayVarP(&targets, "target", "t", []string{"weir=127.0.0.1:9092"}, "a broker to measure (repeatable)")
	f.Int32VarP(&config.Partitions, "partitions", "p", config.Partitions, "partitions of the topic")
	f.IntVarP(&config.Records, "records", "n", config.Records, "records of one run")
	f.IntVarP(&config.RecordBytes, "size", "s", config.RecordBytes, "bytes of a record's value")
	f.Int32Var(&config.BatchBytes, "batch", config.BatchBytes, "largest batch in bytes")
	f.DurationVar(&config.Linger, "linger", config.Linger, "how long a producer waits for a batch to fill")
	f.StringVarP(&config.Codec, "compression", "z", config.Codec, "none, gzip, snappy, lz4 or zstd")
	f.StringVar(&config.Acks, "acks", config.Acks, "all, 1 or 0")
	f.IntVarP(&config.Producers, "clients", "c", config.Producers, "producers, or consumers")
	f.StringVar(&config.Payload, "payload", config.Payload, "random or flights")
	f.IntVarP(&config.Runs, "runs", "r", config.Runs, "counted runs of each target")
	f.IntVar(&config.WarmUp, "warm-up", config.WarmUp, "runs before them that are not counted")
	f.BoolVar(&asJSON, "json", false, "print every measure as one JSON object a line")
	return c
}

func runBench(c *cobra.Command, config bench.Config, targets []bench.Target, asJSON bool) error {
	ctx := c.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	all, err := bench.Run(ctx, config, targets, func(m bench.Measure) {
		if asJSON {
			json.NewEncoder(c.OutOrStdout()).Encode(m)
			return
		}
		fmt.Fprintf(c.ErrOrStderr(), "%s run %d: %.0f MiB/s, %.3f broker CPU s/GB\n", m.Target, m.Run, m.MiBPerSecond(), m.CPUPerGB())
	})
	if err != nil || asJSON {
		return err
	}
	return bench.Table(c.OutOrStdout(), targets, all)
}

// parseTargets reads NAME=HOST:PORT[,PID].
func parseTargets(words []string) ([]bench.Target, error) {
	var out []bench.Target
	for _, w := range words {
		name, rest, ok := strings.Cut(w, "=")
		if !ok {
			return nil, fmt.Errorf("target %q is not NAME=HOST:PORT[,PID]", w)
		}
		t := bench.Target{Name: name}
		var pid string
		t.Bootstrap, pid, ok = strings.Cut(rest, ",")
		if ok {
			var err error
			if t.PID, err = strconv.Atoi(pid); err != nil {
				return nil, fmt.Errorf("target %q: the process %q is not a number", w, pid)
			}
		}
		out = append(out, t)
	}
	return out, nil
}
