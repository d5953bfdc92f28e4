package bench

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Spread is the least, the middle and the greatest of some figures.
type Spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

// SpreadOf gives the spread of figures, which may be in any order; of none it is zero.
func SpreadOf(figures []float64) Spread {
	s := slices.Sorted(slices.Values(figures))
	if len(s) == 0 {
		return Spread{}
	}
	middle := s[len(s)/2]
	if len(s)%2 == 0 {
		middle = (s[len(s)/2-1] + s[len(s)/2]) / 2
	}
	return Spread{s[0], middle, s[len(s)-1]}
}

// String is the median with the range in parentheses, where there is one.
func (s Spread) String() string {
	if s.Min == s.Max {
		return figure(s.Median)
	}
	return fmt.Sprintf("%s (%s-%s)", figure(s.Median), figure(s.Min), figure(s.Max))
}

// figure writes four digits, or all of a larger number: people read 63438 sooner than 6.344e+04.
func figure(v float64) string {
	if math.Abs(v) >= 1000 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// Column is one figure of a Result as tables, CSV and plots show it.
type Column struct {
	Name   string // stable: it heads the CSV's column
	Unit   string
	Better string // "more", "less"; "" where neither is
	of     func(Result) (float64, bool)
}

// Of gives the figure; false where the run did not measure it, or failed.
func (c Column) Of(r Result) (float64, bool) {
	if r.Error != "" {
		return 0, false
	}
	return c.of(r)
}

// Values gives the figure of every result that has it.
func (c Column) Values(results []Result) []float64 {
	var v []float64
	for _, r := range results {
		if x, ok := c.Of(r); ok {
			v = append(v, x)
		}
	}
	return v
}

// Ratios compares a with b run by run, so that a drift of the machine's speed touches both sides alike. Pairs of which one side
// lacks the figure, or b has 0, are left out.
func (c Column) Ratios(a, b []Result) []float64 {
	var v []float64
	for i := range min(len(a), len(b)) {
		x, ok := c.Of(a[i])
		y, ok2 := c.Of(b[i])
		if ok && ok2 && y != 0 {
			v = append(v, x/y)
		}
	}
	return v
}

// Columns are the figures that at least one of results has, in the order of a table.
func Columns(results []Result) []Column {
	all := []Column{
		{"throughput", "MiB/s", "more", rate(func(r Result) float64 { return float64(r.Bytes) / (1 << 20) })},
		{"records", "records/s", "more", rate(func(r Result) float64 { return float64(r.Records) })},
		{"broker CPU per GB", "s/GB", "less", used(func(u Usage, r Result) (float64, bool) { return per(u.CPUSeconds(), float64(r.Bytes)/1e9) })},
		{"broker CPU per million records", "s/M", "less", used(func(u Usage, r Result) (float64, bool) { return per(u.CPUSeconds(), float64(r.Records)/1e6) })},
		{"broker CPU", "s", "less", used(func(u Usage, _ Result) (float64, bool) { return u.CPUSeconds(), true })},
		{"broker system CPU", "s", "less", used(func(u Usage, _ Result) (float64, bool) { return u.SystemSeconds, true })},
		{"broker peak memory", "MiB", "less", used(func(u Usage, _ Result) (float64, bool) { return mib(u.PeakRSSBytes), true })},
		{"broker memory", "MiB", "less", used(func(u Usage, _ Result) (float64, bool) { return mib(u.RSSBytes), true })},
	}
	all = append(all, quantiles("ack", func(r Result) *Latency { return r.Ack })...)
	all = append(all, quantiles("end-to-end", func(r Result) *Latency { return r.EndToEnd })...)
	all = append(all,
		Column{"bytes to disk", "MiB", "less", usedCount(func(u Usage) *int64 { return u.WrittenBytes }, 1<<20)},
		Column{"bytes from disk", "MiB", "less", usedCount(func(u Usage) *int64 { return u.ReadBytes }, 1<<20)},
		Column{"device flushes", "flushes", "less", usedCount(func(u Usage) *int64 { return u.Flushes }, 1)},
		Column{"client CPU", "s", "", func(r Result) (float64, bool) { return r.ClientCPUSeconds, r.ClientCPUSeconds > 0 }})
	all = append(all, ownColumns(results)...)
	return slices.DeleteFunc(all, func(c Column) bool { return len(c.Values(results)) == 0 })
}

// ownColumns are the phases and figures that only one workload has.
func ownColumns(results []Result) []Column {
	var all []Column
	add := func(c Column) {
		if !slices.ContainsFunc(all, func(o Column) bool { return o.Name == c.Name }) {
			all = append(all, c)
		}
	}
	for _, r := range results {
		for _, p := range r.Phases {
			add(Column{p.Name + ": time", "s", "less", phase(p.Name, func(p Phase) (float64, bool) { return p.Seconds, true })})
			add(Column{p.Name + ": throughput", "MiB/s", "more", phase(p.Name, func(p Phase) (float64, bool) {
				return float64(p.Bytes) / (1 << 20) / p.Seconds, p.Bytes > 0 && p.Seconds > 0
			})})
			add(Column{p.Name + ": broker CPU", "s", "less", phase(p.Name, func(p Phase) (float64, bool) { return deref(p.CPUSeconds) })})
			add(Column{p.Name + ": end-to-end p99", "us", "less", phase(p.Name, func(p Phase) (float64, bool) {
				if p.EndToEnd == nil {
					return 0, false
				}
				return float64(p.EndToEnd.P99), true
			})})
		}
		for _, f := range r.Figures {
			add(Column{f.Name, f.Unit, f.Better, func(r Result) (float64, bool) {
				i := slices.IndexFunc(r.Figures, func(g Figure) bool { return g.Name == f.Name })
				if i < 0 {
					return 0, false
				}
				return r.Figures[i].Value, true
			}})
		}
	}
	return all
}

func rate(of func(Result) float64) func(Result) (float64, bool) {
	return func(r Result) (float64, bool) { return per(of(r), r.Seconds) }
}

func per(x, by float64) (float64, bool) {
	if by == 0 {
		return 0, false
	}
	return x / by, true
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

func deref(x *float64) (float64, bool) {
	if x == nil {
		return 0, false
	}
	return *x, true
}

func used(of func(Usage, Result) (float64, bool)) func(Result) (float64, bool) {
	return func(r Result) (float64, bool) {
		if r.Broker == nil {
			return 0, false
		}
		return of(*r.Broker, r)
	}
}

func usedCount(of func(Usage) *int64, unit float64) func(Result) (float64, bool) {
	return used(func(u Usage, _ Result) (float64, bool) {
		n := of(u)
		if n == nil {
			return 0, false
		}
		return float64(*n) / unit, true
	})
}

func phase(name string, of func(Phase) (float64, bool)) func(Result) (float64, bool) {
	return func(r Result) (float64, bool) {
		i := slices.IndexFunc(r.Phases, func(p Phase) bool { return p.Name == name })
		if i < 0 {
			return 0, false
		}
		return of(r.Phases[i])
	}
}

func quantiles(name string, of func(Result) *Latency) []Column {
	var out []Column
	for _, q := range []struct {
		name string
		of   func(*Latency) int64
	}{
		{"p50", func(l *Latency) int64 { return l.P50 }},
		{"p95", func(l *Latency) int64 { return l.P95 }},
		{"p99", func(l *Latency) int64 { return l.P99 }},
		{"p99.9", func(l *Latency) int64 { return l.P999 }},
		{"max", func(l *Latency) int64 { return l.Max }},
	} {
		out = append(out, Column{name + " " + q.name, "us", "less", func(r Result) (float64, bool) {
			l := of(r)
			if l == nil || l.Count == 0 {
				return 0, false
			}
			return float64(q.of(l)), true
		}})
	}
	return out
}
