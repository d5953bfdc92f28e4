package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"weir/bench"
	"weir/bench/report"
	"weir/bench/rivals"
	"weir/cmd/weir/internal/client"
)

// comparison is what the flags of compare say beside the workload's own.
type comparison struct {
	brokers, addresses, workloads []string
	dir, cache                    string
	asJSON                        bool
	workload                      workloadFlags
	out                           outputFlags
}

// compareBrokers are those that are measured where nobody says which, compareWorkloads what "all" means.
var (
	compareBrokers   = []string{"weir", "kafka", "nats", "nats-sync", "rabbitmq-stream", "rabbitmq-quorum", "redis", "redis-sync", "limit"}
	compareWorkloads = []string{string(bench.Produce), string(bench.EndToEnd), string(bench.Small), string(bench.Consume)}
)

// benchCompareCommand measures Weir beside brokers that it starts itself.
func benchCompareCommand() *cobra.Command { return new(comparison).command() }

func (cmp *comparison) command() *cobra.Command {
	var about strings.Builder
	for _, r := range rivals.All() {
		fmt.Fprintf(&about, "  %-16s %s\n", r.Name, r.About)
	}
	c := &cobra.Command{
		Use:   "compare [WORKLOAD...]",
		Short: "Measure Weir beside Apache Kafka, NATS JetStream, RabbitMQ, Redis Streams and the limit",
		Long: `Start brokers, each in a directory of its own on 127.0.0.1, run the same workloads on all of them in turn (A B A B ...), and
print medians, spreads and the ratios of the first broker to the others. Everything that was started is stopped at the end.

` + about.String() + `
Each runs with its makers' defaults but for what its name says; their settings are printed first. A broker is spoken to in its own
protocol by a Go client. Where it has no partitions, a topic of N partitions is N streams (queues, keys) written in turn. "small"
sends to Kafka's kind of broker requests that were encoded before the clock starts; the other clients encode as they go.

In a checkout, "scripts/setup brokers" or "make compare" installs all of them. Apache Kafka is fetched from Maven Central by
this command itself when it is missing; it needs Java 17, and Maven to be fetched. A broker that is not installed, or does not start,
is a dash with the reason; only the first of them must start.`,
		Example: `  weir bench compare
  weir bench compare latency --rate 50% --brokers weir,kafka --warm-up 3
  weir bench compare produce --brokers weir,kafka --size 100 -z lz4 --payload flights --html out.html
  weir bench compare --brokers weir,limit -t other=127.0.0.1:9192,4712`,
		ValidArgs: workloadNames(),
		RunE: func(c *cobra.Command, names []string) error {
			if len(names) > 0 && c.Flags().Changed("workload") {
				return client.UsageError(errors.New("name the workloads either as arguments or with --workload"))
			}
			if len(names) > 0 {
				if err := c.Flags().Set("workload", strings.Join(names, ",")); err != nil {
					return client.UsageError(err)
				}
			}
			return cmp.run(c)
		},
	}
	cmp.workload.bind(c)
	cmp.out.bind(c)
	cmp.out.bindLive(c)
	f := c.Flags()
	f.StringSliceVar(&cmp.brokers, "brokers", compareBrokers, "the brokers to start, by name; the first is compared with the others")
	f.StringArrayVarP(&cmp.addresses, "target", "t", nil, "a further broker that runs already, as in weir bench (repeatable)")
	f.StringSliceVarP(&cmp.workloads, "workload", "w", []string{"all"}, "workloads as in weir bench, as the arguments name them too; all: "+strings.Join(compareWorkloads, ", "))
	f.StringVar(&cmp.dir, "dir", "", "where the brokers keep their data during the run (default: the system's temporary directory)")
	f.StringVar(&cmp.cache, "cache", "", "where fetched brokers are (default: .cache of the checkout, else the user's cache)")
	f.BoolVar(&cmp.asJSON, "json", false, "print each workload's report as one JSON object a line")
	return c
}

func (cmp *comparison) run(c *cobra.Command) (err error) {
	ctx := c.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	// Who reads the output may go (| head): that ends the run as an interrupt does, so that the brokers are stopped.
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGPIPE)
	defer stop()
	c.SetContext(ctx)
	configs, err := cmp.configs(c)
	if err != nil {
		return client.UsageError(err)
	}
	if cmp.workload.show {
		return showConfigs(c.OutOrStdout(), configs)
	}
	addressed, err := parseTargets(cmp.addresses)
	if err != nil {
		return client.UsageError(err)
	}
	if err := cmp.checkNames(addressed); err != nil {
		return client.UsageError(err)
	}
	if err := cmp.out.check(); err != nil {
		return err
	}
	started, targets, err := cmp.start(ctx, c.ErrOrStderr())
	defer func() {
		for _, r := range slices.Backward(started) {
			err = errors.Join(err, r.Stop())
		}
	}()
	if err != nil {
		return err
	}
	targets = append(targets, addressed...)
	if len(targets) == 0 {
		return errors.New("no broker to measure: name one with --brokers or --target")
	}
	if !cmp.asJSON {
		if err := printBrokers(c.OutOrStdout(), targets); err != nil {
			return err
		}
	}
	return runBench(c, configs, targets, report.WriteComparison, cmp.asJSON, cmp.out)
}

// configs are the workloads, with fewer records than weir bench takes unless a flag or a file says how many: the slowest broker
// here needs twenty times as long as the fastest.
func (cmp *comparison) configs(c *cobra.Command) ([]bench.Config, error) {
	if cmp.workload.file != "" && !c.Flags().Changed("workload") {
		return cmp.workload.configs(nil)
	}
	names := cmp.workloads
	if slices.Contains(names, "all") {
		names = compareWorkloads
	}
	var all []bench.Config
	for _, name := range names {
		some, err := cmp.workload.configs([]string{name})
		if err != nil {
			return nil, err
		}
		for _, one := range some {
			if cmp.workload.file == "" && !c.Flags().Changed("records") && one.Records > 0 {
				one.Records = min(one.Records, 200_000)
				if one.BatchRecords == 1 {
					one.Records = min(one.Records, 50_000)
				}
			}
			all = append(all, one)
		}
	}
	return all, nil
}

// checkNames refuses what cannot be started or told apart before anything is started.
func (cmp *comparison) checkNames(addressed []bench.Target) error {
	seen := map[string]bool{}
	for _, t := range addressed {
		seen[t.Name] = true
	}
	for _, name := range cmp.brokers {
		if _, err := rivals.Find(name); err != nil {
			return err
		}
		if seen[name] {
			return fmt.Errorf("two brokers are called %s", name)
		}
		seen[name] = true
	}
	return nil
}

// start starts the brokers one after the other, and gives the targets that they are. One that is not installed or does not start is a
// target that is absent; only the first, with which the others are compared, must start.
func (cmp *comparison) start(ctx context.Context, w io.Writer) (started []*rivals.Running, targets []bench.Target, err error) {
	options := rivals.Options{Dir: cmp.dir, Cache: cmp.cache, Say: func(line string) { fmt.Fprintln(w, line) }}
	if options.Cache == "" {
		if options.Cache, err = brokerCache(); err != nil {
			return nil, nil, err
		}
	}
	for i, name := range cmp.brokers {
		options.Say("starting " + name)
		r, err := rivals.Start(ctx, name, options)
		switch {
		case err == nil:
			started, targets = append(started, r), append(targets, r.Target)
		case i == 0 || ctx.Err() != nil:
			return started, targets, err
		default:
			options.Say("left out: " + err.Error())
			reason, _, _ := strings.Cut(err.Error(), "\n") // what the broker printed stands behind it
			targets = append(targets, bench.Target{Name: name, Absent: reason})
		}
	}
	return started, targets, nil
}

// brokerCache is where scripts/setup puts what it fetches, if this runs in a checkout, else a directory of the user's.
func brokerCache() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "scripts", "setup")); err == nil {
			return filepath.Join(dir, ".cache"), nil
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	user, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no place for fetched brokers, name one with --cache: %w", err)
	}
	return filepath.Join(user, "weir"), nil
}

// printBrokers says what is compared: a row a broker.
func printBrokers(w io.Writer, targets []bench.Target) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "broker\tversion\tsettings")
	for _, t := range targets {
		var words []string
		for _, k := range slices.Sorted(maps.Keys(t.Settings)) {
			words = append(words, k+": "+t.Settings[k])
		}
		settings := strings.Join(words, "; ")
		switch {
		case t.Absent != "":
			settings = "left out: " + t.Absent
		case settings == "":
			settings = "as it runs at " + t.Bootstrap
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\n", t.Name, t.Version, settings)
	}
	if err := tw.Flush(); err != nil {
		return fmt.Errorf("print settings: %w", err)
	}
	_, err := fmt.Fprintln(w)
	return err
}
