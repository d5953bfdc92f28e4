package report

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"weir/bench"
)

// compared are the figures that a comparison of many brokers shows, a column each, by workload.
var compared = map[bench.Workload][]string{
	bench.Produce:     {"throughput", "broker CPU per GB", "broker peak memory", "ack p50", "ack p99", "bytes to disk", "device flushes", "client CPU"},
	bench.Consume:     {"throughput", "broker CPU per GB", "broker peak memory", "client CPU"},
	bench.ConsumeCold: {"throughput", "broker CPU per GB", "broker peak memory", "bytes from disk", "client CPU"},
	bench.EndToEnd:    {"end-to-end p50", "end-to-end p99", "end-to-end p99.9", "broker CPU", "broker peak memory", "client CPU", "rate", "peak"},
	bench.Small:       {"records", "broker CPU per million records", "ack p50", "ack p99", "broker peak memory", "client CPU"},
	bench.Share:       {"records", "broker CPU per million records", "ack p50", "ack p99", "broker peak memory", "device flushes", "client CPU"},
	bench.Groups: {"records", "ack p50", "ack p99", "ack p99.9", "heartbeat p99", "broker CPU", "broker peak memory",
		"groups joined", "client CPU"},
	bench.Rebalance: {"all join: time", "all join: broker CPU", "one leaves: time", "one leaves: broker CPU", "one joins: time",
		"one joins: broker CPU", "one leaves: partitions taken from members", "broker peak memory", "client CPU"},
	bench.Transactions: {"transactions", "ack p50", "ack p99", "transaction p50", "transaction p99", "broker CPU per transaction",
		"broker peak memory", "requests sent again", "client CPU"},
	bench.ConsumeProcessProduce: {"records", "throughput", "broker CPU", "broker CPU per GB", "ack p50", "ack p99", "broker peak memory", "client CPU"},
	bench.TransactionalIDs:      {"ids made known", "ack p99", "broker memory per id", "broker memory", "broker peak memory", "broker CPU", "client CPU"},
	bench.FanOut:                {"throughput", "broker CPU per GB", "end-to-end p99", "broker peak memory", "client CPU"},
}

// WriteComparison writes a row a broker: the median and spread of each figure, then the ratios of the first broker to it, pair by
// pair. It is the table for many brokers and few figures; Report.Table is that for few brokers and all figures. A dash stands where
// a broker has no figure, and the reason below the table.
func WriteComparison(w io.Writer, r *bench.Report) error {
	columns := bench.Columns(r.Results)
	if names, ok := compared[r.Config.Workload]; ok {
		columns = slices.DeleteFunc(columns, func(c bench.Column) bool { return !slices.Contains(names, c.Name) })
	}
	if r.Peak != nil {
		if _, err := fmt.Fprintln(w, r.Peak); err != nil {
			return fmt.Errorf("write comparison: %w", err)
		}
	}
	if len(r.Targets) == 0 || len(columns) == 0 {
		return writeFailed(w, r)
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	head(tw, string(r.Config.Workload), columns, true)
	for _, t := range r.Targets {
		fmt.Fprint(tw, t.Name)
		for _, c := range columns {
			fmt.Fprintf(tw, "\t%s", spreadOf(c.Values(r.Of(t.Name))))
		}
		fmt.Fprintln(tw)
	}
	if len(r.Targets) > 1 {
		fmt.Fprintln(tw)
		head(tw, "ratio", columns, false)
	}
	first := r.Targets[0].Name
	for _, t := range r.Targets[1:] {
		fmt.Fprintf(tw, "%s / %s", first, t.Name)
		for _, c := range columns {
			fmt.Fprintf(tw, "\t%s", spreadOf(c.Ratios(r.Of(first), r.Of(t.Name))))
		}
		fmt.Fprintln(tw)
	}
	if err := tw.Flush(); err != nil {
		return fmt.Errorf("write comparison: %w", err)
	}
	return writeFailed(w, r)
}

func head(w io.Writer, first string, columns []bench.Column, units bool) {
	fmt.Fprint(w, first)
	for _, c := range columns {
		name := c.Name
		if units {
			name += ", " + c.Unit
		}
		fmt.Fprintf(w, "\t%s", name)
	}
	fmt.Fprintln(w)
}

func spreadOf(v []float64) string {
	if len(v) == 0 {
		return none
	}
	s := bench.SpreadOf(v)
	if len(v) == 1 {
		return number(s.Median)
	}
	return fmt.Sprintf("%s (%s-%s)", number(s.Median), number(s.Min), number(s.Max))
}

// writeFailed says why runs failed.
func writeFailed(w io.Writer, r *bench.Report) error {
	for _, m := range r.Results {
		if m.Error == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s: %s\n", m.Target, m.Error); err != nil {
			return fmt.Errorf("write comparison: %w", err)
		}
	}
	return nil
}
