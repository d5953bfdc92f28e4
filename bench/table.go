package bench

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Table writes the figures of a report, a row a figure: the median and the spread at each target, then, pair by pair, the ratio of
// the first target to each other one.
func (r *Report) Table(w io.Writer) error {
	if r.Peak != nil {
		if _, err := fmt.Fprintln(w, r.Peak); err != nil {
			return fmt.Errorf("write table: %w", err)
		}
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "%s", r.Config.Workload)
	for _, t := range r.Targets {
		fmt.Fprintf(tw, "\t%s", t.Name)
	}
	for _, t := range r.Targets[min(1, len(r.Targets)):] {
		fmt.Fprintf(tw, "\t%s / %s", r.Targets[0].Name, t.Name)
	}
	fmt.Fprintln(tw)
	for _, c := range Columns(r.Results) {
		fmt.Fprintf(tw, "%s, %s", c.Name, c.Unit)
		for _, t := range r.Targets {
			fmt.Fprintf(tw, "\t%s", spreadOrDash(c.Values(r.Of(t.Name))))
		}
		for _, t := range r.Targets[min(1, len(r.Targets)):] {
			fmt.Fprintf(tw, "\t%s", spreadOrDash(c.Ratios(r.Of(r.Targets[0].Name), r.Of(t.Name))))
		}
		fmt.Fprintln(tw)
	}
	if err := tw.Flush(); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	for _, m := range r.Results {
		if m.Error != "" {
			if _, err := fmt.Fprintf(w, "%s, run %d, failed: %s\n", m.Target, m.Run, m.Error); err != nil {
				return fmt.Errorf("write table: %w", err)
			}
		}
	}
	return nil
}

func spreadOrDash(figures []float64) string {
	if len(figures) == 0 {
		return "-"
	}
	return SpreadOf(figures).String()
}
