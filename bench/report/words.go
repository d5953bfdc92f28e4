package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"weir/bench"
)

// sizes says in a sentence what a workload does.
func sizes(c bench.Config) string {
	var parts []string
	add := func(format string, a ...any) { parts = append(parts, fmt.Sprintf(format, a...)) }
	if c.Records > 0 {
		add("%s records of %s", number(float64(c.Records)), size(float64(c.RecordBytes)))
	} else {
		add("records of %s for %s", size(float64(c.RecordBytes)), clock(c.Duration))
	}
	switch {
	case c.PeakShare > 0:
		add("at %s of the lowest peak", bench.FormatRate(0, c.PeakShare))
	case c.Rate > 0:
		add("%s a second", number(c.Rate))
	}
	add("%s", plural(int(c.Partitions), "partition"))
	add("%s", plural(c.Producers, "producer"))
	if c.Workload != bench.Produce && c.Workload != bench.Small && c.Workload != bench.Partitions {
		add("%s", plural(c.Consumers, "consumer"))
	}
	switch {
	case c.BatchRecords == 1:
		add("one record a batch")
	case c.BatchRecords > 1:
		add("%s records a batch", number(float64(c.BatchRecords)))
	default:
		add("batches up to %s", size(float64(c.BatchBytes)))
	}
	if c.Codec != "none" && c.Codec != "" {
		add("%s", c.Codec)
	}
	add("acks=%s", c.Acks)
	add("%s of each broker, in turn", plural(c.Runs, "run"))
	return strings.Join(parts, ", ")
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return commas(strconv.Itoa(n)) + " " + what
}

// settings lists a Config's fields that are not zero, as a workload's file names them.
func settings(c bench.Config) [][2]string {
	text, err := json.Marshal(c)
	if err != nil {
		return nil // a Config holds nothing that has no JSON
	}
	var rows [][2]string
	d := json.NewDecoder(bytes.NewReader(text))
	_, _ = d.Token() // the opening brace
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return rows
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return rows
		}
		switch v := strings.Trim(string(value), `"`); v {
		case "", "0", "0s", "null", "{}":
		default:
			rows = append(rows, [2]string{fmt.Sprint(name), v})
		}
	}
	return rows
}

// summary compares the first target with the others in the figures that matter most.
type summary struct {
	First string
	Table table
}

// summarise makes the table at the top; nil where there is nothing to compare.
func summarise(reports []bench.Report) *summary {
	var s summary
	column := map[string]int{}
	for _, r := range reports {
		for i, t := range r.Targets {
			if s.First == "" {
				s.First = t.Name
			}
			if _, ok := column[t.Name]; i > 0 && !ok {
				column[t.Name] = len(column)
				s.Table.Head = append(s.Table.Head, t.Name)
			}
		}
	}
	for _, r := range reports {
		for _, c := range keyColumns(&r) {
			row := make([]cell, 2+len(column))
			row[0], row[1] = cell{Main: string(r.Config.Workload)}, cell{Main: c.Name}
			for i := range column {
				row[2+column[i]] = cell{Main: none}
			}
			for _, t := range r.Targets[min(1, len(r.Targets)):] {
				row[2+column[t.Name]] = ratioCell(c, valid(r.Of(r.Targets[0].Name)), valid(r.Of(t.Name)))
			}
			s.Table.Rows = append(s.Table.Rows, row)
		}
	}
	if len(column) == 0 || len(s.Table.Rows) == 0 {
		return nil
	}
	return &s
}

// keyColumns are the figures of the summary: how much, at what cost, how soon.
func keyColumns(r *bench.Report) []bench.Column {
	var wanted []string
	all := map[string]bench.Column{}
	for _, c := range bench.Columns(r.Results) {
		all[c.Name] = c
	}
	switch r.Config.Workload {
	case bench.Small:
		wanted = []string{"records", "broker CPU per million records", "ack p99", "broker peak memory"}
	case bench.Groups:
		wanted = []string{"ack p99", "heartbeat p99", "broker CPU", "broker peak memory"}
	case bench.Rebalance:
		wanted = []string{"all join: time", "one leaves: time", "one joins: time", "broker CPU", "broker peak memory"}
	case bench.Transactions:
		wanted = []string{"transactions", "ack p99", "broker CPU per transaction", "broker peak memory"}
	case bench.ConsumeProcessProduce:
		wanted = []string{"records", "broker CPU per GB", "ack p99", "broker peak memory"}
	case bench.Share:
		wanted = []string{"records", "broker CPU per million records", "ack p99", "broker peak memory"}
	case bench.TransactionalIDs:
		wanted = []string{"ids made known", "broker memory per id", "broker memory"}
	case bench.EndToEnd, bench.Connections, bench.Churn:
		wanted = []string{"end-to-end p99", "end-to-end p99.9", "broker CPU", "broker peak memory"}
	default:
		wanted = []string{"throughput", "broker CPU per GB", "broker peak memory"}
	}
	var out []bench.Column
	for _, name := range wanted {
		if c, ok := all[name]; ok {
			out = append(out, c)
		}
	}
	return out
}

// ratioCell is the ratio with the word whether that is good; within its own spread it is neither.
func ratioCell(c bench.Column, first, other []bench.Result) cell {
	v := clean(c.Ratios(first, other))
	out := spreadCell(v, "×")
	if len(v) == 0 || c.Better == "" {
		return out
	}
	s := bench.SpreadOf(v)
	more, less := s.Min > 1, s.Max < 1
	switch {
	case c.Better == "more" && more, c.Better == "less" && less:
		out.Class, out.Sign = "good", "better"
	case c.Better == "more" && less, c.Better == "less" && more:
		out.Class, out.Sign = "bad", "worse"
	}
	return out
}
