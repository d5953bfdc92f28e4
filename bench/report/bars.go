package report

import (
	"fmt"
	"html/template"
	"strings"

	"weir/bench"
)

// series is what one target has to show in a plot.
type series struct {
	name  string
	class string // c0, c1 ...: its colour
	runs  []bench.Result
}

// colours is how many classes of colours the page has.
const colours = 8

func allSeries(r *bench.Report) []series {
	var all []series
	for i, t := range r.Targets {
		all = append(all, series{t.Name, fmt.Sprintf("c%d", i%colours), valid(r.Of(t.Name))})
	}
	return all
}

// valid leaves out runs that failed: they have no figures.
func valid(runs []bench.Result) []bench.Result {
	var out []bench.Result
	for _, r := range runs {
		if r.Error == "" {
			out = append(out, r)
		}
	}
	return out
}

// plot is one figure of the page.
type plot struct {
	Title, Unit, Note string
	SVG               template.HTML
	Wide              bool
}

// bars draws a bar a target: its length is the median, the whisker reaches from the least to the greatest, a dot is a run. False
// when there is nothing to draw.
func bars(c bench.Column, all []series) (plot, bool) {
	const width, row, top, left, right = 300, 38, 2, 2, 72
	var most float64
	count := 0
	for _, s := range all {
		if v := clean(c.Values(s.runs)); len(v) > 0 {
			most = max(most, bench.SpreadOf(v).Max)
			count++
		}
	}
	if count == 0 {
		return plot{}, false
	}
	by, unit := multiple(most, c.Unit)
	if strings.HasSuffix(c.Name, unit) {
		unit = "" // "device flushes" says it
	}
	var words []string
	p := plot{Title: c.Name, Unit: unit}
	x := linear(most, left, width-right, 4)
	height := float64(top + row*len(all) + 4)
	for _, s := range all {
		words = append(words, s.name+" "+describe(clean(c.Values(s.runs)), c.Unit))
	}
	d := begin(width, height, c.Name+", "+unit, strings.Join(words, "; "))
	d.line("axis", left, top, left, height-4)
	for i, s := range all {
		v := clean(c.Values(s.runs))
		y := float64(top + row*i)
		d.text("label", left+4, y+12, "start", shorten(s.name, 40))
		if len(v) == 0 {
			d.text("value", left+4, y+28, "start", "not measured")
			continue
		}
		spread := bench.SpreadOf(v)
		tip := s.name + ": " + describe(v, c.Unit)
		d.rect("bar "+s.class, left, y+16, x.at(spread.Median)-left, 14, tip)
		middle := y + 23
		if len(v) > 1 {
			d.line("whisker", x.at(spread.Min), middle, x.at(spread.Max), middle)
			d.line("whisker", x.at(spread.Min), middle-4, x.at(spread.Min), middle+4)
			d.line("whisker", x.at(spread.Max), middle-4, x.at(spread.Max), middle+4)
		}
		for _, one := range v {
			d.dot("run", x.at(one), middle, 2, "")
		}
		d.text("value", x.at(spread.Max)+8, middle+4, "start", number(spread.Median/by))
	}
	p.SVG = d.end()
	switch c.Better {
	case "more":
		p.Note = "more is better"
	case "less":
		p.Note = "less is better"
	}
	return p, true
}

// clean leaves out what is no number, and what is below zero and no bar can show.
func clean(v []float64) []float64 {
	var out []float64
	for _, x := range v {
		if finite(x) && x >= 0 {
			out = append(out, x)
		}
	}
	return out
}

// describe puts a spread into words.
func describe(v []float64, unit string) string {
	if len(v) == 0 {
		return "not measured"
	}
	s := bench.SpreadOf(v)
	if len(v) == 1 {
		return measure(s.Median, unit)
	}
	return fmt.Sprintf("%s, from %s to %s in %d runs", measure(s.Median, unit), measure(s.Min, unit), measure(s.Max, unit), len(v))
}

// mainColumns are those that have a plot; the table has all of them.
func mainColumns(all []bench.Column) []bench.Column {
	skip := map[string]bool{"records": true, "broker CPU": true, "broker system CPU": true, "broker memory": true, "client CPU": true,
		"ack p95": true, "end-to-end p95": true, "ack max": true, "end-to-end max": true, "bytes from disk": true}
	var out []bench.Column
	for _, c := range all {
		if !skip[c.Name] {
			out = append(out, c)
		}
	}
	return out
}
