package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"weir/bench"
)

// WriteCSV writes a row a run: when, which workload, target and run, and every figure, an empty field where it was not measured. The
// columns are those of all workloads together; a figure's unit stands in its heading.
func (d *Document) WriteCSV(w io.Writer) error {
	var columns []string
	figures := make([]map[string]bench.Column, len(d.Reports)) // of each report, by heading
	for i, r := range d.Reports {
		figures[i] = map[string]bench.Column{}
		for _, c := range bench.Columns(r.Results) {
			heading := c.Name + " [" + c.Unit + "]"
			figures[i][heading] = c
			if !slices.Contains(columns, heading) {
				columns = append(columns, heading)
			}
		}
	}
	out := csv.NewWriter(w)
	rows := [][]string{append([]string{"started", "workload", "target", "run", "record count", "bytes [B]", "seconds [s]", "errors", "error"}, columns...)}
	for i, r := range d.Reports {
		for _, m := range r.Results {
			row := []string{r.Started.UTC().Format(time.RFC3339), string(r.Config.Workload), m.Target, strconv.Itoa(m.Run),
				strconv.FormatInt(m.Records, 10), strconv.FormatInt(m.Bytes, 10), plain(m.Seconds), strconv.FormatInt(m.Errors, 10), m.Error}
			for _, heading := range columns {
				row = append(row, field(figures[i], heading, m))
			}
			rows = append(rows, row)
		}
	}
	if err := out.WriteAll(rows); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}

func field(figures map[string]bench.Column, heading string, m bench.Result) string {
	c, ok := figures[heading]
	if !ok {
		return ""
	}
	v, ok := c.Of(m)
	if !ok {
		return ""
	}
	return plain(v)
}

// plain is a number for machines; nothing where it is none.
func plain(v float64) string {
	if !finite(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
