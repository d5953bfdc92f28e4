package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"weir/bench"
)

// curve is one line of a plot.
type curve struct {
	name, class string
	points      []point // values
	faint       bool    // another run of the same target: drawn behind, not named
}

const plotWidth, plotHeight, plotLeft, plotRight, plotTop, plotBottom = 860, 300, 64, 130, 14, 36

// chart draws curves over two axes. Each is named at its end as well as in the page's legend, so that colour is not the only sign.
func chart(title, description string, x, y axis, xLabel func(float64) string, yUnit string, curves []curve) template.HTML {
	d := begin(plotWidth, plotHeight, title, description)
	for _, v := range y.ticks {
		d.line("grid", plotLeft, y.at(v), plotWidth-plotRight, y.at(v))
		d.text("tick", plotLeft-8, y.at(v)+4, "end", tick(v, yUnit))
	}
	last := math.Inf(-1)
	for _, v := range x.ticks {
		if x.at(v)-last < 44 {
			continue // no room for another label
		}
		last = x.at(v)
		d.line("grid", last, plotTop, last, plotHeight-plotBottom)
		d.text("tick", last, plotHeight-plotBottom+18, "middle", xLabel(v))
	}
	d.line("axis", plotLeft, plotHeight-plotBottom, plotWidth-plotRight, plotHeight-plotBottom)
	for _, c := range curves {
		if c.faint {
			d.path("curve faint "+c.class, placed(c.points, x, y), "")
		}
	}
	type ending struct {
		at, y float64
		curve
	}
	var ends []ending
	for _, c := range curves {
		if c.faint || len(c.points) == 0 {
			continue
		}
		at := placed(c.points, x, y)
		d.path("curve "+c.class, at, c.name)
		end := at[len(at)-1]
		ends = append(ends, ending{end.x, end.y, c})
	}
	slices.SortStableFunc(ends, func(a, b ending) int { return int(math.Copysign(1, a.y-b.y)) })
	for i := range ends {
		if i > 0 {
			ends[i].y = max(ends[i].y, ends[i-1].y+15) // names do not cover each other
		}
		d.text("label "+ends[i].class+"t", plotWidth-plotRight+8, ends[i].y+4, "start", shorten(ends[i].name, 17))
	}
	return d.end()
}

func placed(points []point, x, y axis) []point {
	var out []point
	for _, p := range points {
		if finite(p.x) && finite(p.y) {
			out = append(out, point{x.at(p.x), y.at(p.y)})
		}
	}
	return out
}

// overTime draws a figure of the runs' time series: the median run of each target, and the others faintly behind.
func overTime(title, unit string, all []series, of func(s bench.Sample, step float64) (float64, bool)) (plot, bool) {
	var curves []curve
	var longest, most float64
	var words []string
	for _, s := range all {
		chosen := medianRun(s.runs)
		for i, r := range s.runs {
			points := sampled(r, of)
			if len(points) < 2 {
				continue
			}
			for _, p := range points {
				longest, most = max(longest, p.x), max(most, p.y)
			}
			curves = append(curves, curve{s.name, s.class, points, i != chosen})
			if i == chosen {
				words = append(words, fmt.Sprintf("%s ends at %s", s.name, measure(points[len(points)-1].y, unit)))
			}
		}
	}
	if len(curves) == 0 || most == 0 {
		return plot{}, false
	}
	x := linear(longest, plotLeft, plotWidth-plotRight, 8)
	x.to = longest
	x.ticks = slices.DeleteFunc(x.ticks, func(v float64) bool { return v > longest })
	y := linear(most, plotHeight-plotBottom, plotTop, 4)
	svg := chart(title, strings.Join(words, "; "), x, y, func(v float64) string { return tick(v, "") + " s" }, unit, curves)
	return plot{Title: title, Note: "the median run of each; its other runs behind it", SVG: svg, Wide: true}, true
}

func sampled(r bench.Result, of func(bench.Sample, float64) (float64, bool)) []point {
	var points []point
	before, usual := 0.0, 0.0
	for _, s := range r.Series {
		step := s.At - before
		if before == 0 {
			usual = step
		}
		if step > usual/2 && finite(step) { // the last step may be too short to say anything
			if v, ok := of(s, step); ok && finite(v) {
				points = append(points, point{s.At, v})
			}
		}
		before = s.At
	}
	return smoothed(points)
}

// smoothed averages neighbours where there are more points than the plot has room for.
func smoothed(points []point) []point {
	const room = 300
	by := (len(points) + room - 1) / room
	if by <= 1 {
		return points
	}
	var out []point
	for part := range slices.Chunk(points, by) {
		var sum float64
		for _, p := range part {
			sum += p.y
		}
		out = append(out, point{part[len(part)-1].x, sum / float64(len(part))})
	}
	return out
}

// medianRun is the index of the run whose duration is in the middle; -1 of none.
func medianRun(runs []bench.Result) int {
	if len(runs) == 0 {
		return -1
	}
	order := make([]int, len(runs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case runs[a].Seconds < runs[b].Seconds:
			return -1
		case runs[a].Seconds > runs[b].Seconds:
			return 1
		}
		return 0
	})
	return order[len(order)/2]
}
