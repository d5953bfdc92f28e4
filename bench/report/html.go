package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"

	"weir/bench"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

var page = template.Must(template.New("page").Parse(pageText))

// pageData is what the template shows.
type pageData struct {
	Style     template.CSS
	Title     string
	Document  *Document
	Started   string
	Machine   [][2]string
	Summary   *summary
	Workloads []section
}

// section is one workload.
type section struct {
	ID, Name, Sizes, Took string
	Targets               []legend
	Plots                 []plot
	Figures               table
	Settings              [][2]string
	Brokers               table
	Errors, Notes         []string
}

// legend is a target and its colour.
type legend struct{ Name, Class string }

// table is what a page's table shows: the first cell of a row is its heading.
type table struct {
	Head []string
	Rows [][]cell
}

// cell is a figure with its spread behind it; Sign says in a word, and Class in colour, what to think of it.
type cell struct{ Main, Small, Class, Sign string }

// WriteHTML writes one page that needs nothing beside itself: no script, no network.
func (d *Document) WriteHTML(w io.Writer) error {
	data := pageData{Style: template.CSS(pageStyle), Document: d, Title: "Weir benchmark", Summary: summarise(d.Reports)}
	if len(d.Reports) > 0 {
		first := &d.Reports[0]
		data.Title = title(d.Reports)
		data.Started = first.Started.Format("2 January 2006, 15:04 MST")
		data.Machine = machine(first.Machine)
	}
	for i := range d.Reports {
		data.Workloads = append(data.Workloads, sectionOf(i, &d.Reports[i]))
	}
	if err := page.Execute(w, data); err != nil {
		return fmt.Errorf("write HTML: %w", err)
	}
	return nil
}

// title names the targets.
func title(reports []bench.Report) string {
	var names []string
	for _, r := range reports {
		for _, t := range r.Targets {
			if !slices.Contains(names, t.Name) {
				names = append(names, t.Name)
			}
		}
	}
	switch n := len(names); n {
	case 0:
		return "Benchmark"
	case 1:
		return names[0] + ": benchmark"
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

func machine(m bench.Machine) [][2]string {
	var rows [][2]string
	add := func(name, value string) {
		if value != "" {
			rows = append(rows, [2]string{name, value})
		}
	}
	if m.CPUs > 0 {
		add("CPU", strings.TrimSpace(fmt.Sprintf("%d × %s", m.CPUs, m.CPU)))
	}
	if m.MemoryBytes > 0 {
		add("Memory", size(float64(m.MemoryBytes)))
	}
	add("System", strings.TrimSpace(m.OS+" "+m.Arch+" "+m.Kernel))
	add("Go", m.Go)
	return rows
}

func sectionOf(i int, r *bench.Report) section {
	s := section{ID: fmt.Sprintf("w%d", i+1), Name: string(r.Config.Workload), Sizes: sizes(r.Config), Settings: settings(r.Config),
		Figures: figures(r), Brokers: brokers(r)}
	all := allSeries(r)
	for _, one := range all {
		s.Targets = append(s.Targets, legend{one.name, one.class})
	}
	columns := bench.Columns(r.Results)
	for _, c := range mainColumns(columns) {
		if p, ok := bars(c, all); ok {
			s.Plots = append(s.Plots, p)
		}
	}
	add := func(p plot, ok bool) {
		if ok {
			s.Plots = append(s.Plots, p)
		}
	}
	add(percentiles("time until a record was acknowledged", all, func(m bench.Result) *bench.Latency { return m.Ack }))
	add(percentiles("time from end to end", all, func(m bench.Result) *bench.Latency { return m.EndToEnd }))
	add(overTime("throughput over time", "MiB/s", all, func(m bench.Sample, step float64) (float64, bool) {
		return float64(m.Bytes) / (1 << 20) / step, true
	}))
	add(overTime("broker CPU over time", "cores", all, func(m bench.Sample, step float64) (float64, bool) {
		return m.CPUSeconds / step, m.RSSBytes > 0
	}))
	add(overTime("broker memory over time", "MiB", all, func(m bench.Sample, _ float64) (float64, bool) {
		return float64(m.RSSBytes) / (1 << 20), m.RSSBytes > 0
	}))
	if r.Peak != nil {
		s.Notes = append(s.Notes, r.Peak.String())
	}
	for _, m := range r.Results {
		if m.Error != "" {
			s.Errors = append(s.Errors, fmt.Sprintf("%s, run %d, failed: %s", m.Target, m.Run, m.Error))
		}
		for _, n := range m.Notes {
			if n = m.Target + ": " + n; !slices.Contains(s.Notes, n) {
				s.Notes = append(s.Notes, n)
			}
		}
	}
	return s
}

// figures is the table of everything: medians with their spread, and the first target's ratio to each other.
func figures(r *bench.Report) table {
	t := table{Head: []string{"figure"}}
	all := allSeries(r)
	for _, s := range all {
		t.Head = append(t.Head, s.name)
	}
	for _, s := range all[min(1, len(all)):] {
		t.Head = append(t.Head, all[0].name+" / "+s.name)
	}
	for _, c := range bench.Columns(r.Results) {
		row := []cell{{Main: c.Name, Small: strings.Replace(c.Unit, "us", "µs", 1)}}
		for _, s := range all {
			row = append(row, spreadCell(c.Values(s.runs), ""))
		}
		for _, s := range all[min(1, len(all)):] {
			row = append(row, spreadCell(c.Ratios(all[0].runs, s.runs), "×"))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func spreadCell(v []float64, mark string) cell {
	v = slices.DeleteFunc(slices.Clone(v), func(x float64) bool { return !finite(x) })
	if len(v) == 0 {
		return cell{Main: none}
	}
	s := bench.SpreadOf(v)
	c := cell{Main: number(s.Median) + mark}
	if len(v) > 1 {
		c.Small = number(s.Min) + "–" + number(s.Max)
	}
	return c
}

// brokers says what each target is and how it was set.
func brokers(r *bench.Report) table {
	t := table{Head: []string{"broker"}}
	keys := map[string]bool{}
	for _, b := range r.Targets {
		t.Head = append(t.Head, b.Name)
		for k := range b.Settings {
			keys[k] = true
		}
	}
	add := func(name string, of func(bench.Target) string) {
		row, some := []cell{{Main: name}}, false
		for _, b := range r.Targets {
			v := of(b)
			some = some || v != ""
			if v == "" {
				v = none
			}
			row = append(row, cell{Main: v})
		}
		if some {
			t.Rows = append(t.Rows, row)
		}
	}
	add("version", func(b bench.Target) string { return b.Version })
	add("protocol", func(b bench.Target) string { return b.Kind })
	names := slices.Sorted(maps.Keys(keys))
	slices.SortStableFunc(names, func(a, b string) int { // what decides most stands first
		return boolToInt(strings.Contains(b, "sync")) - boolToInt(strings.Contains(a, "sync"))
	})
	for _, k := range names {
		add(k, func(b bench.Target) string { return b.Settings[k] })
	}
	return t
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
