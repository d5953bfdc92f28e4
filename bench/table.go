package bench

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// spread is the least, the middle and the greatest of some figures.
type spread struct{ min, median, max float64 }

func spreadOf(figures []float64) spread {
	s := slices.Sorted(slices.Values(figures))
	if len(s) == 0 {
		return spread{}
	}
	middle := s[len(s)/2]
	if len(s)%2 == 0 {
		middle = (s[len(s)/2-1] + s[len(s)/2]) / 2
	}
	return spread{s[0], middle, s[len(s)-1]}
}

func (s spread) String() string { return fmt.Sprintf("%.4g (%.4g-%.4g)", s.median, s.min, s.max) }

// figures of the report.
var figures = []struct {
	name string
	of   func(Measure) float64
}{
	{"MiB/s", Measure.MiBPerSecond},
	{"records/s", func(m Measure) float64 { return float64(m.Records) / m.Seconds }},
	{"broker CPU s/GB", Measure.CPUPerGB},
	{"broker peak MiB", func(m Measure) float64 { return m.PeakMiB }},
}

// Table writes a row a target with the median and the spread of each figure, then, pair by pair, the ratio of the first
// target to each other one.
func Table(w io.Writer, targets []Target, all []Measure) error {
	by := map[string][]Measure{}
	for _, m := range all {
		by[m.Target] = append(by[m.Target], m)
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(tw, "target")
	for _, f := range figures {
		fmt.Fprintf(tw, "\t%s", f.name)
	}
	fmt.Fprintln(tw)
	for _, t := range targets {
		fmt.Fprint(tw, t.Name)
		for _, f := range figures {
			var v []float64
			for _, m := range by[t.Name] {
				v = append(v, f.of(m))
			}
			fmt.Fprintf(tw, "\t%s", spreadOf(v))
		}
		fmt.Fprintln(tw)
	}
	for _, t := range targets[1:] {
		fmt.Fprintf(tw, "%s / %s", targets[0].Name, t.Name)
		for _, f := range figures {
			fmt.Fprintf(tw, "\t%s", spreadOf(ratios(by[targets[0].Name], by[t.Name], f.of)))
		}
		fmt.Fprintln(tw)
	}
	return tw.Flush()
}

// ratios compares the runs pair by pair, so that a drift of the machine's speed touches both sides alike.
func ratios(a, b []Measure, of func(Measure) float64) []float64 {
	var v []float64
	for i := range min(len(a), len(b)) {
		if d := of(b[i]); d != 0 {
			v = append(v, of(a[i])/d)
		}
	}
	return v
}
